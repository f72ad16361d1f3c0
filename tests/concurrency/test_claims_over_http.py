"""Two people at the same moment: exactly one wins, whatever the number of web processes.

Real requests from 200 threads to a real server with eight processes; the full size is 500 claims on 50 customers,
twenty rounds (GONGHAI_TEST_SIZE=full).
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.crowd import Answer, all_at_once
from tests.support.databases import on_both_databases
from tests.support.sizes import FULL_SIZE

pytestmark = [pytest.mark.race, on_both_databases]

THREADS, CUSTOMERS, ROUNDS = (500, 50, 20) if FULL_SIZE else (200, 20, 1)
CONSULTANTS = 40


def race(arena, everyone, customer_ids) -> list[Answer]:
    """Every customer is claimed by as many people at once; no one claims the same customer twice."""
    claims = []
    for turn in range(THREADS):
        customer_id = customer_ids[turn % len(customer_ids)]
        person = everyone[(turn // len(customer_ids) + turn) % len(everyone)]
        claims.append(lambda person=person, customer_id=customer_id: person.claim(customer_id))
    return all_at_once(claims)


def winners(answers: list[Answer]) -> Counter[int]:
    return Counter(customer_id for answer in answers for customer_id in answer.json()["won"])


class TestManyPeopleClaimAtOnce:
    def test_each_customer_has_one_winner(self, arena, serve):
        arena.open(CONSULTANTS)
        server = serve()
        everyone = arena.log_everyone_in(server)
        for _ in range(ROUNDS):
            ids = arena.fallen(CUSTOMERS)
            answers = race(arena, everyone, ids)
            assert Counter(answer.status for answer in answers) == {200: CUSTOMERS, 409: THREADS - CUSTOMERS}
            assert winners(answers) == Counter(ids)
            refusals = [lost["reason"] for answer in answers for lost in answer.json()["lost"]]
            assert set(refusals) == {"taken"}
            assert len(refusals) == THREADS - CUSTOMERS
            assert {id_: arena.claims_on_record()[id_] for id_ in ids} == dict.fromkeys(ids, 1)
            assert {id_: arena.open_rows()[id_] for id_ in ids} == dict.fromkeys(ids, 1)
        arena.check_whole()
        assert "database is locked" not in server.log
        assert "Traceback" not in server.log

    def test_many_ticked_at_once_are_each_won_by_one(self, arena, serve):
        arena.open(12)
        server = serve()
        everyone = arena.log_everyone_in(server)
        ids = arena.fallen(30)
        answers = all_at_once([lambda person=person: person.claim(*ids) for person in everyone])
        assert {answer.status for answer in answers} <= {200, 409}
        assert winners(answers) == Counter(ids)
        assert arena.claims_on_record() == Counter(ids)
        for answer in answers:
            assert sorted([*answer.json()["won"], *(lost["id"] for lost in answer.json()["lost"])]) == ids
        arena.check_whole()
        assert "Traceback" not in server.log

    def test_one_person_with_two_browsers_wins_once(self, arena, serve):
        arena.open(1)
        server = serve()
        [person] = arena.log_everyone_in(server)
        [customer_id] = arena.fallen(1)
        answers = all_at_once([lambda: person.claim(customer_id)] * 20)
        assert Counter(answer.status for answer in answers) == {200: 1, 409: 19}
        assert {lost["reason"] for answer in answers for lost in answer.json()["lost"]} == {"not_public"}
        assert arena.open_rows() == {customer_id: 1}


class TestTheNegativeControl:
    """The same race on a claim that reads, then writes, without the index: it must be caught."""

    def test_a_naive_claim_has_more_than_one_winner(self, arena, serve):
        arena.open(CONSULTANTS)
        server = serve(app="tests.support.naive_claim:create_app()")
        arena.drop_the_index()
        try:
            everyone = arena.log_everyone_in(server)
            ids = arena.fallen(CUSTOMERS)
            told = [answer for answer in race(arena, everyone, ids) if answer.status in {200, 409}]
            assert max(winners(told).values()) > 1  # what a naive claim breaks besides is not what is shown here
            assert max(arena.claims_on_record().values()) > 1
        finally:
            arena.restore_the_index()
