"""Orders to move customers: who gets whom, what is refused, how a leaver is handed over, what is left half way."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, true

from app.errors import ConflictError, DomainError, NotAllowedError, NotFoundError
from app.models import AuditEntry, Customer, Distribution, TransferLine
from app.models.choices import DistributionStatus, LeaverLogin, LineState, Origin, RowScope, TransferKind
from app.services import customers, pool, transfers
from app.services.transfers import Plan
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus


@pytest.fixture
def move(session, school, clock):
    """`move(customers, Plan(…), by=school.manager)`: ordered, carried out, and the lines by the customers' names."""
    def order(chosen, plan, *, by=None, batch=transfers.BATCH, at=None):
        condition = chosen if not isinstance(chosen, list) else Customer.id.in_([each.id for each in chosen])
        transfer = transfers.order(session, by or school.manager, condition, plan, today=clock.today(),
                                   now=clock.now())
        session.commit()
        if at:
            at()
        carry_on(transfer.id, batch=batch)
        order.last = transfer
        return {line.customer.name: (line.recipient.username if line.recipient else None, line.state)
                for line in session.scalars(select(TransferLine).where(TransferLine.transfer_id == transfer.id)
                                            .order_by(TransferLine.customer_id))}

    def carry_on(number, *, batch=transfers.BATCH, stop_after=None):
        batches = []

        def commit(done, total):
            session.commit()
            batches.append((done, total))
            if len(batches) == stop_after:
                raise KeyboardInterrupt

        transfers.carry_out(session, number, today=clock.today, now=clock.now, on_batch=commit, batch=batch)
        return batches

    order.carry_on = carry_on
    return order


@pytest.fixture
def leaver(school, session, make_customer, floor):
    """三江 holds three, has enrolled two, and lost one to the pool."""
    school.lost = make_customer("公海", holder=school.sanjiang)
    floor.release(school.lost)
    school.held = [make_customer(name, holder=school.sanjiang) for name in "甲乙丙"]
    school.enrolled = [make_customer(name, holder=school.sanjiang) for name in "丁戊"]
    for customer in school.enrolled:
        floor.enrol(customer)
    return school.sanjiang


class TestSeveral:
    def test_go_to_one(self, move, make_customer, school, floor):
        held, lead = make_customer("甲", holder=school.sanjiang), make_customer("乙")
        assert move([held, lead], Plan((school.baoyu.id,))) == {
            "甲": ("baoyu", LineState.MOVED), "乙": ("baoyu", LineState.MOVED)}
        assert [row[:3] for row in floor.rows(held)] == [("三江", TRANSFERRED, Origin.ENTRY),
                                                         ("暴雨", FOLLOWING, Origin.TRANSFER)]
        assert [row[:3] for row in floor.rows(lead)] == [("暴雨", FOLLOWING, Origin.ASSIGNMENT)]

    def test_are_spread_evenly(self, move, make_customer, school):
        chosen = [make_customer(f"客{number}", holder=school.sanjiang) for number in range(7)]
        moved = [to for to, _state in move(chosen, Plan((school.baoyu.id, school.dasha.id))).values()]
        assert (moved.count("baoyu"), moved.count("dasha")) == (4, 3)

    def test_stay_with_nobody_who_has_them_already(self, move, make_customer, school):
        chosen = [make_customer("甲", holder=school.sanjiang), make_customer("乙", holder=school.baoyu),
                  make_customer("丙"), make_customer("丁")]
        moved = move(chosen, Plan((school.sanjiang.id, school.baoyu.id)))
        assert moved["甲"] == ("baoyu", LineState.MOVED)
        assert moved["乙"] == ("sanjiang", LineState.MOVED)

    def test_who_have_fallen_end_as_the_night_would_have_ended_them(self, move, make_customer, school, floor, clock):
        fallen = make_customer("甲", holder=school.sanjiang)
        clock.advance(days=6)
        move([fallen], Plan((school.baoyu.id,)))
        assert floor.rows(fallen)[0] == ("三江", NO_FOLLOW_UP, Origin.ENTRY, dt.date(2026, 3, 2), dt.date(2026, 3, 6))
        assert floor.rows(fallen)[1][2] is Origin.ASSIGNMENT

    def test_are_released(self, move, make_customer, school, floor, clock):
        chosen = [make_customer("甲", holder=school.sanjiang), make_customer("乙")]
        assert move(chosen, Plan(release=True)) == {"甲": (None, LineState.MOVED)}
        assert [row[1] for row in floor.rows(chosen[0])] == [RELEASED]
        assert chosen[0].is_public(clock.today())

    def test_who_have_enrolled_are_left_alone(self, move, make_customer, school, floor):
        chosen = [make_customer("甲", holder=school.sanjiang), make_customer("乙", holder=school.sanjiang)]
        floor.enrol(chosen[1])
        assert move(chosen, Plan((school.baoyu.id,))) == {"甲": ("baoyu", LineState.MOVED)}

    def test_of_whom_nobody_can_be_moved_are_no_order(self, move, make_customer, school):
        with pytest.raises(ConflictError):
            move([make_customer("甲")], Plan(release=True))

    def test_need_somebody_to_get_them(self, move, make_customer, school, session):
        chosen = [make_customer("甲", holder=school.sanjiang)]
        with pytest.raises(DomainError) as refused:
            move(chosen, Plan())
        assert refused.value.field == "consultant_id"
        with pytest.raises(NotFoundError):
            move(chosen, Plan((987654,)))
        with pytest.raises(ConflictError):
            move(chosen, Plan((school.teacher.id,)))

    def test_are_at_most_so_many(self, move, make_customer, school, monkeypatch):
        monkeypatch.setattr(transfers, "MOST", 1)
        with pytest.raises(ConflictError):
            move([make_customer("甲"), make_customer("乙")], Plan((school.baoyu.id,)))


