"""How dates, instants and amounts are shown: in the reader's form, near today as people say it, never to the second.

`day`, `moment`, `relative_day` and `money` give plain text; `exactly` and `ago` give a `<time>` for pages. All of them
are filters in templates.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from babel.dates import format_skeleton
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import format_date, get_locale, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app import current

NONE = "—"
NEAR = 30
"""Days before and after today that are counted; beyond them a date says more."""

_TIME = Markup('<time class="nowrap" datetime="{}">{}</time>')
_TIME_IN_WORDS = Markup('<time class="nowrap" datetime="{0}" title="{1}">{2}<span class="sr-only"> ({1})</span></time>')


def init_app(app: Flask) -> None:
    """Make filters of them."""
    for shown in (day, weekday, moment, relative_day, money, exactly, ago):
        app.add_template_filter(shown)


def day(value: dt.date | None) -> str:
    """A date in the reader's form; a dash for none."""
    return NONE if value is None else str(format_date(value, "medium", rebase=False))


def weekday(value: dt.date) -> str:
    """A date of this year or the next with its day of the week, in the reader's form."""
    return str(format_skeleton("MMMEd", value, locale=get_locale()))


def moment(value: dt.datetime | None) -> str:
    """An instant as local date and time to the minute, in the reader's form; a dash for none."""
    if value is None:
        return NONE
    local = current.clock().local(value)
    return f"{day(local.date())} {local:%H:%M}"


def relative_day(value: dt.date | None) -> str:
    """A date as people say it near today."""
    if value is None:
        return NONE
    days = (value - current.today()).days
    if days == 0:
        return str(_("today"))
    if days == 1:
        return str(_("tomorrow"))
    if days == -1:
        return str(_("yesterday"))
    if days > 0:
        return str(ngettext("in %(num)d day", "in %(num)d days", days))
    return str(ngettext("%(num)d day ago", "%(num)d days ago", -days))


def money(value: Decimal | None) -> str:
    """An amount in the reader's form; a dash for none."""
    return NONE if value is None else format_decimal(value, "#,##0.00", locale=get_locale())


def exactly(value: dt.date | dt.datetime | None) -> Markup:
    """A date, or an instant to the minute, in the reader's form."""
    return escape(NONE) if value is None else _TIME.format(_machine_readable(value), _in_full(value))


def ago(value: dt.date | dt.datetime | None) -> Markup:
    """A date or an instant as people say it near now, with the exact one for those who point at it or listen."""
    if value is None:
        return escape(NONE)
    words, full = _in_words(value), _in_full(value)
    return exactly(value) if words == full else _TIME_IN_WORDS.format(_machine_readable(value), full, words)


def _in_full(value: dt.date | dt.datetime) -> str:
    return moment(value) if isinstance(value, dt.datetime) else day(value)


def _machine_readable(value: dt.date | dt.datetime) -> str:
    if isinstance(value, dt.datetime):
        return current.clock().local(value).isoformat(timespec="seconds")
    return value.isoformat()


def _in_words(value: dt.date | dt.datetime) -> str:
    date = current.clock().local(value).date() if isinstance(value, dt.datetime) else value
    days = (date - current.today()).days
    if abs(days) > NEAR:
        return day(date)
    if not isinstance(value, dt.datetime) or abs(days) > 1:
        return relative_day(date)
    minutes = (current.now() - value) // dt.timedelta(minutes=1)
    if minutes == 0:
        return str(_("just now"))
    if 0 < minutes < 60:
        return str(ngettext("%(num)d minute ago", "%(num)d minutes ago", minutes))
    return f"{relative_day(date)} {current.clock().local(value):%H:%M}"
