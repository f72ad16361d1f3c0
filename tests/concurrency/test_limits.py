"""A hundred claims of one person at the same moment, against a limit of N, end in N."""

from __future__ import annotations

from collections import Counter

import pytest

from app.services.claims import Refusal
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases
from tests.support.floor import Floor

pytestmark = [pytest.mark.race, on_both_databases]

CLAIMS, LIMIT = 100, 7


@pytest.fixture
def rush(arena):
    """`rush(server, holding_limit=7)`: one person claims a hundred customers at once; how each claim ended."""
    def claim_all(server, **rules: int) -> Counter[str]:
        ids = arena.fallen(CLAIMS)
        with arena.session() as session:
            Floor(session, arena.clock).rules(**rules)
        [person] = arena.log_everyone_in(server)
        answers = all_at_once([lambda customer_id=customer_id: person.claim(customer_id) for customer_id in ids])
        return Counter(answer.json()["lost"][0]["reason"] if answer.status == 409 else "won" for answer in answers)

    return claim_all


@pytest.mark.parametrize(("limit", "refusal"), [
    ("holding_limit", Refusal.HOLDING_LIMIT), ("daily_claim_limit", Refusal.DAILY_LIMIT)])
def test_no_more_are_won_than_the_limit_allows(arena, serve, rush, limit, refusal):
    arena.open(1)
    assert rush(serve(), **{limit: LIMIT}) == {"won": LIMIT, refusal.value: CLAIMS - LIMIT}
    assert sum(arena.open_rows().values()) >= LIMIT
    arena.check_whole()


def test_the_negative_control_ends_in_more(arena, serve, rush):
    arena.open(1)
    assert rush(serve(app="tests.support.naive_limit:create_app()"), holding_limit=LIMIT)["won"] > LIMIT
