"""Histories that are arranged: the story of 龙泰, and enough for the demo consultants to do on the as-of date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from app.demo.chance import happens, pick
from app.demo.histories import HOUR, History, World
from app.demo.lives import COLD, HOT, WARM, Warmth, hold, win
from app.demo.names import Name
from app.demo.notes import RELEASE_MEMOS, Notes, Stage
from app.models.choices import DistributionStatus, Gender, Intent, Origin
from app.services.rules import fall

Scene = Callable[[World, Notes], History]
"""Plays one customer's history."""

LONG_TAI = Name("龙泰", Gender.MALE, "龙", "long", "tai")
LOST = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL)
_COMES_SECOND_HAND, _CALLED_AT_ONCE, _IS_WARM = 0.5, 0.7, 0.6
_BEFORE_NEW_LEADS = 12
_SEARCHED = 40
"""How many days back a holding that ends on a certain day is looked for: longer than any holds."""


def days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


def long_tai(sanjiang: int, baoyu: int) -> Scene:
    """The worked example of the design, up to the night of its 05-23; 大傻 is to claim next."""
    def play(world: World, notes: Notes) -> History:
        d = world.as_of
        history = History(world, d - days(20))
        history.receive(sanjiang, d - days(20), Origin.ENTRY, second=10 * HOUR)
        followed = [(20, 11, Stage.FIRST, Intent.NO_PLAN), (18, 15, Stage.WARM, Intent.TWO_MONTHS),
                    (15, 10, Stage.WARM, Intent.ONE_MONTH), (12, 16, Stage.COLD, Intent.ONE_MONTH),
                    (9, 11, Stage.WARM, Intent.TWO_WEEKS), (7, 19, Stage.HOT, Intent.TWO_WEEKS),
                    (5, 12, Stage.HOT, Intent.ONE_WEEK)]
        for before, hour, stage, intent in followed:
            next_on = d - days(before - 2)
            history.follow_up(d - days(before), notes.write(stage, next_on), intent, next_on, second=hour * HOUR)
        history.expire()
        history.receive(baoyu, d - days(4), Origin.CLAIM, second=12 * HOUR)
        history.expire()
        return history
    return play


def _search(world: World, falls_on: dt.date, ends_as: DistributionStatus) -> list[tuple[dt.date, dt.date]]:
    """All receipts and last follow-ups before the as-of date after which a customer falls on a day in a way.

    There are none that fall later than someone followed up the day before: nothing happens on the as-of date itself.
    """
    found = []
    for back in range(1, _SEARCHED):
        received = world.as_of - days(back)
        for last in (received + days(after) for after in range(back)):
            end = fall(received, last)
            if last < end.public_on == falls_on and end.public_as is ends_as:
                found.append((received, last))
    return found


def _begin(world: World, notes: Notes, consultant_id: int, received: dt.date) -> History:
    """A customer who comes to a consultant on a day, in half the cases after another one lost him."""
    rng = world.rng
    history = History(world, received)
    if happens(rng, _COMES_SECOND_HAND):
        former = world.roster.pick(rng, received - days(40), other_than=consultant_id)
        earlier = History(world, received - days(20 + int(rng.random() * 40)))
        if former.left_on is None:
            earlier.receive(former.id, earlier.date, Origin.ASSIGNMENT)
            ended = hold(world, earlier, former, COLD, notes)
            if ended in LOST and earlier.falls_on <= received:
                history = earlier
    history.receive(consultant_id, received, Origin.CLAIM if history.holdings else Origin.ENTRY)
    return history


