"""When something may be sent: quiet hours and the hour of a digest, by the clock on the wall of the school."""

from __future__ import annotations

import datetime as dt

from app.clock import Clock
from app.models import QuietHours

ONE_DAY = dt.timedelta(days=1)


def due(now: dt.datetime, digest_at: dt.time | None, quiet: QuietHours | None, clock: Clock) -> dt.datetime:
    """When something that is to be told now goes out: at once or at the hour of the digest, and not in quiet hours."""
    return end_of_quiet(now if digest_at is None else _next(now, digest_at, clock), quiet, clock)


def end_of_quiet(instant: dt.datetime, quiet: QuietHours | None, clock: Clock) -> dt.datetime:
    """The end of the quiet hours an instant is in; the instant itself if it is in none."""
    if quiet is None:
        return instant
    at = clock.local(instant).time()
    over_midnight = quiet.begins > quiet.ends
    inside = not quiet.ends <= at < quiet.begins if over_midnight else quiet.begins <= at < quiet.ends
    return max(instant, _next(instant, quiet.ends, clock)) if inside else instant


def _next(instant: dt.datetime, at: dt.time, clock: Clock) -> dt.datetime:
    """The next time it is so late, which may be this very instant."""
    today = clock.business_date(instant)
    return min(each for day in (today, today + ONE_DAY) for each in _instants(day, at, clock) if each >= instant)


def _instants(day: dt.date, at: dt.time, clock: Clock) -> list[dt.datetime]:
    """When it is so late on a day: twice in the hour that comes again when clocks are put back."""
    wall = dt.datetime.combine(day, at, tzinfo=clock.zone)
    first, again = (wall.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    return [first, again] if again > first else [first]
