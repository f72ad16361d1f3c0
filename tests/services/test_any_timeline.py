"""For any series of rule changes, follow-ups, claims, leave and days off, `public_on` is what a naive oracle finds.

Every example is one transaction of the real services, which is rolled back; the oracle is `tests.support.naive_clock`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.models import CalendarDay, Customer, Employee, Leave
from app.models.choices import Calendar, DistributionStatus, LeaveState, Source
from app.services import (
    calendars,
    claims,
    customers,
    distributions,
    enrolments,
    expiry,
    follow_ups,
    leave_decisions,
    leaves,
    pool,
    pool_rules,
    recomputation,
    rule_book,
    rules,
)
from app.services.pool_rules import Scope
from app.services.rules import DEFAULTS, Fall
from tests.support.naive_clock import NaiveClock
from tests.support.sizes import FULL_SIZE

ONE_DAY = dt.timedelta(days=1)
DEPARTMENTS = {"sanjiang": 1001, "baoyu": 1005, "dasha": 1001}
SCOPES: dict[str | int | Source, Scope] = {
    "school": pool_rules.SCHOOL, 1001: Scope(department_code=1001), 1005: Scope(department_code=1005),
    Source.SEO: Scope(source=Source.SEO), Source.BAIDU: Scope(source=Source.BAIDU)}
SOURCES = (Source.QQ_GROUP, Source.SEO, Source.BAIDU)

Step = tuple[str, dict[str, object]]


def step(name: str, **arguments: st.SearchStrategy) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))


who, lead = st.sampled_from(sorted(DEPARTMENTS)), st.integers(0, 2)
terms = {"follow_up_days": st.integers(1, 5), "deal_days": st.integers(1, 6)}
calendar = st.fixed_dictionaries({}, optional={**terms, "working_days": st.booleans()})

days_pass = step("days_pass", days=st.sampled_from([1, 1, 2, 3, 5, 8]), nights=st.booleans())
gets = step("somebody_gets", lead=lead, who=who)
locked = step("he_is_locked", lead=lead, days=st.sampled_from([0, 2, 5, 9]))
steps = st.lists(st.one_of(
    days_pass, days_pass, days_pass, days_pass, gets, gets, gets,
    step("he_is_followed_up", lead=lead), step("all_are_followed_up"), step("all_are_followed_up"),
    step("he_is_released", lead=lead),
    locked, locked, step("he_is_unlocked", lead=lead),
    step("he_enrols", lead=lead), step("his_enrolment_is_undone", lead=lead),
    step("his_source_is_corrected", lead=lead, source=st.sampled_from(SOURCES)),
    step("rules_change", scope=st.sampled_from(["school", 1001, 1005]), said=calendar),
    step("rules_change", scope=st.sampled_from([Source.SEO, Source.BAIDU]),
         said=st.fixed_dictionaries({}, optional=terms)),
    step("a_day_is_declared", ahead=st.integers(-2, 6), works=st.booleans()),
    step("leave_is_approved", who=who, ahead=st.integers(-2, 3), days=st.integers(1, 7)),
    step("leave_is_taken_back", who=who),
    step("somebody_moves", who=who, department=st.sampled_from([1001, 1005]))), min_size=15, max_size=30)
decisions = st.fixed_dictionaries({**terms, "working_days": st.booleans()})
begins = st.sampled_from([dt.date(2026, 2, 10), dt.date(2026, 3, 30), dt.date(2026, 4, 27)])
"""Before the Spring Festival, before Qingming, before Labour Day: each with holidays and make-up days."""


class Timeline:
    """A school that lives through the steps, in the services and on paper.

    What the paper says is not possible is left out: that the services refuse it is tested elsewhere.
    """

    def __init__(self, session, school, begins_on: dt.date, decided: dict[str, int | bool]) -> None:
        self.session, self.school, self.seen = session, school, Counter[str]()
        self.paper = NaiveClock(begins_on, dict(DEPARTMENTS), {"school": {}})
        self.rules_change("school", decided)
        for place, (source, who) in enumerate(zip(SOURCES, sorted(DEPARTMENTS), strict=True)):
            self.a_lead_comes(source)
            self.somebody_gets(place, who)

    @property
    def today(self) -> dt.date:
        return self.paper.today

    @property
    def now(self) -> dt.datetime:
        return dt.datetime(self.today.year, self.today.month, self.today.day, 1, tzinfo=dt.UTC)

    def live(self, each: Step) -> None:
        getattr(self, each[0])(**each[1])
        self.session.flush()
        self.session.expire_all()
        for number, believed in self.paper.leads.items():
            customer = self.session.get_one(Customer, number)
            found = (customer.public_on, customer.public_as)
            assert found == self.paper.falls_on(number), f"after {each}: {believed}"
            assert customer.is_public(self.today) is (believed.state == "public")
        public = set(self.session.scalars(select(Customer.id).where(pool.is_public(self.today))))
        assert public == {number for number, each in self.paper.leads.items() if each.state == "public"}

    def person(self, username: str) -> Employee:
        return getattr(self.school, username)

    def number(self, place: int, *states: str) -> int | None:
        """The customer at a place, if he stands so."""
        found = list(self.paper.leads)[place % len(self.paper.leads)]
        return found if self.paper.leads[found].state in states else None

    # Customers.

    def a_lead_comes(self, source: Source) -> None:
        customer = Customer(name="客户", qq=f"{1_000_000 + len(self.paper.leads)}", source=source)
        customers.enter(self.session, customer, holder_id=None, today=self.today, now=self.now)
        self.paper.comes(customer.id, source)

    def somebody_gets(self, lead: int, who: str) -> None:
        """He claims one of the pool, or has one from there or from another assigned."""
        number = self.number(lead, "public", "held")
        if number is None:
            return
        believed = self.paper.leads[number]
        if believed.holder != who and believed.state == "public":
            assert claims.claim(self.session, number, self.person(who).id, today=self.today, now=self.now).won
        elif believed.holder != who or believed.state == "public":
            customers.assign(self.session, number, self.person(who).id, today=self.today, now=self.now)
        else:
            return
        self.paper.receives(who, number)

    def he_is_followed_up(self, lead: int) -> None:
        if (number := self.number(lead, "held")) is not None:
            follow_ups.log(self.session, number, self.person(self.paper.leads[number].holder), "聊了聊",
                           today=self.today, now=self.now)
            self.paper.is_followed_up(number)

    def all_are_followed_up(self) -> None:
        for place in range(len(SOURCES)):
            self.he_is_followed_up(place)

    def he_is_released(self, lead: int) -> None:
        if (number := self.number(lead, "held")) is not None:
            customers.release(self.session, number, today=self.today, now=self.now)
            self.paper.is_released(number)

    def he_is_locked(self, lead: int, days: int) -> None:
        if (number := self.number(lead, "held")) is not None:
            customers.lock(self.session, number, self.today + days * ONE_DAY, today=self.today)
            self.paper.is_locked(number, self.today + days * ONE_DAY)

    def he_is_unlocked(self, lead: int) -> None:
        if (number := self.number(lead, "held")) is not None:
            customers.unlock(self.session, number, today=self.today)
            self.paper.is_locked(number, None)

    def he_enrols(self, lead: int) -> None:
        if (number := self.number(lead, "held")) is not None:
            enrolments.enrol(self.session, number, today=self.today, now=self.now)
            self.paper.enrols(number)

    def his_enrolment_is_undone(self, lead: int) -> None:
        if (number := self.number(lead, "enrolled")) is not None:
            enrolments.undo(self.session, number, today=self.today, now=self.now)
            self.paper.receives(self.paper.leads[number].holder, number)

    def his_source_is_corrected(self, lead: int, source: Source) -> None:
        if (number := self.number(lead, "public", "held", "enrolled")) is not None:
            self.session.get_one(Customer, number).source = self.paper.leads[number].source = source
            self.session.flush()
            distributions.recompute_held(self.session, number, today=self.today)
            self.paper.something_changes()

    # The school.

    def rules_change(self, scope: str | int | Source, said: dict[str, int | bool]) -> None:
        """With nothing said a department or source has nothing of its own any more."""
        if scope == "school":
            said = self.paper.rules["school"] | said
        self.paper.rules[scope] = said
        stored: dict[str, object] = {name: value for name, value in said.items() if name != "working_days"}
        if "working_days" in said:
            stored["calendar"] = Calendar.CHINA if said["working_days"] else Calendar.EVERY_DAY
        if scope == "school":
            unlimited = {"lock_limit": 1000, "lock_days": 90}
            stored = {name: getattr(DEFAULTS, name) for name in rule_book.NAMES} | unlimited | stored
        pool_rules.save(self.session, SCOPES[scope], stored)
        self._everybody_is_recomputed()

    def a_day_is_declared(self, ahead: int, *, works: bool) -> None:
        day = self.today + ahead * ONE_DAY
        if day not in self.paper.own_days:
            self.session.add(CalendarDay(day=day, name="校历", works=works))
            self.paper.own_days[day] = works
            self._everybody_is_recomputed()

    def leave_is_approved(self, who: str, ahead: int, days: int) -> None:
        first = self.today + ahead * ONE_DAY
        last = first + (days - 1) * ONE_DAY
        if not any(begin <= last and end >= first for begin, end in self.paper.leaves.get(who, ())):
            leave = Leave(employee=self.person(who), employee_id=self.person(who).id, first_on=first, last_on=last)
            leave_decisions.enter(self.session, leave, self.school.manager, today=self.today)
            self.paper.leaves.setdefault(who, []).append((first, last))
            self.paper.something_changes()

    def leave_is_taken_back(self, who: str) -> None:
        if self.paper.leaves.get(who):
            first, last = self.paper.leaves[who].pop()
            leave = self.session.scalars(select(Leave).where(
                Leave.employee_id == self.person(who).id, Leave.first_on == first, Leave.last_on == last,
                Leave.state == LeaveState.APPROVED)).one()
            leave_decisions.decide(self.session, leave.id, LeaveState.DECLINED, self.school.manager, today=self.today)
            self.paper.something_changes()

    def somebody_moves(self, who: str, department: int) -> None:
        """To another sales department, with his customers."""
        self.person(who).department_code = self.paper.departments[who] = department
        self.session.flush()
        recomputation.of_consultant(self.session, self.person(who).id, today=self.today)
        self.paper.something_changes()

    def _everybody_is_recomputed(self) -> None:
        self.session.flush()
        recomputation.recompute(self.session, today=lambda: self.today, on_batch=lambda *_batch: None, batch=1)
        self.paper.something_changes()

    def days_pass(self, days: int, *, nights: bool) -> None:
        """With the nightly job, or without."""
        for _ in range(days):
            self.paper.a_day_breaks()
            self.seen.update(each.fell_as.name for each in self.paper.leads.values()
                             if each.fell_as and each.fell_on == self.today)
            if nights:
                expiry.expire(self.session, self.today, now=lambda: self.now, on_batch=lambda *_batch: None)


def play(session, school, *, examples: int, phases: tuple[Phase, ...] = tuple(Phase)) -> Counter[str]:
    """Live through so many timelines; how many customers fell for which reason."""
    seen = Counter[str]()

    @settings(max_examples=examples, deadline=None, print_blob=True, phases=phases, report_multiple_bugs=False,
              suppress_health_check=list(HealthCheck), database=None)
    @given(begins_on=begins, decided=decisions, lived=steps)
    def any_timeline(begins_on, decided, lived):
        try:
            timeline = Timeline(session, school, begins_on, decided)
            for each in lived:
                timeline.live(each)
            seen.update(timeline.seen)
        finally:
            session.rollback()

    any_timeline()
    return seen


@pytest.mark.fuzz
def test_everybody_falls_when_the_paper_says_and_not_otherwise(session, school):
    seen = play(session, school, examples=2000 if FULL_SIZE else 50)
    assert seen["NO_FOLLOW_UP"]
    assert seen["NO_DEAL"]


def _a_day_too_late(recv_date, last_consult_date, **details) -> Fall:
    right = _fall(recv_date, last_consult_date, **details)
    return Fall(right.public_on + ONE_DAY, right.public_as)


_fall = rules.fall


@pytest.mark.parametrize(("module", "name", "fault"), [
    pytest.param(rule_book, "fall", _a_day_too_late, id="everybody falls a day too late"),
    pytest.param(rule_book, "fall", lambda recv, last, **details: Fall(
        _fall(recv, last, **details).public_on, DistributionStatus.NO_FOLLOW_UP), id="nobody falls for want of a deal"),
    pytest.param(calendars, "_public_day_off", lambda _calendar, day: "weekend" if day.isoweekday() > 5 else None,
                 id="holidays and make-up days are forgotten"),
    pytest.param(leaves, "approved", lambda _session, _ids: {}, id="leave is forgotten"),
    pytest.param(recomputation, "of_consultant", lambda *_arguments, **_details: None,
                 id="a leave does not move the clocks"),
    pytest.param(recomputation, "recompute", lambda *_arguments, **_details: None,
                 id="a change of rules moves nobody"),
])
def test_a_clock_with_a_fault_is_caught(session, school, monkeypatch, module, name: str, fault: Callable):
    """The controls: what the test above could not tell from the truth it would not prove."""
    monkeypatch.setattr(module, name, fault)
    with pytest.raises(AssertionError):
        play(session, school, examples=60, phases=(Phase.generate,))
