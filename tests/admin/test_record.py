"""The record page of a customer: what each person reads there, may do there, and is told when it is refused."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from app.models import Customer, Distribution, FollowUp
from app.models.choices import DistributionStatus, Intent
from app.permissions import Permission
from app.services import enrolments
from tests.support.databases import on_both_databases

JSON = {"Accept": "application/json"}
ENGLISH = {"Accept-Language": "en"}


def page_of(browser, customer) -> str:
    answer = browser.get(f"/admin/record/?id={customer.id}", follow_redirects=True, headers=ENGLISH)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.text)


def asks(browser, step: str, customer, **form):
    """A step as the page's script sends it."""
    return browser.submit(f"/admin/record/{step}/", {"customer_id": customer.id, **form}, headers=JSON | ENGLISH)


@pytest.fixture
def mine(make_customer, school):
    """三江's customer, received today."""
    return make_customer("周婷", holder=school.sanjiang, courses=[school.python], qq="309914417", mobile="13800138000")


@pytest.fixture
def fallen(make_customer, school, clock):
    """Lost by 三江, in the pool since five days."""
    return make_customer("龙泰", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=9), qq="409914418")


class TestWhereItIs:
    def test_one_address_leads_to_wherever_each_person_finds_him(self, login, mine, fallen):
        def leads(who: str, customer: Customer) -> str | None:
            return login(who).get(f"/admin/record/?id={customer.id}").location

        assert leads("sanjiang", mine) == leads("manager", mine) == f"/admin/customer/details/?id={mine.id}"
        assert leads("baoyu", fallen) == f"/admin/publicpool/details/?id={fallen.id}"
        assert (leads("sanjiang", fallen) or "").startswith("/admin/mycustomers/details/")
        assert leads("baoyu", mine) is leads("teacher", fallen) is None


class TestTheClock:
    def test_says_what_is_left_when_he_falls_and_by_which_rule(self, login, make_customer, school, clock):
        customer = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=2))
        page = page_of(login("sanjiang"), customer)
        assert "2 days left" in page
        assert "Falls into the Public Pool on Mar 4, 2026 unless followed up before" in page
        follow_up, deal = re.findall(r'<div class="term.*?</div>\s*</div>', page)
        assert "due first" in follow_up
        assert "due first" not in deal
        assert ("2 / 3" in follow_up, "2 / 15" in deal) == (True, True)
        assert (follow_up.count('class="used"'), deal.count('class="used"')) == (2, 2)
        assert (follow_up.count("<i"), deal.count("<i")) == (3, 15)
        assert 'title="Tue, Mar 3"' in follow_up

    def test_near_the_end_it_is_the_enrolment_that_counts(self, login, make_customer, make_follow_up, school, clock):
        start = clock.today() - dt.timedelta(days=14)
        customer = make_customer(holder=school.sanjiang, on=start)
        for day in (3, 6, 9, 12, 14):
            make_follow_up(customer, on=start + dt.timedelta(days=day))
        page = page_of(login("sanjiang"), customer)
        assert "unless enrolled before" in page
        assert "14 / 15" in page

    def test_a_lock_is_what_counts_while_it_lasts(self, login, mine, floor, clock):
        floor.lock(mine, clock.today() + dt.timedelta(days=6))
        page = page_of(login("sanjiang"), mine)
        assert "Locked: falls into the Public Pool on Mar 9, 2026" in page
        assert "due first" not in page

    def test_there_is_none_for_an_enrolled_one_and_in_the_pool(self, login, mine, fallen, session, clock):
        enrolments.enrol(session, mine.id, today=clock.today(), now=clock.now())
        session.commit()
        assert "days left" not in page_of(login("sanjiang"), mine)
        assert "days left" not in page_of(login("baoyu"), fallen)


class TestWhoHeIs:
    def test_contacts_are_there_to_copy_for_whoever_sees_them(self, login, mine):
        page = page_of(login("sanjiang"), mine)
        assert 'data-copy="309914417"' in page
        assert 'href="tel:13800138000"' in page

    def test_and_nothing_to_copy_where_they_are_hidden(self, login, fallen):
        for who in ("baoyu", "sanjiang", "auditor"):
            page = page_of(login(who), fallen)
            assert "409914418" not in page
            assert "data-copy" not in page

    def test_the_referrer_is_a_link_for_whoever_may_open_him(self, login, make_customer, school, session, clock):
        referrer = make_customer("老学员", holder=school.baoyu)
        enrolments.enrol(session, referrer.id, today=clock.today(), now=clock.now())
        customer = make_customer("新人", holder=school.sanjiang, referral_from_id=referrer.id)
        link = f'href="/admin/customer/details/?id={referrer.id}"'
        assert link in page_of(login("manager"), customer)
        seen = page_of(login("sanjiang"), customer)
        assert "老学员" in seen
        assert link not in seen