class TestWhatHappensMeanwhile:
    def test_who_was_claimed_is_left_to_whoever_has_him(self, move, make_customer, school, floor):
        lead, other = make_customer("甲"), make_customer("乙")
        moved = move([lead, other], Plan((school.baoyu.id,)), at=lambda: floor.claim(lead, by=school.dasha))
        assert moved == {"甲": ("baoyu", LineState.REFUSED), "乙": ("baoyu", LineState.MOVED)}
        assert lead.consultant_id == school.dasha.id

    def test_who_enrolled_stays(self, move, make_customer, school, floor, session):
        held = make_customer("甲", holder=school.sanjiang)
        assert move([held], Plan((school.baoyu.id,)), at=lambda: floor.enrol(held)) == {
            "甲": ("baoyu", LineState.REFUSED)}
        assert session.scalars(select(TransferLine.reason)).one()

    def test_who_was_erased_or_deleted_is_left_out(self, move, make_customer, school, floor, session):
        lead, other = make_customer("甲"), make_customer("乙")

        def delete():
            customers.delete(session, lead.id)
            session.commit()

        assert move([lead, other], Plan((school.baoyu.id,)), at=delete) == {"乙": ("baoyu", LineState.MOVED)}

    def test_a_recipient_who_left_gets_nobody_and_the_others_theirs(self, move, make_customer, school, session):
        chosen = [make_customer(f"客{number}", holder=school.sanjiang) for number in range(4)]

        def leave():
            school.dasha.active = False
            session.commit()

        moved = move(chosen, Plan((school.baoyu.id, school.dasha.id)), at=leave)
        assert set(moved.values()) == {("baoyu", LineState.MOVED), ("dasha", LineState.REFUSED)}

    def test_what_one_may_no_longer_do_is_not_done(self, move, make_customer, school, session):
        held = make_customer("甲", holder=school.sanjiang)

        def revoke():
            school.roles["manager"].permission_codes = ["customer.read"]
            session.commit()

        with pytest.raises(NotAllowedError):
            move([held], Plan((school.baoyu.id,)), at=revoke)
        session.rollback()
        assert held.consultant_id == school.sanjiang.id

    def test_what_is_beyond_ones_reach_by_now_is_not_done(self, move, make_customer, school, session):
        mine, theirs = make_customer("甲", holder=school.sanjiang), make_customer("乙", holder=school.baoyu)

        def narrow():
            school.roles["manager"].scope = RowScope.DEPARTMENT
            school.manager.department = school.departments[1001]
            session.commit()

        moved = move([mine, theirs], Plan((school.dasha.id,)), at=narrow)
        assert moved == {"甲": ("dasha", LineState.MOVED), "乙": ("dasha", LineState.REFUSED)}


