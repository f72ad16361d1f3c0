"""What happens to one customer, kept in memory: the events of the design's table, on the one rule of the clock.

It is the services' work without a database, for a million customers; `services.rules.fall` alone says when one falls.
Nothing happens on the as-of date but its night: the day itself is left to whoever plays with the demo.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from app.clock import Clock
from app.demo.chance import happens, pick
from app.models.choices import CustomerStatus, DistributionStatus, Intent, Origin
from app.services.rules import fall

HOUR = 3600
_EARLY_BIRDS = 0.1
"""How likely whoever takes a customer on the day of his fall does so minutes after the night."""

_OPENS, _CLOSES, _LAST_RECEIPT = 9 * HOUR, 20 * HOUR, 17 * HOUR


_fall = lru_cache(2**14)(fall)
"""The same few thousand pairs of dates come again and again."""


class Moments:
    """Instants of times of day on business dates, by the school's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hours: dict[tuple[dt.date, int], dt.datetime] = {}

    def at(self, day: dt.date, second: int) -> dt.datetime:
        """The instant, in UTC, of a second of a business date; an hour's beginning is worked out once."""
        hour, rest = divmod(second, HOUR)
        begin = self._hours.get((day, hour))
        if begin is None:
            begin = self._hours[day, hour] = self._clock.instant(day, hour)
        return begin + dt.timedelta(seconds=rest)


@dataclass(frozen=True)
class Consultant:
    """One who holds customers, until he leaves."""

    id: int
    left_on: dt.date | None = None

    def works_on(self, day: dt.date) -> bool:
        return self.left_on is None or day < self.left_on


class Roster:
    """Who can be given a customer; each consultant stands in it as often as he should be picked."""

    def __init__(self, consultants: Sequence[Consultant]) -> None:
        self._consultants = consultants

    def pick(self, rng: random.Random, day: dt.date, *, other_than: int | None = None) -> Consultant:
        """Somebody who works on a day, and is not a certain one."""
        while True:
            found = pick(rng, self._consultants)
            if found.id != other_than and found.works_on(day):
                return found


@dataclass(frozen=True)
class World:
    """What every history takes place in."""

    as_of: dt.date
    moments: Moments
    roster: Roster
    rng: random.Random


@dataclass(slots=True)
class Holding:
    """A Distribution row to be."""

    consultant_id: int
    origin: Origin
    started_on: dt.date
    created_at: dt.datetime
    status: DistributionStatus = DistributionStatus.FOLLOWING
    ended_on: dt.date | None = None
    closed_at: dt.datetime | None = None
    memo: str | None = None


@dataclass(slots=True)
class Talk:
    """A FollowUp row to be."""

    consultant_id: int
    at: dt.datetime
    saved_on: dt.date
    note: str
    intent: Intent
    next_contact_on: dt.date | None


@dataclass(slots=True)
class History:
    """One customer's history and, at its end, his columns. He begins as a lead in the pool."""

    world: World
    date: dt.date
    status: CustomerStatus = CustomerStatus.NOT_ENROLLED
    consultant_id: int | None = None
    recv_date: dt.date | None = None
    last_consult_date: dt.date = field(init=False)
    public_on: dt.date | None = field(init=False)
    public_as: DistributionStatus | None = None
    holdings: list[Holding] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    _day: dt.date | None = None
    _second: int = 0

    def __post_init__(self) -> None:
        self.last_consult_date = self.public_on = self.date

    @property
    def falls_on(self) -> dt.date:
        """The day a held customer turns public if nothing more happens."""
        assert self.public_on is not None
        return self.public_on

    @property
    def won_on(self) -> dt.date | None:
        """The day of his enrolment."""
        return self.holdings[-1].ended_on if self.status is CustomerStatus.ENROLLED else None

    def receive(self, consultant_id: int, day: dt.date, origin: Origin, *, second: int | None = None) -> None:
        """A public customer, or one just transferred, begins with a consultant."""
        if second is None:
            second = self._second if origin is Origin.TRANSFER else self._receipt(day)
        self._day, self._second = day, second
        self.consultant_id = consultant_id
        self.recv_date = self.last_consult_date = day
        self._set_clock()
        self.holdings.append(Holding(consultant_id, origin, day, self.world.moments.at(day, second)))

    def follow_up(self, day: dt.date, note: str, intent: Intent, next_contact_on: dt.date | None, *,
                  second: int | None = None) -> None:
        """His consultant follows him up, which moves the clock."""
        assert self.consultant_id is not None
        self._day, self._second = day, self._next_second(day) if second is None else second
        at = self.world.moments.at(day, self._second)
        self.talks.append(Talk(self.consultant_id, at, day, note, intent, next_contact_on))
        self.last_consult_date = day
        self._set_clock()

    def expire(self) -> bool:
        """The night of his fall closes his holding, if it has come by the as-of date."""
        if self.falls_on > self.world.as_of:
            return False
        assert self.public_as is not None
        self._day, self._second = self.falls_on, 2 + int(self.world.rng.random() * 36)
        self._close(self.public_as)
        return True

    def release(self, day: dt.date, memo: str | None) -> None:
        """His consultant gives him back to the pool."""
        self._later(day)
        self._close(DistributionStatus.RELEASED, memo)
        self.public_on, self.public_as = day, DistributionStatus.RELEASED

    def leave(self, day: dt.date, memo: str | None) -> None:
        """His consultant has to give him up; `receive` with a transfer must come next."""
        self._later(day)
        self._close(DistributionStatus.TRANSFERRED, memo)

    def enrol(self, day: dt.date) -> None:
        """He is won and leaves the clock."""
        self._later(day)
        self._close(DistributionStatus.ENROLLED)
        self.status = CustomerStatus.ENROLLED
        self.public_on = self.public_as = None

    def _set_clock(self) -> None:
        assert self.recv_date is not None
        end = _fall(self.recv_date, self.last_consult_date)
        self.public_on, self.public_as = end.public_on, end.public_as

    def _close(self, status: DistributionStatus, memo: str | None = None) -> None:
        row = self.holdings[-1]
        assert self._day is not None
        row.status, row.ended_on, row.memo = status, self._day, memo
        row.closed_at = self.world.moments.at(self._day, self._second)

    def _later(self, day: dt.date) -> None:
        self._day, self._second = day, self._next_second(day)

    def _receipt(self, day: dt.date) -> int:
        """When a customer is received: in working hours, sometimes minutes after the night that freed him."""
        if day == self._day and self._second < HOUR and happens(self.world.rng, _EARLY_BIRDS):
            return 60 + int(self.world.rng.random() * 500)
        return _OPENS + int(self.world.rng.random() * (_LAST_RECEIPT - _OPENS))

    def _next_second(self, day: dt.date) -> int:
        """In working hours; after what has happened on the day already."""
        if day == self._day and self._second >= _OPENS:
            return self._second + 600 + int(self.world.rng.random() * 4800)
        return _OPENS + int(self.world.rng.random() * (_CLOSES - _OPENS))
