"""The matrix of permissions: ticked, reviewed with everybody's name, confirmed; and roles made, renamed and deleted."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import func, select

from app.models import AuditAction, AuditEntry, Employee, Role
from app.models.choices import RowScope
from app.permissions import Permission
from app.services import roles
from tests.support.client import Client
from tests.support.databases import on_both_databases

MATRIX, REVIEW, EDIT, SAVE = "/admin/matrix/", "/admin/matrix/review/", "/admin/matrix/edit/", "/admin/matrix/save/"
ENGLISH = {"Accept-Language": "en"}
JSON = {"Accept": "application/json"}

_INPUT = re.compile(r"<input\b[^>]*>")
_SELECT = re.compile(r'<select name="(scope-\d+)".*?<option value="(\w+)" selected', re.DOTALL)


def form_in(html: str) -> dict[str, object]:
    """What a browser would post of the matrix or of its review."""
    form: dict[str, object] = dict(_SELECT.findall(html))
    grants = []
    for tag in _INPUT.findall(html):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if found.get("name") == "grant" and (found["type"] == "hidden" or " checked" in tag):
            grants.append(found["value"])
        elif found.get("name", "").startswith(("scope-", "shown", "planned")):
            form[found["name"]] = unescape(found["value"])
    return {**form, "grant": grants}


class Matrix:
    """Somebody before the matrix."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.form = form_in(browser.get(MATRIX, headers=ENGLISH).text)

    def tick(self, role: Role, permission: Permission) -> Matrix:
        self.form["grant"].append(f"{role.id}:{permission.value}")
        return self

    def untick(self, role: Role, permission: Permission) -> Matrix:
        self.form["grant"].remove(f"{role.id}:{permission.value}")
        return self

    def reach(self, role: Role, scope: RowScope) -> Matrix:
        self.form[f"scope-{role.id}"] = scope.value
        return self

    def review(self):
        return self.browser.submit(REVIEW, self.form, headers=ENGLISH)

    def save(self, review=None, **kwargs):
        return self.browser.submit(SAVE, form_in((review or self.review()).text), **kwargs)


@pytest.fixture
def matrix(login, school):
    return Matrix(login("admin"))


@pytest.fixture
def consultant(school) -> Role:
    return school.roles["consultant"]


def codes(session, role: Role) -> set[str]:
    session.expire_all()
    return set(role.permission_codes)


