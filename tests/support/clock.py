"""The clock of the tests: it stands still until it is set."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Monday morning at the school."""


class SettableClock:
    """What time it is, until a test says otherwise; calling it gives the instant, as app.clock.Source wants.

    Args:
        file: where the instant is written too, for other processes (CLOCK_FILE).
    """

    def __init__(self, file: Path | None = None) -> None:
        self.zone = ZoneInfo("Asia/Shanghai")
        self.file = file
        self._instant = START

    def __call__(self) -> dt.datetime:
        return self._instant

    def now(self) -> dt.datetime:
        """The present instant, in UTC."""
        return self._instant.astimezone(dt.UTC)

    def today(self) -> dt.date:
        """The present business date."""
        return self._instant.astimezone(self.zone).date()

    def set(self, when: str | dt.date | dt.datetime) -> None:
        """Set it: "2018-05-19 12:00" or "2018-05-19" (midnight) in the school's time, a date, or an instant."""
        if isinstance(when, str):
            when = dt.datetime.fromisoformat(when)
        elif not isinstance(when, dt.datetime):
            when = dt.datetime(when.year, when.month, when.day, tzinfo=self.zone)
        self._instant = when if when.tzinfo else when.replace(tzinfo=self.zone)
        self.write()

    def advance(self, **by: float) -> None:
        """Move it on by days, hours, minutes … of the school's wall clock."""
        self._instant = self._instant.astimezone(self.zone) + dt.timedelta(**by)
        self.write()

    def write(self) -> None:
        """Tell the other processes."""
        if self.file is not None:
            draft = self.file.with_suffix(".draft")
            draft.write_text(self._instant.isoformat())
            draft.replace(self.file)

    def reset(self) -> None:
        """Back to the Monday morning all tests begin on."""
        self.zone = ZoneInfo("Asia/Shanghai")
        self.set(START)
