"""The audit log's screen, the history on each record, and what is recorded of what people only read."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select

from app.admin import history
from app.extensions import Base
from app.models import AuditAction, AuditEntry, Role
from app.models.choices import RowScope
from app.services import passwords
from app.services.audit_capture import is_audited
from tests.support.databases import on_both_databases

SECRET = "13812345678"


@pytest.fixture
def edited(session, school, make_customer, login):
    """三江's customer, whose salary the manager has changed over HTTP."""
    customer = make_customer("龙泰", holder=school.sanjiang, mobile=SECRET, salary="八千")
    page = login("manager")
    answer = page.submit(f"/admin/customer/edit/?id={customer.id}", {
        "name": "龙泰", "mobile": SECRET, "salary": "一万五", "source": "1", "work_status": "1"})
    assert answer.status_code == 302, answer.text
    session.rollback()
    return customer


class TestTheScreen:
    @on_both_databases
    def test_tells_who_changed_what_from_what_to_what(self, edited, login):
        page = login("admin").get("/admin/audit/?flt1_2=customer").text
        assert "主管" in page
        assert f"#{edited.id}" in page
        assert "八千 → 一万五" in page.replace("</b> ", "").replace("\n", "")

    @on_both_databases
    def test_hides_personal_values_from_those_who_do_not_see_contacts(self, edited, login):
        page = login("auditor").get("/admin/audit/").text
        assert "一万五" not in page
        assert SECRET not in page
        assert "••••" in page

    @pytest.mark.parametrize("who", ["manager", "sanjiang", "tutor", "teacher", "finance"])
    def test_is_for_admins_and_auditors(self, login, who):
        assert login(who).get("/admin/audit/").status_code == 403

    def test_cannot_be_written_by_anyone(self, edited, login, session):
        browser, before = login("admin"), session.scalar(select(func.count()).select_from(AuditEntry))
        for way in ("new/", "edit/?id=1", "delete/"):
            assert browser.submit(f"/admin/audit/{way}", {"id": "1", "origin": "me"}).status_code in (403, 404), way
        session.rollback()
        kept = session.scalar(select(func.count()).select_from(AuditEntry).where(
            AuditEntry.action.not_in((AuditAction.REFUSED, AuditAction.LOGGED_IN))))
        assert kept <= before

    @pytest.mark.parametrize(("filters", "found"), [
        ("flt0_0=updated", True), ("flt0_0=deleted", False), ("flt1_3={id}", True), ("flt1_3=99999", False),
        ("flt1_4={today}&flt2_5={today}", True), ("flt1_5={yesterday}", False)])
    def test_is_searched_by_what_who_where_and_when(self, edited, login, clock, filters, found):
        browser = login("admin")
        asked = filters.format(id=edited.id, today=clock.today(), yesterday=clock.today() - dt.timedelta(days=1))
        answer = browser.get(f"/admin/audit/?{asked}")
        assert answer.status_code == 200
        assert ("一万五" in answer.text) is found

    @pytest.mark.parametrize("filters", ["flt1_3=x", "flt1_3=-1", "flt0_0=nonsense", "flt1_4=9999-99-99",
                                         "flt1_5=9999-12-31", "flt1_2=user"])
    def test_bears_any_filter(self, edited, login, filters):
        assert login("admin").get(f"/admin/audit/?{filters}").status_code in (200, 400)

    def test_costs_the_same_at_any_length(self, login, make_customer, school, count_queries):
        browser, counts = login("admin"), []
        for _ in range(2):
            for _ in range(15):
                make_customer(holder=school.sanjiang)
            with count_queries() as queries:
                assert browser.get("/admin/audit/").status_code == 200
            counts.append(queries.count)
        assert counts[0] == counts[1]

    def test_is_exported_as_it_may_be_read(self, edited, login):
        assert "一万五" in login("admin").get("/admin/audit/export/csv/").text
        file = login("auditor").get("/admin/audit/export/csv/").text
        assert "一万五" not in file
        assert "••••" in file