@on_both_databases
class TestChanging:
    def test_nothing_is_changed_before_it_is_confirmed(self, matrix, consultant, session):
        before = codes(session, consultant)
        assert matrix.tick(consultant, Permission.CUSTOMER_EXPORT).review().status_code == 200
        assert codes(session, consultant) == before

    def test_the_review_names_whom_it_concerns(self, matrix, consultant, school, session):
        school.sanjiang.roles.append(school.roles["manager"])
        session.commit()
        page = matrix.tick(consultant, Permission.CUSTOMER_EXPORT).review().text
        gained, same = re.findall(r'data-outcome="(\w+)">(.*?)</div>', page, re.DOTALL)
        assert gained[0] == "gained"
        assert [name in gained[1] for name in ("暴雨", "大傻", "三江")] == [True, True, False]
        assert (same[0], "三江" in same[1]) == ("same", True)

    def test_what_is_confirmed_counts_from_the_next_request(self, matrix, consultant, login, session):
        sanjiang = login("sanjiang")
        assert sanjiang.get("/admin/publicpool/").status_code == 200
        assert sanjiang.get("/admin/customer/export/csv/").status_code == 403
        matrix.untick(consultant, Permission.POOL_READ).tick(consultant, Permission.CUSTOMER_EXPORT)
        assert matrix.reach(consultant, RowScope.DEPARTMENT).save().status_code == 302
        assert sanjiang.get("/admin/publicpool/").status_code == 403
        assert sanjiang.get("/admin/customer/export/csv/").status_code == 200
        assert codes(session, consultant) >= {"customer.export", "mycustomers.read"}
        assert consultant.scope is RowScope.DEPARTMENT

    def test_the_audit_log_says_who_gave_and_took_what(self, matrix, consultant, school, session):
        matrix.untick(consultant, Permission.POOL_CLAIM).tick(consultant, Permission.CUSTOMER_EXPORT).save()
        by_hand = (AuditEntry.table_name == "role", AuditEntry.origin == "web")
        told = session.scalars(select(AuditEntry).where(*by_hand)).one()
        assert (told.actor_id, told.row_id) == (school.admin.id, consultant.id)
        assert told.changes == {"permissions": [["publicpool.claim"], ["customer.export"]]}

    def test_two_admins_at_once_the_second_is_told(self, matrix, consultant, login, session):
        second = Matrix(login("admin"))
        reviewed = second.tick(consultant, Permission.CUSTOMER_DELETE).review()
        assert matrix.tick(consultant, Permission.CUSTOMER_EXPORT).save().status_code == 302
        for refused in (second.save(reviewed, headers=ENGLISH), second.review()):
            assert refused.status_code == 409
            assert "Roles were changed meanwhile" in refused.text
        assert second.save(reviewed, headers=JSON).status_code == 409
        assert "customer.delete" not in codes(session, consultant)

    def test_a_stale_form_is_told_even_when_going_back_from_the_review(self, matrix, consultant, login):
        reviewed = form_in(Matrix(login("admin")).tick(consultant, Permission.CUSTOMER_DELETE).review().text)
        matrix.tick(consultant, Permission.CUSTOMER_EXPORT).save()
        assert matrix.browser.submit(EDIT, reviewed).status_code == 409

    @pytest.mark.parametrize("taken", roles.ADMINISTRATION)
    def test_nobody_can_lock_everyone_out(self, matrix, school, session, taken):
        refused = matrix.untick(school.roles["admin"], taken).review()
        assert refused.status_code == 409
        assert "Nobody who can log in would be left" in refused.text
        assert f"{school.roles['admin'].id}:{taken.value}" not in form_in(refused.text)["grant"], "the ticks are kept"
        assert taken.value in codes(session, school.roles["admin"])

    def test_with_what_must_be_left_alone_everything_can_be_given_back(self, matrix, school, session, login):
        """However short it reaches, for neither roles nor employees belong to anybody."""
        admin, kept = school.roles["admin"], set(roles.ADMINISTRATION)
        for permission in set(Permission) - kept:
            matrix.untick(admin, permission)
        assert matrix.reach(admin, RowScope.OWN).save().status_code == 302
        assert codes(session, admin) == {permission.value for permission in kept}
        browser = login("admin")
        for path in (MATRIX, "/admin/role/", "/admin/employee/", f"/admin/role/edit/?id={admin.id}",
                     f"/admin/employee/edit/?id={school.tutor.id}"):
            assert browser.get(path).status_code == 200, path
        assert school.tutor.name in browser.get("/admin/employee/").text
        assert Matrix(browser).reach(admin, RowScope.ALL).tick(admin, Permission.AUDIT_READ).save().status_code == 302
        assert browser.get("/admin/audit/").status_code == 200

    def test_nor_by_confirming_what_was_never_reviewed(self, matrix, school, session):
        form = matrix.untick(school.roles["admin"], Permission.ROLE_WRITE).form
        assert matrix.browser.submit(SAVE, {**form, "planned": form["shown"]}).status_code == 409
        assert "role.write" in codes(session, school.roles["admin"])


class TestTheForm:
    def test_back_from_the_review_the_ticks_are_still_there(self, matrix, consultant):
        reviewed = form_in(matrix.tick(consultant, Permission.CUSTOMER_EXPORT).review().text)
        back = matrix.browser.submit(EDIT, reviewed)
        assert back.status_code == 200
        assert f"{consultant.id}:customer.export" in form_in(back.text)["grant"]

    def test_without_a_change_there_is_nothing_to_review(self, matrix):
        answer = matrix.review()
        assert (answer.status_code, answer.location) == (302, MATRIX)

    @pytest.mark.parametrize("wrong", [{"grant": ["1:root.everything"]}, {"grant": [""]}, {"grant": ["x" * 9999]},
                                       {"scope-1": "everything"}, {"scope-1": ""}])
    def test_made_by_hand_is_refused_in_words(self, matrix, wrong):
        form = {**matrix.form, **wrong}
        assert matrix.browser.submit(REVIEW, form).status_code == 400
        assert matrix.browser.submit(SAVE, form).status_code == 400

    def test_without_a_fingerprint_is_stale(self, matrix):
        assert matrix.browser.submit(REVIEW, {}).status_code == 409
        assert matrix.browser.submit(EDIT, {}).status_code == 409

    def test_says_everything_that_can_be_permitted(self, matrix, school):
        page = unescape(matrix.browser.get(MATRIX, headers=ENGLISH).text)
        for permission in Permission:
            assert str(permission.sentence) in page
            for role in school.roles.values():
                assert f'value="{role.id}:{permission.value}"' in page