class TestTheTimeline:
    def test_days_are_said_as_people_say_them_with_the_moment_on_hover(self, login, mine, make_follow_up, clock):
        make_follow_up(mine)
        clock.advance(days=1)
        page = page_of(login("sanjiang"), mine)
        assert re.search(r'<time [^>]*title="Mar 2, 2026 10:00"[^>]*>[^/]*yesterday 10:00', page)

    def test_tells_the_hands_at_a_glance(self, login, fallen, floor, school):
        floor.claim(fallen, by=school.baoyu)
        page = page_of(login("baoyu"), fallen)
        assert "Through 2 hands" in page
        hands = re.search(r'<ol class="hands".*?</ol>', page)
        assert hands is not None
        assert re.findall(r"<b>(.*?)</b> <small>(.*?)</small>", hands.group()) == [
            ("三江", "No follow-up in time"), ("暴雨", "Following up")]

    def test_a_long_one_is_folded(self, login, mine, make_follow_up):
        for number in range(20):
            make_follow_up(mine, f"第{number}次")
        page = page_of(login("sanjiang"), mine)
        shown, _mark, folded = page.partition("Show 9 earlier events")
        assert "第19次" in shown
        assert "第0次" not in shown
        assert "第0次" in folded

    def test_its_author_can_change_a_follow_up_on_the_same_day(self, login, mine, make_follow_up, clock):
        record = make_follow_up(mine)
        link = f'href="/admin/followup/edit/?id={record.id}"'
        assert link in page_of(login("sanjiang"), mine)
        assert link not in page_of(login("manager"), mine)
        clock.advance(days=1)
        assert link not in page_of(login("sanjiang"), mine)

    def test_memos_are_for_those_who_may_read_them(self, login, mine, fallen, session):
        for row in session.query(Distribution):
            row.memo = f"备注{row.customer.name}"
        session.commit()
        assert "备注周婷" in page_of(login("manager"), mine)
        assert "Write a memo" not in page_of(login("sanjiang"), mine)
        assert "备注龙泰" not in page_of(login("baoyu"), fallen)

    def test_costs_the_same_queries_however_long_it_is(self, login, mine, make_follow_up, count_queries):
        browser = login("manager")

        def cost() -> int:
            with count_queries() as queries:
                browser.get(f"/admin/customer/details/?id={mine.id}")
            return queries.count

        make_follow_up(mine)
        cost()
        few = cost()
        for _ in range(20):
            make_follow_up(mine)
        assert cost() == few


@on_both_databases
class TestFollowingUp:
    def test_takes_one_field(self, login, mine, session, clock):
        clock.advance(days=2)
        answer = asks(login("sanjiang"), "follow-up", mine, note="周末来试听")
        assert answer.json == {"said": "Follow-up logged.", "page": f"/admin/customer/details/?id={mine.id}"}
        session.refresh(mine)
        assert mine.public_on == clock.today() + dt.timedelta(days=4)

    def test_a_manager_writes_on_whomever_somebody_holds(self, login, mine, fallen, session):
        logged = asks(login("manager"), "follow-up", mine, note="我来问问", intent=Intent.ONE_WEEK.value)
        assert logged.status_code == 200
        refused = asks(login("manager"), "follow-up", fallen, note="我来问问")
        assert refused.status_code == 409
        assert "Public Pool" in refused.json["error"]
        assert [record.intent for record in session.query(FollowUp)] == [Intent.ONE_WEEK]

    def test_a_consultant_whose_customer_fell_meanwhile_is_told_so(self, login, fallen):
        refused = asks(login("sanjiang"), "follow-up", fallen, note="还在吗")
        assert refused.status_code == 409
        assert "Public Pool" in refused.json["error"]

    def test_a_refusal_says_at_which_field(self, login, mine):
        refused = asks(login("sanjiang"), "follow-up", mine, note="好", next_contact_on="2020-01-01")
        assert (refused.status_code, refused.json["field"]) == (400, "next_contact_on")

    def test_without_a_script_it_leads_back_to_the_page(self, login, mine):
        answer = login("sanjiang").submit("/admin/record/follow-up/", {"customer_id": mine.id, "note": "好"})
        assert (answer.status_code, answer.location) == (302, f"/admin/customer/details/?id={mine.id}")

    def test_the_intent_on_offer_is_the_last_one(self, login, mine, make_follow_up):
        make_follow_up(mine, intent=Intent.TWO_WEEKS)
        assert f'<option value="{Intent.TWO_WEEKS.value}" selected>' in page_of(login("sanjiang"), mine)


