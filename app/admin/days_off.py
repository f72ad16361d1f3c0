"""Days that do not count, in the reader's words: which they are, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import current, display
from app.extensions import db
from app.models import CalendarDay
from app.models.choices import Calendar
from app.services import calendars
from app.services.calendars import CountedDays, DayOff
from app.services.deadlines import Standing
from app.services.rules import ONE_DAY

Word = TypeVar("Word")

WORDS: dict[DayOff, LazyString] = {
    DayOff.WEEKEND: _l("weekend"), DayOff.HOLIDAY: _l("public holiday"), DayOff.CLOSED: _l("the school is closed"),
    DayOff.LEAVE: _l("leave")}

_LANGUAGES = {"zh_Hans_CN": "zh_CN", "zh_Hant_TW": "zh_TW"}
_OF_HONG_KONG = {"zh_Hans_CN": "zh_CN", "zh_Hant_TW": "zh_HK"}
"""What the library calls the languages of ours in which it knows the holidays."""


@dataclass(frozen=True)
class DaysOff:
    """Why days do not count, by day, and the same in a sentence for those that have come and those that will."""

    reasons: Mapping[dt.date, str]
    sentences: list[str]


def of_standing(standing: Standing, calendar: Calendar) -> DaysOff:
    """The days of both terms that do not count.

    Args:
        calendar: which days count for the consultant.
    """
    found = {day: why for term in (standing.deal, standing.follow_up) for day, why in term.calendar
             if why is not None}
    named = _own_names(found) if DayOff.CLOSED in found.values() else {}
    reasons = {day: named.get(day) or reason(calendar, day, found[day]) for day in sorted(found)}
    today = current.today()
    past = {day: why for day, why in reasons.items() if day <= today}
    ahead = {day: why for day, why in reasons.items() if today < day < standing.falls_on}
    sentences = []
    if past:
        sentences.append(ngettext("%(num)d day did not count: %(days)s.", "%(num)d days did not count: %(days)s.",
                                  len(past), days=_listed(past)))
    if ahead:
        sentences.append(ngettext("%(num)d day will not count: %(days)s.", "%(num)d days will not count: %(days)s.",
                                  len(ahead), days=_listed(ahead)))
    return DaysOff(reasons, sentences)


def reason(calendar: Calendar, day: dt.date, why: DayOff) -> str:
    """Why a day does not count; a public holiday by its name."""
    name = holiday(calendar, day) if why is DayOff.HOLIDAY else None
    return name or str(WORDS[why])


def holiday(calendar: Calendar, day: dt.date) -> str | None:
    """What a public holiday is called in the reader's language; None if the day is none."""
    languages = _OF_HONG_KONG if calendar is Calendar.HONG_KONG else _LANGUAGES
    return calendars.holiday_name(calendar, day, languages.get(current.locale(), "en_US"))


def coming(days: CountedDays, until: dt.date) -> list[tuple[str, str, bool]]:
    """The holidays, own days and make-up days from today until a day: when, what, and whether it counts.

    Weekends go without saying. Days that follow each other and are called the same stand together.
    """
    today = current.today()
    found = dict(days.between(today - ONE_DAY, until))
    named = _own_names(found)
    told: dict[dt.date, tuple[str, bool]] = {}
    for day, why in found.items():
        if why in (DayOff.HOLIDAY, DayOff.CLOSED):
            told[day] = (named.get(day) or reason(days.calendar, day, why), False)
        elif why is None and (day in days.own.open or calendars.is_make_up_day(days.calendar, day)):
            told[day] = (named.get(day) or str(_("made up for: a working day")), True)
    return [(when, *what) for when, what in _together(told)]


def _own_names(days: Iterable[dt.date]) -> dict[dt.date, str]:
    """What the school calls its own days among these."""
    return {day: name for day, name in db.session.execute(
        select(CalendarDay.day, CalendarDay.name).where(CalendarDay.day.in_(sorted(days))))}


def _listed(reasons: Mapping[dt.date, str]) -> str:
    return ", ".join(f"{when} {why}" for when, why in _together(reasons))


def _together(words: Mapping[dt.date, Word]) -> list[tuple[str, Word]]:
    """Days in a row with the same word, from when to when."""
    rows: list[tuple[dt.date, dt.date, Word]] = []
    for day in sorted(words):
        if rows and rows[-1][1] == day - ONE_DAY and rows[-1][2] == words[day]:
            rows[-1] = (rows[-1][0], day, words[day])
        else:
            rows.append((day, day, words[day]))
    return [(display.weekday(first) if first == last else f"{display.weekday(first)} – {display.weekday(last)}", word)
            for first, last, word in rows]