class TestANarrowerReach:
    """Roles of the school's own: the log is read as far as they reach, and opened only where all is open anyway."""

    @pytest.fixture
    def read_by(self, session, school, edited, login):
        """The log as 大傻 reads it, who is in 三江's department, with a role for it that reaches so far."""
        customer, colleague, other = edited.id, school.sanjiang, school.manager
        for address, actor in (("10.0.0.1", school.dasha), ("10.0.0.2", colleague), ("10.0.0.3", other),
                               ("10.0.0.4", None)):
            session.add(AuditEntry(at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), action=AuditAction.LOGGED_OUT,
                                   actor_id=actor and actor.id, origin="web", address=address))

        def read(scope: RowScope, *others: tuple[RowScope, str]):
            for reach, code in ((scope, "audit.read"), *others):
                role = Role(name=f"{code} {reach}", scope=reach)
                role.permission_codes = [code]
                school.dasha.roles.append(role)
            session.commit()
            browser = login("dasha")
            return [browser.get(f"/admin/audit/{way}").text for way in ("", "export/csv/")], customer

        return read

    @on_both_databases
    @pytest.mark.parametrize(("scope", "seen"), [(RowScope.OWN, "1"), (RowScope.DEPARTMENT, "12"),
                                                 (RowScope.ALL, "1234")])
    def test_shows_what_oneself_the_department_or_anyone_did(self, read_by, scope, seen):
        for page in read_by(scope)[0]:
            assert [number for number in "1234" if f"10.0.0.{number}" in page] == list(seen)

    @pytest.mark.parametrize(("reach", "opened"), [(RowScope.OWN, False), (RowScope.DEPARTMENT, False),
                                                   (RowScope.ALL, True)])
    def test_of_contacts_opens_nothing_in_the_log(self, read_by, reach, opened):
        for page in read_by(RowScope.ALL, (reach, "customer.contacts"))[0]:
            assert ("一万五" in page, SECRET in page) == (opened, opened)

    @pytest.mark.parametrize(("reach", "opened"), [(RowScope.DEPARTMENT, False), (RowScope.ALL, True)])
    def test_of_employees_opens_nothing_either(self, read_by, session, school, reach, opened):
        school.tutor.name = "改名的班主任"
        for page in read_by(RowScope.ALL, (reach, "employee.read"))[0]:
            assert ("→ 改名的班主任" in page) is opened


class TestTheHistoryOfARecord:
    def test_stands_on_its_page_for_those_who_may_see_it(self, edited, login):
        page = login("manager").get(f"/admin/customer/details/?id={edited.id}").text
        assert 'data-action="updated"' in page
        assert "八千 → 一万五" in page

    def test_is_not_for_consultants(self, edited, login):
        assert "data-action" not in login("sanjiang").get(f"/admin/customer/details/?id={edited.id}").text

    def test_hides_what_its_reader_may_not_see(self, edited, login):
        page = login("auditor").get(f"/admin/customer/details/?id={edited.id}").text
        assert 'data-action="updated"' in page
        assert "八千" not in page
        assert SECRET not in page

    def test_names_a_secret_that_changed_and_tells_nobody_what_it_was(self, session, school, login):
        passwords.set_password(school.sanjiang, "another one of his")
        session.commit()
        page = login("admin").get(f"/admin/employee/details/?id={school.sanjiang.id}",
                                  headers={"Accept-Language": "en"}).text
        updated = page.partition('data-action="updated"')[2].partition('data-action=')[0]
        assert "Password" in updated
        assert "••••" in updated
        assert "argon2" not in page

    @pytest.mark.parametrize("table", ["employee", "role", "department", "course"])
    def test_stands_on_the_pages_of_all_tables(self, session, school, login, table):
        rows = {"employee": school.tutor, "role": school.roles["tutor"], "department": school.departments[1001],
                "course": school.python}
        row = rows[table]
        setattr(row, "title" if table == "department" else "name", "新名字")
        session.commit()
        page = login("admin").get(f"/admin/{table}/details/?id={row.id}").text
        assert 'data-action="updated"' in page
        assert "→ 新名字" in page

    def test_of_a_role_says_what_was_given_and_taken_in_words(self, session, school, login):
        role = school.roles["tutor"]
        role.permission_codes = ["customer.read", "campus.read", "course.read"]
        session.commit()
        page = login("admin").get(f"/admin/role/details/?id={role.id}", headers={"Accept-Language": "en"}).text
        assert "See classes → See customers" in page


class TestAnExport:
    @on_both_databases
    def test_leaves_an_entry_with_the_number_of_rows(self, session, school, make_customer, login):
        make_customer()
        make_customer()
        assert login("manager").get("/admin/customer/export/xlsx/").status_code == 200
        session.rollback()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.EXPORTED)).one()
        assert (entry.actor_id, entry.table_name) == (school.manager.id, "customer")
        assert entry.facts == {"rows": 2, "format": "xlsx", "filtered": False}


def test_every_recorded_column_is_called_something():
    for mapper in Base.registry.mappers:
        if is_audited(mapper.class_):
            secret = {column.name for column in mapper.local_table.columns if column.info.get("secret")}
            names = {column.name for column in mapper.local_table.columns} - secret - {"id"}
            assert [name for name in sorted(names) if history.label_of(name) == name] == [], mapper.class_.__name__
