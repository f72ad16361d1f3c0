"""Gain and loss: consultants are told who came to them and who left them, why, and through whom; in a night or an order
that moves many, how many.
"""

from __future__ import annotations

import datetime as dt

import pytest
from flask_babel import force_locale
from sqlalchemy import delete, select

from app.models import Customer, Notice, SalesRank
from app.models.choices import AssignmentStrategy, DistributionStatus, ErasureReason, NoticeKind, Origin
from app.services import assignment, audit, customers, enrolments, erasure, expiry, hands, notice_texts, transfers
from app.services.audit import Actor
from app.services.transfers import Plan

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus
GAINED, LOST = NoticeKind.GAINED, NoticeKind.LOST


@pytest.fixture
def told(session):
    """Whom people were told of since they were asked last, by name: kind, customer and details."""
    def ask(employee):
        found = list(session.scalars(select(Notice).where(Notice.employee_id == employee.id)
                                     .outerjoin(Notice.customer).order_by(Customer.name, Notice.id)))
        answer = [(each.kind, each.customer.name if each.customer else None, each.details) for each in found]
        for each in found:
            session.delete(each)
        session.commit()
        return answer
    return ask


@pytest.fixture
def as_(session, clock):
    """What is done from here on is this person's doing."""
    return lambda employee: audit.act_as(session, Actor("web", clock, employee.id))


@pytest.fixture
def held(make_customer, school, session):
    """`held(3)`: customers of 三江, of whose coming nobody was told anything."""
    def make(number=1, *, holder=None, on=None):
        made = [make_customer(f"客户{each}", holder=holder or school.sanjiang, on=on) for each in range(number)]
        session.execute(delete(Notice))
        session.commit()
        return made
    return make


@pytest.fixture
def night(session, clock):
    """Runs the night of today, in batches."""
    def run(*, batch=2, stop_after=None):
        done = []

        def commit(*_counts):
            session.commit()
            done.append(1)
            if len(done) == stop_after:
                raise KeyboardInterrupt

        expiry.expire(session, clock.today(), now=clock.now, on_batch=commit, batch=batch)
    return run


class TestACustomerWhoComes:
    def test_by_somebody_elses_hand_is_told(self, school, held, floor, told, as_):
        (customer,) = held()
        as_(school.manager)
        floor.assign(customer, to=school.baoyu)
        assert told(school.baoyu) == [(GAINED, "客户0", {"origin": "transfer", "by_id": school.manager.id})]
        assert told(school.sanjiang) == [(LOST, "客户0", {
            "as": TRANSFERRED, "by_id": school.manager.id, "to_id": school.baoyu.id})]

    def test_from_the_pool_is_told_as_assigned(self, school, make_customer, floor, told, as_):
        as_(school.manager)
        floor.assign(make_customer("新来的"), to=school.baoyu)
        assert told(school.baoyu) == [(GAINED, "新来的", {"origin": "assignment", "by_id": school.manager.id})]

    def test_by_ones_own_doing_is_no_news(self, school, make_customer, floor, told, as_):
        as_(school.sanjiang)
        make_customer("自己的", holder=school.sanjiang)
        floor.claim(make_customer("公海的"), by=school.sanjiang)
        assert told(school.sanjiang) == []

    def test_because_it_was_ones_turn_says_so(self, session, school, clock, told, as_):
        session.add(SalesRank(consultant_id=school.sanjiang.id, num=1, weight=1))
        as_(school.manager)
        lead = Customer(name="轮到", qq="4455667")
        assignment.enter(session, lead, AssignmentStrategy.ROUND, today=clock.today(), now=clock.now())
        session.commit()
        assert told(school.sanjiang) == [(GAINED, "轮到", {"origin": "assignment", "turn": 1})]

    def test_back_after_an_enrolment_was_undone_is_told(self, session, school, held, clock, told, as_):
        (customer,) = held()
        as_(school.manager)
        enrolments.enrol(session, customer.id, today=clock.today(), now=clock.now())
        assert told(school.sanjiang) == []
        enrolments.undo(session, customer.id, today=clock.today(), now=clock.now())
        assert told(school.sanjiang) == [(GAINED, "客户0", {"origin": "reinstated", "by_id": school.manager.id})]

    def test_is_told_of_in_the_transaction_in_which_he_comes(self, session, school, held, clock, told):
        (customer,) = held()
        customers.assign(session, customer.id, school.baoyu.id, today=clock.today(), now=clock.now())
        session.rollback()
        assert told(school.baoyu) == told(school.sanjiang) == []


