"""Two customers become one with everything both have; undone, everything is as it was."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from app.errors import ConflictError, DomainError, NotFoundError
from app.extensions import Base
from app.models import (
    AssignmentEntry,
    AuditEntry,
    Campus,
    Course,
    Customer,
    Distribution,
    FollowUp,
    Merge,
    Notice,
    PersonKey,
    TransferLine,
)
from app.models.audit import AuditAction, PersonKind
from app.models.choices import AssignmentStrategy, DistributionStatus, ErasureReason, NoticeKind, Origin, Source
from app.services import audit, customers, erasure, known_contact, merge_record, merges, personal_data, timeline
from app.services.audit import Actor
from app.services.transfers import Plan
from tests.support.databases import on_both_databases

ONE_DAY = dt.timedelta(days=1)
FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, MERGED = DistributionStatus


@pytest.fixture
def contents(session):
    """`contents()` gives all rows of all tables but the log's and the merges'."""
    def read() -> dict[str, list[dict]]:
        session.rollback()
        return {table.name: [dict(row) for row in session.execute(
                    select(table).order_by(*table.primary_key)).mappings()]
                for table in Base.metadata.sorted_tables if table.name not in (
                    "audit_entry", "person_key", "merge", "notice")}  # what was told was told

    return read


@pytest.fixture
def courses(session):
    made = [Course(name=name) for name in ("甲", "乙", "丙")]
    session.add_all(made)
    session.commit()
    return made


@pytest.fixture
def two(session, school, make_customer, make_follow_up, courses, floor, clock):
    """龙泰 and 龙太, with a row of every kind that refers to a customer: three of the first's, more of the second's."""
    earlier = clock.today() - dt.timedelta(days=5)
    mine = make_customer("龙泰", holder=school.sanjiang, qq="8866123", mobile="13800000001", company="一厂",
                         courses=courses[:2])
    his = make_customer("龙太", holder=school.dasha, on=earlier, mobile="13800000002", wechat="longtai_88",
                        company="二厂", major="会计", source=Source.REFERRAL, courses=courses[1:])
    floor.night()
    floor.move(Customer.id.in_([mine.id, his.id]), Plan((school.baoyu.id,)), school.admin)
    make_follow_up(his, "再想想")
    make_customer("朋友", referral_from_id=his.id)
    other = make_customer("又一个")
    row = session.scalars(select(Distribution).where(Distribution.customer_id == his.id)).first()
    session.add_all([
        AssignmentEntry(at=clock.now(), customer_id=his.id, consultant_id=row.consultant_id, distribution_id=row.id,
                        strategy=AssignmentStrategy.FEWEST_OPEN, open_customers=0, passed_over=[]),
        Notice(employee_id=school.dasha.id, kind=NoticeKind.LOST, customer_id=his.id, details={}, key="lost 1",
               created_at=clock.now())])
    session.commit()
    floor.merge(his, other, school.manager)  # so the second has been merged himself
    return mine, session.get_one(Customer, his.id)


@on_both_databases
def test_everything_that_refers_to_the_one_refers_to_the_other(session, school, two, floor):
    """A new table that refers to a customer fails here until `two` has a row of it."""
    mine, his = two
    gone = his.id
    made = floor.merge(mine, his, school.manager)
    aside = {f"{name}.customer_id" for name in made.kept["aside"]}
    assert {f"{column.table.name}.{column.name}" for column in merge_record.references()} == {
        *made.moved["rows"], *aside}
    for column in merge_record.references():
        assert session.execute(select(column).where(column == gone)).all() == [], column
    assert session.get(Customer, gone) is None


def test_whatever_refers_to_a_customer_has_a_number_that_is_never_used_twice():
    for column in merge_record.references():
        assert column.table.dialect_options["sqlite"]["autoincrement"], column


@on_both_databases
def test_a_row_that_was_set_aside_goes_back_though_others_came_since(session, school, make_customer, floor):
    mine, his = (make_customer(name, holder=school.sanjiang).id for name in ("龙泰", "龙太"))
    floor.move(Customer.id.in_([mine, his]), Plan((school.baoyu.id,)), school.admin)
    made = floor.merge(mine, his, school.manager)
    assert list(made.kept["aside"]) == ["transfer_line"]
    floor.move(Customer.id == mine, Plan((school.dasha.id,)), school.admin)
    floor.part(made, school.manager)
    assert sorted(session.scalars(select(TransferLine.customer_id))) == [mine, mine, his]


@on_both_databases
def test_a_row_that_came_since_does_not_go_in_the_place_of_one_that_was_deleted(
        session, school, make_customer, make_follow_up, floor):
    mine, his = (make_customer(name, holder=school.sanjiang) for name in ("龙泰", "龙太"))
    made_of_his, survivor, merged = make_follow_up(his, "再想想"), mine.id, his.id
    made = floor.merge(survivor, merged, school.manager)
    session.delete(session.get_one(FollowUp, made_of_his.id))
    session.commit()
    make_follow_up(session.get_one(Customer, survivor), "下周来")
    floor.part(made, school.manager)
    assert session.execute(select(FollowUp.customer_id, FollowUp.note)).all() == [(survivor, "下周来")]


@on_both_databases
@pytest.mark.parametrize("holder", [merges.SURVIVOR, merges.MERGED])
def test_undone_every_row_is_as_it_was(session, school, two, floor, contents, holder):
    mine, his = two
    floor.assign(his, to=school.sanjiang)
    before = contents()
    made = floor.merge(mine, his, school.manager, holder=holder, company=merges.MERGED, mobile=merges.MERGED)
    assert contents() != before
    floor.part(made, school.manager)
    assert contents() == before
    assert (made.name, made.kept) == (None, None)


@on_both_databases
@pytest.mark.parametrize("state", ["held", "public", "awaiting the night", "enrolled", "nobody's"])
@pytest.mark.parametrize("other", ["held", "public", "enrolled", "nobody's"])
def test_so_it_is_wherever_the_two_stand(session, school, make_customer, floor, clock, contents, state, other):
    def stand(state: str, holder) -> Customer:
        earlier = clock.today() - dt.timedelta(days=10)
        made = make_customer(holder=None if state == "nobody's" else holder,
                             on=earlier if state == "awaiting the night" else None)
        {"public": floor.release, "enrolled": floor.enrol}.get(state, lambda _customer: None)(made)
        return made

    one, two = stand(state, school.sanjiang), stand(other, school.baoyu)
    floor_before = contents()
    made = floor.merge(one, two, school.manager)
    customer = session.get_one(Customer, one.id)
    assert customer.is_enrolled is ("enrolled" in (state, other))
    assert customer.is_held(clock.today()) is ("held" in (state, other) and not customer.is_enrolled)
    open_rows = [row for row in floor.rows(customer) if row[1] is FOLLOWING]
    assert [row[0] for row in open_rows] == ([customer.consultant.name] if customer.is_held(clock.today()) else [])
    floor.part(made, school.manager)
    after = contents()
    if state == "awaiting the night":  # what the night would have closed is closed
        assert after.pop("distribution") != floor_before.pop("distribution")
    assert after == floor_before


class TestWhatIsWritten:
    def test_is_as_chosen_and_where_only_one_says_something_his(self, session, school, make_customer, floor, courses):
        mine = make_customer("龙泰", company="一厂", courses=courses[:2], date=None)
        his = make_customer("龙太", company="二厂", major="会计", salary="八千", courses=courses[1:])
        floor.merge(mine, his, school.manager, company=merges.MERGED)
        assert (mine.name, mine.company, mine.major, mine.salary) == ("龙泰", "二厂", "会计", "八千")
        assert [each.name for each in mine.courses] == ["甲", "乙", "丙"]

    def test_keeps_all_contacts_known_and_hidden(self, session, school, make_customer, floor, clock):
        mine = make_customer(mobile="13800000001", holder=school.sanjiang)
        his = make_customer(mobile="13800000002", wechat="longtai_88")
        floor.merge(mine, his, school.manager, mobile=merges.MERGED)
        assert (mine.mobile, mine.wechat, mine.other_contacts) == ("13800000002", "longtai_88", "13800000001")
        for contact in mine.contacts:
            assert known_contact.look_up(session, contact, today=clock.today()).ask == ((school.sanjiang.id, "三江"),)
            with pytest.raises(customers.KnownContactError):
                make_customer(qq=contact)
        assert "0001" not in customers.contacts.masked_note("他的 138 0000 0001", mine)

    def test_makes_nobody_his_own_referrer(self, school, make_customer, floor, session):
        mine = make_customer()
        his = make_customer(referral_from_id=mine.id)
        floor.part(floor.merge(mine, his, school.manager), school.manager)
        his = session.get_one(Customer, his.id)
        assert his.referral_from_id == mine.id
        made = floor.merge(his, mine, school.manager)
        assert his.referral_from_id is None
        floor.part(made, school.manager)
        assert his.referral_from_id == mine.id


class TestWhoseHeIs:
    def test_of_two_consultants_the_chosen_one_keeps_him_and_the_others_holding_ends_as_merged(
            self, school, make_customer, floor, clock):
        mine, his = make_customer(holder=school.sanjiang), make_customer(holder=school.baoyu)
        clock.advance(days=1)
        floor.merge(mine, his, school.manager, holder=merges.MERGED)
        assert floor.rows(mine) == [
            ("三江", MERGED, Origin.ENTRY, clock.today() - ONE_DAY, clock.today()),
            ("暴雨", FOLLOWING, Origin.ENTRY, clock.today() - ONE_DAY, None)]
        assert mine.consultant == school.baoyu

    def test_the_clock_is_that_of_the_holding_that_is_kept(self, school, make_customer, floor, clock):
        old = make_customer(holder=school.sanjiang)
        clock.advance(days=2)
        new = make_customer(holder=school.baoyu)
        falls = old.public_on
        floor.merge(new, old, school.manager, holder=merges.MERGED)
        assert (new.public_on, new.consultant) == (falls, school.sanjiang)

    def test_nobody_holds_more_than_before(self, school, make_customer, floor, clock, session):
        floor.rules(holding_limit=1)
        mine, his = make_customer(holder=school.sanjiang), make_customer(holder=school.baoyu)
        made = floor.merge(mine, his, school.manager)
        make_customer(holder=school.baoyu)  # his room is taken meanwhile
        with pytest.raises(ConflictError, match="暴雨"):
            floor.part(made, school.manager)
        assert session.get(Customer, his.id) is None

    def test_an_undone_holding_falls_tomorrow_at_the_earliest(self, school, make_customer, floor, clock, session):
        mine, his = make_customer(holder=school.sanjiang), make_customer(holder=school.baoyu)
        number = his.id
        made = floor.merge(mine, his, school.manager)
        clock.advance(days=9)
        floor.part(made, school.manager)
        again = session.get_one(Customer, number)
        assert again.public_on == clock.today() + ONE_DAY
        assert [row[1] for row in floor.rows(again)] == [FOLLOWING]


class TestIsRefused:
    def test_for_one_and_the_same_nobody_and_the_erased(self, session, school, make_customer, floor, clock):
        mine, his = make_customer(), make_customer()
        with pytest.raises(DomainError):
            floor.merge(mine, mine, school.manager)
        with pytest.raises(NotFoundError):
            floor.merge(mine, 4711, school.manager)
        erasure.erase(session, (PersonKind.CUSTOMER, his.id), ErasureReason.REQUESTED, today=clock.today(),
                      now=clock.now())
        session.commit()
        with pytest.raises(ConflictError):
            floor.merge(mine, his, school.manager)

    def test_for_whoever_was_merged_away(self, school, make_customer, floor):
        mine, his, third = make_customer(), make_customer(), make_customer()
        floor.merge(mine, his, school.manager)
        with pytest.raises(ConflictError):
            floor.merge(third, his.id, school.manager)


class TestUndoingIsRefused:
    @pytest.fixture
    def merged(self, school, make_customer, floor):
        mine, his = make_customer(holder=school.sanjiang), make_customer(holder=school.baoyu, mobile="13800000002")
        return mine, floor.merge(mine, his, school.manager, holder=merges.MERGED)

    def refuses(self, floor, made, school) -> bool:
        with pytest.raises(ConflictError):
            floor.part(made, school.manager)
        return True

    def test_twice(self, merged, floor, school):
        floor.part(merged[1], school.manager)
        assert self.refuses(floor, merged[1], school)

    def test_once_he_has_enrolled(self, merged, floor, school):
        floor.enrol(merged[0])
        assert self.refuses(floor, merged[1], school)

    def test_once_the_kept_holding_is_another_ones(self, merged, floor, school):
        floor.assign(merged[0], to=school.dasha)
        assert self.refuses(floor, merged[1], school)

    def test_once_he_was_merged_again_until_that_is_undone(self, merged, floor, school, make_customer):
        again = floor.merge(merged[0], make_customer(), school.manager)
        assert self.refuses(floor, merged[1], school)
        floor.part(again, school.manager)
        floor.part(merged[1], school.manager)

    def test_once_a_contact_is_another_customers(self, merged, floor, school, make_customer, session):
        merged[0].mobile = None
        session.commit()
        make_customer(wechat="13800000002")
        assert self.refuses(floor, merged[1], school)

    def test_once_the_consultant_can_hold_nobody(self, merged, floor, school, session):
        school.sanjiang.active = False
        session.commit()
        assert self.refuses(floor, merged[1], school)

    def test_once_he_was_erased(self, merged, floor, school, session, clock):
        erasure.erase(session, (PersonKind.CUSTOMER, merged[0].id), ErasureReason.REQUESTED, today=clock.today(),
                      now=clock.now())
        session.commit()
        assert self.refuses(floor, merged[1], school)


class TestWhatIsAddedSince:
    def test_stays_with_the_survivor(self, session, school, make_customer, make_follow_up, floor, courses):
        mine = make_customer("龙泰", holder=school.sanjiang, qq="8866123")
        his = make_customer("龙太", mobile="13800000002", company="二厂")
        number = his.id
        made = floor.merge(mine, his, school.manager)
        record = make_follow_up(mine, "谈妥了")
        mine.salary, mine.company, mine.wechat = "一万", "三厂", "longtai_new"
        mine.courses.append(courses[0])
        session.commit()
        floor.part(made, school.manager)
        his = session.get_one(Customer, number)
        assert session.get_one(FollowUp, record.id).customer_id == mine.id
        assert (mine.salary, mine.company, mine.contacts) == ("一万", "三厂", ("8866123", "longtai_new"))
        assert (his.company, his.contacts, his.courses) == ("二厂", ("13800000002",), [])
        assert mine.courses == [courses[0]]

    def test_follow_ups_keep_the_holding_that_goes_back(self, session, school, make_customer, make_follow_up, floor,
                                                         clock):
        mine, his = make_customer(), make_customer(holder=school.baoyu)
        number = his.id
        made = floor.merge(mine, his, school.manager)
        clock.advance(days=3)
        make_follow_up(mine)
        falls = mine.public_on
        floor.part(made, school.manager)
        assert (session.get_one(Customer, number).public_on, mine.consultant) == (falls, None)


class TestAPerson:
    CANARY = {"name": "金丝雀", "mobile": "13800000002", "wechat": "canary_wx", "company": "金丝雀养殖厂"}

    @pytest.fixture
    def merged(self, school, make_customer, floor):
        mine, his = make_customer("龙泰", mobile="13800000001"), make_customer(**self.CANARY)
        return mine, his.id, floor.merge(mine, his, school.manager)

    def erase(self, session, clock, customer_id) -> None:
        erasure.erase(session, (PersonKind.CUSTOMER, customer_id), ErasureReason.REQUESTED, today=clock.today(),
                      now=clock.now())
        session.commit()

    def test_is_erased_with_what_was_kept_of_whom_he_was_merged_with(self, session, merged, clock):
        mine, gone, made = merged
        self.erase(session, clock, mine.id)
        assert (made.name, made.kept) == (None, None)
        assert session.scalars(select(PersonKey).where(PersonKey.person_id.in_([mine.id, gone]))).all() == []
        assert session.scalars(select(Base.metadata.tables["customer_contact"].c.value)).all() == []

    def test_is_erased_after_an_undone_merge_from_what_was_sealed_while_they_were_one(
            self, session, merged, floor, school, clock):
        mine, gone, made = merged
        floor.part(made, school.manager)
        self.erase(session, clock, gone)
        assert session.scalars(select(PersonKey).where(PersonKey.person_id.in_([mine.id, gone]))).all() == []
        assert mine.erased_on is None

    def test_reads_everything_about_both(self, session, merged):
        mine, *_ = merged
        told = str(personal_data.as_json(personal_data.collect(session, (PersonKind.CUSTOMER, mine.id))))
        assert all(value in told for value in self.CANARY.values())

    def test_is_not_quoted_in_the_log(self, session, merged):
        entries = session.scalars(select(AuditEntry)).all()
        assert not any(value in str((entry.changes, entry.facts)) for entry in entries for value in
                       self.CANARY.values())


def test_the_log_of_both_says_it(session, school, make_customer, floor):
    mine, his = make_customer(), make_customer()
    number = his.id
    made = floor.merge(mine, his, school.manager)
    floor.part(made, school.manager)
    told = session.execute(select(AuditEntry.action, AuditEntry.row_id, AuditEntry.facts).where(
        AuditEntry.action.in_([AuditAction.MERGED, AuditAction.MERGE_UNDONE])).order_by(AuditEntry.id)).all()
    assert [(action, row_id) for action, row_id, _facts in told] == [
        (action, each) for action in (AuditAction.MERGED, AuditAction.MERGE_UNDONE) for each in (mine.id, number)]


def test_the_timeline_has_both_lives(session, school, make_customer, make_follow_up, floor, clock):
    mine, his = make_customer(holder=school.sanjiang), make_customer(holder=school.baoyu)
    make_follow_up(his, "喜欢数据")
    floor.merge(mine, his, school.manager)
    found = timeline.of(session, mine, clock=clock, today=clock.today(), masked=False)
    assert "喜欢数据" in {event.text for event in found.events}
    assert {row.consultant.name for row in found.hands} == {"三江", "暴雨"}


def test_a_lead_into_whom_another_was_merged_is_not_deleted(session, school, make_customer, floor):
    mine = make_customer()
    floor.merge(mine, make_customer(), school.manager)
    with pytest.raises(ConflictError):
        customers.delete(session, mine.id)
    assert session.scalar(select(Merge.survivor_id)) == mine.id


def test_an_order_that_names_both_names_the_survivor_once(session, school, two, floor):
    mine, his = two
    floor.merge(mine, his, school.manager)
    assert session.scalars(select(TransferLine.customer_id)).all() == [mine.id]


class TestUndoingWhatNamesSomebodyOrSomethingGone:
    def test_follows_a_referrer_who_was_merged_away(self, session, school, make_customer, floor):
        former, later = make_customer(), make_customer()
        mine, his = make_customer(referral_from_id=later.id), make_customer(referral_from_id=former.id)
        number = his.id
        made = floor.merge(mine, his, school.manager)
        floor.merge(later, former, school.manager)
        floor.part(made, school.manager)
        assert session.get_one(Customer, number).referral_from_id == mine.referral_from_id == later.id

    def test_gives_the_survivor_his_referrer_back_wherever_both_referrers_are_now(self, session, school, make_customer,
                                                                                  floor):
        own, taken, third, fourth = (make_customer() for _ in range(4))
        mine, his = make_customer(referral_from_id=own.id), make_customer(referral_from_id=taken.id)
        made = floor.merge(mine, his, school.manager, referral_from_id=merges.MERGED)
        floor.merge(third, own, school.manager)
        floor.merge(fourth, taken, school.manager)
        floor.part(made, school.manager)
        session.expire_all()
        assert mine.referral_from_id == third.id

    @pytest.mark.parametrize("chosen", [merges.SURVIVOR, merges.MERGED])
    def test_leaves_out_a_campus_that_is_gone(self, session, school, make_customer, floor, chosen):
        campuses = [Campus(title="东区"), Campus(title="西区")]
        session.add_all(campuses)
        session.commit()
        mine, his = (make_customer(campus_id=each.id) for each in campuses)
        number, kept = his.id, campuses[chosen == merges.MERGED].id
        made = floor.merge(mine, his, school.manager, campus_id=chosen)
        session.delete(campuses[chosen == merges.SURVIVOR])
        session.commit()
        floor.part(made, school.manager)
        left = {mine.campus_id, session.get_one(Customer, number).campus_id}
        assert left == {None, kept}


class TestTwoOfTheSameConsultant:
    @pytest.fixture
    def merged(self, session, school, make_customer, floor, clock):
        audit.act_as(session, Actor("web", clock, school.manager.id))
        mine, his = make_customer(holder=school.sanjiang), make_customer(holder=school.sanjiang)
        return mine, floor.merge(mine, his, school.manager)

    def test_are_no_loss_to_him(self, session, merged):
        assert session.scalars(select(Notice).where(Notice.kind == NoticeKind.LOST)).all() == []

    def test_are_told_so_on_the_timeline_after_a_further_merge_too(self, session, school, make_customer, merged, floor,
                                                                    clock):
        mine, _made = merged
        last = make_customer(holder=school.baoyu)
        floor.merge(last, mine, school.manager)
        found = timeline.of(session, last, clock=clock, today=clock.today(), masked=False)
        assert sorted(str(event.title) for event in found.events if event.kind == "distribution_ended") == [
            "Ended by a merge: another consultant keeps the customer",
            "Ended by a merge: the same consultant keeps the customer"]


def test_a_lead_whose_merge_was_undone_is_kept_for_that_reason(session, school, make_customer, floor):
    mine = make_customer()
    floor.part(floor.merge(mine, make_customer(), school.manager), school.manager)
    with pytest.raises(ConflictError, match="merged into"):
        customers.delete(session, mine.id)
