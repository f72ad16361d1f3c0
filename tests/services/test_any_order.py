"""Whatever people do in whatever order, the clock and the record stay what a naive oracle says.

The oracle knows the write-up's two comparisons and walks from day to day; it has no `public_on`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select, update

from app.errors import ConflictError, DomainError
from app.models import Customer, Distribution, Employee, FollowUp, Merge, PoolRule, Transfer, TransferLine
from app.models.choices import CustomerStatus, DistributionStatus, Origin
from app.services import customers, employees, pool, transfers
from app.services.claims import Refusal
from app.services.transfers import Plan
from tests.support.clock import START
from tests.support.databases import on_both_databases
from tests.support.sizes import FULL_SIZE

FOLLOWING, WON, NO_FOLLOW_UP, NO_DEAL, RELEASED, TRANSFERRED, MERGED = DistributionStatus
ONE_DAY = dt.timedelta(days=1)


class Holding(list):
    """Holder, status, origin, start, end of a row; numbered as it began, whoever the customer was."""

    began = count()

    def __init__(self, values) -> None:
        super().__init__(values)
        self.number = next(self.began)


@dataclass
class Believed:
    """What the oracle believes of one customer, and his rows."""

    holder: str | None = None
    state: str = "public"  # or held, enrolled
    recv: dt.date | None = None
    last: dt.date | None = None
    locked_until: dt.date | None = None
    not_before: dt.date | None = None
    fell_on: dt.date | None = None
    rows: list[Holding] = field(default_factory=list)

    def receive(self, holder: str, origin: Origin, today: dt.date) -> None:
        self.holder, self.state, self.recv, self.last = holder, "held", today, today
        self.locked_until = self.not_before = self.fell_on = None
        self.rows.append(Holding([holder, FOLLOWING, origin, today, None]))

    def open_row(self) -> Holding | None:
        return next((row for row in self.rows if row[1] is FOLLOWING), None)

    def end(self, status: DistributionStatus, day: dt.date) -> None:
        row = self.open_row()
        row[1], row[4] = status, day

    def rank(self) -> tuple:
        """Who is further on keeps his holding: enrolled, held, had by somebody, in the pool the later."""
        step = {"enrolled": 3, "held": 2}.get(self.state, 1 if self.holder else 0)
        return step, self.fell_on if self.state == "public" else None

    def day_breaks(self, today: dt.date, follow_up_days: int, deal_days: int) -> None:
        """The write-up, word for word; a lock, and the day after an unlock or a change of rules, keep him."""
        if self.state != "held" or (self.not_before and today < self.not_before):
            return
        if self.locked_until and today <= self.locked_until:
            return
        if self.last < today - dt.timedelta(days=follow_up_days) or self.recv < today - dt.timedelta(days=deal_days):
            by_deal = self.recv + dt.timedelta(days=deal_days) <= self.last + dt.timedelta(days=follow_up_days)
            self.state, self.fell_on = "public", today
            self.end(NO_DEAL if by_deal else NO_FOLLOW_UP, today)


@dataclass
class Merged:
    """A merge as the oracle remembers it: into whom, whose holding was kept, and what both were before."""

    merge_id: int
    survivor: int
    kept: str
    mine: Believed
    his: Believed
    closed: Holding | None
    enrolled: bool
    last: int


class Floor(RuleBasedStateMachine):
    """Three consultants, a manager and the night, in any order."""

    leads = Bundle("leads")
    who = st.sampled_from(["sanjiang", "baoyu", "dasha"])

    def __init__(self, session, school, floor, clock, usernames: dict[int, str]) -> None:
        super().__init__()
        self.session, self.school, self.floor, self.clock, self.usernames = session, school, floor, clock, usernames
        self.believed: dict[int, Believed] = {}
        self.merged: dict[int, Merged] = {}
        self.survivors: set[int] = set()
        self.active = {"sanjiang": True, "baoyu": True, "dasha": True}
        self.numbers = 0
        self.follow_up_days, self.deal_days, self.limit = 3, 15, 0

    @initialize(target=leads, holders=st.lists(st.none() | who, min_size=2, max_size=3))
    def the_floor_opens(self, holders):
        """With nothing of what was before, and with leads: a rule that needs one would else wait for most of a run."""
        self.session.rollback()
        for table in (TransferLine, Transfer, FollowUp, Distribution, Merge, Customer, PoolRule):
            self.session.execute(delete(table))
        self.session.execute(update(Employee).where(Employee.id.in_(self.usernames)).values(active=True))
        self.session.commit()
        self.clock.set(START)
        return multiple(*(self.enter(holder) for holder in holders))

    @property
    def today(self) -> dt.date:
        return self.clock.today()

    def person(self, username: str) -> Employee:
        return getattr(self.school, username)

    def customer(self, lead: int) -> Customer:
        return self.session.get_one(Customer, lead)

    def allowed(self, act, *, expected: bool) -> None:
        """The act goes through exactly if the oracle says so."""
        try:
            act()
        except (ConflictError, DomainError):
            self.session.rollback()
            assert not expected, "refused, though the oracle allows it"
        else:
            assert expected, "let through, though the oracle forbids it"

    @rule(target=leads, holder=st.none() | who)
    def a_lead_comes(self, holder):
        return self.enter(holder)

    def enter(self, holder: str | None) -> int:
        self.numbers += 1
        lead = Customer(name="客户", qq=f"{1_000_000 + self.numbers}")
        person = self.person(holder) if holder else None
        may = person is None or self.has_room(holder)
        try:
            customers.enter(self.session, lead, holder_id=person.id if person else None, today=self.today,
                            now=self.clock.now())
            self.session.commit()
        except ConflictError:
            self.session.rollback()
            assert not may
            customers.enter(self.session, lead, holder_id=None, today=self.today, now=self.clock.now())
            self.session.commit()
        else:
            assert may
        believed = self.believed[lead.id] = Believed(fell_on=self.today, last=self.today)
        if person and may:
            believed.receive(holder, Origin.ENTRY, self.today)
        return lead.id

    @rule(lead=leads, who=who)
    def someone_claims(self, lead, who):
        if lead not in self.believed:
            return
        believed = self.believed[lead]
        if not self.active[who]:
            self.allowed(lambda: self.floor.claim(lead, by=self.person(who)), expected=False)
            return
        result = self.floor.claim(lead, by=self.person(who))
        if believed.state == "public" and believed.holder != who and not self.has_room(who):
            assert result.refusal is Refusal.HOLDING_LIMIT
            assert result.possible_on > self.today
        elif believed.state == "public" and believed.holder != who:
            assert result.won
            believed.receive(who, Origin.CLAIM, self.today)
        elif believed.state == "public":
            assert result.refusal is Refusal.FORMER_CONSULTANT
        elif believed.state == "enrolled" or believed.holder == who:
            assert result.refusal is Refusal.NOT_PUBLIC
        else:
            assert result.refusal is Refusal.TAKEN

    @rule(lead=leads, who=who)
    def someone_follows_up(self, lead, who):
        if lead not in self.believed:
            return
        believed = self.believed[lead]
        may = believed.state != "public" and believed.holder == who
        self.allowed(lambda: self.floor.follow_up(self.customer(lead), by=self.person(who)), expected=may)
        if may:
            believed.last = self.today
            believed.not_before = self.today + ONE_DAY

    @rule(lead=leads)
    def he_is_released(self, lead):
        if lead not in self.believed:
            return
        believed = self.believed[lead]
        may = believed.state == "held"
        self.allowed(lambda: self.floor.release(self.customer(lead)), expected=may)
        if may:
            believed.end(RELEASED, self.today)
            believed.state, believed.fell_on, believed.locked_until = "public", self.today, None

    @rule(lead=leads, who=who)
    def a_manager_assigns(self, lead, who):
        if lead not in self.believed:
            return
        believed = self.believed[lead]
        may = self.has_room(who) and believed.state != "enrolled" and not (
            believed.state == "held" and believed.holder == who)
        self.allowed(lambda: self.floor.assign(self.customer(lead), to=self.person(who)), expected=may)
        if may:
            held = believed.state == "held"
            if held:
                believed.end(TRANSFERRED, self.today)
            believed.receive(who, Origin.TRANSFER if held else Origin.ASSIGNMENT, self.today)

    def dealt(self, chosen: list[int], recipients: list[str]) -> dict[int, str]:
        """Whom each goes to: whoever has got the fewest so far and does not have him, the first hired among equals."""
        given = {who: 0 for who in ("sanjiang", "baoyu", "dasha") if who in recipients}
        found = {}
        for lead in sorted(chosen) if given else ():
            others = [who for who in given if who != self.believed[lead].holder] or list(given)
            found[lead] = min(others, key=given.__getitem__)
            given[found[lead]] += 1
        return found

    @rule(chosen=st.lists(leads, min_size=1, max_size=5, unique=True), release=st.booleans(),
          recipients=st.lists(who, max_size=3, unique=True), batch=st.sampled_from([1, 2, 100]))
    def a_manager_moves_several(self, chosen, recipients, release, batch):
        chosen = [lead for lead in chosen if lead in self.believed]
        states = {"held"} if release else {"held", "public"}
        moving = [lead for lead in chosen if self.believed[lead].state in states]
        recipients = [] if release else recipients
        may = bool(moving) and all(self.active[who] for who in recipients) and bool(recipients or release)
        plan = Plan(tuple(sorted(self.person(who).id for who in recipients)), release=release)
        self.allowed(lambda: self.floor.move(Customer.id.in_(chosen), plan, self.school.manager, batch=batch),
                     expected=may)
        if may:
            goes_to = self.dealt(moving, recipients)
            for lead in sorted(moving):
                self.moved(lead, goes_to.get(lead), release=release)

    @rule(leaver=who, recipients=st.lists(who, max_size=2, unique=True), release=st.booleans(), ends=st.booleans(),
          batch=st.sampled_from([1, 2, 100]))
    def somebodys_customers_are_handed_over(self, leaver, recipients, release, ends, batch):
        his = {lead: each.state for lead, each in self.believed.items() if each.holder == leaver}
        held, enrolled = ([lead for lead in his if his[lead] == state] for state in ("held", "enrolled"))
        moving = held + (enrolled if recipients else [])
        may = ((bool(moving) or ends) and bool(recipients or release) and leaver not in recipients
               and all(self.active[who] for who in recipients))
        plan = Plan(tuple(sorted(self.person(who).id for who in recipients)), release=release,
                    leaver=self.person(leaver), deactivates=ends)
        condition = transfers.with_employee(self.person(leaver).id, self.today)
        self.allowed(lambda: self.floor.move(condition, plan, self.school.admin, batch=batch), expected=may)
        if may:
            goes_to = self.dealt(enrolled if release else moving, recipients)
            for lead in sorted(moving):
                self.moved(lead, goes_to.get(lead), release=release and lead in held)
            left = any(each.holder == leaver and each.state == "held" for each in self.believed.values())
            self.active[leaver] = self.active[leaver] and (left or not ends)

    def moved(self, lead: int, to: str | None, *, release: bool) -> None:
        """One of several customers has been moved, or stays where he is already."""
        believed, today = self.believed[lead], self.today
        if release:
            believed.end(RELEASED, today)
            believed.state, believed.fell_on, believed.locked_until = "public", today, None
        elif believed.state == "enrolled":
            believed.holder = to
        elif (believed.state == "held" and believed.holder == to) or not self.has_room(to):
            return
        elif believed.state == "public":
            believed.receive(to, Origin.ASSIGNMENT, today)
        else:
            believed.end(TRANSFERRED, today)
            believed.receive(to, Origin.TRANSFER, today)

    @rule(lead=leads, days=st.integers(-1, 20))
    def he_is_locked(self, lead, days):
        if lead not in self.believed:
            return
        believed, until = self.believed[lead], self.today + dt.timedelta(days=days)
        may = believed.state == "held" and days >= 0
        self.allowed(lambda: self.floor.lock(self.customer(lead), until), expected=may)
        if may:
            believed.locked_until, believed.not_before = until, self.today + ONE_DAY

    @rule(lead=leads)
    def he_is_unlocked(self, lead):
        if lead not in self.believed:
            return
        believed = self.believed[lead]
        may = believed.state == "held"
        self.allowed(lambda: self.floor.unlock(self.customer(lead)), expected=may)
        if may:
            believed.locked_until, believed.not_before = None, self.today + ONE_DAY

    @rule(lead=leads)
    def his_clock_is_recomputed(self, lead):
        if lead not in self.believed:
            return
        self.floor.recompute(self.customer(lead))
        if self.believed[lead].state == "held":
            self.believed[lead].not_before = self.today + ONE_DAY

    @rule(follow_up_days=st.integers(1, 6), deal_days=st.integers(1, 20), limit=st.sampled_from([0, 0, 1, 2]),
          batch=st.sampled_from([1, 2, 1000]))
    def the_rules_change(self, follow_up_days, deal_days, limit, batch):
        """And everybody's clock is recomputed; nobody falls before tomorrow by it, nobody is taken away."""
        self.floor.rules(follow_up_days=follow_up_days, deal_days=deal_days, holding_limit=limit, lock_limit=1000,
                         lock_days=90)
        self.floor.recompute_all(batch=batch)
        self.follow_up_days, self.deal_days, self.limit = follow_up_days, deal_days, limit
        for believed in self.believed.values():
            if believed.state == "held":
                believed.not_before = self.today + ONE_DAY

    def has_room(self, who: str) -> bool:
        """Whether somebody may hold one more customer."""
        held = sum(each.state == "held" and each.holder == who for each in self.believed.values())
        return self.active[who] and (not self.limit or held < self.limit)

    @rule(lead=leads)
    def he_enrols(self, lead):
        if lead not in self.believed:
            return
        believed = self.believed[lead]
        may = believed.state == "held"
        self.allowed(lambda: self.floor.enrol(self.customer(lead)), expected=may)
        if may:
            believed.end(WON, self.today)
            believed.state, believed.locked_until = "enrolled", None

    @rule(lead=leads)
    def his_enrolment_is_undone(self, lead):
        if lead not in self.believed:
            return
        believed = self.believed[lead]
        may = believed.state == "enrolled"
        self.allowed(lambda: self.floor.undo(self.customer(lead)), expected=may)
        if may and self.has_room(believed.holder):
            believed.receive(believed.holder, Origin.REINSTATED, self.today)
        elif may:
            believed.state, believed.fell_on = "public", self.today
            believed.recv = believed.last = self.today

    @rule(survivor=leads, merged=leads, holder=st.sampled_from(["survivor", "merged"]))
    def two_are_merged(self, survivor, merged, holder):
        if not {survivor, merged} <= self.believed.keys():
            return
        may, made = survivor != merged, []
        self.allowed(lambda: made.append(self.floor.merge(survivor, merged, self.school.manager, holder=holder)),
                     expected=may)
        if not may:
            return
        mine, his = self.believed[survivor], self.believed.pop(merged)
        alike = mine.rank()[0] == his.rank()[0]
        if alike and "public" not in (mine.state, his.state):
            kept = holder
        else:
            kept = "merged" if his.rank() > mine.rank() else "survivor"
        before = replace(mine, rows=list(mine.rows)), replace(his, rows=list(his.rows))
        keeper, loser = (mine, his) if kept == "survivor" else (his, mine)
        closed = loser.open_row()
        if closed:
            loser.end(MERGED, self.today)
        rows = sorted([*mine.rows, *his.rows], key=lambda row: row.number)
        self.believed[survivor] = replace(keeper, rows=rows)
        self.survivors.add(survivor)
        self.merged[merged] = Merged(made[0].id, survivor, kept, *before, closed, keeper.state == "enrolled",
                                     rows[-1].number if rows else -1)

    @rule(lead=leads)
    def a_merge_is_undone(self, lead):
        if lead not in self.merged:
            return
        said = self.merged[lead]
        now, his_rows = self.believed.get(said.survivor), {row.number for row in said.his.rows}
        may = (now is not None and (now.state == "enrolled") is said.enrolled
               and not any(each.survivor == said.survivor and each.merge_id > said.merge_id
                           for each in self.merged.values())
               and not (said.kept == "merged" and now.rows and now.rows[-1].number > said.last)
               and (said.closed is None or self.has_room(said.closed[0])))
        self.allowed(lambda: self.floor.part(said.merge_id, self.school.manager), expected=may)
        if not may:
            return
        del self.merged[lead]
        states = (now, said.his) if said.kept == "survivor" else (said.mine, now)
        mine, his = (replace(state, rows=[row for row in now.rows if (row.number in his_rows) is theirs])
                     for state, theirs in zip(states, (False, True), strict=True))
        self.believed[said.survivor], self.believed[lead] = mine, his
        if said.closed:
            said.closed[1], said.closed[4] = FOLLOWING, None
            loser = his if said.kept == "survivor" else mine
            loser.locked_until, loser.not_before = None, self.today + ONE_DAY

    @rule(lead=leads)
    def he_is_deleted(self, lead):
        if lead not in self.believed:
            return
        may = not self.believed[lead].rows and lead not in self.survivors

        def act() -> None:
            customers.delete(self.session, lead)
            self.session.commit()

        self.allowed(act, expected=may)
        if may:
            del self.believed[lead]

    @rule(who=who)
    def someone_leaves(self, who):
        holds = any(each.state == "held" and each.holder == who for each in self.believed.values())

        def act() -> None:
            employees.check_may_stop_holding(self.session, self.person(who), today=self.today)
            self.person(who).active = False
            self.session.commit()

        self.allowed(act, expected=not holds)
        if not holds:
            self.active[who] = False

    @rule(who=who)
    def someone_comes_back(self, who):
        self.person(who).active = self.active[who] = True
        self.session.commit()

    @rule(days=st.sampled_from([1, 1, 1, 1, 2, 3, 4, 5, 16]))
    def days_pass(self, days):
        for _ in range(days):
            self.clock.advance(days=1)
            for believed in self.believed.values():
                believed.day_breaks(self.today, self.follow_up_days, self.deal_days)

    @rule(ago=st.sampled_from([0, 0, 0, 1, 7]), batch=st.sampled_from([1, 2, 1000]))
    def the_night_comes(self, ago, batch):
        as_of = self.today - dt.timedelta(days=ago)
        self.floor.night(as_of, batch=batch)
        open_rows = {row.customer_id for row in self.session.scalars(
            select(Distribution).where(Distribution.status == FOLLOWING))}
        for lead, believed in self.believed.items():
            waiting = believed.state == "public" and believed.rows and believed.fell_on <= as_of
            assert not (waiting and lead in open_rows), "the night left an open row of a public customer"

    @invariant()
    def the_record_is_the_oracles(self) -> None:
        today = self.today
        rows: dict[int, list[Distribution]] = {lead: [] for lead in self.believed}
        stored = {customer.id: (customer, public, held) for customer, public, held in self.session.execute(
            select(Customer, pool.is_public(today), pool.is_held(today)).execution_options(populate_existing=True))}
        for row in self.session.scalars(select(Distribution).order_by(Distribution.id)
                                        .execution_options(populate_existing=True)):
            rows[row.customer_id].append(row)
        assert stored.keys() == self.believed.keys(), "no customer is lost"
        for lead, believed in self.believed.items():
            customer, public, held = stored[lead]
            shown = [[self.usernames[row.consultant_id], row.status_shown(today), row.origin, row.started_on,
                      row.ended_on_shown(today)] for row in rows[lead]]
            assert shown == believed.rows
            open_rows = [row for row in rows[lead] if row.is_open]
            assert len(open_rows) <= 1
            assert all(row.is_open is (row.closed_at is None) for row in rows[lead])
            assert bool(public) is customer.is_public(today) is (believed.state == "public")
            assert bool(held) is customer.is_held(today) is (believed.state == "held")
            assert (customer.status == CustomerStatus.ENROLLED) is (believed.state == "enrolled")
            assert self.usernames.get(customer.consultant_id) == believed.holder
            assert (customer.recv_date, customer.last_consult_date) == (believed.recv, believed.last)
            if believed.state == "held":
                assert [row.consultant_id for row in open_rows] == [customer.consultant_id]
            elif open_rows:
                assert believed.state == "public"
                assert open_rows[0].consultant_id == customer.consultant_id
                assert customer.public_as in {NO_FOLLOW_UP, NO_DEAL}
            if believed.state == "public":
                assert customer.public_on == believed.fell_on
            if believed.state == "enrolled":
                assert customer.public_on is customer.public_as is None
        self.session.rollback()


def play(session, school, floor, clock, examples: int, steps: int) -> None:
    usernames = {each.id: each.username for each in school.consultants}
    run_state_machine_as_test(
        lambda: Floor(session, school, floor, clock, usernames),
        settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
                          suppress_health_check=list(HealthCheck)))


@on_both_databases
def test_the_record_stays_whole(session, school, floor, clock):
    play(session, school, floor, clock, examples=12, steps=25)


@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(4))
def test_the_record_stays_whole_in_a_long_run(session, school, floor, clock, part):
    """2,000 examples in four parts, so that two processes share them; far more steps in each in `make soak`."""
    play(session, school, floor, clock, examples=500, steps=150 if FULL_SIZE else 8)
