"""What is told to someone who asks what is held about him: everything, and nothing of others."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from app.admin.history import TABLES
from app.admin.personal_data import NAMES
from app.extensions import Base
from app.models import AuditAction, Customer, Distribution, Employee, FollowUp, PersonKind
from app.services import audit, erasure, personal_data, persons, sessions
from app.services.audit import Actor
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

CANARY = "金丝雀"


@pytest.fixture
def known(session, make_customer, make_follow_up, school):
    """A customer of whom everything is known, with a follow-up and a memo; every personal text says so."""
    customer = make_customer("龙泰", holder=school.sanjiang, qq="123456789", mobile="13812345678", wechat="longtai_88",
                             company="某公司", salary="8k", graduation_school="某大学", major="计算机", gender=1,
                             education=2, experience=3, courses=[school.python], campus=school.beijing)
    make_follow_up(customer, "想学Python")
    row = session.scalars(select(Distribution).where(Distribution.customer_id == customer.id)).one()
    row.memo = "找他妈妈谈"
    session.commit()
    return customer


def told(session, kind, person_id):
    return personal_data.as_json(personal_data.collect(session, (kind, person_id)))


class TestOfACustomer:
    def test_has_his_row_in_words(self, session, known):
        (row,) = told(session, PersonKind.CUSTOMER, known.id)["tables"]["customer"]
        assert (row["name"], row["qq"], row["mobile"], row["wechat"]) == (
            "龙泰", "123456789", "13812345678", "longtai_88")
        assert (row["courses"], row["campus"], row["consultant"]) == ("Python全栈", "北京校区", "三江")
        assert row["gender"] == str(known.gender.label)
        assert row["recv_date"] == "2026-03-02"

    def test_has_what_was_said_and_who_held_him(self, session, known):
        tables = told(session, PersonKind.CUSTOMER, known.id)["tables"]
        assert [(row["consultant"], row["note"]) for row in tables["follow_up"]] == [("三江", "想学Python")]
        assert [(row["consultant"], row["memo"]) for row in tables["distribution"]] == [("三江", "找他妈妈谈")]

    def test_has_who_saw_his_contacts_and_what_changed_opened(self, session, school, known, clock):
        audit.act_as(session, Actor("web", clock, school.manager.id, "192.0.2.7"))
        audit.note_seen(session, school.manager.id, [known.id])
        known.company = "新公司"
        session.commit()
        log = told(session, PersonKind.CUSTOMER, known.id)["log"]
        assert [(entry["who"], entry["address"]) for entry in log if entry["action"] == "seen"] == [
            ("主管", "192.0.2.7")]
        assert [entry["changes"]["company"] for entry in log if "company" in (entry["changes"] or {})] == [
            [None, "某公司"], ["某公司", "新公司"]]

    def test_has_nothing_of_another_customer(self, session, known, make_customer):
        other = make_customer("别人", qq="987654321")
        known.referral_from = other
        session.commit()
        data = told(session, PersonKind.CUSTOMER, known.id)
        assert data["tables"]["customer"][0]["referral_from"] == f"#{other.id}"
        assert "别人" not in json.dumps(data, ensure_ascii=False)
        assert "987654321" not in json.dumps(data)

    def test_that_was_erased_has_no_value_any_more(self, session, known, clock):
        erasure.erase(session, (PersonKind.CUSTOMER, known.id), erasure.ErasureReason.REQUESTED, today=clock.today(),
                      now=clock.now())
        session.commit()
        text = json.dumps(told(session, PersonKind.CUSTOMER, known.id), ensure_ascii=False)
        for gone in ("龙泰", "123456789", "13812345678", "longtai_88", "某公司", "想学Python", "找他妈妈谈"):
            assert gone not in text


class TestOfAnEmployee:
    def test_has_his_row_roles_and_sessions_without_a_secret(self, session, school, clock):
        login = sessions.begin(session, school.sanjiang, now=clock.now(), address="192.0.2.1", user_agent="Firefox")
        session.commit()
        data = told(session, PersonKind.EMPLOYEE, school.sanjiang.id)
        (row,), (seen,) = data["tables"]["employee"], data["tables"]["login_session"]
        assert (row["name"], row["username"], row["roles"], row["department"]) == (
            "三江", "sanjiang", "Consultant", "销售部")
        assert (seen["address"], seen["user_agent"]) == ("192.0.2.1", "Firefox")
        text = json.dumps(data)
        assert school.sanjiang.password_hash not in text
        assert login.token_hash not in text

    def test_has_his_logins_and_what_others_did_to_him_but_not_what_he_did_to_customers(
            self, session, school, known):
        audit.event(session, AuditAction.LOGGED_IN, actor_id=school.sanjiang.id)
        audit.act_as(session, Actor("web", employee_id=school.sanjiang.id))
        known.company = "新公司"
        session.commit()
        audit.act_as(session, Actor("web", employee_id=school.admin.id))
        school.sanjiang.email = "three@example.com"
        session.commit()
        log = told(session, PersonKind.EMPLOYEE, school.sanjiang.id)["log"]
        assert "logged_in" in {entry["action"] for entry in log}
        assert [entry["changes"] for entry in log if entry["who"] == "管理员"] == [
            {"email": [None, "three@example.com"]}]
        assert "新公司" not in json.dumps(log, ensure_ascii=False)


class TestWhatIsCovered:
    """It is derived from the mapping: these fail when a table or column is not in the export."""

    @pytest.mark.parametrize("kind", list(PersonKind))
    def test_every_table_about_people(self, session, school, known, kind):
        declared = {mapper.local_table.name for mapper in Base.registry.mappers
                    if getattr(mapper.class_, "__person__", (None,))[0] is kind}
        assert declared
        person_id = known.id if kind is PersonKind.CUSTOMER else school.admin.id
        assert told(session, kind, person_id)["tables"].keys() == declared
        assert declared <= TABLES.keys(), "a table about people has no name"

    @pytest.mark.parametrize("model", [Customer, FollowUp, Distribution, Employee])
    def test_every_personal_column_with_its_value(self, session, school, known, model):
        row = session.scalars(select(model)).first()
        for name, column in persons.columns(model, "personal").items():
            if column.type.python_type is str and name not in {"qq", "mobile", "wechat"}:
                setattr(row, name, CANARY + name[:8])
        session.commit()
        kind, owner = model.__person__
        data = told(session, kind, getattr(row, owner))["tables"][model.__tablename__]
        for name, column in persons.columns(model, "personal").items():
            values = [each[name] for each in data]
            if column.type.python_type is str and name not in {"qq", "mobile", "wechat"}:
                assert CANARY + name[:8] in values
            else:
                assert values != [None], name

    @pytest.mark.parametrize("kind", list(PersonKind))
    def test_every_column_but_secrets_and_each_has_a_name_for_people(self, kind):
        for model in persons.tables_about(kind):
            relations = {column.key: relation.key for relation in model.__mapper__.relationships
                         for column in relation.local_columns if relation.direction.name == "MANYTOONE"}
            for attribute in model.__mapper__.column_attrs:
                if not attribute.columns[0].info.get("secret"):
                    name = relations.get(attribute.key, attribute.key).removesuffix("_id")
                    assert name in NAMES, f"{model.__name__}.{attribute.key}"


def test_what_would_go_is_what_goes(session, school, known):
    parts = {part.table: part for part in personal_data.parts_of(session, (PersonKind.CUSTOMER, known.id))}
    assert set(parts["customer"].personal) == set(persons.columns(Customer, "personal"))
    assert not parts["customer"].deleted
    parts = {part.table: part for part in personal_data.parts_of(session, (PersonKind.EMPLOYEE, school.admin.id))}
    assert parts["login_session"].deleted
    assert "roles" in parts["employee"].personal
