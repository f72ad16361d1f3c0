"""The clock on the record page with days that do not count, locks, and what a refused claim says."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest

from app.models import CalendarDay, Leave
from app.models.choices import Calendar, LeaveState
from app.services import pool_rules, recomputation
from app.services.pool_rules import Scope


@pytest.fixture
def in_english(login):
    """`in_english("sanjiang")` gives that person's browser, which asks for English."""
    def log_in(username):
        browser = login(username)
        browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        return browser

    return log_in


def bars_of(browser, customer):
    page = browser.get(f"/admin/customer/details/?id={customer.id}").text
    return page[page.index('class="clocks"'):page.index('class="kv"')]


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


class TestDaysThatDoNotCount:
    @pytest.fixture
    def customer(self, session, school, clock, floor, make_customer):
        """Received on Thursday, 5 March, where working days count; the school is closed on the 10th, 三江 away on
        the 11th."""
        floor.rules(calendar=Calendar.CHINA)
        session.add_all([CalendarDay(day=dt.date(2026, 3, 10), name="校庆"), Leave(
            employee=school.sanjiang, first_on=dt.date(2026, 3, 11), last_on=dt.date(2026, 3, 11),
            state=LeaveState.APPROVED)])
        session.commit()
        clock.set("2026-03-05 09:00")
        customer = make_customer(holder=school.sanjiang)
        clock.set("2026-03-09 09:00")
        return customer

    def test_are_told_apart_on_the_bar_and_named_with_their_reason(self, in_english, customer):
        html = bars_of(in_english("sanjiang"), customer)
        assert 'class="off" title="Sat, Mar 7 · weekend"' in html
        assert 'class="off" title="Tue, Mar 10 · 校庆"' in html
        assert 'class="off" title="Wed, Mar 11 · leave"' in html

    def test_are_heard_in_a_sentence(self, in_english, customer):
        text = words(bars_of(in_english("sanjiang"), customer))
        assert "2 days did not count: Sat, Mar 7 – Sun, Mar 8 weekend." in text
        assert "2 days will not count: Tue, Mar 10 校庆, Wed, Mar 11 leave." in text

    def test_are_no_part_of_what_is_used_up(self, in_english, customer):
        assert "Days without a follow-up due first 2 / 3" in words(bars_of(in_english("sanjiang"), customer))

    def test_there_are_none_where_every_day_counts(self, in_english, school, make_customer):
        customer = make_customer(holder=school.sanjiang)
        html = bars_of(in_english("sanjiang"), customer)
        assert "not count" not in html
        assert 'class="off"' not in html

    @pytest.mark.parametrize(("language", "name"), [("en", "Chinese New Year"), ("zh-CN", "春节")])
    def test_a_public_holiday_has_its_name_in_the_readers_language(self, login, session, school, clock, floor,
                                                                  make_customer, language, name):
        floor.rules(calendar=Calendar.CHINA)
        clock.set("2026-02-13 09:00")
        customer, browser = make_customer(holder=school.sanjiang), login("sanjiang")
        browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        assert name in bars_of(browser, customer)