class TestALeaver:
    def test_gives_all_he_holds_and_all_he_enrolled_to_one(self, move, leaver, school, floor, session, clock):
        moved = move(transfers.with_employee(leaver.id, clock.today()), Plan((school.baoyu.id,), leaver=leaver))
        assert set(moved.values()) == {("baoyu", LineState.MOVED)}
        assert set(moved) == set("甲乙丙丁戊")
        for customer in school.held:
            assert [row[:3] for row in floor.rows(customer)] == [
                ("三江", TRANSFERRED, Origin.ENTRY), ("暴雨", FOLLOWING, Origin.TRANSFER)]
        assert school.lost.consultant_id == leaver.id, "one in the pool is nobody's to hand over"
        assert leaver.active
        assert move.last.kind is TransferKind.HAND_OVER

    def test_an_enrolled_one_stays_outside_the_clock_and_was_won_by_who_won_him(self, move, leaver, school, floor,
                                                                              session, clock):
        move(transfers.with_employee(leaver.id, clock.today()), Plan((school.baoyu.id,), leaver=leaver))
        enrolled = school.enrolled[0]
        assert enrolled.is_enrolled
        assert enrolled.public_on is None
        assert enrolled.belongs_to(school.baoyu.id, clock.today())
        assert [row[:2] for row in floor.rows(enrolled)] == [("三江", WON)]
        floor.undo(enrolled)
        assert [row[:3] for row in floor.rows(enrolled)][1:] == [("暴雨", FOLLOWING, Origin.REINSTATED)]

    def test_is_spread_over_the_team(self, move, leaver, school, clock):
        moved = move(transfers.with_employee(leaver.id, clock.today()),
                     Plan((school.baoyu.id, school.dasha.id), leaver=leaver))
        assert [to for to, _state in moved.values()] == ["baoyu", "dasha", "baoyu", "dasha", "baoyu"]

    def test_releases_who_is_held_and_keeps_or_gives_the_enrolled(self, move, leaver, school, clock, session):
        mine = transfers.with_employee(leaver.id, clock.today())
        assert move(mine, Plan(release=True, leaver=leaver)) == dict.fromkeys("甲乙丙", (None, LineState.MOVED))
        assert school.enrolled[0].consultant_id == leaver.id
        moved = move(mine, Plan((school.baoyu.id,), release=True, leaver=leaver))
        assert moved == dict.fromkeys("丁戊", ("baoyu", LineState.MOVED))

    def test_is_deactivated_with_his_last_customer(self, move, leaver, school, session, clock, login):
        browser = login("sanjiang")
        move(transfers.with_employee(leaver.id, clock.today()),
             Plan((school.baoyu.id,), leaver=leaver, deactivates=True), by=school.admin)
        session.refresh(leaver)
        assert (leaver.active, move.last.login) == (False, LeaverLogin.ENDED)
        assert browser.get("/admin/").status_code == 302

    def test_takes_along_whom_he_got_meanwhile(self, move, leaver, school, session, clock, floor, make_customer):
        lead = make_customer("抢来的")
        moved = move(transfers.with_employee(leaver.id, clock.today()),
                     Plan((school.baoyu.id,), leaver=leaver, deactivates=True), by=school.admin,
                     at=lambda: floor.claim(lead, by=leaver), batch=2)
        assert moved["抢来的"] == ("baoyu", LineState.MOVED)
        assert move.last.login is LeaverLogin.ENDED

    def test_without_customers_is_only_deactivated(self, move, school, clock):
        assert move(transfers.with_employee(school.dasha.id, clock.today()),
                    Plan(release=True, leaver=school.dasha, deactivates=True), by=school.admin) == {}
        assert not school.dasha.active

    def test_stays_while_a_customer_is_refused(self, move, leaver, school, session, clock):
        def leave():
            school.baoyu.active = False
            session.commit()

        move(transfers.with_employee(leaver.id, clock.today()),
             Plan((school.baoyu.id,), leaver=leaver, deactivates=True), by=school.admin, at=leave)
        assert (leaver.active, move.last.login) == (True, LeaverLogin.HOLDS)
        assert move.last.is_over

    def test_is_not_deactivated_by_whoever_may_not(self, move, leaver, school, clock):
        move(transfers.with_employee(leaver.id, clock.today()),
             Plan((school.baoyu.id,), leaver=leaver, deactivates=True), by=school.manager)
        assert (leaver.active, move.last.login) == (True, LeaverLogin.REFUSED)

    def test_gives_nobody_to_himself(self, move, leaver, clock):
        with pytest.raises(ConflictError):
            move(transfers.with_employee(leaver.id, clock.today()), Plan((leaver.id,), leaver=leaver))


