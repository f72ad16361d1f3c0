"""The Public Pool as people see it: who is in it for whom, filters, order and pages."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from app.models.choices import DistributionStatus, Source
from app.services import pool
from app.services.pool import NEW_LEAD, PoolFilter
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

NO_FOLLOW_UP, NO_DEAL, RELEASED = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL,
                                   DistributionStatus.RELEASED)


@pytest.fixture
def names(session, clock):
    """`names(viewer, …filter)`: whom a person sees, in order."""
    def seen(viewer, **filters) -> list[str]:
        page = pool.page(session, viewer.id, today=clock.today(), filter_=PoolFilter(**filters))
        if not filters:
            assert pool.count(session, viewer.id, today=clock.today()) == len(page.rows)
        return [row.customer.name for row in page.rows]

    return seen


@pytest.fixture
def four_days_ago(clock):
    return clock.today() - dt.timedelta(days=4)


class TestWhoIsInIt:
    def test_the_former_consultant_does_not_see_him_and_all_others_do(
            self, make_customer, names, school, four_days_ago):
        make_customer("龙泰", holder=school.sanjiang, on=four_days_ago)
        assert names(school.sanjiang) == []
        for person in school.everyone:
            if person is not school.sanjiang:
                assert names(person) == ["龙泰"], person.username

    def test_one_nobody_has_held_is_shown_to_all(self, make_customer, names, school):
        make_customer("新客户")
        assert all(names(person) == ["新客户"] for person in school.everyone)

    def test_one_who_released_a_customer_does_not_see_him(self, make_customer, floor, names, school):
        floor.release(make_customer("龙泰", holder=school.sanjiang))
        assert names(school.sanjiang) == []
        assert names(school.baoyu) == ["龙泰"]

    def test_the_one_before_the_former_sees_him_again(self, make_customer, floor, names, school, clock):
        customer = make_customer("龙泰", holder=school.sanjiang)
        clock.advance(days=4)
        floor.claim(customer, by=school.baoyu)
        clock.advance(days=4)
        assert names(school.sanjiang) == ["龙泰"]
        assert names(school.baoyu) == []

    def test_the_held_and_the_enrolled_are_not(self, make_customer, floor, names, school, clock):
        make_customer("在跟", holder=school.sanjiang)
        enrolled = make_customer("已报名", holder=school.sanjiang)
        floor.enrol(enrolled)
        floor.lock(make_customer("锁定", holder=school.sanjiang), clock.today() + dt.timedelta(days=9))
        clock.advance(days=3)
        assert names(school.baoyu) == []
        clock.advance(days=1)
        assert names(school.baoyu) == ["在跟"]

    def test_whether_the_night_ran_or_not(self, make_customer, floor, names, school, four_days_ago):
        make_customer("龙泰", holder=school.sanjiang, on=four_days_ago)
        before = names(school.baoyu)
        floor.night()
        assert names(school.baoyu) == before == ["龙泰"]


class TestFilters:
    @pytest.fixture(autouse=True)
    def a_pool(self, make_customer, floor, school, clock):
        day = clock.today()
        make_customer("王小明", holder=school.sanjiang, on=day - dt.timedelta(days=4), courses=[school.python],
                      source=Source.BAIDU, campus=school.beijing)
        make_customer("王五", holder=school.sanjiang, on=day - dt.timedelta(days=10), campus=school.shanghai,
                      courses=[school.python, school.linux], source=Source.SEO)
        deal = make_customer("赵六", holder=school.baoyu, on=day - dt.timedelta(days=1))
        deal.public_on, deal.public_as = day, NO_DEAL
        make_customer("100%_先生", source=Source.BAIDU)
        floor.release(make_customer("Anna", holder=school.baoyu))

    @pytest.mark.parametrize(("filters", "found"), [
        ({}, {"王小明", "王五", "赵六", "100%_先生", "Anna"}),
        ({"name": "王"}, {"王小明", "王五"}),
        ({"name": " 小 "}, {"王小明"}),
        ({"name": "anna"}, {"Anna"}),
        ({"name": "%"}, {"100%_先生"}),
        ({"name": "_"}, {"100%_先生"}),
        ({"name": "\\"}, set()),
        ({"name": "没有"}, set()),
        ({"source": Source.BAIDU}, {"王小明", "100%_先生"}),
        ({"reason": NO_FOLLOW_UP}, {"王小明", "王五"}),
        ({"reason": NO_DEAL}, {"赵六"}),
        ({"reason": RELEASED}, {"Anna"}),
        ({"reason": NEW_LEAD}, {"100%_先生"}),
        ({"days": 1}, {"王小明", "赵六", "100%_先生", "Anna"}),
        ({"days": 6}, {"王小明", "赵六", "100%_先生", "Anna"}),
        ({"days": 7}, {"王小明", "王五", "赵六", "100%_先生", "Anna"}),
        ({"days": 10**12}, {"王小明", "王五", "赵六", "100%_先生", "Anna"}),
        ({"name": "王", "days": 1, "source": Source.BAIDU}, {"王小明"}),
    ], ids=lambda value: str(sorted(value) if isinstance(value, set) else value))
    def test_find(self, names, school, filters, found):
        assert set(names(school.dasha, **filters)) == found

    def test_by_course(self, names, school):
        assert set(names(school.dasha, course_id=school.python.id)) == {"王小明", "王五"}
        assert names(school.dasha, course_id=school.linux.id) == ["王五"]

    def test_by_campus(self, names, school):
        assert names(school.dasha, campus_id=school.beijing.id) == ["王小明"]

    def test_never_show_more_than_the_pool(self, names, school):
        assert names(school.baoyu, reason=NO_DEAL) == []

    def test_count_by_reason(self, session, school, clock):
        assert pool.counts_by_reason(session, school.dasha.id, today=clock.today()) == {
            NO_FOLLOW_UP: 2, NO_DEAL: 1, RELEASED: 1, None: 1}
        assert pool.counts_by_reason(session, school.baoyu.id, today=clock.today()) == {NO_FOLLOW_UP: 2, None: 1}


class TestPages:
    @pytest.fixture
    def thirty(self, make_customer, school, clock):
        """Six days, five each."""
        return [make_customer(f"客户{i:02}", on=clock.today() - dt.timedelta(days=i % 6)) for i in range(30)]

    @pytest.fixture
    def walk(self, session, school, clock):
        def all_pages(size):
            pages, after = [], None
            while True:
                page = pool.page(session, school.baoyu.id, today=clock.today(), after=after, size=size)
                pages.append([row.customer.id for row in page.rows])
                after = page.after
                if after is None:
                    return pages

        return all_pages

    @pytest.mark.parametrize("size", [1, 4, 5, 7, 10, 29, 30, 31])
    def test_show_everyone_once_newest_fallen_first(self, thirty, walk, size):
        in_order = [c.id for c in sorted(thirty, key=lambda c: (c.public_on, c.id), reverse=True)]
        pages = walk(size)
        assert [id_ for page in pages for id_ in page] == in_order
        assert all(len(page) == size for page in pages[:-1])
        assert pages[-1], "no page is empty"

    def test_stay_in_step_while_customers_come_and_go(self, session, thirty, make_customer, school, clock):
        first = pool.page(session, school.baoyu.id, today=clock.today(), size=10)
        rest = sorted(thirty, key=lambda c: (c.public_on, c.id), reverse=True)[10:20]
        expected = [customer.id for customer in rest]
        make_customer("刚来的")
        session.delete(first.rows[3].customer)
        session.commit()
        second = pool.page(session, school.baoyu.id, today=clock.today(), after=first.after, size=10)
        assert [row.customer.id for row in second.rows] == expected

    def test_of_nothing_are_one_empty_page(self, walk, school):
        assert walk(10) == [[]]

    def test_take_the_same_few_statements_whatever_their_size(
            self, *, session, engine, make_customer, make_follow_up, school, clock, count_queries):
        counts = []
        for number in (2, 20):
            for _ in range(number):
                customer = make_customer(holder=school.sanjiang, courses=[school.python, school.linux],
                                         on=clock.today() - dt.timedelta(days=8), campus=school.beijing)
                make_follow_up(customer, on=clock.today() - dt.timedelta(days=6))
            viewer_id = school.baoyu.id
            session.commit()
            with Session(engine) as fresh, count_queries() as queries:
                for row in pool.page(fresh, viewer_id, today=clock.today(), size=100).rows:
                    str((row.customer.consultant, row.customer.campus, row.customer.courses, row.hands, row.follow_ups,
                         row.last and row.last.consultant))
            counts.append(queries.count)
        assert counts[0] == counts[1] <= 6, queries


def test_a_row_says_how_many_hands_and_records(session, make_customer, make_follow_up, floor, school, clock):
    customer = make_customer(holder=school.sanjiang)
    make_follow_up(customer)
    make_follow_up(customer)
    clock.advance(days=4)
    floor.claim(customer, by=school.baoyu)
    make_follow_up(customer)
    clock.advance(days=4)
    lead = make_customer()
    rows = {row.customer.id: row for row in pool.page(session, school.dasha.id, today=clock.today()).rows}
    assert (rows[customer.id].hands, rows[customer.id].follow_ups) == (2, 3)
    assert (rows[lead.id].hands, rows[lead.id].follow_ups) == (0, 0)
