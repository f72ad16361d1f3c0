"""Erasing a person: what identifies him goes for good, the school's numbers stay, nothing is written of him again."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import (
    AuditAction,
    AuditEntry,
    Customer,
    Distribution,
    FollowUp,
    LoginSession,
    PersonKey,
    PersonKind,
    RecoveryCode,
    SecondFactor,
)
from app.models.choices import DistributionStatus, ErasureReason, Intent, SessionEnd
from app.services import (
    claims,
    customers,
    enrolments,
    erasure,
    follow_ups,
    person_keys,
    persons,
    pool,
    sessions,
)
from app.services import floor as numbers
from app.services.claims import Refusal
from app.services.rule_book import RuleBook
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, _MERGED = DistributionStatus
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def erase(session, clock):
    """`erase(customer)` erases and commits; True if it had not been done before."""
    def act(person, reason: ErasureReason = ErasureReason.REQUESTED) -> bool:
        kind = PersonKind.CUSTOMER if isinstance(person, Customer) else PersonKind.EMPLOYEE
        try:
            done = erasure.erase(session, (kind, person.id), reason, today=clock.today(), now=clock.now())
            session.commit()
        except DomainError:
            session.rollback()
            raise
        return done

    return act


@pytest.fixture
def known(make_customer, school):
    """A customer of whom everything is known, with 三江."""
    return make_customer("龙泰", holder=school.sanjiang, qq="123456789", mobile="13812345678", wechat="longtai_88",
                         company="某公司", salary="8k", graduation_school="某大学", major="计算机", gender=1,
                         education=2, experience=3, courses=[school.python], campus=school.beijing)


@pytest.fixture
def leaver(make_employee, session):
    """Someone who works here no more."""
    return make_employee("老王", username="laowang", active=False, email="wang@example.com", openid="o-wang")


def entries_about(session: Session, kind: PersonKind, person_id: int) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(
        AuditEntry.person_kind == kind, AuditEntry.person_id == person_id).order_by(AuditEntry.id)))


class TestACustomer:
    def test_keeps_nothing_personal_but_a_number(self, session, known, erase, clock):
        assert erase(known)
        session.expire_all()
        assert known.name == f"#{known.id}"
        for name in persons.columns(Customer, "personal").keys() - {"name"}:
            assert getattr(known, name) is None, name
        assert known.erased_on == clock.today()

    def test_keeps_what_numbers_are_made_of(self, session, school, known, erase):
        before = {name: getattr(known, name) for name in ("status", "source", "date", "recv_date", "last_consult_date",
                                                          "consultant_id", "campus_id", "work_status")}
        erase(known)
        session.expire_all()
        assert {name: getattr(known, name) for name in before} == before
        assert known.courses == [school.python]

    def test_that_is_held_counts_as_released(self, school, known, erase, floor, clock):
        erase(known)
        assert [row[1] for row in floor.rows(known)] == [RELEASED]
        assert floor.rows(known)[0][4] == clock.today()

    def test_that_has_fallen_ends_as_the_night_would_end_it(self, make_customer, school, erase, floor, clock):
        fallen = make_customer(holder=school.sanjiang, on=clock.today() - 9 * ONE_DAY)
        public_on = fallen.public_on
        erase(fallen)
        assert [(row[1], row[4]) for row in floor.rows(fallen)] == [(NO_FOLLOW_UP, public_on)]
        floor.night()
        assert [(row[1], row[4]) for row in floor.rows(fallen)] == [(NO_FOLLOW_UP, public_on)]

    def test_that_has_enrolled_stays_enrolled(self, known, erase, floor):
        floor.enrol(known)
        erase(known)
        assert known.is_enrolled
        assert floor.statuses(known) == {"三江": WON}

    def test_that_is_locked_is_locked_no_more(self, known, erase, floor, clock):
        floor.lock(known, clock.today() + 30 * ONE_DAY)
        erase(known)
        assert (known.locked_until, known.public_on, known.public_as) == (None, None, None)

    def test_leaves_its_follow_ups_and_holdings_without_a_word(self, session, school, known, erase, floor):
        floor.follow_up(known, school.sanjiang, "他的手机是13812345678", intent=Intent.ONE_WEEK)
        row = session.scalars(select(Distribution).where(Distribution.customer_id == known.id)).one()
        row.memo = "找他妈妈谈"
        session.commit()
        erase(known)
        session.expire_all()
        record = session.scalars(select(FollowUp).where(FollowUp.customer_id == known.id)).one()
        assert (record.note, record.intent, row.memo) == ("", Intent.ONE_WEEK, None)

    def test_frees_its_contacts_for_whoever_has_them_next(self, known, erase, make_customer):
        erase(known)
        make_customer("新人", qq="123456789", mobile="13812345678")

    def test_is_in_nobodys_pool_and_nobodys_hands(self, session, school, known, erase, clock):
        erase(known)
        today = clock.today() + 30 * ONE_DAY
        assert not known.is_public(today)
        assert not known.is_held(today)
        for consultant in school.consultants:
            assert pool.count(session, consultant.id, today=today) == 0
            assert not known.belongs_to(consultant.id, today)

    def test_is_erased_once(self, session, known, erase):
        assert erase(known)
        number = session.scalar(select(func.count()).select_from(AuditEntry))
        assert not erase(known)
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == number

    def test_that_does_not_exist_is_not_found(self, session, clock):
        with pytest.raises(NotFoundError):
            erasure.erase(session, (PersonKind.CUSTOMER, 10**9), ErasureReason.REQUESTED, today=clock.today(),
                          now=clock.now())


class TestTheLog:
    def test_says_that_someone_was_erased_and_why(self, session, known, erase):
        erase(known, ErasureReason.UNLAWFUL)
        *_, last = entries_about(session, PersonKind.CUSTOMER, known.id)
        assert (last.action, last.table_name, last.row_id) == (AuditAction.PERSON_ERASED, "customer", known.id)
        assert last.facts == {"reason": "unlawful"}
        assert (last.changes, last.sealed) == (None, None)

    def test_cannot_tell_what_there_was_not_even_what_the_erasure_itself_took(self, session, known, erase):
        person = (PersonKind.CUSTOMER, known.id)
        key = person_keys.keys_of(session, [person])[person]
        erase(known)
        assert session.get(PersonKey, person) is None
        sealed = [entry.sealed for entry in entries_about(session, *person) if entry.sealed]
        assert len(sealed) >= 2
        for each in sealed:
            assert person_keys.unseal(key, person, each) is not None, "it was sealed with the key that is gone"
            assert person_keys.unseal(None, person, each) is None


class TestRecordsOfOthers:
    @pytest.mark.parametrize(("written", "left"), [
        ("也问问他同学13812345678", "也问问他同学••••"),
        ("电话 138-1234-5678,微信 LongTai_88。", "电话 ••••,微信 ••••。"),
        ("+86 138 1234 5678 是他表哥", "•••• 是他表哥"),
        ("QQ123456789也行", "QQ••••也行"),
        ("单号 9123456789 与 1381234567", "单号 9123456789 与 1381234567"),
        ("龙泰介绍来的", "龙泰介绍来的"),
    ])
    def test_no_longer_quote_its_contacts(self, session, school, known, make_customer, make_follow_up, erase,
                                          written, left):
        other = make_customer("别人", holder=school.baoyu, company=written)
        record = make_follow_up(other, written)
        row = session.scalars(select(Distribution).where(Distribution.customer_id == other.id)).one()
        row.memo = written
        session.commit()
        erase(known)
        session.expire_all()
        assert (record.note, row.memo, other.company) == (left, left, left)

    def test_say_in_the_log_that_they_were_masked_without_repeating_it(self, session, school, known, make_customer,
                                                                       make_follow_up, erase):
        other = make_customer("别人", holder=school.baoyu)
        record = make_follow_up(other, "他同学13812345678")
        erase(known)
        last = entries_about(session, PersonKind.CUSTOMER, other.id)[-1]
        assert (last.table_name, last.row_id, last.facts) == ("follow_up", record.id, {"masked": ["note"]})
        assert last.sealed is None

    def test_keep_words_and_short_numbers_though_they_may_be_contacts(self, session, school, make_customer,
                                                                      make_follow_up, erase):
        gone = make_customer("某人", wechat="pythonista", qq="12000")
        record = make_follow_up(make_customer(holder=school.baoyu), "pythonista 的课 12000 元")
        erase(gone)
        session.refresh(record)
        assert record.note == "pythonista 的课 12000 元"


class TestWhatHasBeenErased:
    @pytest.fixture
    def gone(self, known, erase, floor):
        floor.enrol(known)
        erase(known)
        return known

    @pytest.mark.parametrize("act", [
        lambda s, c, o, at: follow_ups.log(s, c.id, o.sanjiang, "你好", **at),
        lambda s, c, o, at: customers.assign(s, c.id, o.baoyu.id, **at),
        lambda s, c, o, at: customers.release(s, c.id, **at),
        lambda s, c, o, at: customers.lock(s, c.id, at["today"] + ONE_DAY, today=at["today"]),
        lambda s, c, o, at: customers.unlock(s, c.id, today=at["today"]),
        lambda s, c, o, at: customers.cancel_course(s, c.id, o.python.id, by=o.sanjiang, today=at["today"]),
        lambda s, c, o, at: customers.delete(s, c.id),
        lambda s, c, o, at: enrolments.enrol(s, c.id, **at),
        lambda s, c, o, at: enrolments.undo(s, c.id, **at),
    ], ids=["follow up", "assign", "release", "lock", "unlock", "cancel a course", "delete", "enrol", "undo"])
    def test_is_left_alone(self, session, school, gone, clock, act):
        with pytest.raises(ConflictError, match=f"#{gone.id}"):
            act(session, gone, school, {"today": clock.today(), "now": clock.now()})

    def test_cannot_be_claimed(self, session, school, gone, clock):
        claim = claims.claim(session, gone.id, school.baoyu.id, today=clock.today(), now=clock.now())
        assert claim.refusal is Refusal.NOT_FOUND

    def test_refers_nobody(self, make_customer, gone):
        with pytest.raises(ConflictError):
            customers.check_referrer(make_customer(), gone)

    def test_has_follow_ups_nobody_changes(self, session, school, known, floor, erase, clock):
        record = floor.follow_up(known, school.sanjiang)
        floor.enrol(known)
        erase(known)
        at = {"today": clock.today(), "masking": False}
        with pytest.raises(ConflictError):
            follow_ups.edit(session, record, school.sanjiang, note="又来", intent=Intent.PAID,
                            next_contact_on=None, **at)
        with pytest.raises(ConflictError):
            follow_ups.delete(session, record, school.sanjiang, **at)


class TestTheNumbers:
    def test_stay_as_they_were(self, session, school, known, make_customer, floor, erase, clock):
        """The erased one leaves the pool and the desks; nothing else moves."""
        for holder in school.consultants:
            make_customer(holder=holder, on=clock.today() - 5 * ONE_DAY)
        floor.follow_up(known, school.sanjiang)
        floor.release(known)
        make_customer(courses=[school.python])

        def totals():
            session.expire_all()
            return {
                "holdings": session.execute(select(Distribution.status, func.count()).group_by(Distribution.status)
                                            .order_by(Distribution.status)).all(),
                "follow-ups": session.scalar(select(func.count()).select_from(FollowUp)),
                "customers": session.scalar(select(func.count()).select_from(Customer)),
                "floor": [(desk.consultant.id, desk.numbers) for desk in numbers.desks(
                    session, today=clock.today(), book=RuleBook())],
                "pool": {who.id: pool.count(session, who.id, today=clock.today()) for who in school.consultants}}

        before = totals()
        erase(known)
        after = totals()
        after["pool"] = {who: number + (who != school.sanjiang.id) for who, number in after["pool"].items()}
        assert after == before


class TestAnEmployee:
    def test_keeps_nothing_personal_but_a_number(self, session, leaver, erase, clock):
        assert erase(leaver)
        session.expire_all()
        assert (leaver.name, leaver.username) == (f"#{leaver.id}", f"erased-{leaver.id}")
        assert (leaver.email, leaver.openid, leaver.password_hash, leaver.one_time_until) == (None, None, None, None)
        assert (leaver.active, leaver.roles, leaver.erased_on) == (False, [], clock.today())

    def test_leaves_neither_sessions_nor_a_second_factor(self, session, make_employee, erase, clock):
        someone = make_employee()
        login = sessions.begin(session, someone, now=clock.now(), address="192.0.2.1", user_agent="Firefox")
        sessions.end(login, SessionEnd.DEACTIVATED, now=clock.now())
        session.add_all([SecondFactor(employee_id=someone.id, sealed_secret=b"x"),
                         RecoveryCode(employee_id=someone.id, code_hash="y")])
        someone.active = False
        session.commit()
        erase(someone)
        for model in (LoginSession, SecondFactor, RecoveryCode):
            assert session.scalar(select(func.count()).select_from(model)) == 0

    def test_that_works_here_is_refused(self, school, erase):
        with pytest.raises(ConflictError, match="管理员"):
            erase(school.admin)

    def test_that_holds_customers_is_refused(self, session, school, known, erase):
        school.sanjiang.active = False  # past the service that asks to hand them over
        session.commit()
        with pytest.raises(ConflictError, match="三江"):
            erase(school.sanjiang)

    def test_cannot_take_a_login_name_that_is_someone_elses(self, session, school, leaver, erase):
        school.tutor.username = f"erased-{leaver.id}"
        session.commit()
        with pytest.raises(ConflictError, match=f"erased-{leaver.id}"):
            erase(leaver)

    def test_leaves_a_log_that_no_longer_tells_the_name(self, session, leaver, erase):
        erase(leaver)
        person = (PersonKind.EMPLOYEE, leaver.id)
        assert person_keys.keys_of(session, [person]) == {}
        *_, last = entries_about(session, *person)
        assert last.action is AuditAction.PERSON_ERASED

    def test_still_stands_behind_the_holdings_of_his_time(self, session, school, make_customer, floor, erase):
        customer = make_customer(holder=school.dasha)
        floor.release(customer)
        school.dasha.active = False
        session.commit()
        erase(school.dasha)
        assert floor.rows(customer)[0][:2] == (f"#{school.dasha.id}", RELEASED)

    def test_is_erased_once(self, leaver, erase):
        assert erase(leaver)
        assert not erase(leaver)


@pytest.mark.parametrize("kind", list(PersonKind))
def test_every_personal_column_can_be_emptied(kind):
    """A new one that must hold something else than text would make people impossible to erase."""
    assert persons.is_own(persons.own_table(kind))
    for model in persons.tables_about(kind):
        if not erasure.is_deleted(model):
            for column in (persons.columns(model, "personal") | persons.columns(model, "secret")).values():
                value = erasure.emptied(column, 7, own=persons.is_own(model))
                assert value in {None, "", "#7", "erased-7"}


def test_every_table_that_refers_to_people_and_holds_words_says_whose_they_are():
    """What a table has in texts beside a customer or employee is his, or is in this list for a reason."""
    from app.extensions import Base

    not_about_him = {"course_class", "sales_rank"}  # a class and a month
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        targets = {key.column.table.name for key in table.foreign_keys}
        texts = [c for c in table.columns if str(c.type).startswith(("VARCHAR", "TEXT"))]
        if targets & {"customer", "employee"} and texts and table.name not in not_about_him:
            assert hasattr(mapper.class_, "__person__"), table.name