class TestInBatches:
    def test_each_of_which_is_a_transaction_and_it_goes_on_where_it_stopped(self, move, make_customer, school, session,
                                                                          clock):
        chosen = [make_customer(f"客{number}", holder=school.sanjiang) for number in range(7)]
        transfer = transfers.order(session, school.manager, Customer.id.in_([each.id for each in chosen]),
                                   Plan((school.baoyu.id, school.dasha.id)), today=clock.today(), now=clock.now())
        session.commit()
        with pytest.raises(KeyboardInterrupt):
            move.carry_on(transfer.id, batch=2, stop_after=2)
        session.rollback()
        assert transfers.states(session, transfer.id) == {LineState.MOVED: 4, LineState.WAITING: 3}
        assert not transfer.is_over
        assert move.carry_on(transfer.id, batch=2) == [(6, 7), (7, 7)]
        assert transfer.is_over
        assert sorted(number for _who, number in transfers.received(session, transfer.id)) == [3, 4]
        assert move.carry_on(transfer.id) == [(7, 7)], "what is over stays as it is"

    def test_every_step_is_in_the_log(self, move, leaver, school, session, clock):
        before = session.scalars(select(AuditEntry.id).order_by(AuditEntry.id.desc())).first() or 0
        move(transfers.with_employee(leaver.id, clock.today()),
             Plan((school.baoyu.id,), leaver=leaver, deactivates=True), by=school.admin)
        entries = session.execute(select(AuditEntry.table_name, AuditEntry.action).where(AuditEntry.id > before)).all()
        tables = [table for table, _action in entries]
        assert tables.count("customer") == 5
        assert tables.count("distribution") == 6
        assert {"transfer", "employee"} <= set(tables)


class TestWhatIsShownBefore:
    def test_whose_they_are(self, session, make_customer, school, floor, clock, leaver):
        lead = make_customer("新")
        theirs = make_customer("别", holder=school.baoyu)
        found = transfers.shares(session, true(), today=clock.today(), soon=4)
        told = [(share.consultant.username if share.consultant else None, share.held, share.falling, share.public,
                 share.enrolled) for share in found]
        assert told == [("sanjiang", 3, 3, 1, 2), ("baoyu", 1, 1, 0, 0), (None, 0, 0, 1, 0)]
        assert Plan().number(found) == 6
        assert Plan(release=True).number(found) == 4
        before = transfers.token(found)
        floor.assign(theirs, to=school.dasha)
        assert transfers.token(transfers.shares(session, true(), today=clock.today())) != before
        assert lead.consultant_id is None

    def test_within_a_department(self, session, make_customer, school, clock, leaver):
        make_customer("别", holder=school.baoyu)
        found = transfers.shares(session, transfers.with_somebody(clock.today(), 1005), today=clock.today())
        assert [share.consultant for share in found] == [school.baoyu]
        assert pool.numbers_held(session, today=clock.today()) == {school.sanjiang.id: 3, school.baoyu.id: 1}


def test_nobody_who_was_moved_or_moves_can_be_deleted(session, move, make_customer, school, make_employee):
    from app.services import employees

    assistant = make_employee("助理", department=1007, role="manager")
    move([make_customer("甲", holder=school.sanjiang)], Plan((school.baoyu.id,)), by=assistant)
    with pytest.raises(ConflictError):
        employees.check_deletable(session, assistant)
    assert session.scalars(select(Distribution)).all()