@on_both_databases
class TestTheNextContact:
    def test_is_moved_without_a_follow_up_and_the_clock_stays(self, login, mine, make_follow_up, session, clock):
        record = make_follow_up(mine, next_contact_on=clock.today() + dt.timedelta(days=1))
        clock.advance(days=1)
        falls = mine.public_on
        day = clock.today() + dt.timedelta(days=2)
        assert asks(login("sanjiang"), "next-contact", mine, next_contact_on=day.isoformat()).status_code == 200
        session.refresh(record)
        session.refresh(mine)
        assert (record.next_contact_on, mine.public_on) == (day, falls)

    def test_can_be_dropped(self, login, mine, make_follow_up, session, clock):
        record = make_follow_up(mine, next_contact_on=clock.today())
        assert asks(login("sanjiang"), "next-contact", mine, next_contact_on="").status_code == 200
        session.refresh(record)
        assert record.next_contact_on is None

    def test_is_not_in_the_past_and_needs_a_follow_up_to_stand_on(self, login, mine, make_follow_up):
        browser = login("sanjiang")
        assert asks(browser, "next-contact", mine, next_contact_on="2036-01-01").status_code == 409
        make_follow_up(mine)
        assert asks(browser, "next-contact", mine, next_contact_on="2020-01-01").status_code == 400

    def test_what_the_former_consultant_promised_stays_his(self, login, fallen, floor, school, session):
        floor.claim(fallen, by=school.baoyu)
        assert asks(login("baoyu"), "next-contact", fallen, next_contact_on="2036-01-01").status_code == 409
        assert "The first follow-up says when to call next" in page_of(login("baoyu"), fallen)

    def test_overdue_is_said_in_words(self, login, mine, make_follow_up, clock):
        make_follow_up(mine, next_contact_on=clock.today())
        clock.advance(days=2)
        assert "2 days overdue" in page_of(login("sanjiang"), mine)


