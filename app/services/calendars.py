"""Which days count: every day, or the working days of a country with the school's own days, less a person's leave.

Public holidays and make-up weekends (调休) come from the library `holidays`. Mainland China announces them a year at a
time; of a year it does not know yet only the weekends are left out, until a newer release knows it.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata

import holidays
from holidays import HolidayBase

from app.models.choices import Calendar
from app.services.rules import ONE_DAY

Leaves = tuple[tuple[dt.date, dt.date], ...]
"""First and last day of each leave."""

EDITION = metadata.version("holidays")
"""Of the public calendars: another one may know of days that this one does not."""

_SATURDAY = 5
_A_YEAR = dt.timedelta(days=366)


class DayOff(enum.StrEnum):
    """Why a day does not count."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    LEAVE = "leave"


@dataclass(frozen=True)
class SchoolDays:
    """The school's own days: when it is closed though others work, and open though others do not."""

    closed: frozenset[dt.date] = frozenset()
    open: frozenset[dt.date] = frozenset()


NO_OWN_DAYS = SchoolDays()


@dataclass(frozen=True)
class CountedDays:
    """The days a consultant's terms count."""

    calendar: Calendar = Calendar.EVERY_DAY
    own: SchoolDays = NO_OWN_DAYS
    leaves: Leaves = ()

    def why_not(self, day: dt.date) -> DayOff | None:
        """Why a day does not count; None if it does."""
        if any(first <= day <= last for first, last in self.leaves):
            return DayOff.LEAVE
        if self.calendar is Calendar.EVERY_DAY or day in self.own.open:
            return None
        if day in self.own.closed:
            return DayOff.CLOSED
        return _public_day_off(self.calendar, day)

    def after(self, day: dt.date, number: int) -> dt.date:
        """The counted day that comes as the so-manieth after a day."""
        if self.calendar is Calendar.EVERY_DAY and not self.leaves:
            return day + number * ONE_DAY
        return _after(self, day, number)

    def before(self, day: dt.date) -> dt.date:
        """The last counted day before a day; of a year in which none counts, its first."""
        found = day - ONE_DAY
        while self.why_not(found) is not None and day - found < _A_YEAR:
            found -= ONE_DAY
        return found

    def between(self, since: dt.date, until: dt.date) -> Iterator[tuple[dt.date, DayOff | None]]:
        """Every day after `since` and before `until`, with why it does not count."""
        day = since + ONE_DAY
        while day < until:
            yield day, self.why_not(day)
            day += ONE_DAY


@lru_cache(maxsize=65_536)
def _after(days: CountedDays, day: dt.date, number: int) -> dt.date:
    while number:
        day += ONE_DAY
        number -= days.why_not(day) is None
    return day


@cache
def _public_day_off(calendar: Calendar, day: dt.date) -> DayOff | None:
    country = _country(calendar, day.year)
    if not _is_announced(country, calendar, day.year):
        return DayOff.WEEKEND if day.weekday() >= _SATURDAY else None
    if country.is_working_day(day):
        return None
    return DayOff.HOLIDAY if day in country else DayOff.WEEKEND


def holiday_name(calendar: Calendar, day: dt.date, language: str) -> str | None:
    """What a public holiday is called in one of the library's languages, English if it does not know it."""
    country = _country(calendar, day.year)
    known = language if language in country.supported_languages else "en_US"
    name = _country(calendar, day.year, known).get(day)
    return name if name and _is_announced(country, calendar, day.year) else None


def is_make_up_day(calendar: Calendar, day: dt.date) -> bool:
    """Whether a day at a weekend is worked to make up for another (调休)."""
    return calendar is not Calendar.EVERY_DAY and day in _country(calendar, day.year).weekend_workdays


def is_announced(calendar: Calendar, year: int) -> bool:
    """Whether the public holidays of a year are known."""
    return calendar is Calendar.EVERY_DAY or _is_announced(_country(calendar, year), calendar, year)


@cache
def _country(calendar: Calendar, year: int, language: str = "en_US") -> HolidayBase:
    return holidays.country_holidays(calendar.value.upper(), years=year, language=language)


def _is_announced(country: HolidayBase, calendar: Calendar, year: int) -> bool:
    """Whether the days of a year are known. Taiwan's and Hong Kong's follow from the law."""
    return calendar is not Calendar.CHINA or year in country.special_public_holidays
