"""The one clock. Entry points ask it; services take `today` and `now` as parameters.

The business date is the date in the school's time zone, never the server's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

Source = Callable[[], dt.datetime]
"""Gives the present instant."""


def system_now() -> dt.datetime:
    """The present instant by the machine's clock."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Clock:
    """What time it is for the school.

    Args:
        zone: the school's time zone.
        source: gives the present instant; the system's clock unless a test sets another.
    """

    zone: ZoneInfo
    source: Source = system_now

    def now(self) -> dt.datetime:
        """The present instant, in UTC."""
        return self.source().astimezone(dt.UTC)

    def today(self) -> dt.date:
        """The present business date."""
        return self.business_date(self.now())

    def business_date(self, instant: dt.datetime) -> dt.date:
        """The business date of an aware instant."""
        return instant.astimezone(self.zone).date()

    def local(self, instant: dt.datetime) -> dt.datetime:
        """An aware instant in the school's time zone."""
        return instant.astimezone(self.zone)

    def instant(self, day: dt.date, hour: int = 0, minute: int = 0) -> dt.datetime:
        """The instant, in UTC, of a time of day on a business date."""
        return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(dt.UTC)


def source_of(path: Path | None) -> Source:
    """The system's clock, or, in tests, a file that holds the instant.

    It is read at each call, so that a test moves many processes at once.
    """
    if path is None:
        return system_now

    def read() -> dt.datetime:
        return dt.datetime.fromisoformat(path.read_text().strip())

    return read