class TestWhoMay:
    def test_readers_read(self, login, school, session):
        school.roles["auditor"].permission_codes = ["role.read"]
        session.commit()
        auditor = login("auditor")
        page = auditor.get(MATRIX)
        assert page.status_code == 200
        assert 'name="grant"' not in page.text
        assert "/admin/matrix/view-as/" not in page.text
        for path in (REVIEW, EDIT, SAVE, "/admin/matrix/view-as/"):
            assert auditor.submit(path).status_code == 403

    @pytest.mark.parametrize("who", ["manager", "sanjiang", "tutor", "finance"])
    def test_others_do_not(self, login, who):
        browser = login(who)
        assert browser.get(MATRIX).status_code == 403
        for path in (REVIEW, EDIT, SAVE, "/admin/matrix/view-as/"):
            assert browser.submit(path).status_code == 403

    @on_both_databases
    def test_it_costs_the_same_queries_at_any_number_of_people_and_roles(self, login, session, school, make_employee,
                                                                        count_queries, consultant):
        admin = login("admin")

        def cost() -> tuple[int, int]:
            with count_queries() as reading:
                matrix = Matrix(admin)
            with count_queries() as reviewing:
                assert matrix.tick(consultant, Permission.CUSTOMER_EXPORT).review().status_code == 200
            return reading.count, reviewing.count

        cost()
        few = cost()
        for number in range(30):
            make_employee()
            session.add(Role(name=f"角色{number}", permission_codes=["course.read"]))
        session.commit()
        assert cost() == few

    @on_both_databases
    def test_a_request_costs_the_same_queries_with_one_role_and_with_five(self, login, session, school, count_queries):
        sanjiang = login("sanjiang")

        def cost() -> int:
            with count_queries() as queries:
                assert sanjiang.get("/admin/course/").status_code == 200
            return queries.count

        cost()
        one = cost()
        school.sanjiang.roles += [school.roles[code] for code in ("tutor", "teacher", "finance", "auditor")]
        session.commit()
        assert cost() == one


@on_both_databases
class TestRolesOfTheSchoolsOwn:
    def new(self, admin, **form):
        return admin.submit("/admin/role/new/", {"name": "人事", "scope": "own", **form})

    def test_a_new_role_permits_nothing(self, login, session, school):
        assert self.new(login("admin")).status_code == 302
        assert session.query(Role).filter_by(name="人事").one().permission_codes == []

    def test_or_the_same_as_another(self, login, session, school):
        admin = login("admin")
        source = school.roles["manager"]
        page = admin.get(f"/admin/role/new/?copy_of={source.id}").text
        assert re.search(rf'<option selected value="{source.id}"', page)
        self.new(admin, copy_of=source.id)
        made = session.query(Role).filter_by(name="人事").one()
        assert (made.permission_codes, made.code) == (source.permission_codes, None)

    def test_it_is_renamed_and_keeps_what_it_permits(self, login, session, school):
        role = school.roles["tutor"]
        before = role.permission_codes
        page = login("admin").get(f"/admin/role/edit/?id={role.id}").text
        assert "copy_of" not in page
        answer = login("admin").submit(f"/admin/role/edit/?id={role.id}",
                                       {"name": "导师", "scope": "department", "permission_codes": ["role.write"],
                                        "copy_of": school.roles["admin"].id})
        assert answer.status_code == 302
        session.refresh(role)
        assert (role.name, role.scope, role.permission_codes) == ("导师", RowScope.DEPARTMENT, before)

    def test_it_may_ask_for_a_second_factor(self, login, session, school):
        self.new(login("admin"), requires_second_factor="y")
        assert session.query(Role).filter_by(name="人事").one().requires_second_factor

    def test_a_name_is_given_once(self, login, session, school):
        assert self.new(login("admin"), name=school.roles["tutor"].name).status_code == 422

    def test_it_is_deleted_once_nobody_has_it(self, login, session, school):
        admin = login("admin")
        self.new(admin)
        role = session.query(Role).filter_by(name="人事").one()
        school.tutor.roles.append(role)
        admin.submit("/admin/role/delete/", {"id": role.id, "url": MATRIX})
        assert session.get(Role, role.id) is not None
        school.tutor.roles.remove(role)
        assert admin.submit("/admin/role/delete/", {"id": role.id, "url": MATRIX}).location == MATRIX
        assert session.query(Role).filter_by(name="人事").count() == 0


