"""Looking as a role: an admin sees what it would see, never more than he may, and changes nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import AuditAction, AuditEntry, Course, Employee, Role
from app.models.choices import RowScope
from app.permissions import Permission
from tests.support.databases import on_both_databases

START, STOP = "/admin/matrix/view-as/", "/view-as/stop"
ENGLISH, JSON = {"Accept-Language": "en"}, {"Accept": "application/json"}
BANNER = 'class="banner acting"'


@pytest.fixture
def admin(login):
    return login("admin")


@pytest.fixture
def look(admin, school):
    """`look("tutor")`: the admin looks as that role from here on."""
    def start(code: str) -> None:
        answer = admin.submit(START, {"role_id": school.roles[code].id})
        assert (answer.status_code, answer.location) == (302, "/admin/")

    return start


def menu(browser) -> set[str]:
    page = browser.get("/admin/").text
    navigation = page[page.index('id="sidebar"'):page.index("<header")]
    return {part.split('"')[0] for part in navigation.split('href="/admin/')[1:]}


class TestWhatIsSeen:
    @pytest.mark.parametrize("code", ["manager", "tutor", "finance", "auditor"])
    def test_is_the_roles_menu(self, admin, login, look, code):
        look(code)
        assert menu(admin) == menu(login(code))

    @on_both_databases
    def test_is_what_the_role_permits_in_its_reach(self, admin, look, make_customer, school):
        make_customer("三江的", holder=school.sanjiang)
        assert "三江的" in admin.get("/admin/customer/").text
        look("consultant")
        assert "三江的" not in admin.get("/admin/customer/").text
        for path, status in (("/admin/publicpool/", 200), ("/admin/employee/", 403), ("/admin/matrix/", 403),
                             ("/admin/customer/export/csv/", 403)):
            assert admin.get(path).status_code == status, path

    def test_is_never_more_than_ones_own(self, admin, look, school, session):
        school.roles["admin"].permission_codes = [each.value for each in Permission
                                                  if each is not Permission.CUSTOMER_READ]
        school.roles["admin"].scope = RowScope.OWN
        session.commit()
        look("manager")
        assert admin.get("/admin/customer/").status_code == 403
        assert admin.get("/admin/followup/").status_code == 200

    def test_is_said_on_every_page(self, admin, look):
        assert BANNER not in admin.get("/admin/").text
        look("consultant")
        for path in ("/admin/", "/admin/publicpool/", "/admin/customer/", "/admin/employee/", "/admin/nowhere/"):
            page = admin.get(path, headers=ENGLISH).text
            assert BANNER in page, path
            assert f'action="{STOP}"' in page, path
            assert "what the role Consultant sees" in page, path

    def test_costs_one_query_more(self, admin, look, count_queries):
        def cost() -> int:
            with count_queries() as queries:
                assert admin.get("/admin/course/").status_code == 200
            return queries.count

        cost()
        before = cost()
        look("consultant")
        assert cost() - before == 1


class TestWhatIsDone:
    @on_both_databases
    def test_is_nothing(self, admin, look, make_customer, school, session):
        customer = make_customer("龙泰")
        look("manager")
        for path, form in (("/admin/claim/", {"customer_id": customer.id}), ("/admin/course/new/", {"name": "新课程"}),
                           ("/admin/matrix/save/", {}), (START, {"role_id": school.roles["tutor"].id}),
                           ("/admin/employee/delete/", {"id": school.tutor.id}), ("/login", {}), ("/nowhere", {})):
            refused = admin.submit(path, form, headers=ENGLISH)
            assert refused.status_code == 403, path
            assert "nothing can be changed until you stop" in refused.text
        answer = admin.submit("/admin/claim/", {"customer_id": customer.id}, headers=JSON)
        assert (answer.status_code, answer.json["status"]) == (403, 403)
        session.refresh(customer)
        assert customer.consultant_id is None

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_not_by_another_method_either(self, admin, look, method):
        look("manager")
        answer = admin.open("/admin/claim/", method=method, headers={"X-CSRFToken": admin.csrf_token()})
        assert answer.status_code == 403

    def test_but_the_language_may_be_chosen(self, admin, look):
        look("tutor")
        assert admin.submit("/locale", {"locale": "en"}).status_code == 302
        assert BANNER in admin.get("/admin/").text


class TestItEnds:
    def test_when_he_stops(self, admin, look):
        look("tutor")
        assert admin.submit(STOP).status_code == 302
        assert BANNER not in admin.get("/admin/").text
        assert admin.get("/admin/matrix/").status_code == 200
        assert admin.submit("/admin/course/new/", {"name": "新课程"}).status_code == 302

    def test_with_the_session(self, admin, look):
        look("tutor")
        assert admin.submit("/logout").status_code == 302
        admin._token = None
        admin.login("admin")
        assert BANNER not in admin.get("/admin/").text

    def test_when_he_may_not_change_roles_any_more(self, admin, look, school, session, make_employee):
        make_employee(role="admin", department=1007)
        look("auditor")
        school.roles["manager"].permission_codes = ["course.read"]
        session.get(Employee, school.admin.id).roles = [school.roles["manager"]]
        session.commit()
        page = admin.get("/admin/")
        assert BANNER not in page.text
        assert admin.get("/admin/employee/").status_code == 403
        assert admin.get("/admin/course/").status_code == 200

    @pytest.fixture
    def looking_as_nobody(self, admin, session):
        """The role the admin looks as has been deleted since."""
        role = Role(name="短命", permission_codes=["course.read"])
        session.add(role)
        session.commit()
        admin.submit(START, {"role_id": role.id})
        assert BANNER in admin.get("/admin/").text
        session.delete(role)
        session.commit()

    @pytest.mark.parametrize("path", ["/admin/", "/admin/employee/", "/nowhere"])
    def test_when_the_role_is_no_more_and_says_so_once(self, admin, looking_as_nobody, path):
        page = admin.get(path, headers=ENGLISH).text
        assert BANNER not in page
        assert "you are yourself again" in page
        assert "you are yourself again" not in admin.get("/admin/", headers=ENGLISH).text

    def test_not_amid_a_change_he_believed_to_be_impossible(self, admin, looking_as_nobody, session):
        refused = admin.submit("/admin/course/new/", {"name": "新课程"}, headers=ENGLISH)
        assert refused.status_code == 409
        assert "you are yourself again" in refused.text
        assert session.scalar(select(Course.id).where(Course.name == "新课程")) is None
        assert admin.submit("/admin/course/new/", {"name": "新课程"}).status_code == 302

    def test_stopping_without_having_begun_does_nothing(self, login):
        assert login("tutor").submit(STOP).status_code == 302


class TestTheAuditLog:
    @on_both_databases
    def test_says_who_looked_as_which_role_from_when_to_when(self, admin, look, school, session):
        look("tutor")
        admin.submit(STOP)
        admin.submit(STOP)
        told = session.execute(select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.table_name, AuditEntry.row_id)
                               .where(AuditEntry.action.in_([AuditAction.VIEW_AS_BEGAN, AuditAction.VIEW_AS_ENDED]))
                               .order_by(AuditEntry.id)).all()
        expected = (school.admin.id, "role", school.roles["tutor"].id)
        assert told == [(AuditAction.VIEW_AS_BEGAN, *expected), (AuditAction.VIEW_AS_ENDED, *expected)]


class TestBeginning:
    @pytest.mark.parametrize("role_id", ["", "0", "-1", "abc", "999999", "99999999999999999999", "１"])
    def test_needs_a_role_there_is(self, admin, role_id):
        assert admin.submit(START, {"role_id": role_id}).status_code == 404

    def test_is_a_post(self, admin):
        assert admin.get(START).status_code == 405
        assert admin.get(STOP).status_code == 405

    @pytest.mark.parametrize("who", ["auditor", "manager", "sanjiang"])
    def test_is_for_those_who_may_change_roles(self, login, school, who):
        assert login(who).submit(START, {"role_id": school.roles["tutor"].id}).status_code == 403
