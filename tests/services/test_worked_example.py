"""The worked example of the write-up, day by day: longtai and the three consultants who try."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.models import Customer, FollowUp
from app.models.choices import DistributionStatus, Gender, Origin
from app.services import my_customers, pool
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, *_ = DistributionStatus
CLAIM, ENTRY = Origin.CLAIM, Origin.ENTRY


def may(day: int) -> dt.date:
    return dt.date(2018, 5, day)


def at(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2018, 5, day, hour, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def longtai(make_customer, school, clock):
    clock.set("2018-05-03 10:00")
    return make_customer("龙泰", holder=school.sanjiang, gender=Gender.MALE)


def in_the_pool_of(session, viewer, day) -> list[str]:
    return [row.customer.name for row in pool.page(session, viewer.id, today=day).rows]


def shown_in_my_customers_of(session, viewer, day) -> list[int]:
    return [int(row.status_shown(day)) for row in my_customers.page(session, viewer.id, today=day).rows]


def test_day_by_day(session, school, clock, floor, longtai):
    sanjiang, baoyu, dasha = school.consultants

    # 三江 receives him and follows up every day until 05-18 at noon.
    assert floor.statuses(longtai) == {"三江": 1}
    for day in range(3, 19):
        clock.set(f"2018-05-{day:02} 12:00")
        floor.follow_up(longtai, by=sanjiang)
        assert longtai.is_held(may(day)), f"he is 三江's on 05-{day:02}"
    assert longtai.public_on == may(19)
    assert in_the_pool_of(session, baoyu, may(18)) == []

    # 05-19, 00:00: fifteen days without a deal. The job runs.
    clock.set("2018-05-19 00:00")
    expired = floor.night()
    assert (expired.closed_deal, expired.closed_follow_up) == (1, 0)
    assert floor.statuses(longtai) == {"三江": 4}
    assert in_the_pool_of(session, sanjiang, may(19)) == [], "the former consultant does not see him"
    assert in_the_pool_of(session, baoyu, may(19)) == ["龙泰"]

    # 05-19, 12:00: 暴雨 claims.
    clock.set("2018-05-19 12:00")
    assert floor.claim(longtai, by=baoyu).won
    assert floor.statuses(longtai) == {"三江": 4, "暴雨": 1}
    assert (longtai.recv_date, longtai.last_consult_date) == (may(19), may(19))

    # 05-20, 05-21, 05-22, 00:00: the job runs and finds nothing.
    for day in (20, 21, 22):
        clock.set(f"2018-05-{day} 00:00")
        floor.night()
        assert floor.statuses(longtai) == {"三江": 4, "暴雨": 1}, f"05-{day}"

    # 05-23, 00:00: three days without a follow-up.
    clock.set("2018-05-23 00:00")
    expired = floor.night()
    assert (expired.closed_deal, expired.closed_follow_up) == (0, 1)
    assert floor.statuses(longtai) == {"三江": 4, "暴雨": 3}

    # 05-23: 大傻 claims.
    clock.set("2018-05-23 10:00")
    assert in_the_pool_of(session, dasha, may(23)) == ["龙泰"]
    assert floor.claim(longtai, by=dasha).won
    assert floor.statuses(longtai) == {"三江": 4, "暴雨": 3, "大傻": 1}

    assert floor.rows(longtai) == [
        ("三江", NO_DEAL, ENTRY, may(3), may(19)),
        ("暴雨", NO_FOLLOW_UP, CLAIM, may(19), may(23)),
        ("大傻", FOLLOWING, CLAIM, may(23), None),
    ]
    assert [shown_in_my_customers_of(session, person, may(23)) for person in school.consultants] == [[4], [3], [1]]


class TestWhenTheNightsRun:
    """Whether the job runs on time, late, twice, all at once or never: the same rows."""

    ROWS = (
        ("三江", NO_DEAL, ENTRY, may(3), may(19)),
        ("暴雨", NO_FOLLOW_UP, CLAIM, may(19), may(23)),
        ("大傻", FOLLOWING, CLAIM, may(23), None),
    )

    @pytest.fixture
    def story(self, school, clock, floor, longtai):
        """The people's part of the story; the night is called at every hour it might run."""
        def play(night) -> None:
            sanjiang, baoyu, dasha = school.consultants
            acts = {at(18, 12): lambda: floor.follow_up(longtai, by=sanjiang),
                    at(19, 12): lambda: floor.claim(longtai, by=baoyu),
                    at(23, 12): lambda: floor.claim(longtai, by=dasha)}
            for day in range(6, 18, 3):
                acts[at(day, 18)] = lambda: floor.follow_up(longtai, by=sanjiang)
            hour = at(3, 11)
            while hour < at(26, 0):
                clock.set(hour)
                night(hour)
                if hour in acts:
                    acts[hour]()
                hour += dt.timedelta(hours=1)

        return play

    @pytest.mark.parametrize("hours", [
        pytest.param({0}, id="on time"), pytest.param({7}, id="late"), pytest.param({0, 13, 23}, id="again and again"),
        pytest.param({13}, id="after the claim"), pytest.param(set(), id="never")])
    def test_at_these_hours(self, floor, longtai, story, hours):
        story(lambda instant: floor.night() if instant.hour in hours else None)
        assert floor.rows(longtai) == list(self.ROWS)

    def test_all_missed_nights_at_once_at_the_end(self, clock, floor, longtai, story):
        story(lambda _instant: None)
        for night in range(4, 26):
            floor.night(may(night))
        assert floor.rows(longtai) == list(self.ROWS)

    def test_a_night_that_is_behind_by_days_still_closes_nothing_too_early(self, floor, longtai, story):
        story(lambda instant: floor.night(instant.date() - dt.timedelta(days=2)) if instant.hour == 0 else None)
        assert floor.rows(longtai) == list(self.ROWS)

    def test_one_night_a_month_later_closes_the_last_row_as_of_its_fall(self, clock, floor, longtai, story):
        story(lambda _instant: None)
        clock.set("2018-06-30 00:00")
        floor.night()
        assert floor.rows(longtai)[-1] == ("大傻", NO_FOLLOW_UP, CLAIM, may(23), may(27))

    def test_two_nights_in_a_row_close_once(self, clock, floor, longtai):
        clock.set("2018-05-19 00:00")
        assert floor.night().closed_follow_up == 1
        before = floor.rows(longtai)
        again = floor.night()
        assert (again.closed_follow_up, again.closed_deal) == (0, 0)
        assert floor.rows(longtai) == before


def test_the_follow_ups_stay_on_record(session, clock, floor, school, longtai):
    for day in (3, 5, 8):
        clock.set(f"2018-05-{day:02} 12:00")
        floor.follow_up(longtai, by=school.sanjiang, note=f"第{day}天")
    clock.set("2018-05-12 12:00")
    floor.claim(longtai, by=school.baoyu)
    floor.follow_up(longtai, by=school.baoyu, note="换人了")
    query = select(FollowUp).join(Customer).where(Customer.name == "龙泰").order_by(FollowUp.id)
    assert [(record.consultant.name, record.note) for record in session.scalars(query)] == [
        ("三江", "第3天"), ("三江", "第5天"), ("三江", "第8天"), ("暴雨", "换人了")]