@on_both_databases
class TestEmployees:
    """The panel keeps to who may manage whom, and never lets the last admin go."""

    def form(self, person: Employee, school, **changed):
        return {"name": person.name, "username": person.username, "department": person.department.id,
                "roles": [role.id for role in person.roles], **({"active": "y"} if person.active else {}), **changed}

    def test_the_last_admin_can_neither_be_demoted_nor_deactivated_nor_deleted(self, login, school, session):
        path, admin = f"/admin/employee/edit/?id={school.admin.id}", login("admin")
        refused = admin.submit(path, self.form(school.admin, school, roles=[school.roles["manager"].id]))
        assert (refused.status_code, 'id="roles-errors"' in refused.text) == (422, True)
        form = self.form(school.admin, school)
        del form["active"]
        refused = admin.submit(path, form)
        assert (refused.status_code, 'id="active-errors"' in refused.text) == (422, True)
        admin.submit("/admin/employee/delete/", {"id": school.admin.id})
        session.expire_all()
        assert school.admin.active
        assert [role.code for role in school.admin.roles] == ["admin"]

    @pytest.fixture
    def herui(self, session, make_employee, login):
        role = Role(name="人事", scope=RowScope.ALL, permission_codes=[
            "employee.read", "employee.write", "course.read", "campus.read", "courseclass.read"])
        person = make_employee("何蕊", department=1007, username="herui")
        person.roles = [role]
        session.commit()
        return login("herui")

    def test_personnel_finds_no_way_to_those_who_may_more(self, herui, school, session):
        before = school.admin.password_hash
        path = f"/admin/employee/edit/?id={school.admin.id}"
        assert herui.get(path).status_code == 403
        assert herui.submit(path, self.form(school.admin, school, password="a new long password")).status_code == 403
        herui.submit("/admin/employee/delete/", {"id": school.auditor.id})
        listed = herui.get("/admin/employee/").text
        assert f"/admin/employee/edit/?id={school.admin.id}&" not in listed
        assert f"/admin/employee/edit/?id={school.tutor.id}&" in listed
        session.expire_all()
        assert school.admin.password_hash == before
        assert session.get(Employee, school.auditor.id) is not None

    def test_personnel_gives_only_what_it_may_itself(self, herui, school, session):
        path = f"/admin/employee/edit/?id={school.tutor.id}"
        refused = herui.submit(path, self.form(school.tutor, school, roles=[school.roles["admin"].id]))
        assert (refused.status_code, 'id="roles-errors"' in refused.text) == (422, True)
        accepted = herui.submit(path, self.form(school.tutor, school, roles=[school.roles["teacher"].id]))
        assert accepted.status_code == 302
        session.expire_all()
        assert [role.code for role in school.tutor.roles] == ["teacher"]

    def test_every_attempt_at_more_is_in_the_audit_log_however_it_is_answered(self, herui, school, session):
        """Beside a field, above the next page, or as the whole answer."""
        person = session.scalars(select(Employee).where(Employee.username == "herui")).one()
        edit, more = "/admin/employee/edit/", [school.roles["admin"].id]
        new = {**self.form(school.tutor, school, roles=more), "name": "替身", "username": "straw"}
        for path, form, status in (
                (f"{edit}?id={school.tutor.id}", self.form(school.tutor, school, roles=more), 422),
                (f"{edit}?id={person.id}", self.form(person, school, roles=more), 422),
                ("/admin/employee/new/", new, 422),
                ("/admin/employee/delete/", {"id": school.auditor.id}, 302),
                ("/admin/employee/one-time-password/", {"id": school.admin.id}, 403)):
            before = session.scalar(select(func.max(AuditEntry.id)))
            answer = herui.submit(path, form, headers=ENGLISH)
            assert answer.status_code == status, path
            told = session.scalars(select(AuditEntry).where(AuditEntry.id > before)).all()
            assert [(entry.action, entry.actor_id, entry.facts) for entry in told] == [
                (AuditAction.REFUSED, person.id,
                 {"status": 403, "method": "POST", "path": path.partition("?")[0]})], path
            session.rollback()

    def test_a_mistake_is_none(self, herui, school, session):
        before = session.scalar(select(func.max(AuditEntry.id)))
        taken = self.form(school.tutor, school, username="teacher")
        assert herui.submit(f"/admin/employee/edit/?id={school.tutor.id}", taken).status_code == 422
        assert session.scalar(select(func.max(AuditEntry.id))) == before
