"""The screen of one person's data: who may open it, what it shows, the export, the erasure."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import AuditAction, AuditEntry, Customer, RolePermission
from app.models.choices import RowScope
from tests.support.databases import on_both_databases

PAGE, EXPORT, ERASE = "/admin/personaldata/", "/admin/personaldata/export/", "/admin/personaldata/erase/"


@pytest.fixture
def customer(make_customer, school):
    return make_customer("龙泰", holder=school.sanjiang, mobile="13812345678", company="=cmd|'/c calc'!A0")


@pytest.fixture
def leaver(make_employee):
    return make_employee("老王", username="laowang", active=False)


def address(person) -> str:
    kind = "customer" if isinstance(person, Customer) else "employee"
    return f"{PAGE}?kind={kind}&id={person.id}"


def form(person, **fields):
    kind = "customer" if isinstance(person, Customer) else "employee"
    return {"kind": kind, "id": str(person.id), **fields}


@on_both_databases
class TestErasing:
    def test_asks_for_a_reason_and_the_number_and_erases(self, session, login, customer):
        admin = login("admin")
        answer = admin.submit(ERASE, form(customer, reason="requested", number=f"#{customer.id}"),
                              follow_redirects=True)
        assert answer.status_code == 200
        session.refresh(customer)
        assert customer.name == f"#{customer.id}"
        assert "龙泰" not in answer.text
        assert f"#{customer.id}" in answer.text
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.PERSON_ERASED)).one()
        assert (entry.row_id, entry.facts, entry.address) == (customer.id, {"reason": "requested"}, "127.0.0.1")

    @pytest.mark.parametrize(("wrong", "status"), [
        ({"number": "1234567"}, 422), ({"number": ""}, 422), ({"reason": "retention"}, 422), ({"reason": ""}, 422),
        ({"reason": "because"}, 422), ({"kind": "course"}, 404), ({"id": "999999"}, 404), ({"id": "x"}, 404)])
    def test_does_nothing_by_mistake(self, session, login, customer, wrong, status):
        given = form(customer, reason="requested", number=str(customer.id)) | wrong
        assert login("admin").submit(ERASE, given).status_code == status
        session.refresh(customer)
        assert customer.name == "龙泰"

    def test_of_someone_who_works_here_is_refused_in_words(self, login, school):
        answer = login("admin").submit(ERASE, form(school.dasha, reason="requested", number=str(school.dasha.id)))
        assert answer.status_code == 409
        assert "大傻" in answer.text

    def test_of_a_leaver_ends_on_his_page(self, session, login, leaver):
        answer = login("admin").submit(ERASE, form(leaver, reason="not_needed", number=str(leaver.id)),
                                       follow_redirects=True)
        assert answer.status_code == 200
        assert "老王" not in answer.text
        session.refresh(leaver)
        assert leaver.username == f"erased-{leaver.id}"

    def test_twice_is_no_error(self, login, customer):
        admin = login("admin")
        for _ in range(2):
            assert admin.submit(ERASE, form(customer, reason="unlawful", number=str(customer.id))).status_code == 302

    def test_needs_the_token(self, session, login, customer):
        given = form(customer, reason="requested", number=str(customer.id))
        assert login("admin").post(ERASE, data=given).status_code == 400
        session.refresh(customer)
        assert customer.name == "龙泰"


class TestThePage:
    def test_says_what_would_go_and_what_would_stay_without_showing_it(self, login, customer):
        page = login("admin").get(address(customer))
        assert page.status_code == 200
        assert "13812345678" not in page.text
        assert "手机" in page.text
        assert 'name="number"' in page.text

    def test_is_linked_from_the_person_for_those_who_may(self, login, customer, leaver):
        for path in (f"/admin/customer/details/?id={customer.id}", f"/admin/employee/details/?id={leaver.id}"):
            assert PAGE in login("admin").get(path).text
            assert PAGE not in login("manager").get(path).text

    def test_says_why_someone_cannot_be_erased_yet(self, login, school):
        page = login("admin").get(address(school.dasha))
        assert "大傻" in page.text
        assert 'name="number"' not in page.text

    def test_of_the_erased_says_since_when(self, login, customer):
        admin = login("admin")
        admin.submit(ERASE, form(customer, reason="requested", number=str(customer.id)))
        page = admin.get(address(customer))
        assert page.status_code == 200
        assert 'name="number"' not in page.text

    @pytest.mark.parametrize("query", ["", "?kind=customer", "?kind=customer&id=0", "?kind=role&id=1", "?id=1",
                                       "?kind=customer&id=99999999999999999999", "?kind=employee&id=1,2"])
    def test_of_nobody_is_not_found(self, login, query):
        assert login("admin").get(PAGE + query).status_code == 404


class TestTheExport:
    def test_in_html_can_be_read_and_runs_nothing(self, login, customer):
        customer.company = "<script>alert(1)</script>"
        answer = login("admin").submit(EXPORT, form(customer, format="html"))
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="customer-{customer.id}-')
        assert "13812345678" in answer.text
        assert "<script" not in answer.text
        assert "&lt;script&gt;" in answer.text

    def test_in_json_has_every_value_as_it_is(self, login, customer):
        answer = login("admin").submit(EXPORT, form(customer, format="json"))
        assert answer.json["tables"]["customer"][0]["company"] == "=cmd|'/c calc'!A0"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_of_an_employee(self, login, leaver):
        for kind in ("html", "json"):
            assert "laowang" in login("admin").submit(EXPORT, form(leaver, format=kind)).text

    def test_stands_in_the_log_with_who_took_it(self, session, login, school, customer):
        login("admin").submit(EXPORT, form(customer, format="json"))
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.PERSON_EXPORTED)).one()
        assert (entry.actor_id, entry.row_id, entry.person_id) == (school.admin.id, customer.id, customer.id)
        assert entry.facts == {"format": "json"}

    def test_in_another_format_is_refused(self, login, customer):
        assert login("admin").submit(EXPORT, form(customer, format="exe")).status_code == 400

    def test_is_not_to_be_had_by_a_link(self, login, customer):
        assert login("admin").get(f"{EXPORT}?kind=customer&id={customer.id}&format=json").status_code == 405


class TestWhoMay:
    @pytest.mark.parametrize("username", ["manager", "sanjiang", "tutor", "teacher", "finance", "auditor"])
    def test_is_the_admin_alone_as_delivered(self, login, customer, username):
        browser = login(username)
        assert browser.get(address(customer)).status_code == 403
        assert browser.submit(EXPORT, form(customer, format="json")).status_code == 403
        assert browser.submit(ERASE, form(customer, reason="requested", number="1")).status_code == 403

    def test_reaches_only_the_rows_the_role_reaches(self, session, school, login, customer, make_customer):
        """A role with the permission for its own rows, beside one that reads all."""
        for code in ("personaldata.export", "personaldata.erase"):
            school.roles["consultant"].permissions.append(RolePermission(code=code))
        school.roles["consultant"].scope = RowScope.OWN
        foreign = make_customer(holder=school.baoyu)
        school.sanjiang.roles = [school.roles["consultant"], school.roles["auditor"]]
        session.commit()
        sanjiang = login("sanjiang")
        assert sanjiang.get(address(customer)).status_code == 200
        assert sanjiang.get(f"/admin/customer/details/?id={foreign.id}").status_code == 200
        for answer in (sanjiang.get(address(foreign)), sanjiang.submit(EXPORT, form(foreign, format="json")),
                       sanjiang.submit(ERASE, form(foreign, reason="requested", number=str(foreign.id)))):
            assert answer.status_code == 404


class TestTheErased:
    def test_cannot_be_edited(self, login, customer, leaver):
        admin = login("admin")
        for person, path in ((customer, "customer"), (leaver, "employee")):
            admin.submit(ERASE, form(person, reason="requested", number=str(person.id)))
            edit = f"/admin/{path}/edit/?id={person.id}"
            assert admin.get(edit).status_code == 409
            assert admin.submit(edit, {"name": "回来了", "username": "back"}).status_code == 409
            assert f"/edit/?id={person.id}" not in admin.get(f"/admin/{path}/").text

    def test_is_not_offered_as_a_referrer(self, login, floor, customer):
        floor.enrol(customer)
        admin = login("admin")
        look_up = f"/admin/customer/ajax/lookup/?name=referral_from&query={customer.name}"
        assert len(admin.get(look_up).json) == 1
        admin.submit(ERASE, form(customer, reason="requested", number=str(customer.id)))
        for query in ("", f"#{customer.id}"):
            assert admin.get(f"/admin/customer/ajax/lookup/?name=referral_from&query={query}").json == []

    def test_does_not_log_in(self, login, leaver, client):
        login("admin").submit(ERASE, form(leaver, reason="requested", number=str(leaver.id)))
        for name in ("laowang", f"erased-{leaver.id}"):
            assert client.login(name).status_code != 302