def _follow_until(history: History, last: dt.date, warmth: Warmth, notes: Notes,
                  next_contact_on: dt.date | None) -> None:
    """Follow a customer up, never letting him fall, until a last day."""
    rng = history.world.rng
    intent, stage = warmth.first_intent, Stage.FIRST if len(history.holdings) == 1 else Stage.TAKEN_OVER
    day = history.last_consult_date
    if not happens(rng, _CALLED_AT_ONCE):
        stage, day = pick(rng, warmth.stages), day + days(1)
    while day <= last:
        next_on = next_contact_on if day == last else day + days(2)
        history.follow_up(day, notes.write(stage, next_on), intent, next_on)
        intent, stage = Intent(min(intent + int(rng.random() * 2), warmth.last_intent)), pick(rng, warmth.stages)
        if day == last:
            break
        day = min(day + days(1 + int(rng.random() * 3)), history.falls_on - days(1), last)


def falls(consultant_id: int, in_days: int, ends_as: DistributionStatus, *, due_in: int | None = None) -> Scene:
    """A customer who falls so many days after the as-of date, or before it, from a consultant.

    Args:
        due_in: the next contact, so many days after the as-of date.
    """
    def play(world: World, notes: Notes) -> History:
        received, last = pick(world.rng, _search(world, world.as_of + days(in_days), ends_as))
        history = _begin(world, notes, consultant_id, received)
        due = None if due_in is None else max(world.as_of + days(due_in), last)
        _follow_until(history, last, WARM if happens(world.rng, _IS_WARM) else HOT, notes, due)
        history.expire()
        return history
    return play


def won(consultant_id: int, days_ago: int) -> Scene:
    """A customer whom a consultant won so many days before the as-of date."""
    def play(world: World, notes: Notes) -> History:
        day = world.as_of - days(days_ago)
        history = _begin(world, notes, consultant_id, day - days(3 + int(world.rng.random() * 8)))
        _follow_until(history, day - days(1), HOT, notes, day)
        win(history, day, notes)
        return history
    return play


def released(consultant_id: int, days_ago: int) -> Scene:
    """A customer whom a consultant released so many days before the as-of date."""
    def play(world: World, notes: Notes) -> History:
        day = world.as_of - days(days_ago)
        history = _begin(world, notes, consultant_id, day - days(2))
        _follow_until(history, day, COLD, notes, None)
        history.release(day, RELEASE_MEMOS[0])
        return history
    return play


def new_lead(days_ago: int) -> Scene:
    """A lead who came into the pool so many days before the as-of date and whom nobody has held."""
    def play(world: World, _notes: Notes) -> History:
        return History(world, world.as_of - days(days_ago))
    return play


def arranged(consultant_ids: Sequence[int], as_of: dt.date) -> list[Scene]:
    """What the demo consultants find, each in turn, with new leads for all; the most telling first."""
    this_month = max(1, as_of.day - 1)
    turns = zip(*(_for_one(consultant, this_month) for consultant in consultant_ids), strict=True)
    scenes = [scene for turn in turns for scene in turn]
    return [*scenes[:_BEFORE_NEW_LEADS], *(new_lead(days_ago) for days_ago in (1, 1, 2, 3)),
            *scenes[_BEFORE_NEW_LEADS:]]


def _for_one(me: int, this_month: int) -> list[Scene]:
    """What one consultant finds.

    Args:
        this_month: days since the month began, so that what he won and lost shows in its numbers; at least one.
    """
    three, fifteen = LOST

    def ago(wanted: int) -> int:
        return min(wanted, this_month)

    return [
        falls(me, 1, three, due_in=0), falls(me, 0, three), won(me, ago(2)), falls(me, 2, three, due_in=0),
        falls(me, 1, fifteen, due_in=0), falls(me, -1, fifteen), falls(me, 3, fifteen, due_in=1), won(me, ago(5)),
        falls(me, 3, three, due_in=0), falls(me, 2, fifteen, due_in=-1), falls(me, 0, fifteen), released(me, ago(1)),
        falls(me, 3, three, due_in=2), falls(me, -ago(3), three), won(me, ago(9)), falls(me, 3, three, due_in=0),
        falls(me, -ago(6), fifteen), falls(me, -1, three)]