class TestLocks:
    def test_are_offered_only_where_the_rules_allow_them(self, in_english, school, make_customer, floor):
        customer, sanjiang = make_customer(holder=school.sanjiang), in_english("sanjiang")
        record, mine = f"/admin/customer/details/?id={customer.id}", "/admin/mycustomers/"
        assert "/admin/record/lock/" not in sanjiang.get(record).text + sanjiang.get(mine).text
        floor.rules(lock_limit=2, lock_days=5)
        assert 'max="2026-03-07"' in sanjiang.get(record).text
        assert "Lock until Sat, Mar 7" in sanjiang.get(mine).text

    def test_keep_a_customer_and_let_go_again(self, in_english, session, school, make_customer, floor):
        floor.rules(lock_limit=1, lock_days=9)
        customer, sanjiang = make_customer(holder=school.sanjiang), in_english("sanjiang")
        page = sanjiang.submit("/admin/record/lock/", {"customer_id": customer.id, "until": "2026-03-10"},
                               follow_redirects=True)
        assert "is locked until Mar 10, 2026" in page.text
        session.refresh(customer)
        assert customer.public_on == dt.date(2026, 3, 11)
        assert "/admin/record/unlock/" in sanjiang.get("/admin/mycustomers/").text
        sanjiang.submit("/admin/record/unlock/", {"customer_id": customer.id})
        session.refresh(customer)
        assert (customer.locked_until, customer.public_on) == (None, dt.date(2026, 3, 6))

    def test_one_too_many_is_refused_with_the_day_from_which_on_it_is_not(self, in_english, school, make_customer,
                                                                         floor):
        floor.rules(lock_limit=1, lock_days=9)
        first, second, sanjiang = (make_customer(holder=school.sanjiang), make_customer(holder=school.sanjiang),
                                   in_english("sanjiang"))
        sanjiang.submit("/admin/record/lock/", {"customer_id": first.id, "until": "2026-03-10"})
        page = sanjiang.submit("/admin/record/lock/", {"customer_id": second.id, "until": "2026-03-10"},
                               follow_redirects=True)
        assert "from Mar 11, 2026 on" in page.text

    @pytest.mark.parametrize("until", ["", "morgen", "2026-02-30"])
    def test_need_a_day(self, in_english, school, make_customer, until):
        customer = make_customer(holder=school.sanjiang)
        assert in_english("sanjiang").submit("/admin/record/lock/", {
            "customer_id": customer.id, "until": until}).status_code == 400


class TestARefusedClaim:
    def claimed(self, browser, customer):
        answer = browser.submit("/admin/claim/", {"customer_id": customer.id, "words": "1"},
                                headers={"Accept": "application/json"})
        assert answer.status_code == 409
        [lost] = answer.json["lost"]
        return lost

    def test_of_a_former_consultant_says_when_the_cool_down_is_over(self, in_english, school, make_customer, floor):
        floor.rules(cool_down_days=4)
        customer = make_customer(holder=school.sanjiang)
        floor.release(customer)
        lost = self.claimed(in_english("sanjiang"), customer)
        assert (lost["reason"], lost["possible_on"]) == ("cool_down", "2026-03-06")
        assert "from Mar 6, 2026 on" in lost["sentence"]

    def test_at_the_holding_limit_says_when_there_is_room(self, in_english, school, make_customer, floor):
        floor.rules(holding_limit=1)
        make_customer(holder=school.sanjiang)
        lost = self.claimed(in_english("sanjiang"), make_customer())
        assert (lost["reason"], lost["possible_on"]) == ("holding_limit", "2026-03-06")
        assert "there is room from Mar 6, 2026 on" in lost["sentence"]

    def test_at_the_daily_limit_says_tomorrow(self, in_english, school, make_customer, floor):
        floor.rules(daily_claim_limit=1)
        floor.claim(make_customer(), school.sanjiang)
        lost = self.claimed(in_english("sanjiang"), make_customer())
        assert (lost["reason"], lost["possible_on"]) == ("daily_limit", "2026-03-03")


def test_a_consultant_who_moves_to_a_department_with_other_rules_takes_his_customers_along(
        login, session, school, make_customer, floor):
    pool_rules.save(session, Scope(department_code=1005), {"follow_up_days": 8})
    recomputation.note_done(session, recomputation.wanted_state(session))
    session.commit()
    customer = make_customer(holder=school.sanjiang)
    answer = login("admin").submit(f"/admin/employee/edit/?id={school.sanjiang.id}", {
        "name": "三江", "username": "sanjiang", "department": school.departments[1005].id, "active": "y",
        "roles": [school.roles["consultant"].id]})
    assert answer.status_code == 302
    session.refresh(customer)
    assert customer.public_on == dt.date(2026, 3, 11)