class TestACustomerWhoGoes:
    def test_released_by_another_is_told_and_by_oneself_is_not(self, school, held, floor, told, as_):
        one, other = held(2)
        as_(school.manager)
        floor.release(one)
        as_(school.sanjiang)
        floor.release(other)
        assert told(school.sanjiang) == [(LOST, "客户0", {
            "as": RELEASED, "by_id": school.manager.id, "to_id": None})]

    def test_fallen_is_told_once_be_it_by_the_night_or_by_a_claim(self, school, held, floor, told, night, clock, as_):
        one, other = held(2)
        clock.advance(days=4)
        as_(school.baoyu)
        floor.claim(one, by=school.baoyu)
        night()
        night()
        fell = {"as": NO_FOLLOW_UP, "public_on": clock.today().isoformat()}
        assert told(school.sanjiang) == [(LOST, one.name, fell), (LOST, other.name, fell)]
        assert told(school.baoyu) == []

    def test_erased_is_told_without_a_name(self, session, school, held, told, clock, as_):
        (customer,) = held()
        as_(school.admin)
        erasure.erase_customers(session, [customer.id], ErasureReason.REQUESTED, today=clock.today(), now=clock.now())
        assert [(kind, name) for kind, name, _details in told(school.sanjiang)] == [(LOST, f"#{customer.id}")]


class TestAnUndoneMerge:
    def test_tells_whose_holding_goes_on_and_who_has_one_of_the_two_no_longer(self, school, make_customer, floor, told,
                                                                                as_):
        mine, his = make_customer("龙泰", holder=school.sanjiang), make_customer("龙太", holder=school.baoyu)
        as_(school.manager)
        made = floor.merge(mine, his, school.manager)
        assert told(school.baoyu)[-1][0] == LOST
        told(school.sanjiang)
        floor.part(made, school.manager)
        said = {"merge_undone": 1, "by_id": school.manager.id}
        assert told(school.baoyu) == [(GAINED, "龙太", said)]
        assert told(school.sanjiang) == [(LOST, "龙太", said)]

    def test_and_the_same_merge_once_more_is_a_loss_once_more(self, school, make_customer, floor, told, as_, clock):
        mine, his = make_customer("龙泰", holder=school.sanjiang), make_customer("龙太", holder=school.baoyu)
        as_(school.manager)
        made = floor.merge(mine, his, school.manager)
        floor.part(made, school.manager)
        told(school.baoyu)
        clock.advance(minutes=1)
        floor.merge(mine, floor.session.get_one(Customer, made.merged_id), school.manager)
        assert [kind for kind, _name, _details in told(school.baoyu)] == [LOST]

    def test_tells_of_one_who_is_back_in_the_pool(self, school, make_customer, floor, told, as_):
        mine, his = make_customer("龙泰"), make_customer("龙太", holder=school.baoyu)
        as_(school.manager)
        made = floor.merge(mine, his, school.manager)
        told(school.baoyu)
        floor.part(made, school.manager)
        assert [(kind, name) for kind, name, _details in told(school.baoyu)] == [(LOST, "龙泰")]

    def test_tells_nobody_of_what_he_does_himself(self, school, make_customer, floor, told, as_):
        mine, his = make_customer("龙泰", holder=school.sanjiang), make_customer("龙太", holder=school.baoyu)
        made = floor.merge(mine, his, school.manager)
        told(school.baoyu)
        as_(school.baoyu)
        floor.part(made, school.baoyu)
        assert told(school.baoyu) == []

    def test_says_so_in_words(self, app, session, school, make_customer, floor, as_):
        mine, his = make_customer("龙泰", holder=school.sanjiang), make_customer("龙太", holder=school.baoyu)
        as_(school.manager)
        floor.part(floor.merge(mine, his, school.manager), school.manager)
        found = [each for each in session.scalars(select(Notice)) if "merge_undone" in each.details]
        with app.test_request_context(), force_locale("en"):
            assert {notice_texts.sentence(each, {}) for each in found} == {
                "龙太 is with you again: the merge was undone.", "龙太 is no longer with you: the merge was undone."}


