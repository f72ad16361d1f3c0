"""The borders of the clock: three days without a follow-up, fifteen without a deal, to the day and to the hour."""

from __future__ import annotations

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.clock import Clock
from app.models import Customer
from app.models.choices import DistributionStatus
from app.services import pool
from app.services.rules import PoolRules, fall
from tests.support.databases import on_both_databases

NO_FOLLOW_UP, NO_DEAL = DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL
ONE_DAY = dt.timedelta(days=1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def naively_public(recv: dt.date, last: dt.date, today: dt.date) -> bool:
    """The write-up's own comparison, word for word."""
    return last < today - dt.timedelta(days=3) or recv < today - dt.timedelta(days=15)


def naive_fall(recv: dt.date, last: dt.date) -> tuple[dt.date, DistributionStatus]:
    """Walk from day to day until the write-up's comparison holds; the deal rule names the fall if it holds too."""
    today = last
    while not naively_public(recv, last, today):
        today += ONE_DAY
    by_deal = recv < today - dt.timedelta(days=15)
    return today, NO_DEAL if by_deal else NO_FOLLOW_UP


class TestTheDayOfTheFall:
    @pytest.mark.parametrize(("recv", "last", "falls", "status"), [
        pytest.param("2026-03-02", "2026-03-02", "2026-03-06", NO_FOLLOW_UP, id="never followed up"),
        pytest.param("2026-03-02", "2026-03-13", "2026-03-17", NO_FOLLOW_UP, id="last follow-up a day too early"),
        pytest.param("2026-03-02", "2026-03-14", "2026-03-18", NO_DEAL, id="both limits on one day read as no deal"),
        pytest.param("2026-03-02", "2026-03-15", "2026-03-18", NO_DEAL, id="followed up a day later, still no deal"),
        pytest.param("2026-03-02", "2026-03-17", "2026-03-18", NO_DEAL, id="followed up on the last day"),
        pytest.param("2026-01-31", "2026-01-31", "2026-02-04", NO_FOLLOW_UP, id="over the end of January"),
        pytest.param("2026-02-25", "2026-02-25", "2026-03-01", NO_FOLLOW_UP, id="over the end of a short February"),
        pytest.param("2024-02-25", "2024-02-25", "2024-02-29", NO_FOLLOW_UP, id="on 29 February"),
        pytest.param("2024-02-29", "2024-02-29", "2024-03-04", NO_FOLLOW_UP, id="from 29 February"),
        pytest.param("2024-02-13", "2024-02-27", "2024-02-29", NO_DEAL, id="the deal term ends before 29 February"),
        pytest.param("2024-02-14", "2024-02-27", "2024-03-01", NO_DEAL, id="the deal term ends on 29 February"),
        pytest.param("2025-12-30", "2025-12-30", "2026-01-03", NO_FOLLOW_UP, id="over New Year"),
        pytest.param("2025-12-20", "2026-01-03", "2026-01-05", NO_DEAL, id="the deal term over New Year"),
    ])
    def test_is_the_day_after_the_earlier_term(self, recv, last, falls, status):
        end = fall(day(recv), day(last))
        assert (end.public_on, end.public_as) == (day(falls), status)
        assert naive_fall(day(recv), day(last)) == (day(falls), status)

    def test_agrees_with_the_write_up_for_every_pair_of_days_of_two_years(self):
        for offset in range(731):
            recv = dt.date(2023, 7, 1) + dt.timedelta(days=offset)
            for later in range(16):
                end = fall(recv, recv + dt.timedelta(days=later))
                assert (end.public_on, end.public_as) == naive_fall(recv, recv + dt.timedelta(days=later))

    @pytest.mark.parametrize(("lock", "falls"), [
        ("2026-03-04", "2026-03-06"), ("2026-03-05", "2026-03-06"), ("2026-03-06", "2026-03-07"),
        ("2026-04-01", "2026-04-02"),
    ])
    def test_is_never_within_a_lock(self, lock, falls):
        end = fall(day("2026-03-02"), day("2026-03-02"), locked_until=day(lock))
        assert (end.public_on, end.public_as) == (day(falls), NO_FOLLOW_UP)

    def test_follows_other_rules(self):
        end = fall(day("2026-03-02"), day("2026-03-02"), rules=PoolRules(follow_up_days=30, deal_days=20))
        assert (end.public_on, end.public_as) == (day("2026-03-23"), NO_DEAL)


@on_both_databases
class TestAroundTheFall:
    """A day before, on the day, a day after, in the database's words and in Python's."""

    @pytest.mark.parametrize(("follow_ups", "last_day"), [
        pytest.param([], "2026-03-05", id="three days without a follow-up"),
        pytest.param(["2026-03-04"], "2026-03-07", id="three days after the last"),
        pytest.param(["2026-03-05", "2026-03-08", "2026-03-11", "2026-03-14"], "2026-03-17", id="fifteen days"),
        pytest.param(["2026-03-05", "2026-03-08", "2026-03-11", "2026-03-14", "2026-03-17"], "2026-03-17",
                     id="fifteen days, followed up on the last"),
    ])
    def test_held_through_the_last_day_and_public_from_the_next(
            self, *, session, clock, floor, school, make_customer, follow_ups, last_day):
        customer = make_customer(holder=school.sanjiang)
        for followed_up in follow_ups:
            clock.set(day(followed_up))
            floor.follow_up(customer, by=school.sanjiang)
        last = day(last_day)
        for offset, public in ((-1, False), (0, False), (1, True), (2, True)):
            today = last + dt.timedelta(days=offset)
            assert customer.is_public(today) is public
            assert customer.is_held(today) is not public
            assert bool(session.scalars(select(Customer.id).where(pool.is_public(today))).all()) is public
            assert bool(session.scalars(select(Customer.id).where(pool.is_held(today))).all()) is not public
            assert pool.count(session, school.baoyu.id, today=today) == int(public)

    def test_the_pool_of_every_day_is_the_write_ups(self, *, session, clock, floor, school, make_customer):
        lot = random.Random(20240229)
        held = {}
        for _ in range(40):
            recv = dt.date(2024, 2, 1) + dt.timedelta(days=lot.randrange(40))
            customer = make_customer(holder=school.sanjiang, on=recv)
            last = recv
            while lot.random() < 0.6:
                last += dt.timedelta(days=lot.randrange(1, 4))
                if naively_public(recv, last, last):
                    break
                clock.set(last)
                floor.follow_up(customer, by=school.sanjiang)
            else:
                held[customer.id] = (recv, last)
                continue
            held[customer.id] = (recv, customer.last_consult_date)
        for offset in range(70):
            today = dt.date(2024, 2, 1) + dt.timedelta(days=offset)
            public = {customer_id for customer_id, (recv, last) in held.items() if naively_public(recv, last, today)}
            assert set(session.scalars(select(Customer.id).where(pool.is_public(today)))) == public

    def test_about_to_fall_looks_exactly_so_many_days_ahead(self, session, clock, school, make_customer):
        make_customer(holder=school.sanjiang)  # falls on 03-06
        for offset, days, found in ((0, 3, 0), (0, 4, 1), (3, 1, 1), (3, 0, 0), (4, 1, 0)):
            today = clock.today() + dt.timedelta(days=offset)
            assert len(session.scalars(select(Customer).where(pool.about_to_fall(today, days))).all()) == found


# The instants at which the clocks of 2024 changed, in UTC, and the hours ahead of it from then on: taken from the
# laws, not from the time zone database the application reads.
OFFSETS = {
    "Asia/Shanghai": [("2023-01-01T00", 8)],
    "America/New_York": [("2023-11-05T06", -5), ("2024-03-10T07", -4), ("2024-11-03T06", -5)],
    "Africa/Cairo": [("2023-10-26T21", 2), ("2024-04-25T22", 3), ("2024-10-31T21", 2)],
    "Pacific/Auckland": [("2023-09-23T14", 13), ("2024-04-06T14", 12), ("2024-09-28T14", 13)],
}
FIRST_HOUR, LAST_HOUR = dt.datetime(2023, 12, 1, tzinfo=dt.UTC), dt.datetime(2025, 1, 2, tzinfo=dt.UTC)


def hours():
    hour = FIRST_HOUR
    while hour < LAST_HOUR:
        yield hour
        hour += dt.timedelta(hours=1)


def naive_date(zone: str, instant: dt.datetime) -> dt.date:
    ahead = [hours for since, hours in OFFSETS[zone] if dt.datetime.fromisoformat(since + ":00+00:00") <= instant][-1]
    return (instant + dt.timedelta(hours=ahead)).date()


@pytest.mark.parametrize("zone", OFFSETS)
class TestHourByHourThroughAYear:
    """2024, with its 29 February and every change of the clocks; in Cairo they change at midnight."""

    def test_the_business_date_is_the_schools(self, zone):
        clock = Clock(ZoneInfo(zone))
        for hour in hours():
            assert clock.business_date(hour) == naive_date(zone, hour)

    def test_a_customer_is_public_exactly_when_the_write_up_says(self, zone):
        lot = random.Random(zone)
        clock = Clock(ZoneInfo(zone))
        recv = last = public_on = None
        falls = 0
        for hour in hours():
            today, naive_today = clock.business_date(hour), naive_date(zone, hour)
            if recv is None:
                naive_recv = naive_last = naive_today
                recv = last = today
                public_on = fall(recv, last).public_on
                followed_up_with = lot.choice([0.0, 0.005, 0.02, 0.05, 0.2])
            public = naively_public(naive_recv, naive_last, naive_today)
            assert (public_on <= today) is public, f"received {recv}, last followed up {last}, at {hour}"
            if public:
                falls += 1
                recv = None
            elif lot.random() < followed_up_with:
                naive_last, last = naive_today, today
                public_on = fall(recv, last).public_on
        assert falls > 24

    def test_every_date_begins_at_its_midnight(self, zone):
        clock = Clock(ZoneInfo(zone))
        today = dt.date(2024, 1, 1)
        while today < dt.date(2025, 1, 1):
            midnight = clock.instant(today)
            assert clock.business_date(midnight) == today
            assert clock.business_date(midnight - dt.timedelta(seconds=1)) == today - ONE_DAY
            today += ONE_DAY


class TestTheServersOwnZoneDoesNotMatter:
    def test_late_in_the_evening_in_london_it_is_tomorrow_in_shanghai(self):
        late = dt.datetime(2026, 3, 2, 23, 30, tzinfo=ZoneInfo("Europe/London"))
        clock = Clock(ZoneInfo("Asia/Shanghai"), lambda: late)
        assert clock.today() == day("2026-03-03")

    def test_the_present_instant_is_given_in_utc(self):
        midnight = dt.datetime(2026, 3, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
        clock = Clock(ZoneInfo("Asia/Shanghai"), lambda: midnight)
        assert clock.now().tzinfo is dt.UTC
        assert clock.now().isoformat() == "2026-03-02T16:00:00+00:00"