@on_both_databases
class TestOtherSteps:
    def test_a_released_customer_is_a_past_one_of_mine(self, login, mine, session, school):
        answer = asks(login("sanjiang"), "release", mine)
        held = session.query(Distribution).one()
        assert answer.json["page"] == f"/admin/mycustomers/details/?id={held.id}"
        assert held.status == DistributionStatus.RELEASED

    def test_a_manager_releases_anyones_and_keeps_the_page(self, login, mine):
        assert asks(login("manager"), "release", mine).json["page"] == f"/admin/customer/details/?id={mine.id}"

    def test_a_manager_gives_him_to_another_and_a_consultant_may_not(self, login, mine, school, session):
        form = {"consultant_id": school.baoyu.id}
        assert asks(login("sanjiang"), "assign", mine, **form).status_code == 403
        assert asks(login("manager"), "assign", mine, **form).status_code == 200
        session.refresh(mine)
        assert mine.consultant == school.baoyu
        again = asks(login("manager"), "assign", mine, **form)
        assert again.status_code == 409
        assert again.json["error"]

    def test_nobody_who_cannot_hold_customers_is_on_offer_nor_taken(self, login, mine, school):
        page = page_of(login("manager"), mine)
        offered = set(re.findall(r'name="consultant_id" value="(\d+)"', page))
        assert str(school.baoyu.id) in offered
        assert not offered & {str(school.teacher.id), str(school.sanjiang.id)}
        assert asks(login("manager"), "assign", mine, consultant_id=school.teacher.id).status_code == 409

    def test_courses_come_and_go(self, login, mine, school, session):
        browser = login("sanjiang")
        assert asks(browser, "add-course", mine, course_id=school.linux.id).status_code == 200
        assert asks(browser, "add-course", mine, course_id=school.linux.id).status_code == 200  # stays there
        assert asks(browser, "remove-course", mine, course_id=school.python.id).status_code == 200
        session.refresh(mine)
        assert mine.courses == [school.linux]
        assert asks(browser, "remove-course", mine, course_id=school.python.id).status_code == 409
        assert asks(browser, "add-course", mine, course_id=999_999).status_code == 404

    def test_nobody_changes_the_courses_of_anothers_customer(self, login, mine, fallen, school, session):
        assert asks(login("baoyu"), "add-course", mine, course_id=school.linux.id).status_code == 404
        assert asks(login("baoyu"), "add-course", fallen, course_id=school.linux.id).status_code == 409
        assert asks(login("sanjiang"), "add-course", fallen, course_id=school.linux.id).status_code == 409

    @pytest.mark.parametrize("step", ["follow-up", "next-contact", "release", "add-course", "remove-course"])
    @pytest.mark.parametrize("identity", ["", "x", "9" * 40, "0", "-1"])
    def test_an_id_no_row_can_have_is_404(self, login, step, identity):
        answer = login("sanjiang").submit(f"/admin/record/{step}/", {"customer_id": identity, "note": "x"})
        assert answer.status_code == 404

    @pytest.mark.parametrize("wrong", [{"intent": "9"}, {"next_contact_on": "soon"}])
    def test_nonsense_is_400(self, login, mine, wrong):
        assert asks(login("sanjiang"), "follow-up", mine, note="好", **wrong).status_code == 400

    @pytest.mark.parametrize("permission", [Permission.FOLLOW_UP_CREATE, Permission.CUSTOMER_RELEASE,
                                            Permission.CUSTOMER_EDIT])
    def test_what_a_role_does_not_permit_is_not_offered(self, login, mine, school, session, permission):
        role = school.roles["consultant"]
        role.permission_codes = [code for code in role.permission_codes if code != permission.value]
        session.commit()
        page = page_of(login("sanjiang"), mine)
        gone = {Permission.FOLLOW_UP_CREATE: ("/admin/record/follow-up/",),
                Permission.CUSTOMER_RELEASE: ("/admin/record/release/",),
                Permission.CUSTOMER_EDIT: ("/admin/record/add-course/", "/admin/record/remove-course/",
                                           "/admin/customer/edit/")}
        for needs, actions in gone.items():
            for action in actions:
                assert (action in page) is (needs is not permission), (permission, action)


@on_both_databases
class TestTheState:
    @staticmethod
    def state(browser, customer) -> tuple[str, str]:
        answer = browser.get(f"/admin/record/state/?id={customer.id}", headers=JSON | ENGLISH)
        assert answer.status_code == 200
        return answer.json["state"], answer.json["said"]

    def test_stays_while_nothing_happens_and_is_the_pages(self, login, mine):
        browser = login("sanjiang")
        state, _said = self.state(browser, mine)
        assert f'data-state="{state}"' in page_of(browser, mine)
        assert self.state(browser, mine)[0] == state

    def test_changes_with_whatever_is_done_and_says_what(self, login, mine, floor, school, session, clock):
        said, states = [], []

        def look() -> None:
            state, sentence = self.state(login("manager"), mine)
            states.append(state)
            said.append(sentence)
            clock.advance(minutes=1)

        look()
        floor.follow_up(mine, by=school.sanjiang)
        look()
        mine.company = "新公司"
        session.commit()
        look()
        floor.assign(mine, to=school.baoyu)
        look()
        clock.advance(days=1)
        look()
        assert len(set(states)) == 5
        assert said[1:4] == ["A follow-up was logged meanwhile.", "This customer has changed meanwhile.",
                             "This customer has changed hands meanwhile."]

    def test_of_a_new_day_only_that_is_said(self, login, mine, clock):
        before, _said = self.state(login("sanjiang"), mine)
        clock.advance(days=1)
        answer = login("sanjiang").get("/admin/record/state/", query_string={"id": mine.id, "shown": before},
                                       headers=JSON | ENGLISH)
        assert (answer.json["state"] == before, answer.json["said"]) == (False, "A new day has begun.")

    def test_ends_for_whoever_does_not_see_him_any_more(self, login, fallen, floor, school):
        browsers = [login("dasha"), login("sanjiang")]
        self.state(browsers[0], fallen)
        floor.claim(fallen, by=school.baoyu)
        for browser in browsers:
            assert browser.get(f"/admin/record/state/?id={fallen.id}").status_code == 404

    def test_asking_for_it_keeps_nobody_logged_in(self, login, mine, session, clock):
        browser = login("sanjiang")
        for _ in range(20):
            clock.advance(minutes=30)
            last = browser.get(f"/admin/record/state/?id={mine.id}", headers=JSON).status_code
        assert last == 401