class TestANight:
    def test_that_takes_many_of_somebody_tells_their_number_once(self, school, held, make_customer, told, night, clock):
        held(7)
        make_customer("暴雨的", holder=school.baoyu)
        clock.advance(days=4)
        night(batch=3)
        [(kind, customer, details)] = told(school.sanjiang)
        assert (kind, customer) == (LOST, None)
        assert details == {"number": 7, "no_follow_up_number": 7, "no_deal_number": 0}
        assert [name for _kind, name, _details in told(school.baoyu)][-1:] == ["暴雨的"]

    @pytest.mark.parametrize("batches", [1, 2, 3])
    def test_that_died_tells_the_same_when_it_is_made_good(self, session, school, held, told, night, clock, batches):
        held(7)
        clock.advance(days=4)
        with pytest.raises(KeyboardInterrupt):
            night(stop_after=batches)
        night()
        assert [details["number"] for _kind, _name, details in told(school.sanjiang)] == [7]

    def test_makes_what_grows_unread_again(self, session, school, held, night, clock):
        held(7)
        clock.advance(days=4)
        with pytest.raises(KeyboardInterrupt):
            night(stop_after=1)
        session.scalars(select(Notice)).one().read_at = clock()
        session.commit()
        night()
        assert session.scalars(select(Notice)).one().read_at is None

    def test_asks_no_more_for_many_than_for_few(self, school, held, count_queries, night, clock, session):
        held(10)
        clock.advance(days=4)
        session.commit()
        with count_queries() as few:
            night(batch=100)
        held(40)
        clock.advance(days=4)
        session.commit()
        with count_queries() as many:
            night(batch=100)
        assert many.count == few.count


class TestAnOrder:
    @pytest.fixture
    def move(self, session, school, clock, as_):
        def order(chosen, plan, *, batch=2):
            as_(school.manager)
            transfer = transfers.order(session, school.manager, Customer.id.in_([each.id for each in chosen]), plan,
                                       today=clock.today(), now=clock.now())
            transfers.carry_out(session, transfer.id, today=clock.today, now=clock.now,
                                on_batch=lambda *_counts: session.commit(), batch=batch)
        return order

    def test_of_a_handful_names_each(self, school, held, move, told):
        move(held(3), Plan(recipients=(school.baoyu.id,)))
        assert told(school.baoyu) == [(GAINED, f"客户{number}", {
            "origin": "transfer", "by_id": school.manager.id, "from_id": school.sanjiang.id}) for number in range(3)]
        assert told(school.sanjiang) == [(LOST, f"客户{number}", {
            "as": TRANSFERRED, "by_id": school.manager.id, "to_id": school.baoyu.id}) for number in range(3)]

    def test_of_many_tells_one_number_to_each(self, school, held, move, told):
        move(held(12), Plan(recipients=(school.baoyu.id, school.dasha.id)))
        for recipient in (school.baoyu, school.dasha):
            assert told(recipient) == [(GAINED, None, {
                "number": 6, "origin": "transfer", "by_id": school.manager.id, "from_id": school.sanjiang.id})]
        assert told(school.sanjiang) == [(LOST, None, {
            "number": 12, "as": TRANSFERRED, "by_id": school.manager.id, "to_id": None})]

    def test_into_the_pool_is_told_as_a_release(self, school, held, move, told):
        move(held(6), Plan(release=True))
        assert told(school.sanjiang) == [(LOST, None, {
            "number": 6, "as": RELEASED, "by_id": school.manager.id, "to_id": None})]

    def test_counts_only_who_was_moved(self, school, held, move, told, floor):
        chosen = held(8)
        floor.enrol(chosen[0])
        move(chosen, Plan(recipients=(school.baoyu.id,)))
        assert [details["number"] for _kind, _name, details in told(school.baoyu)] == [7]

    def test_of_the_pool_takes_from_nobody(self, school, held, move, told, clock):
        chosen = held(6)
        clock.advance(days=4)
        move(chosen, Plan(recipients=(school.baoyu.id,)))
        assert told(school.baoyu) == [(GAINED, None, {
            "number": 6, "origin": "assignment", "by_id": school.manager.id, "from_id": None})]
        assert {details["as"] for _kind, _name, details in told(school.sanjiang)} == {NO_FOLLOW_UP}

    def test_hands_enrolled_ones_over_with_a_word_too(self, school, held, move, told, floor):
        (customer,) = held()
        floor.enrol(customer)
        move([customer], Plan(recipients=(school.baoyu.id,), leaver=school.sanjiang))
        assert [(kind, name) for kind, name, _details in told(school.baoyu)] == [(GAINED, "客户0")]


def test_details_hold_nobodys_name_or_contact(session, school, held, floor, as_, night, clock):
    held(7)
    (customer,) = held(holder=school.baoyu)
    as_(school.manager)
    floor.assign(customer, to=school.dasha)
    clock.advance(days=4)
    night()
    for details in session.scalars(select(Notice.details)):
        for value in details.values():
            assert value is None or isinstance(value, int) or value in set(Origin) or dt.date.fromisoformat(value)
    assert hands.FELL == (NO_FOLLOW_UP, NO_DEAL)
