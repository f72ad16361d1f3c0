"""Whose turn it is: the round by sales rank and the fewest open customers, as arithmetic without a database.

Both are asked the same way: `turn` says who gets the next lead and who is passed over for it, `after` how things stand
then, `people` whom they may name at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from app.models.choices import Absence

Absent = Mapping[int, Absence]
"""Who cannot be given a lead at the moment, and why."""


@dataclass(frozen=True)
class Rank:
    """A consultant's rank: how many slots in a round, and what weight within a pass."""

    consultant_id: int
    num: int
    weight: int


@dataclass(frozen=True)
class PassedOver:
    """Somebody whose turn it was and who could not be given the lead; `slot` is the one he lost, if it was spent."""

    consultant_id: int
    reason: Absence
    slot: int | None = None


@dataclass(frozen=True)
class Turn:
    """Who gets a lead, and why he.

    Args:
        consultant_id: None if nobody is left, and the lead goes to the pool.
        round: the number of the round his slot is in.
        slot: its place in the round, counted from 1.
        open_customers: how many he held before, where that decides.
        passed_over: whose turn came before, in order.
    """

    consultant_id: int | None
    round: int | None = None
    slot: int | None = None
    open_customers: int | None = None
    passed_over: tuple[PassedOver, ...] = ()


class Dealing(Protocol):
    """How leads are dealt out, as things stand."""

    @property
    def people(self) -> frozenset[int]:
        """Everyone whose turn may come."""

    def turn(self, absent: Absent) -> Turn:
        """Who gets the next lead."""

    def after(self, turn: Turn) -> Dealing:
        """How things stand once he has it."""


def ordered(ranks: Iterable[Rank]) -> list[Rank]:
    """Those who get leads at all, in the order of a pass: the highest weight first, among equals the lowest id."""
    return sorted((rank for rank in ranks if rank.num > 0), key=lambda rank: (-rank.weight, rank.consultant_id))


def build(ranks: Iterable[Rank]) -> tuple[int, ...]:
    """A round: in pass 0, 1, 2 … everyone with more slots than that, until a pass is empty.

    a(num 3, weight 1), b(2, 2) and c(1, 3) give c b a b a a.
    """
    listed = ordered(ranks)
    passes = max((rank.num for rank in listed), default=0)
    return tuple(rank.consultant_id for number in range(passes) for rank in listed if rank.num > number)


@dataclass(frozen=True)
class Rounds:
    """Rounds by sales rank: the slots of the present one, how many are spent, and the one that would start next."""

    number: int
    slots: tuple[int, ...]
    position: int
    following: tuple[int, ...]

    @property
    def people(self) -> frozenset[int]:
        return frozenset((*self.slots[self.position:], *self.following))

    def turn(self, absent: Absent) -> Turn:
        """The next slot of somebody who is there. The slots before it are spent.

        When the round ends the next one starts, unless nobody in it is there: then the lead goes to the pool.
        """
        passed_over: list[PassedOver] = []
        for slot, consultant_id in enumerate(self.slots[self.position:], self.position + 1):
            if consultant_id not in absent:
                return Turn(consultant_id, self.number, slot, passed_over=tuple(passed_over))
            passed_over.append(PassedOver(consultant_id, absent[consultant_id], slot))
        if all(each in absent for each in self.following):
            passed_over += [PassedOver(each, absent[each]) for each in dict.fromkeys(self.following)]
            return Turn(None, passed_over=tuple(passed_over))
        found = self._next_round().turn(absent)
        return replace(found, passed_over=(*passed_over, *found.passed_over))

    def after(self, turn: Turn) -> Rounds:
        """The round with the slot and those before it spent, or the one that started with it."""
        if turn.slot is None:
            return replace(self, position=len(self.slots))
        return replace(self if turn.round == self.number else self._next_round(), position=turn.slot)

    def _next_round(self) -> Rounds:
        return Rounds(self.number + 1, self.following, 0, self.following)


@dataclass(frozen=True)
class Loads:
    """The fewest open customers: how many each holds, in the order of a pass, which decides among equals."""

    held: Mapping[int, int]

    @property
    def people(self) -> frozenset[int]:
        return frozenset(self.held)

    def turn(self, absent: Absent) -> Turn:
        """Whoever is there and holds the fewest; those who are not and hold no more are passed over."""
        passed_over: list[PassedOver] = []
        for consultant_id in sorted(self.held, key=self.held.__getitem__):  # a stable sort: equals keep their order
            if consultant_id not in absent:
                return Turn(consultant_id, open_customers=self.held[consultant_id], passed_over=tuple(passed_over))
            passed_over.append(PassedOver(consultant_id, absent[consultant_id]))
        return Turn(None, passed_over=tuple(passed_over))

    def after(self, turn: Turn) -> Loads:
        """He holds one more."""
        if turn.consultant_id is None:
            return self
        return Loads({**self.held, turn.consultant_id: self.held[turn.consultant_id] + 1})


def upcoming(dealing: Dealing, absent: Absent, room: Mapping[int, int] | None = None) -> Iterator[Turn]:
    """Who would get the next leads if nothing else changed; ends where they would go to the pool.

    Args:
        room: how many more customers each may hold, of those who have a limit.
    """
    absent, left = dict(absent), dict(room or {})
    while (turn := dealing.turn(absent)).consultant_id is not None:
        yield turn
        dealing = dealing.after(turn)
        if turn.consultant_id in left:
            left[turn.consultant_id] -= 1
            if left[turn.consultant_id] <= 0:
                absent[turn.consultant_id] = Absence.FULL
