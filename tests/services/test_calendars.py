"""Which days count: public holidays, make-up weekends, the school's own days, leave."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.models.choices import Calendar
from app.services.calendars import CountedDays, DayOff, SchoolDays, holiday_name
from app.services.rules import PoolRules, fall

ONE_DAY = dt.timedelta(days=1)
CHINA, TAIWAN, HONG_KONG = CountedDays(Calendar.CHINA), CountedDays(Calendar.TAIWAN), CountedDays(Calendar.HONG_KONG)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


class TestMainlandChina:
    """By the notice of the State Council for 2026."""

    @pytest.mark.parametrize(("date", "why_not"), [
        pytest.param("2026-02-14", None, id="a make-up Saturday before the Spring Festival"),
        pytest.param("2026-02-16", DayOff.HOLIDAY, id="New Year's Eve"),
        pytest.param("2026-02-23", DayOff.HOLIDAY, id="the last day of the Spring Festival"),
        pytest.param("2026-02-28", None, id="a make-up Saturday after it"),
        pytest.param("2026-03-07", DayOff.WEEKEND, id="a Saturday"),
        pytest.param("2026-03-09", None, id="a Monday"),
        pytest.param("2026-10-01", DayOff.HOLIDAY, id="National Day"),
        pytest.param("2026-10-10", None, id="a make-up Saturday after National Day"),
    ])
    def test_counts_as_announced(self, date, why_not):
        assert CHINA.why_not(day(date)) is why_not

    def test_of_a_year_not_announced_yet_only_weekends_are_left_out(self):
        year = [dt.date(2071, 1, 1) + each * ONE_DAY for each in range(365)]
        assert [CHINA.why_not(each) for each in year] == [
            DayOff.WEEKEND if each.isoweekday() > 5 else None for each in year]

    def test_a_customer_does_not_fall_within_the_spring_festival(self):
        received = day("2026-02-13")  # a Friday; the Saturday counts, then nine days do not
        end = fall(received, received, rules=PoolRules(follow_up_days=3), days=CHINA)
        assert end.public_on == day("2026-02-26")


class TestOthers:
    @pytest.mark.parametrize(("days", "date", "why_not"), [
        (TAIWAN, "2026-10-10", DayOff.HOLIDAY), (TAIWAN, "2025-02-08", None), (TAIWAN, "2026-10-01", None),
        (HONG_KONG, "2026-07-01", DayOff.HOLIDAY), (HONG_KONG, "2026-10-01", DayOff.HOLIDAY),
        (HONG_KONG, "2026-03-08", DayOff.WEEKEND),
    ])
    def test_have_their_own(self, days, date, why_not):
        assert days.why_not(day(date)) is why_not

    def test_a_holiday_has_a_name_in_the_readers_language(self):
        assert holiday_name(Calendar.CHINA, day("2026-10-01"), "zh_CN") == "国庆节"
        assert holiday_name(Calendar.TAIWAN, day("2026-10-10"), "zh_TW") == "國慶日"
        assert holiday_name(Calendar.HONG_KONG, day("2026-10-01"), "xx") == "National Day"
        assert holiday_name(Calendar.CHINA, day("2026-03-09"), "zh_CN") is None


class TestTheSchoolsOwnDays:
    own = SchoolDays(closed=frozenset({day("2026-03-09")}), open=frozenset({day("2026-03-07")}))

    def test_come_before_the_public_calendar(self):
        days = CountedDays(Calendar.CHINA, self.own)
        assert days.why_not(day("2026-03-09")) is DayOff.CLOSED
        assert days.why_not(day("2026-03-07")) is None

    def test_do_not_concern_those_who_count_every_day(self):
        assert CountedDays(Calendar.EVERY_DAY, self.own).why_not(day("2026-03-09")) is None


class TestLeave:
    def test_counts_for_nothing_in_any_calendar(self):
        days = CountedDays(leaves=((day("2026-03-03"), day("2026-03-04")),))
        assert [days.why_not(day(f"2026-03-0{each}")) for each in (2, 3, 4, 5)] == [
            None, DayOff.LEAVE, DayOff.LEAVE, None]
        assert fall(day("2026-03-02"), day("2026-03-02"), days=days).public_on == day("2026-03-08")


days_of_two_years = st.dates(dt.date(2025, 6, 1), dt.date(2027, 6, 1))
leaves = st.lists(st.tuples(days_of_two_years, st.integers(0, 40)), max_size=3).map(
    lambda found: tuple((first, first + length * ONE_DAY) for first, length in found))
calendars = st.builds(
    CountedDays, st.sampled_from(Calendar),
    st.builds(SchoolDays, st.frozensets(days_of_two_years, max_size=20), st.frozensets(days_of_two_years, max_size=20)),
    leaves)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(days=calendars, received=days_of_two_years, later=st.integers(0, 40), follow_up_days=st.integers(1, 20),
       deal_days=st.integers(1, 60), locked=st.none() | st.integers(0, 60))
def test_the_fall_is_where_a_walk_from_day_to_day_finds_it(*, days, received, later, follow_up_days, deal_days, locked):
    """n counted days pass after the event's day; the fall is at 00:00 of the next counted day."""
    last = received + later * ONE_DAY
    locked_until = None if locked is None else received + locked * ONE_DAY
    end = fall(received, last, locked_until=locked_until, days=days,
               rules=PoolRules(follow_up_days=follow_up_days, deal_days=deal_days))

    def walk(since: dt.date, number: int) -> dt.date:
        today, passed = since, 0
        while True:
            today += ONE_DAY
            if days.why_not(today) is None:
                if passed == number:
                    return today
                passed += 1

    by_follow_up, by_deal = walk(last, follow_up_days), walk(received, deal_days)
    naive = min(by_follow_up, by_deal)
    if locked_until is not None and locked_until >= naive:
        naive = locked_until + ONE_DAY
    assert end.public_on == naive
    assert (end.public_as.value == 4) == (by_deal <= by_follow_up)
