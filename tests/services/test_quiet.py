"""Quiet hours and the hour of a digest, minute by minute against what a clock on the wall says."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from app.clock import Clock
from app.models import QuietHours
from app.services import quiet

SHANGHAI, BERLIN = Clock(ZoneInfo("Asia/Shanghai")), Clock(ZoneInfo("Europe/Berlin"))
MINUTE = dt.timedelta(minutes=1)


def hours(begins: str, ends: str) -> QuietHours:
    return QuietHours(begins=dt.time.fromisoformat(begins), ends=dt.time.fromisoformat(ends))


def is_quiet(instant: dt.datetime, kept: QuietHours, clock: Clock) -> bool:
    """By counting the minutes from when they begin."""
    at, minutes = clock.local(instant), 24 * 60
    since = (at.hour * 60 + at.minute - kept.begins.hour * 60 - kept.begins.minute) % minutes
    lasts = (kept.ends.hour * 60 + kept.ends.minute - kept.begins.hour * 60 - kept.begins.minute) % minutes
    return since < lasts


@pytest.mark.parametrize("kept", [hours("22:00", "08:00"), hours("12:30", "14:00"), hours("00:00", "07:00"),
                                  hours("23:59", "00:00")], ids=str)
def test_nothing_is_due_in_quiet_hours_and_all_at_their_end(kept):
    began = SHANGHAI.instant(dt.date(2026, 3, 2), 11)
    for minute in range(0, 30 * 60, 7):
        instant = began + minute * MINUTE
        due = quiet.due(instant, None, kept, SHANGHAI)
        assert (due == instant) == (not is_quiet(instant, kept, SHANGHAI))
        assert not is_quiet(due, kept, SHANGHAI)
        assert due == instant or is_quiet(due - MINUTE, kept, SHANGHAI)


@pytest.mark.parametrize("day", [dt.date(2026, 3, 29), dt.date(2026, 10, 25)])
def test_they_end_on_days_on_which_the_clocks_are_changed(day):
    for kept in (hours("01:00", "02:30"), hours("22:00", "08:00")):
        for minute in range(0, 26 * 60, 5):
            instant = BERLIN.instant(day) + minute * MINUTE
            assert instant <= quiet.end_of_quiet(instant, kept, BERLIN) <= instant + dt.timedelta(hours=12)


def test_a_digest_is_due_at_its_hour_of_this_day_or_the_next():
    at, day = dt.time(18, 30), dt.date(2026, 3, 2)
    half_past_six = SHANGHAI.instant(day, 18, 30)
    assert quiet.due(half_past_six - MINUTE, at, None, SHANGHAI) == half_past_six
    assert quiet.due(half_past_six, at, None, SHANGHAI) == half_past_six
    assert quiet.due(half_past_six + MINUTE, at, None, SHANGHAI) == half_past_six + dt.timedelta(days=1)


def test_a_digest_that_falls_into_quiet_hours_waits_for_their_end():
    due = quiet.due(SHANGHAI.instant(dt.date(2026, 3, 2), 9), dt.time(23), hours("22:00", "08:00"), SHANGHAI)
    assert due == SHANGHAI.instant(dt.date(2026, 3, 3), 8)
