"""My Customers: every holding with its status in words, and what to do today."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from app.models.choices import DistributionStatus
from app.services import my_customers
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus


@pytest.fixture
def shown(session, clock):
    """`shown(sanjiang)`: name, status and end of each of his rows as he sees them; the database counts the same."""
    def rows(person, **filters):
        today = clock.today()
        page = my_customers.page(session, person.id, today=today, **filters)
        if not filters:
            counted = my_customers.counts_by_status(session, person.id, today=today)
            assert counted == {status: [row.status_shown(today) for row in page.rows].count(status) for status in
                               {row.status_shown(today) for row in page.rows}}
        return [(row.customer.name, row.status_shown(today), row.ended_on_shown(today)) for row in page.rows]

    return rows


class TestEveryHoldingIsShown:
    @pytest.fixture
    def six(self, make_customer, make_follow_up, floor, school, clock):
        """One of each status, and one who waits for the night."""
        day = clock.today()
        make_customer("三天", holder=school.sanjiang, on=day - dt.timedelta(days=30))
        customer = make_customer("十五天", holder=school.sanjiang, on=day - dt.timedelta(days=20))
        for ago in (17, 14, 11, 8, 5):
            make_follow_up(customer, on=day - dt.timedelta(days=ago))
        floor.night()
        make_customer("等夜里", holder=school.sanjiang, on=day - dt.timedelta(days=4))
        make_customer("在跟", holder=school.sanjiang)
        floor.enrol(make_customer("成单", holder=school.sanjiang))
        floor.release(make_customer("放弃", holder=school.sanjiang))
        floor.assign(make_customer("转走", holder=school.sanjiang), to=school.baoyu)

    def test_newest_first_with_its_status_as_the_night_will_write_it(self, six, shown, school, clock):
        day = clock.today()
        assert shown(school.sanjiang) == [
            ("转走", TRANSFERRED, day), ("放弃", RELEASED, day), ("成单", WON, day), ("在跟", FOLLOWING, None),
            ("等夜里", NO_FOLLOW_UP, day), ("十五天", NO_DEAL, day - dt.timedelta(days=4)),
            ("三天", NO_FOLLOW_UP, day - dt.timedelta(days=26))]

    def test_and_the_night_changes_nothing_of_what_is_shown(self, six, shown, floor, school):
        before = shown(school.sanjiang)
        floor.night()
        assert shown(school.sanjiang) == before

    @pytest.mark.parametrize("status", DistributionStatus)
    def test_by_the_status_that_is_shown(self, six, shown, school, status):
        everything = shown(school.sanjiang)
        assert shown(school.sanjiang, status=status) == [row for row in everything if row[1] == status]

    def test_by_name(self, six, shown, school):
        assert [row[0] for row in shown(school.sanjiang, name="天")] == ["十五天", "三天"]
        assert shown(school.sanjiang, name="%") == []

    def test_only_to_whose_it_is(self, six, shown, school):
        assert [row[0] for row in shown(school.baoyu)] == ["转走"]
        assert shown(school.dasha) == []

    def test_twice_if_he_held_the_customer_twice(self, make_customer, floor, shown, school, clock):
        customer = make_customer("龙泰", holder=school.sanjiang)
        clock.advance(days=4)
        floor.claim(customer, by=school.baoyu)
        clock.advance(days=4)
        floor.claim(customer, by=school.sanjiang)
        assert [row[1] for row in shown(school.sanjiang)] == [FOLLOWING, NO_FOLLOW_UP]

    @pytest.mark.parametrize("size", [1, 3, 7, 8])
    def test_page_by_page(self, session, six, school, clock, size):
        names, after = [], None
        while True:
            page = my_customers.page(session, school.sanjiang.id, today=clock.today(), after=after, size=size)
            names += [row.customer.name for row in page.rows]
            after = page.after
            if after is None:
                break
        assert names == ["转走", "放弃", "成单", "在跟", "等夜里", "十五天", "三天"]


class TestWhatToDoToday:
    def test_whom_he_loses_next_soonest_first(self, session, make_customer, make_follow_up, floor, school, clock):
        day = clock.today()
        make_customer("明天", holder=school.sanjiang, on=day - dt.timedelta(days=3))
        make_customer("四天后", holder=school.sanjiang)
        make_customer("两天后", holder=school.sanjiang, on=day - dt.timedelta(days=2))
        make_customer("已经掉了", holder=school.sanjiang, on=day - dt.timedelta(days=4))
        make_customer("别人的", holder=school.baoyu)
        floor.enrol(make_customer("成单", holder=school.sanjiang))
        falling = my_customers.falling_next(session, school.sanjiang.id, today=day, size=10)
        assert [(customer.name, customer.days_left(day)) for customer in falling] == [
            ("明天", 1), ("两天后", 2), ("四天后", 4)]
        assert len(my_customers.falling_next(session, school.sanjiang.id, today=day, size=2)) == 2

    def test_the_contacts_due_by_the_last_record_of_each(self, session, make_customer, make_follow_up, school, clock):
        day = clock.today()
        due = make_customer("该打了", holder=school.sanjiang)
        make_follow_up(due, next_contact_on=day)
        moved = make_customer("推迟了", holder=school.sanjiang)
        make_follow_up(moved, next_contact_on=day)
        make_follow_up(moved, next_contact_on=day + dt.timedelta(days=1))
        settled = make_customer("不用打了", holder=school.sanjiang)
        make_follow_up(settled, next_contact_on=day)
        make_follow_up(settled)
        other = make_customer("别人的", holder=school.baoyu)
        make_follow_up(other, next_contact_on=day)
        found = my_customers.contacts_due(session, school.sanjiang.id, today=day)
        assert [record.customer.name for record in found] == ["该打了"]
        assert my_customers.next_contacts(session, [due.id, moved.id, settled.id]) == {
            due.id: day, moved.id: day + dt.timedelta(days=1), settled.id: None}
        clock.advance(days=1)
        found = my_customers.contacts_due(session, school.sanjiang.id, today=clock.today())
        assert [record.customer.name for record in found] == ["该打了", "推迟了"]

    def test_not_the_contacts_of_one_who_has_fallen(self, session, make_customer, make_follow_up, school, clock):
        make_follow_up(make_customer(holder=school.sanjiang), next_contact_on=clock.today())
        clock.advance(days=4)
        assert my_customers.contacts_due(session, school.sanjiang.id, today=clock.today()) == []

    def test_of_an_enrolled_one_still(self, session, make_customer, make_follow_up, floor, school, clock):
        customer = make_customer(holder=school.sanjiang)
        make_follow_up(customer, next_contact_on=clock.today())
        floor.enrol(customer)
        clock.advance(days=90)
        assert len(my_customers.contacts_due(session, school.sanjiang.id, today=clock.today())) == 1


def test_a_page_takes_the_same_few_statements_whatever_its_size(
        *, session, engine, make_customer, school, clock, count_queries):
    counts = []
    for number in (2, 20):
        for _ in range(number):
            make_customer(holder=school.sanjiang, courses=[school.python])
        viewer_id = school.sanjiang.id
        session.commit()
        with Session(engine) as fresh, count_queries() as queries:
            for row in my_customers.page(fresh, viewer_id, today=clock.today()).rows:
                str((row.customer.name, row.customer.courses, row.status_shown(clock.today())))
        counts.append(queries.count)
    assert counts[0] == counts[1] <= 3, queries
