"""Whose turn it is: the write-up's example, and any series of ranks, leads and absences against a naive oracle."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.choices import Absence
from app.services.assignment_rounds import Loads, PassedOver, Rank, Rounds, build, upcoming
from tests.support.sizes import FULL_SIZE

A, B, C = 1, 2, 3
EXAMPLE = [Rank(A, num=3, weight=1), Rank(B, num=2, weight=2), Rank(C, num=1, weight=3)]
NAMES = {A: "a", B: "b", C: "c"}
PAUSED = Absence.PAUSED


def letters(consultant_ids) -> str:
    return " ".join(NAMES[each] for each in consultant_ids)


def from_the_start(ranks, number: int, absent=None) -> list[int]:
    """Who gets so many leads if nobody changes anything."""
    turns = upcoming(Rounds(0, (), 0, build(ranks)), absent or {})
    return [turn.consultant_id for turn in islice(turns, number)]


class TestTheRound:
    def test_of_the_write_up(self):
        assert letters(build(EXAMPLE)) == "c b a b a a"

    def test_gives_fourteen_leads_six_five_and_three(self):
        dealt = from_the_start(EXAMPLE, 14)
        assert letters(dealt) == "c b a b a a c b a b a a c b"
        assert {NAMES[each]: number for each, number in Counter(dealt).items()} == {"a": 6, "b": 5, "c": 3}

    def test_lets_the_lowest_id_go_first_among_equals(self):
        assert build([Rank(9, 1, 5), Rank(4, 2, 5), Rank(7, 1, 5)]) == (4, 7, 9, 4)

    def test_has_no_slot_for_who_has_none(self):
        assert build([Rank(A, 0, 9), Rank(B, 1, 1)]) == (B,)
        assert build([Rank(A, 0, 9)]) == ()
        assert build([]) == ()


class TestWhoIsPassedOver:
    def test_has_his_slot_spent_and_is_named(self):
        rounds = Rounds(7, build(EXAMPLE), 0, build(EXAMPLE))
        turn = rounds.turn({C: PAUSED})
        assert (turn.consultant_id, turn.round, turn.slot) == (B, 7, 2)
        assert turn.passed_over == (PassedOver(C, PAUSED, 1),)
        assert rounds.after(turn).position == 2
        assert letters(from_the_start(EXAMPLE, 10, {C: PAUSED})) == "b a b a a b a b a a"

    def test_is_passed_over_across_the_end_of_a_round(self):
        rounds = Rounds(7, build(EXAMPLE), 4, build(EXAMPLE))
        turn = rounds.turn({A: PAUSED, C: Absence.LEFT})
        assert (turn.consultant_id, turn.round, turn.slot) == (B, 8, 2)
        assert [(each.consultant_id, each.slot) for each in turn.passed_over] == [(A, 5), (A, 6), (C, 1)]
        assert rounds.after(turn) == Rounds(8, build(EXAMPLE), 2, build(EXAMPLE))

    def test_leaves_the_lead_to_the_pool_if_nobody_is_left(self):
        rounds = Rounds(7, build(EXAMPLE), 4, build(EXAMPLE))
        turn = rounds.turn(dict.fromkeys((A, B, C), PAUSED))
        assert turn.consultant_id is turn.slot is turn.round is None
        assert {each.consultant_id for each in turn.passed_over} == {A, B, C}
        assert rounds.after(turn) == Rounds(7, build(EXAMPLE), 6, build(EXAMPLE))  # the next one has not started
        assert list(upcoming(rounds, dict.fromkeys((A, B, C), PAUSED))) == []

    def test_is_nobody_where_there_is_no_round(self):
        turn = Rounds(0, (), 0, ()).turn({})
        assert turn.consultant_id is None
        assert turn.passed_over == ()


def test_ranks_that_were_changed_count_when_the_round_ends():
    rounds = Rounds(7, build(EXAMPLE), 4, build([Rank(B, 2, 1)]))
    assert letters(turn.consultant_id for turn in islice(upcoming(rounds, {}), 6)) == "a a b b b b"


def test_who_has_room_for_few_more_is_passed_over_once_he_has_them():
    rounds = Rounds(7, build(EXAMPLE), 0, build(EXAMPLE))
    assert letters(turn.consultant_id for turn in islice(upcoming(rounds, {}, {A: 2, B: 3}), 9)) == "c b a b a c b c c"


class TestTheFewestOpenCustomers:
    def test_get_the_next_lead_and_among_equals_the_order_of_a_pass_decides(self):
        turns = islice(upcoming(Loads({C: 2, B: 0, A: 2}), {}), 6)
        assert letters(turn.consultant_id for turn in turns) == "b b c b a c"

    def test_pass_over_who_would_have_come_before(self):
        turn = Loads({C: 4, B: 0, A: 1}).turn({B: PAUSED, C: PAUSED})
        assert (turn.consultant_id, turn.open_customers) == (A, 1)
        assert turn.passed_over == (PassedOver(B, PAUSED),)

    def test_leave_the_lead_to_the_pool_if_nobody_is_left(self):
        assert Loads({}).turn({}).consultant_id is None
        assert Loads({A: 1}).turn({A: PAUSED}).consultant_id is None


# --- a naive oracle: a list that is eaten from the front, and filled again when it is empty --------------------------


def naive_round(ranks: dict[int, tuple[int, int]]) -> list[int]:
    """The words of the design: in pass c = 0, 1, 2 … append everyone with num > c, until a pass is empty."""
    found: list[int] = []
    for c in range(100):
        by_weight = sorted(ranks)
        by_weight.sort(key=lambda each: ranks[each][1], reverse=True)
        found += [each for each in by_weight if ranks[each][0] > c]
    return found


class NaiveFloor:
    """Someone with a list on paper who crosses out the first name for each lead."""

    def __init__(self) -> None:
        self.paper: list[int] = []

    def lead(self, ranks, absent) -> int | None:
        while True:
            while self.paper:
                name = self.paper.pop(0)
                if name not in absent:
                    return name
            fresh = naive_round(ranks)
            if not [name for name in fresh if name not in absent]:
                return None
            self.paper = fresh


PEOPLE = st.integers(1, 6)
RANKS = st.dictionaries(PEOPLE, st.tuples(st.integers(0, 4), st.integers(-2, 2)), max_size=6)
STEPS = st.lists(st.one_of(
    st.just(("lead",)), st.just(("lead",)), st.just(("lead",)),
    st.tuples(st.just("rank"), PEOPLE, st.integers(0, 4), st.integers(-2, 2)),
    st.tuples(st.just("unrank"), PEOPLE), st.tuples(st.just("gone"), PEOPLE), st.tuples(st.just("back"), PEOPLE)),
    min_size=1, max_size=60)


@pytest.mark.fuzz
@settings(max_examples=2000 if FULL_SIZE else 300, deadline=None)
@given(RANKS, STEPS)
def test_any_series_of_leads_edits_and_absences_ends_as_on_paper(ranks, steps):
    ranks, absent, naive = dict(ranks), {}, NaiveFloor()
    number, slots, position = 0, (), 0
    for what, *values in steps:
        if what == "rank":
            ranks[values[0]] = (values[1], values[2])
        elif what == "unrank":
            ranks.pop(values[0], None)
        elif what == "gone":
            absent[values[0]] = PAUSED
        elif what == "back":
            absent.pop(values[0], None)
        else:
            rounds = Rounds(number, slots, position, build(Rank(each, *ranks[each]) for each in ranks))
            turn = rounds.turn(absent)
            assert turn.consultant_id == naive.lead(ranks, absent)
            assert {each.consultant_id for each in turn.passed_over} <= set(absent)
            after = rounds.after(turn)
            number, slots, position = after.number, after.slots, after.position
            assert list(slots[position:]) == naive.paper
