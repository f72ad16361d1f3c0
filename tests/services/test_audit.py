"""The audit log: every write leaves who, when and what changed, in the same transaction, and stays as it is."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.extensions import Base
from app.models import AuditAction, AuditEntry, Customer, Distribution, Employee, FollowUp, PersonKey, PersonKind, Role
from app.models.choices import DistributionStatus
from app.services import audit, customers, expiry, person_keys
from app.services.audit import Actor
from app.services.audit_capture import is_audited
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def entries(session: Session):
    """The entries added since the test began to look, oldest first."""
    def since(mark: int = 0, **wanted: Any) -> list[AuditEntry]:
        query = select(AuditEntry).where(AuditEntry.id > mark).order_by(AuditEntry.id)
        return list(session.scalars(query.filter_by(**wanted)))
    return since


def mark(session: Session) -> int:
    return session.scalar(select(func.max(AuditEntry.id))) or 0


def opened(session: Session, entry: AuditEntry) -> dict[str, Any] | None:
    assert entry.person_kind is not None
    assert entry.person_id is not None
    assert entry.sealed is not None
    person = (entry.person_kind, entry.person_id)
    return person_keys.unseal(person_keys.keys_of(session, [person]).get(person), person, entry.sealed)


class TestAWrite:
    def test_leaves_who_when_and_what_changed(self, session, school, make_customer, entries, clock):
        customer = make_customer(holder=school.sanjiang)
        before = mark(session)
        audit.act_as(session, Actor("web", clock, school.manager.id, "192.0.2.7"))
        customers.release(session, customer.id, today=clock.today(), now=clock())
        session.commit()

        changed = {entry.table_name: entry for entry in entries(before)}
        assert set(changed) == {"customer", "distribution"}
        assert changed["customer"].changes["public_as"] == [3, 5]
        assert changed["distribution"].changes["status"] == [1, 5]
        for entry in changed.values():
            assert (entry.actor_id, entry.origin, entry.address) == (school.manager.id, "web", "192.0.2.7")
            assert (entry.at, entry.action) == (clock(), AuditAction.UPDATED)
            assert (entry.person_kind, entry.person_id) == (PersonKind.CUSTOMER, customer.id)

    def test_that_is_rolled_back_leaves_nothing(self, session, school, make_customer, entries, clock):
        customer = make_customer(holder=school.sanjiang)
        before = mark(session)
        customers.release(session, customer.id, today=clock.today(), now=clock())
        session.rollback()
        assert entries(before) == []

    def test_of_a_value_that_had_not_been_read_still_knows_the_old_one(self, session, school, entries):
        role = school.roles["tutor"]
        session.commit()  # expires it
        before = mark(session)
        role.name = "学管"
        session.commit()
        assert [entry.changes for entry in entries(before)] == [{"name": ["Tutor", "学管"]}]

    def test_that_changes_nothing_leaves_nothing(self, session, school, entries):
        before = mark(session)
        school.roles["tutor"].name = school.roles["tutor"].name
        session.commit()
        assert entries(before) == []

    def test_of_what_a_role_permits_says_what_was_given_and_taken(self, session, school, entries):
        role = school.roles["tutor"]
        before = mark(session)
        role.permission_codes = ["campus.read", "customer.delete"]
        session.commit()
        (entry,) = entries(before)
        assert entry.changes == {"permissions": [["course.read", "courseclass.read"], ["customer.delete"]]} or (
            sorted(entry.changes["permissions"][0]), entry.changes["permissions"][1]) == (
            ["course.read", "courseclass.read"], ["customer.delete"])

    def test_of_someones_roles_names_them(self, session, school, entries):
        before = mark(session)
        school.tutor.roles = [school.roles["teacher"]]
        session.commit()
        (entry,) = entries(before)
        assert entry.changes == {"roles": [[school.roles["tutor"].id], [school.roles["teacher"].id]]}

    def test_of_a_deletion_keeps_what_there_was(self, session, school, make_customer, entries, clock):
        customer = make_customer(qq="123456789")
        number, before = customer.id, mark(session)
        customers.delete(session, number)
        session.commit()
        (entry,) = entries(before)
        assert (entry.action, entry.row_id) == (AuditAction.DELETED, number)
        assert opened(session, entry)["qq"] == ["123456789", None]

    def test_of_a_deletion_names_columns_alone(self, session, school, entries):
        role = Role(name="人事", permission_codes=["course.read"])
        session.add(role)
        session.commit()
        before = mark(session)
        assert role.permits("course.read")  # so all there is of it has been read
        session.delete(role)
        session.commit()
        (entry,) = entries(before)
        assert entry.changes.keys() == {"id", "name", "scope", "requires_second_factor"}

    def test_past_the_orm_must_say_that_it_is_recorded(self, session, school, clock):
        audit.act_as(session, Actor("web", clock))
        with pytest.raises(RuntimeError, match="past the audit log"):
            session.execute(update(Customer).values(salary="1"))
        with pytest.raises(RuntimeError, match="past the audit log"):
            session.execute(delete(FollowUp))

    def test_of_the_night_is_that_of_the_job_with_every_row(self, session, school, make_customer, entries, clock):
        fallen = [make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=9)) for _ in range(3)]
        before = mark(session)
        audit.act_as(session, Actor("job expiry-nightly", clock))
        expiry.expire(session, clock.today(), now=clock, on_batch=lambda *_: session.commit(), batch=2)

        closed = entries(before, table_name="distribution")
        assert sorted(entry.person_id for entry in closed) == [customer.id for customer in fallen]
        for entry in closed:
            row = session.get(Distribution, entry.row_id)
            assert row is not None
            assert entry.changes["status"] == [1, row.status.value] == [1, DistributionStatus.NO_FOLLOW_UP.value]
            assert entry.changes["ended_on"] == [None, row.ended_on.isoformat()]
            assert (entry.origin, entry.actor_id) == ("job expiry-nightly", None)

    def test_of_a_claim_over_http_is_the_claimants(self, session, school, make_customer, entries, clock, login):
        customer = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=9))
        browser = login("baoyu")
        browser.csrf_token()
        before = mark(session)
        assert browser.submit("/admin/claim/", {"customer_id": customer.id}).status_code == 302
        session.rollback()
        found = {(entry.table_name, entry.action): entry for entry in entries(before) if entry.table_name}
        taken = found["customer", AuditAction.UPDATED]
        assert taken.changes["consultant_id"] == [school.sanjiang.id, school.baoyu.id]
        assert ("distribution", AuditAction.CREATED) in found
        assert ("distribution", AuditAction.UPDATED) in found
        assert {entry.actor_id for entry in found.values()} == {school.baoyu.id}
        assert {entry.address for entry in found.values()} == {"127.0.0.1"}


class TestPersonalValues:
    def test_are_sealed_and_open_only_with_the_persons_key(self, session, make_customer, entries):
        before = mark(session)
        customer = make_customer("龙泰", mobile="13812345678", salary="一万五")
        (entry,) = entries(before, table_name="customer")
        stored = session.execute(select(AuditEntry.__table__).where(AuditEntry.id == entry.id)).one()
        assert not re.search("13812345678|龙泰|一万五", str(stored))
        assert entry.changes["mobile"] is None
        assert opened(session, entry)["mobile"] == [None, "13812345678"]

        person_keys.destroy(session, (PersonKind.CUSTOMER, customer.id))
        assert opened(session, entry) is None
        customer.salary = "两万"  # a new key opens nothing old
        session.commit()
        assert opened(session, entry) is None
        assert opened(session, entries(entry.id)[0])["salary"] == ["一万五", "两万"]

    def test_do_not_open_as_someone_elses(self, session, make_customer, entries):
        one, other = make_customer(), make_customer()
        entry = entries(0, table_name="customer", row_id=one.id)[0]
        person = (PersonKind.CUSTOMER, one.id)
        key = person_keys.keys_of(session, [person])[person]
        assert person_keys.unseal(key, person, entry.sealed) is not None
        assert person_keys.unseal(key, (PersonKind.CUSTOMER, other.id), entry.sealed) is None

    def test_of_employees_are_sealed_too_and_secrets_are_only_named(self, session, school, make_employee, entries):
        before = mark(session)
        employee = make_employee("王小明", username="xiaoming", email="xm@school.example")
        (entry,) = entries(before)
        assert opened(session, entry)["username"] == [None, "xiaoming"]
        assert "password_hash" not in opened(session, entry)
        assert entry.changes["password_hash"] is None
        stored = str(session.execute(select(AuditEntry.__table__).where(AuditEntry.id == entry.id)).one())
        assert "argon2" not in stored
        assert "xiaoming" not in stored
        assert employee.password_hash not in str(opened(session, entry))

    def test_of_two_transactions_at_once_share_one_key(self, engine, session, make_customer):
        customer = make_customer()
        person = (PersonKind.CUSTOMER, customer.id)
        person_keys.destroy(session, person)
        session.commit()
        first = person_keys.keys_of(session, [person], make=True)
        session.commit()
        with Session(engine) as other:
            assert person_keys.keys_of(other, [person], make=True) == first


class TestTheLog:
    @pytest.mark.parametrize("change", ["UPDATE audit_entry SET actor_id = 1", "DELETE FROM audit_entry"])
    def test_is_append_only_whatever_the_way_in(self, session, make_customer, engine, change):
        make_customer()
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(change))

    def test_cannot_be_emptied_at_once_either(self, session, make_customer, engine, backend):
        make_customer()
        statement = "DELETE FROM audit_entry" if backend == "sqlite" else "TRUNCATE audit_entry"
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(statement))

    def test_of_what_someone_saw_has_a_customer_once_a_day(self, session, school, make_customer, entries, clock):
        one, other = make_customer(), make_customer()
        since, before = clock(), mark(session)
        audit.act_as(session, Actor("web", clock, school.sanjiang.id))
        for seen, new in (([one.id], {one.id}), ([one.id, other.id], {other.id}), ([other.id, one.id], set())):
            unseen = audit.unseen(session, school.sanjiang.id, seen, since=since)
            assert unseen == new
            if unseen:
                audit.note_seen(session, school.sanjiang.id, unseen)
        audit.note_seen(session, school.baoyu.id, [one.id])
        assert [(entry.actor_id, entry.row_id) for entry in entries(before, action=AuditAction.SEEN)] == [
            (school.sanjiang.id, one.id), (school.sanjiang.id, other.id), (school.baoyu.id, one.id)]

    def test_has_who_was_refused(self, session, school, login, entries):
        browser = login("tutor")
        before = mark(session)
        assert browser.get("/admin/customer/?search=13812345678").status_code == 403
        (entry,) = entries(before)
        assert (entry.action, entry.actor_id) == (AuditAction.REFUSED, school.tutor.id)
        assert entry.facts == {"status": 403, "method": "GET", "path": "/admin/customer/"}


def test_every_table_is_recorded_or_says_why_not():
    """Only a log, a key, how far a task is, what is recorded with its row, what tells of it, or somebody's desk."""
    left_out = {mapper.class_.__name__ for mapper in Base.registry.mappers if not is_audited(mapper.class_)}
    assert left_out <= {"AuditEntry", "PersonKey", "JobRun", "RolePermission", "LoginSession", "SecondFactor",
                        "RecoveryCode", "ListChoice", "BackgroundTask", "ExportFile", "ExportChunk", "AssignmentRound",
                        "TransferLine", "Merge", "Notice", "NoticeDelivery", "DeliveredNotice", "QuietHours"}


def test_every_column_for_text_says_whether_it_is_personal():
    """Tables about a person: whatever may hold free text is personal or secret, so that it is sealed and erased."""
    words = {"locale", "theme", "origin", "department_code"}
    for model in (Customer, FollowUp, Distribution, Employee):
        for column in model.__table__.columns:
            if str(column.type).startswith(("VARCHAR", "TEXT")) and column.name not in words:
                assert column.info.get("personal") or column.info.get("secret"), f"{model.__name__}.{column.name}"
    assert Role.__table__.columns["name"].info == {}
    assert PersonKey.__table__.columns["key"] is not None
