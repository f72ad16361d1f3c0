"""Moving many customers from the screens: ticked, by filter, a leaver's; asked first, reported afterwards."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.admin import transfers as screens
from app.errors import ConflictError
from app.models import Customer, Employee, Transfer
from app.models.choices import DistributionStatus, LineState, RowScope
from app.services import customers, transfers
from app.services.transfers import Plan
from tests.support.client import Client

ASSIGN, RELEASE, HAND_OVER = "/admin/customer/assign/", "/admin/customer/release/", "/admin/transfer/hand-over/"
ACTION = "/admin/customer/action/"


def shown(page) -> str:
    """What the form says it shows."""
    return re.search(r'name="shown" value="([^"]*)"', page.text)[1]


def ask(browser: Client, action: str, *ticked, **more):
    return browser.submit(ACTION, {"action": action, "rowid": [each.id for each in ticked], **more})


@pytest.fixture
def english(login):
    def log_in(username: str) -> Client:
        browser = login(username)
        browser.submit("/locale", {"locale": "en"})
        return browser

    return log_in


@pytest.fixture
def held(make_customer, school):
    return [make_customer(f"客{number}", holder=school.sanjiang) for number in range(5)]


class TestTicked:
    def test_are_spread_over_two_and_reported_with_links(self, english, held, school, session):
        manager = english("manager")
        page = ask(manager, "assign", *held)
        assert "Assign 5 customers" in page.text
        answer = manager.submit(ASSIGN, {"customer_id": [each.id for each in held], "shown": shown(page),
                                         "consultant_id": [school.baoyu.id, school.dasha.id],
                                         "next": "/admin/customer/?page_size=20"})
        assert answer.status_code == 302
        result = manager.get(answer.location)
        (order,) = session.scalars(select(Transfer))
        assert [number for _who, number in transfers.received(session, order.id)] == [3, 2]
        assert f"/admin/record/?id={held[0].id}" in result.text
        assert 'href="/admin/customer/?page_size=20"' in result.text
        session.expire_all()
        assert sorted(each.consultant.username for each in held) == ["baoyu"] * 3 + ["dasha"] * 2

    def test_are_asked_about_again_when_they_have_changed(self, english, held, school, session, floor):
        manager = english("manager")
        page = ask(manager, "assign", *held)
        floor.assign(held[0], to=school.dasha)
        form = {"customer_id": [each.id for each in held], "consultant_id": school.baoyu.id}
        again = manager.submit(ASSIGN, {**form, "shown": shown(page)})
        assert again.status_code == 409
        assert "look at it again" in again.text
        assert f'value="{school.baoyu.id}" checked' in again.text, "what was chosen stays chosen"
        assert session.scalars(select(Transfer)).all() == []
        assert manager.submit(ASSIGN, {**form, "shown": shown(again)}).status_code == 302
        session.expire_all()
        assert {each.consultant_id for each in held} == {school.baoyu.id}

    def test_are_released_by_their_consultant_and_he_sees_what_became_of_them(self, english, held, school, session,
                                                                            clock):
        sanjiang = english("sanjiang")
        page = ask(sanjiang, "release", *held[:2])
        assert "Release 2 customers" in page.text
        answer = sanjiang.submit(RELEASE, {"customer_id": [each.id for each in held[:2]], "shown": shown(page)})
        result = sanjiang.get(answer.location)
        assert f"/admin/record/?id={held[0].id}" in result.text
        session.expire_all()
        assert [each.is_public(clock.today()) for each in held] == [True, True, False, False, False]
        assert english("baoyu").get(answer.location).status_code == 404

    def test_say_whom_it_does_not_concern(self, english, held, floor, make_customer):
        floor.enrol(held[0])
        assert "1 has enrolled and stays" in ask(english("manager"), "assign", *held).text
        page = ask(english("manager"), "release", held[0])
        assert "None of these customers can be moved." in page.text

    def test_say_who_may_hold_no_more_and_report_whom_he_did_not_get(self, english, held, school, floor, session):
        floor.rules(holding_limit=2)
        manager = english("manager")
        page = ask(manager, "assign", *held)
        assert "holds 5 of 2" in page.text
        assert page.text.count("At the limit") == 1
        answer = manager.submit(ASSIGN, {"customer_id": [each.id for each in held], "shown": shown(page),
                                         "consultant_id": school.baoyu.id})
        assert "holds as many customers as he may (2)" in manager.get(f"{answer.location}&show=refused").text
        session.expire_all()
        assert [each.consultant.username for each in held] == ["baoyu"] * 2 + ["sanjiang"] * 3

    def test_need_a_consultant(self, login, held, session, school):
        manager = login("manager")
        form = {"customer_id": held[0].id, "shown": f"{school.sanjiang.id}.1.0.0"}
        assert manager.submit(ASSIGN, form, headers={"Accept": "application/json"}).status_code == 400
        assert manager.submit(ASSIGN, form | {"consultant_id": 987654},
                              headers={"Accept": "application/json"}).status_code == 404
        assert session.scalars(select(Transfer)).all() == []

    def test_what_is_refused_for_one_is_reported_and_stops_no_other(self, english, held, school, monkeypatch):
        unlucky, assign = held[0].id, customers.assign

        def refuse_one(session, customer_id, *arguments, **named):
            if customer_id == unlucky:
                raise ConflictError("He is too much for anybody.")
            assign(session, customer_id, *arguments, **named)

        monkeypatch.setattr(customers, "assign", refuse_one)
        manager = english("manager")
        page = ask(manager, "assign", *held)
        answer = manager.submit(ASSIGN, {"customer_id": [each.id for each in held], "shown": shown(page),
                                         "consultant_id": school.baoyu.id})
        result = manager.get(f"{answer.location}&show=refused").text
        assert "He is too much for anybody." in result
        assert "客1" not in result
        assert "客1" in manager.get(f"{answer.location}&show=moved").text


class TestAllThatAFilterFinds:
    def test_are_offered_where_there_are_more_than_fit(self, english, held):
        manager = english("manager")
        assert "all 5 in this list" not in manager.get("/admin/customer/").text
        manager.get("/admin/customer/")
        assert 'name="all"' not in manager.get("/admin/customer/?page_size=20").text

    def test_are_counted_by_consultant_and_moved(self, english, held, make_customer, school, session):
        other = make_customer("别人", holder=school.baoyu)
        manager = english("manager")
        address = f"/admin/customer/?search=客&flt_consultant={school.sanjiang.id}"
        page = ask(manager, "assign", held[0], all="1", list=address)
        assert "Assign 5 customers" in page.text
        assert "别人" not in page.text
        form = {"all": "1", "list": address, "consultant_id": school.dasha.id, "shown": shown(page)}
        late = make_customer("客新", holder=school.sanjiang)
        again = manager.submit(ASSIGN, form)
        assert again.status_code == 409
        assert "Assign 6 customers" in again.text
        assert manager.submit(ASSIGN, {**form, "shown": shown(again)}).status_code == 302
        session.expire_all()
        assert {each.consultant_id for each in (*held, late)} == {school.dasha.id}
        assert other.consultant_id == school.baoyu.id

    def test_are_only_those_within_reach(self, login, make_customer, held, school, session, clock):
        mine = [make_customer("我的", holder=school.baoyu)]
        baoyu = login("baoyu")
        page = ask(baoyu, "release", mine[0], all="1", list="/admin/customer/")
        assert shown(page) == f"{school.baoyu.id}.1.0.0"
        baoyu.submit(RELEASE, {"all": "1", "list": "/admin/customer/", "shown": shown(page)})
        session.expire_all()
        assert mine[0].is_public(clock.today())
        assert all(each.is_held(clock.today()) for each in held)

    def test_a_search_for_a_contact_finds_only_whom_one_may_see(self, login, make_customer, school, session):
        hidden = make_customer("藏", holder=school.sanjiang, mobile="13812345678")
        school.roles["manager"].permission_codes = [code for code in school.roles["manager"].permission_codes
                                                    if code != "customer.contacts"]
        session.commit()
        page = ask(login("manager"), "assign", hidden, all="1", list="/admin/customer/?search=13812345678")
        assert shown(page) == ""


class TestTheHandOverOfALeaver:
    @pytest.fixture(autouse=True)
    def _customers(self, held, make_customer, school, floor, make_follow_up, clock):
        self.enrolled = make_customer("学员", holder=school.sanjiang)
        floor.enrol(self.enrolled)
        make_follow_up(held[0], "手机13812345678", next_contact_on=clock.today())
        self.held = held

    def address(self, employee: Employee) -> str:
        return f"{HAND_OVER}?employee={employee.id}"

    def form(self, page, employee: Employee, **more):
        return {"employee": employee.id, "shown": shown(page), "way": "give", **more}

    def test_shows_what_there_is(self, english, school):
        page = english("manager").get(self.address(school.sanjiang)).text
        for said in ("<b>5</b><span>Following up</span>", "<b>1</b><span>Enrolled</span>",
                     "<b>1</b><span>Contacts due</span>", "Hand over 6 customers", "客0"):
            assert said in page, said
        assert "13812345678" not in page, "what was said is not needed here"
        assert "Deactivate the login" not in page, "a manager changes no logins"

    def test_from_the_form_of_the_employee_to_the_end(self, english, school, session):
        admin = english("admin")
        form = {"name": "三江", "username": "sanjiang", "department": school.departments[1001].id,
                "roles": school.roles["consultant"].id}
        refused = admin.submit(f"/admin/employee/edit/?id={school.sanjiang.id}", form)
        assert refused.status_code == 422
        link = re.search(r'href="(/admin/transfer/hand-over/[^"]*)"', refused.text)[1].replace("&amp;", "&")
        page = admin.get(link)
        assert 'name="deactivate" value="1" checked' in page.text
        answer = admin.submit(HAND_OVER, self.form(page, school.sanjiang, deactivate="1",
                                                   consultant_id=[school.baoyu.id, school.dasha.id]))
        result = admin.get(answer.location).text
        assert "The login was deactivated." in result
        session.expire_all()
        assert not school.sanjiang.active
        assert [each.consultant.username for each in (*self.held, self.enrolled)] == ["baoyu", "dasha"] * 3
        assert self.enrolled.is_enrolled

    def test_moving_someone_out_of_sales_leads_here_too_and_deactivates_nobody(self, english, school):
        form = {"name": "三江", "username": "sanjiang", "department": school.departments[1002].id, "active": "y",
                "roles": school.roles["consultant"].id}
        refused = english("admin").submit(f"/admin/employee/edit/?id={school.sanjiang.id}", form)
        link = re.search(r'href="(/admin/transfer/hand-over/[^"]*)"', refused.text)[1]
        assert "deactivate" not in link

    def test_releases_into_the_pool(self, english, school, session, clock, floor):
        manager = english("manager")
        page = manager.get(self.address(school.sanjiang))
        answer = manager.submit(HAND_OVER, self.form(page, school.sanjiang, way="release"))
        assert answer.status_code == 302
        session.expire_all()
        assert all(each.is_public(clock.today()) for each in self.held)
        assert floor.rows(self.held[0])[-1][1] is DistributionStatus.RELEASED
        assert self.enrolled.consultant_id == school.sanjiang.id

    def test_asks_again_when_it_has_changed(self, english, school, session, floor):
        manager = english("manager")
        page = manager.get(self.address(school.sanjiang))
        floor.release(self.held[0])
        form = self.form(page, school.sanjiang, consultant_id=school.baoyu.id)
        again = manager.submit(HAND_OVER, form)
        assert again.status_code == 409
        assert "Hand over 5 customers" in again.text
        assert session.scalars(select(Transfer)).all() == []

    def test_says_that_somebody_must_get_them(self, english, school):
        manager = english("manager")
        page = manager.get(self.address(school.sanjiang))
        refused = manager.submit(HAND_OVER, self.form(page, school.sanjiang))
        assert refused.status_code == 400
        assert "Choose who gets the customers." in refused.text

    def test_of_one_department_is_for_its_manager(self, login, school, session, make_customer):
        school.roles["manager"].scope = RowScope.DEPARTMENT
        school.manager.department = school.departments[1005]
        session.commit()
        manager = login("manager")
        assert manager.get(self.address(school.sanjiang)).status_code == 404
        assert manager.submit(HAND_OVER, {"employee": school.sanjiang.id, "way": "release"}).status_code == 404
        assert manager.get(self.address(school.baoyu)).status_code == 200
        assert f"employee={school.sanjiang.id}" not in manager.get("/admin/transfer/").text

    def test_by_whom_may_not_deactivate_or_release_is_refused(self, login, school, session):
        manager = login("manager")
        page = manager.get(self.address(school.sanjiang))
        assert manager.submit(HAND_OVER, self.form(page, school.sanjiang, way="release", deactivate="1")
                              ).status_code == 403
        school.roles["manager"].permission_codes = [code for code in school.roles["manager"].permission_codes
                                                    if code != "customer.release"]
        session.commit()
        manager = login("manager")
        assert 'value="release"' not in manager.get(self.address(school.sanjiang)).text
        assert manager.submit(HAND_OVER, self.form(page, school.sanjiang, way="release")).status_code == 403
        assert session.scalars(select(Transfer)).all() == []

    def test_is_not_for_consultants(self, login, school):
        assert login("baoyu").get("/admin/transfer/").status_code == 403
        assert login("baoyu").get(self.address(school.baoyu)).status_code == 403

    def test_is_offered_on_the_page_of_the_employee(self, english, school):
        page = english("admin").get(f"/admin/employee/details/?id={school.sanjiang.id}").text
        assert "Hand over customers" in page
        assert "Hand over customers" not in english("admin").get(
            f"/admin/employee/details/?id={school.teacher.id}").text


class TestAnOrder:
    @pytest.fixture
    def half_done(self, session, school, held, clock):
        """Ordered by the manager, and the request ended after two of five."""
        transfer = transfers.order(session, school.manager, Customer.id.in_([each.id for each in held]),
                                   Plan((school.baoyu.id,)), today=clock.today(), now=clock.now())
        session.commit()
        transfers._carry_out_batch(session, transfer.id, 2, clock.today(), clock.now())
        session.commit()
        return transfer

    def test_that_was_interrupted_says_so_and_goes_on(self, english, half_done, session):
        manager = english("manager")
        result = f"/admin/transfer/result/?id={half_done.id}"
        assert "This was interrupted." in manager.get(result).text
        assert manager.get(f"/admin/transfer/state/?id={half_done.id}").json["done"] == 2
        assert manager.submit("/admin/transfer/resume/", {"id": half_done.id}).status_code == 302
        session.expire_all()
        assert transfers.states(session, half_done.id) == {LineState.MOVED: 5}
        assert "This was interrupted." not in manager.get(result).text
        assert manager.submit("/admin/transfer/resume/", {"id": half_done.id}).status_code == 302

    def test_is_seen_by_who_ordered_it_and_who_moves_all(self, login, half_done, school, session):
        result = f"/admin/transfer/result/?id={half_done.id}"
        assert login("admin").get(result).status_code == 200
        assert login("admin").submit("/admin/transfer/resume/", {"id": half_done.id}).status_code == 403
        assert login("sanjiang").get(result).status_code == 404
        assert login("sanjiang").submit("/admin/transfer/resume/", {"id": half_done.id}).status_code == 404
        assert login("manager").get("/admin/transfer/result/?id=999").status_code == 404

    def test_is_listed_and_paged(self, login, half_done, monkeypatch):
        monkeypatch.setattr(screens, "ROWS", 2)
        manager = login("manager")
        assert f"/admin/transfer/result/?id={half_done.id}" in manager.get("/admin/transfer/").text
        first = manager.get(f"/admin/transfer/result/?id={half_done.id}")
        following = re.search(r'rel="next" href="([^"]*)"', first.text)[1].replace("&amp;", "&")
        assert "客0" in first.text
        assert "客0" not in manager.get(following).text
        assert "客2" in manager.get(following).text

    def test_costs_the_same_with_many_customers(self, login, half_done, session, school, make_customer, floor, clock,
                                                count_queries):
        manager = login("manager")
        result = f"/admin/transfer/result/?id={half_done.id}"
        with count_queries() as few:
            manager.get(result)
        more = [make_customer(holder=school.dasha) for _each in range(20)]
        larger = transfers.order(session, school.manager, Customer.id.in_([each.id for each in more]),
                                 Plan((school.baoyu.id,)), today=clock.today(), now=clock.now())
        session.commit()
        transfers._carry_out_batch(session, larger.id, 2, clock.today(), clock.now())
        session.commit()
        result = f"/admin/transfer/result/?id={larger.id}"
        with count_queries() as many:
            manager.get(result)
        assert many.count <= few.count

    def test_without_a_token_of_the_form_is_refused(self, login, held, school):
        manager = login("manager")
        assert manager.post(ASSIGN, data={"customer_id": held[0].id}).status_code == 400
        assert manager.post(HAND_OVER, data={"employee": school.sanjiang.id}).status_code == 400
