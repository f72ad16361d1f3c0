"""Histories left to chance: one to five hands, each as warm as the customer and as diligent as its consultant.

A consultant who leaves the school hands his customers over, which can make it one more.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from app.demo.chance import happens, pick, weighted
from app.demo.histories import Consultant, History, World
from app.demo.notes import RELEASE_MEMOS, TRANSFER_MEMOS, Notes, Stage
from app.models.choices import DistributionStatus, Intent, Origin, Source

MOST_HANDS = 5


@dataclass(frozen=True)
class Warmth:
    """How near to enrolling a customer is: what he says, and how likely each talk is the one that wins him."""

    first_intent: Intent
    last_intent: Intent
    wins: float
    stages: tuple[Stage, ...]


COLD = Warmth(Intent.NO_PLAN, Intent.TWO_MONTHS, 0.003, (Stage.COLD, Stage.COLD, Stage.WARM))
WARM = Warmth(Intent.TWO_MONTHS, Intent.TWO_WEEKS, 0.035, (Stage.WARM, Stage.WARM, Stage.COLD))
HOT = Warmth(Intent.ONE_MONTH, Intent.TWO_DAYS, 0.15, (Stage.WARM, Stage.HOT, Stage.HOT))
_WARMTHS = weighted([(COLD, 50), (WARM, 36), (HOT, 14)])

_NEGLECT = weighted([(0.04, 25), (0.22, 40), (0.55, 35)])
"""How likely a consultant lets the next contact slip: some never, some often."""

_PLANNED_GAPS = weighted([(1, 30), (2, 40), (3, 30)])
_SLIPS = weighted([(1, 30), (2, 30), (4, 40)])
_FIRST_GAPS = weighted([(0, 62), (1, 22), (2, 10), (3, 6)])
_ORIGINS = weighted([(Origin.ENTRY, 40), (Origin.ASSIGNMENT, 42), (Origin.IMPORT, 5), (None, 13)])
_TAKEN_FROM_POOL = weighted([(Origin.CLAIM, 85), (Origin.ASSIGNMENT, 15)])
_WAITS = weighted([(0, 25), (1, 12), (2, 9), (4, 10), (8, 12), (16, 12), (32, 12), (64, 8)])
_TAKEN_AGAIN = (0.8, 0.52, 0.45, 0.38, 0.3)
"""How likely a public customer is ever taken, by the hands he has been through."""

_RELEASES, _TRANSFERS = 0.012, 0.012
_IS_AGREED, _GETS_WARMER, _PAYS_AT_ONCE = 0.85, 0.4, 0.4


def live(world: World, history: History, notes: Notes, source: Source) -> History:
    """Draw one customer's fate from his first day to the as-of date."""
    rng = world.rng
    warmth = pick(rng, _WARMTHS)
    origin = Origin.ENTRY if source is Source.REFERRAL else pick(rng, _ORIGINS)
    day: dt.date | None = history.date
    if origin is None:
        day, origin = _taken_on(world, history), Origin.CLAIM
    while day is not None:
        consultant = world.roster.pick(rng, day, other_than=history.consultant_id)
        history.receive(consultant.id, day, origin)
        ended = hold(world, history, consultant, warmth, notes)
        if ended is DistributionStatus.TRANSFERRED:
            day, origin = history.holdings[-1].ended_on, Origin.TRANSFER
        elif ended in (DistributionStatus.FOLLOWING, DistributionStatus.ENROLLED):
            day = None
        else:
            day, origin = _taken_on(world, history), pick(rng, _TAKEN_FROM_POOL)
    return history


def hold(world: World, history: History, consultant: Consultant, warmth: Warmth, notes: Notes) -> DistributionStatus:
    """One consultant's time with a customer, as it ended or FOLLOWING if it still lasts on the as-of date."""
    rng = world.rng
    neglect = pick(rng, _NEGLECT)
    may_change = len(history.holdings) < MOST_HANDS
    intent = warmth.first_intent
    stage = Stage.FIRST if len(history.holdings) == 1 else Stage.TAKEN_OVER
    if history.holdings[-1].origin is Origin.TRANSFER:
        day = history.last_consult_date + dt.timedelta(days=1)
    else:
        day = _slipped(rng, history.last_consult_date, pick(rng, _FIRST_GAPS), neglect)
    while True:
        if not consultant.works_on(min(day, history.falls_on - dt.timedelta(days=1))):
            assert consultant.left_on is not None
            history.leave(consultant.left_on, "离职交接")
            return DistributionStatus.TRANSFERRED
        if day >= min(history.falls_on, world.as_of):
            history.expire()
            return history.holdings[-1].status
        drawn = rng.random()
        if drawn < warmth.wins and stage is not Stage.FIRST:
            return win(history, day, notes)
        planned = pick(rng, _PLANNED_GAPS)
        next_on = day + dt.timedelta(days=planned) if happens(rng, _IS_AGREED) else None
        history.follow_up(day, notes.write(stage, next_on), intent, next_on)
        if may_change and drawn > 1 - _RELEASES - _TRANSFERS:
            return _give_up(rng, history, day, released=drawn > 1 - _RELEASES)
        stage = pick(rng, warmth.stages)
        if intent < warmth.last_intent and happens(rng, _GETS_WARMER):
            intent = Intent(intent + 1)
        day = _slipped(rng, day, planned, neglect)


def win(history: History, day: dt.date, notes: Notes) -> DistributionStatus:
    """The talk that wins him, and the enrolment."""
    intent = Intent.PAID if happens(history.world.rng, _PAYS_AT_ONCE) else Intent.ENROLLED
    history.follow_up(day, notes.write(Stage.WON), intent, None)
    history.enrol(day)
    return DistributionStatus.ENROLLED


def _give_up(rng: random.Random, history: History, day: dt.date, *, released: bool) -> DistributionStatus:
    if released:
        history.release(day, pick(rng, RELEASE_MEMOS))
        return DistributionStatus.RELEASED
    history.leave(day, pick(rng, TRANSFER_MEMOS))
    return DistributionStatus.TRANSFERRED


def _slipped(rng: random.Random, day: dt.date, gap: int, neglect: float) -> dt.date:
    """When a contact planned in so many days takes place."""
    if happens(rng, neglect):
        gap += pick(rng, _SLIPS)
    return day + dt.timedelta(days=gap)


def _taken_on(world: World, history: History) -> dt.date | None:
    """When someone takes a public customer out of the pool; None if not before the as-of date, or ever."""
    rng, hands = world.rng, len(history.holdings)
    if hands >= MOST_HANDS or not happens(rng, _TAKEN_AGAIN[hands]):
        return None
    wait = pick(rng, _WAITS)
    if history.holdings and history.holdings[-1].status is DistributionStatus.RELEASED:
        wait += 1
    day = history.falls_on + dt.timedelta(days=wait + int(rng.random() * wait))
    return day if day < world.as_of else None
