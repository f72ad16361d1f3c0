"""Automatic assignment: the round in the database, the ledger, and who is passed over."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import AssignmentEntry, AssignmentRound, AuditEntry, Customer, Leave
from app.models.choices import (
    Absence,
    AssignmentStrategy,
    DepartmentFunction,
    DistributionStatus,
    LeaveState,
    Origin,
)
from app.services import assignment, assignment_ledger
from app.services.assignment_rounds import upcoming
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

ROUND, FEWEST = AssignmentStrategy


def got(entry: AssignmentEntry) -> str:
    """Who got the lead, by the write-up's letters; - is the pool."""
    return "-" if entry.consultant is None else {"dasha": "a", "baoyu": "b", "sanjiang": "c"}[entry.consultant.username]


class TestALead:
    def test_goes_to_whoevers_turn_it_is(self, ranks, lead):
        assert " ".join(got(lead()) for _ in range(14)) == "c b a b a a c b a b a a c b"

    def test_is_received_as_an_assignment_and_noted_with_slot_and_round(self, session, school, ranks, lead, floor):
        lead()
        entry = lead()
        assert floor.rows(entry.customer) == [
            ("暴雨", DistributionStatus.FOLLOWING, Origin.ASSIGNMENT, floor.today, None)]
        assert (entry.round_id, entry.slot, len(entry.round.slots)) == (1, 2, 6)
        assert entry.consultant_id == entry.customer.consultant_id == school.baoyu.id
        assert entry.passed_over == []
        audited = session.scalars(select(AuditEntry).where(AuditEntry.table_name == "assignment_entry",
                                                           AuditEntry.row_id == entry.id)).one()
        assert audited.person_id == entry.customer_id

    def test_that_is_refused_spends_nobodys_turn(self, session, clock, ranks, lead):
        first = lead()
        with pytest.raises(DomainError):
            assignment.enter(session, Customer(name="又来", qq=first.customer.qq), ROUND, today=clock.today(),
                             now=clock.now())
        session.rollback()
        assert got(lead()) == "b"

    def test_goes_to_the_pool_where_there_are_no_ranks(self, session, lead, clock):
        entry = lead()
        assert entry.consultant is entry.distribution_id is entry.round is None
        assert entry.customer.is_public(clock.today())
        assert entry.passed_over == []

    def test_out_of_the_pool_is_given_likewise(self, session, school, ranks, make_customer, clock, floor):
        fallen = make_customer(holder=school.baoyu, on=clock.today().replace(day=1))
        clock.advance(days=9)
        entry = assignment.assign(session, fallen.id, ROUND, today=clock.today(), now=clock.now())
        session.commit()
        assert got(entry) == "c"
        assert [row[:3] for row in floor.rows(fallen)] == [
            ("暴雨", DistributionStatus.NO_FOLLOW_UP, Origin.ENTRY),
            ("三江", DistributionStatus.FOLLOWING, Origin.ASSIGNMENT)]

    def test_that_somebody_holds_is_not_dealt_out(self, session, school, ranks, make_customer, clock, lead):
        held = make_customer(holder=school.dasha)
        with pytest.raises(ConflictError):
            assignment.assign(session, held.id, ROUND, today=clock.today(), now=clock.now())
        session.rollback()
        assert got(lead()) == "c"


class TestTheRound:
    def test_is_stored_when_it_starts_and_edits_wait_for_its_end(self, session, ranks, lead):
        lead()
        stored = session.get(AssignmentRound, 1)
        assert (len(stored.slots), stored.position) == (6, 1)
        ranks["dasha"].num, ranks["baoyu"].weight = 1, 9
        session.delete(ranks["sanjiang"])
        session.commit()
        assert " ".join(got(lead()) for _ in range(8)) == "b a b a a b a b"
        assert session.get(AssignmentRound, 2).slots == [ranks["baoyu"].consultant_id, ranks["dasha"].consultant_id,
                                                         ranks["baoyu"].consultant_id]

    def test_starts_with_the_ranks_as_they_are_then(self, session, ranks, lead):
        for _ in range(6):
            lead()
        for rank in ranks.values():
            rank.num = 0
        session.commit()
        assert got(lead()) == "-"
        ranks["dasha"].num = 1
        session.commit()
        assert got(lead()) == "a"

    def test_tells_who_gets_the_next_leads_and_changes_nothing_by_that(self, session, ranks, lead, clock):
        for _ in range(4):
            lead()
        ranks["sanjiang"].paused = True
        session.commit()
        dealing = assignment.dealing(session, ROUND, today=clock.today())
        turns = upcoming(dealing, assignment.unavailable(session, dealing.people, clock.today()))
        told = [next(turns).consultant_id for _ in range(10)]
        session.commit()
        assert [lead().consultant_id for _ in range(10)] == told


class TestWhoIsPassedOver:
    @pytest.mark.parametrize(("reason", "happens"), [
        (Absence.PAUSED, lambda _school, rank: setattr(rank, "paused", True)),
        (Absence.LEFT, lambda school, _rank: setattr(school.sanjiang, "active", False)),
        (Absence.NOT_IN_SALES, lambda school, _rank: setattr(school.sanjiang, "department", school.departments[1000])),
    ])
    def test_loses_his_slot_and_the_ledger_says_why(self, session, school, ranks, lead, reason, happens):
        happens(school, ranks["sanjiang"])
        session.commit()
        entry = lead()
        assert (got(entry), entry.slot) == ("b", 2)
        assert entry.passed_over == [{"consultant_id": school.sanjiang.id, "reason": reason.value, "slot": 1}]
        assert [(each.name, each.reason) for each in assignment_ledger.skipped(session, [entry])[entry.id]] == [
            ("三江", reason)]

    def test_is_who_is_on_leave(self, session, school, ranks, lead, clock):
        session.add(Leave(employee_id=school.sanjiang.id, first_on=clock.today(), last_on=clock.today(),
                          state=LeaveState.APPROVED))
        session.commit()
        entry = lead()
        assert (got(entry), entry.passed_over[0]["reason"]) == ("b", Absence.ON_LEAVE.value)
        clock.advance(days=1)
        assert got(lead()) == "a"

    def test_is_who_holds_as_many_as_he_may(self, ranks, lead, floor):
        floor.rules(holding_limit=1)
        assert [got(lead()) for _ in range(4)] == ["c", "b", "a", "-"]

    def test_is_back_with_the_next_lead(self, session, ranks, lead):
        rank = ranks["baoyu"]
        lead()
        assignment.pause(session, rank.id, paused=True)
        session.commit()
        assert got(lead()) == "a"
        assignment.pause(session, rank.id, paused=False)
        session.commit()
        assert got(lead()) == "b"

    def test_is_everyone_and_so_the_lead_goes_to_the_pool(self, session, school, ranks, lead, clock):
        lead()
        school.departments[1001].function = school.departments[1005].function = DepartmentFunction.OTHER
        session.commit()
        entry = lead()
        assert got(entry) == "-"
        assert {each["consultant_id"] for each in entry.passed_over} == {each.id for each in school.consultants}
        assert entry.customer.is_public(clock.today())
        school.departments[1001].function = DepartmentFunction.SALES
        session.commit()
        assert got(lead()) == "c"  # the rest of the first round is spent

    def test_needs_a_rank_to_be_paused(self, session):
        with pytest.raises(NotFoundError):
            assignment.pause(session, 7, paused=True)


class TestTheFewestOpenCustomers:
    def test_get_the_lead_whatever_the_round_says(self, session, school, ranks, lead, make_customer):
        for holder in (school.sanjiang, school.sanjiang, school.baoyu):
            make_customer(holder=holder)
        entries = [lead(strategy=FEWEST) for _ in range(5)]
        assert " ".join(map(got, entries)) == "a b a c b"
        assert [entry.open_customers for entry in entries] == [0, 1, 1, 2, 2]
        assert {entry.round_id for entry in entries} == {None}
        assert got(lead(strategy=ROUND)) == "c"  # no slot was spent

    def test_is_asked_among_those_with_slots_only(self, session, ranks, lead):
        ranks["dasha"].num = 0
        ranks["baoyu"].paused = True
        session.commit()
        assert " ".join(got(lead(strategy=FEWEST)) for _ in range(3)) == "c c c"


class TestTheLedger:
    def test_is_read_newest_first_by_pages(self, session, school, ranks, lead):
        entries = [lead() for _ in range(7)]
        first = assignment_ledger.page(session, size=4)
        assert first.entries == entries[:2:-1]
        second = assignment_ledger.page(session, size=4, before=first.before)
        assert (second.entries, second.before) == (entries[2::-1], None)
        his = assignment_ledger.page(session, consultant_id=school.dasha.id)
        assert his.entries == [entries[5], entries[4], entries[2]]

    def test_tells_each_ones_share(self, session, school, ranks, lead, clock):
        lead()
        clock.advance(days=40)
        for _ in range(11):
            lead()
        told = {share.rank.consultant.name: (share.received, share.due)
                for share in assignment_ledger.shares(session, since=clock.now())}
        assert told == {"三江": (1, pytest.approx(11 / 6)), "暴雨": (4, pytest.approx(22 / 6)),
                        "大傻": (6, pytest.approx(33 / 6))}

    def test_loses_a_lead_that_was_deleted_as_a_mistake(self, session, lead):
        from app.services import customers

        entry = lead()
        customers.delete(session, entry.customer_id)
        session.commit()
        assert session.query(AssignmentEntry).count() == 0
