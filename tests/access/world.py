"""One filled school that all checks share, and what is known of each row without asking the application.

Each kind of row is there for each consultant: one he holds, one enrolled with him, one he lost to the pool, one that
is another's by now; besides leads nobody has had. Every row carries a marker of its own, by which it is recognised in
whatever page, file or answer it turns up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    AuditAction,
    AuditEntry,
    BackgroundTask,
    CalendarDay,
    Campus,
    Course,
    CourseClass,
    Customer,
    Department,
    Distribution,
    Employee,
    ExportChunk,
    ExportFile,
    FollowUp,
    Leave,
    Notice,
    NoticeDelivery,
    Role,
    SalesRank,
    SavedView,
    SecondFactor,
    Transfer,
)
from app.models.choices import (
    DeliveryChannel,
    DeliveryProblem,
    DeliveryState,
    DepartmentFunction,
    LeaveState,
    NoticeKind,
    TaskKind,
    TaskState,
    TransferKind,
)
from app.services import customers, export_files
from tests.access.grants import permissions_of
from tests.access.people import BY_NAME, OTHERS, Person, custom_roles
from tests.support import people
from tests.support.clock import SettableClock
from tests.support.floor import Floor

HELD, ENROLLED, PUBLIC = "held", "enrolled", "in the pool"

HOLDERS = ("sanjiang", "baoyu", "dasha", "team_lead", "own_everything", "team_everything", "two_roles")
PASSED_ON = (("sanjiang", "baoyu"), ("sanjiang", "dasha"), ("dasha", "baoyu"), ("baoyu", "own_everything"),
             ("team_lead", "baoyu"), ("own_everything", "sanjiang"), ("team_everything", "sanjiang"),
             ("two_roles", "dasha"))

_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
SIXTY = tuple(_STEMS[i % 10] + _BRANCHES[i % 12] for i in range(60))
"""The sexagenary cycle: sixty names, none of them part of another, and none to be found in a random token."""


@dataclass(frozen=True)
class Row:
    """A row, as the checks know it."""

    id: int
    marker: str

    def kind(self, person: Person) -> str:
        """What the row is to a person; one row of each kind stands for all."""
        return "there"


@dataclass(frozen=True)
class CustomerRow(Row):
    """A customer.

    Args:
        state: held, enrolled or in the pool.
        consultant: who has him, or had him last if he is in the pool.
        past: who else had him.
    """

    state: str = HELD
    consultant: str | None = None
    past: tuple[str, ...] = ()

    def kind(self, person: Person) -> str:
        once = ", once mine" if person.username in self.past else ""
        return f"{whose(self.consultant, person)}, {self.state}{once}"


@dataclass(frozen=True)
class HoldingRow(Row):
    """A distribution: a holding of a customer by a consultant; `live` while it still gives him the customer."""

    customer: CustomerRow = field(kw_only=True)
    consultant: str = field(kw_only=True)
    live: bool = field(kw_only=True)

    def kind(self, person: Person) -> str:
        return f"{whose(self.consultant, person)}, {'live' if self.live else 'past'}, of {self.customer.kind(person)}"


@dataclass(frozen=True)
class FollowUpRow(Row):
    """A follow-up: about whom, by whom, saved today or earlier."""

    customer: CustomerRow = field(kw_only=True)
    author: str = field(kw_only=True)
    today: bool = field(kw_only=True)

    def kind(self, person: Person) -> str:
        when = "today" if self.today else "earlier"
        return f"{whose(self.author, person)}, {when}, about {self.customer.kind(person)}"


@dataclass(frozen=True)
class SessionRow(Row):
    """A login session: whose, and whether it is the one he comes with."""

    owner: str = field(kw_only=True)
    here: bool = field(kw_only=True)
    ended: bool = field(kw_only=True)

    def kind(self, person: Person) -> str:
        where = ", this one" if self.here and self.owner == person.username else ""
        return f"{whose(self.owner, person)}{', ended' if self.ended else where}"


@dataclass(frozen=True)
class ViewRow(Row):
    """A saved view of the list of courses: whose, and whether it is shared."""

    owner: str = field(kw_only=True)
    shared: bool = field(kw_only=True)

    def kind(self, person: Person) -> str:
        whose_it_is = "mine" if self.owner == person.username else "another's"
        return f"{whose_it_is}, {'shared' if self.shared else 'private'}"


@dataclass(frozen=True)
class EntryRow(Row):
    """An entry of the audit log: who did it, or none of the staff."""

    actor: str | None = field(kw_only=True)

    def kind(self, person: Person) -> str:
        return whose(self.actor, person)


@dataclass(frozen=True)
class LeaveRow(Row):
    """A leave: whose, and whether it is approved or only asked for."""

    owner: str = field(kw_only=True)
    approved: bool = field(kw_only=True)

    def kind(self, person: Person) -> str:
        return f"{whose(self.owner, person)}, {'approved' if self.approved else 'asked for'}"


@dataclass(frozen=True)
class TaskRow(Row):
    """A background task, or a notice: whose."""

    owner: str = field(kw_only=True)

    def kind(self, person: Person) -> str:
        return whose(self.owner, person)


@dataclass(frozen=True)
class OwnedRow(Row):
    """Somebody's: a person with customers to hand over, or an order to move some."""

    owner: str = field(kw_only=True)

    def kind(self, person: Person) -> str:
        return whose(self.owner, person)


def whose(username: str | None, person: Person) -> str:
    """Whose something is, to a person."""
    if username is None:
        return "nobody's"
    if username == person.username:
        return "mine"
    return "a colleague's" if department_of(username) == person.department else "another's"


def department_of(username: str | None) -> int | None:
    """The department of somebody; none of nobody."""
    return BY_NAME[username].department if username else None


@dataclass
class World:
    """The school with its rows by table, and the ids forms need."""

    rows: dict[str, list[Row]]
    employees: dict[str, int]
    python: int
    beijing: int
    sales: int
    other_department: int
    teacher: int
    ranked: int

    def ids(self, table: str) -> set[int]:
        return {row.id for row in self.rows[table]}

    def elsewhere(self, table: str) -> int:
        """An id that another table has and this one has not."""
        return max(set().union(*(self.ids(each) for each in self.rows)) - self.ids(table))

    def representatives(self, table: str, person: Person) -> Iterator[tuple[str, Row]]:
        """One row of each kind there is for a person."""
        seen: set[str] = set()
        for row in self.rows[table]:
            kind = row.kind(person)
            if kind not in seen:
                seen.add(kind)
                yield kind, row


def build(session: Session, clock: SettableClock) -> World:
    """Fill an empty database."""
    school = people.open_school(session)
    staff = {person.username: person for person in school.everyone} | _hire(session, school)
    spare = _small_tables(session, school)
    Floor(session, clock).rules(lock_limit=100, lock_days=30)
    known = _Customers(session, clock, staff, school.python).enter()
    session.commit()
    ids = {username: employee.id for username, employee in staff.items()}
    world = World(_rows(session, known, ids, spare), ids, school.python.id, school.beijing.id,
                  school.departments[1001].id, school.departments[1000].id, school.teacher.id,
                  spare["salesrank"][0].consultant_id)
    session.commit()
    return world


def _hire(session: Session, school: people.School) -> dict[str, Employee]:
    roles = {}
    for name, (template, scope) in custom_roles().items():
        roles[name] = Role(name=name, scope=scope)
        roles[name].permission_codes = [permission.value for permission in permissions_of(template)]
        session.add(roles[name])
    hired = {}
    for person in OTHERS:
        assert person.department is not None
        hired[person.username] = Employee(
            name=person.username[:16], username=person.username, password_hash=people.password_hash(),
            department=school.departments[person.department],
            roles=[roles[f"{role} ({scope})"] for role, scope in person.roles])
        session.add(hired[person.username])
        session.flush()
    return hired


def _small_tables(session: Session, school: people.School) -> dict[str, list[Any]]:
    """A row of each small table that nothing refers to, so that it can be changed and deleted; no two ids are alike."""
    day = dt.date(2026, 4, 1)
    ranked = Employee(name="备用顾问", username="ranked", department=school.departments[1001])
    spare: dict[str, list[Any]] = {
        "department": [Department(id=9_000_901, code=4000, title="备用部门", function=DepartmentFunction.OTHER)],
        "campus": [Campus(id=9_000_902, title="备用校区")],
        "course": [Course(id=9_000_903, name="备用课程")],
        "role": [Role(id=9_000_904, name="备用角色")],
        "employee": [Employee(id=9_000_905, name="备用员工", username="spare", department=school.departments[1000],
                              password_hash=people.password_hash(),
                              second_factor=SecondFactor(sealed_secret=b"sealed", last_step=0))],
        "courseclass": [CourseClass(id=9_000_906, campus=school.beijing, course=school.linux, semester=3, price=1,
                                    capacity=9, start_date=day, teachers=[school.teacher], tutor=school.tutor)],
        "calendarday": [CalendarDay(id=9_000_908, day=dt.date(2026, 5, 9), name="备用日子")],
        "salesrank": [SalesRank(id=9_000_907, consultant=ranked, num=1, weight=1)],
    }
    for rows in spare.values():
        session.add_all(rows)
        session.flush()
    return spare


class _Customers:
    """Enters the customers, as the sales floor would, and keeps what became of each."""

    def __init__(self, session: Session, clock: SettableClock, staff: dict[str, Employee], course: Course) -> None:
        self.session, self.clock, self.staff, self.course = session, clock, staff, course
        self.floor = Floor(session, clock)
        self.known: list[CustomerRow] = []

    def enter(self) -> list[CustomerRow]:
        morning = self.clock.now()
        self.clock.advance(days=-1)
        self._yesterday = [self._taken_in(former, HELD, new, (former,)) for former, new in PASSED_ON]
        self.clock.set(morning)
        for holder in HOLDERS:
            self._note(self._taken_in(holder, HELD, holder))
            self.floor.enrol(self._note(self._taken_in(holder, ENROLLED, holder)))
            self.floor.release(self._note(self._taken_in(holder, PUBLIC, holder)))
        for (former, new), customer in zip(PASSED_ON, self._yesterday, strict=True):
            self.floor.follow_up(customer, self.staff[former], "昨天以后")
            self.floor.assign(customer, self.staff[new])
        for _lead in range(2):
            self._taken_in(None, PUBLIC, None)
        return self.known

    def _taken_in(self, holder: str | None, state: str, consultant: str | None, past: tuple[str, ...] = ()) -> Customer:
        number = len(self.known)
        marker = f"{SIXTY[number]}客"
        customer = Customer(name=marker, qq=f"{100_000_000 + number}", courses=[self.course])
        customers.enter(self.session, customer, holder_id=self.staff[holder].id if holder else None,
                        today=self.clock.today(), now=self.clock.now())
        self.session.commit()
        if past:
            self._note(customer)
        self.known.append(CustomerRow(customer.id, marker, state, consultant, past))
        return customer

    def _note(self, customer: Customer) -> Customer:
        assert customer.consultant is not None
        self.floor.follow_up(customer, customer.consultant, "说了")
        return customer


def _rows(session: Session, known: list[CustomerRow], ids: dict[str, int],
          spare: dict[str, list[Any]]) -> dict[str, list[Row]]:
    """What there is in each table, with a marker written into each follow-up and holding."""
    by_id, names = {row.id: row for row in known}, {id_: username for username, id_ in ids.items()}
    rows: dict[str, list[Row]] = {"customer": list(known), "distribution": [], "followup": []}
    for number, holding in enumerate(session.scalars(select(Distribution).order_by(Distribution.id))):
        holding.memo = f"{SIXTY[number]}注"
        customer, consultant = by_id[holding.customer_id], names[holding.consultant_id]
        live = customer.state != PUBLIC and customer.consultant == consultant
        rows["distribution"].append(HoldingRow(holding.id, holding.memo, customer=customer, consultant=consultant,
                                               live=live))
    last = max(record.saved_on for record in session.scalars(select(FollowUp)))
    for number, record in enumerate(session.scalars(select(FollowUp).order_by(FollowUp.id))):
        record.note = f"{SIXTY[number]}记"
        rows["followup"].append(FollowUpRow(
            record.id, record.note, customer=by_id[record.customer_id], author=names[record.consultant_id],
            today=record.saved_on == last))
    rows["audit"] = [EntryRow(_entry(session, ids.get(username)), f"{SIXTY[number]}条", actor=username)
                     for number, username in enumerate((None, *ids))]
    rows["savedview"] = _views(session, ids)
    rows["leave"] = _leaves(session, ids)
    rows["task"] = [TaskRow(_task(session, employee_id, f"{SIXTY[number]}务", TaskState.WAITING),
                            f"{SIXTY[number]}务", owner=username) for number, (username, employee_id) in enumerate(
                                ids.items())]
    rows["file"] = [TaskRow(_task(session, employee_id, f"{SIXTY[number]}件", TaskState.FINISHED),
                            f"{SIXTY[number]}件", owner=username) for number, (username, employee_id) in enumerate(
                                ids.items())]
    rows["notice"] = [TaskRow(_notice(session, employee_id, number), f"70,{100 + number}", owner=username)
                      for number, (username, employee_id) in enumerate(ids.items())]
    rows["leaver"] = [OwnedRow(ids[username], username, owner=username) for username in HOLDERS]
    rows["transfer"] = [OwnedRow(_transfer(session, employee_id), f"{SIXTY[number]}移", owner=username)
                        for number, (username, employee_id) in enumerate(ids.items())]
    rows["noticedelivery"] = [OwnedRow(_delivery(session, employee_id, f"{SIXTY[number]}递"), f"{SIXTY[number]}递",
                                       owner=username) for number, (username, employee_id) in enumerate(ids.items())]
    for table, stored in spare.items():
        rows[table] = [Row(each.id, _name(each)) for each in stored]
    return rows


def _views(session: Session, ids: dict[str, int]) -> list[Row]:
    """A private view and a shared one of everybody."""
    found = [(username, shared, SavedView(employee_id=employee_id, screen="course", shared=shared, filters={},
                                          name=f"{SIXTY[number]}{'共' if shared else '私'}"))
             for number, (username, employee_id) in enumerate(ids.items()) for shared in (False, True)]
    session.add_all(view for _username, _shared, view in found)
    session.flush()
    return [ViewRow(view.id, view.name, owner=username, shared=shared) for username, shared, view in found]


def _leaves(session: Session, ids: dict[str, int]) -> list[Row]:
    """A request of everybody's, for the days to come, and an approved leave of those who hold customers, long gone."""
    asked_for = [(username, LeaveState.REQUESTED, dt.date(2026, 3, 3)) for username in ids]
    approved = [(username, LeaveState.APPROVED, dt.date(2026, 1, 5)) for username in HOLDERS]
    found = [(username, state, Leave(employee_id=ids[username], first_on=day, last_on=day + dt.timedelta(days=1),
                                     state=state, reason=f"{SIXTY[number]}假"))
             for number, (username, state, day) in enumerate((*asked_for, *approved))]
    session.add_all(leave for _username, _state, leave in found)
    session.flush()
    return [LeaveRow(leave.id, leave.reason or "", owner=username, approved=state is LeaveState.APPROVED)
            for username, state, leave in found]


def _task(session: Session, employee_id: int, marker: str, state: TaskState) -> int:
    """A task that waits, or one that is done, with its file."""
    at = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    task = BackgroundTask(employee_id=employee_id, kind=TaskKind.EXPORT, subject=marker, state=state, created_at=at,
                          arguments={"query": "", "format": "csv", "locale": "en"})
    session.add(task)
    session.flush()
    if state is TaskState.FINISHED:
        session.add(ExportFile(task_id=task.id, name=f"{marker}.csv", content_type="text/csv", chunks=1,
                               rights=export_files.rights_of(session.get_one(Employee, employee_id), masking=True),
                               size=len(marker.encode()), expires_at=at + dt.timedelta(days=7)))
        session.flush()
        session.add(ExportChunk(task_id=task.id, number=0, content=marker.encode()))
    return task.id


def _notice(session: Session, employee_id: int, number: int) -> int:
    """Somebody is told how many contacts are due; the number tells the notices apart."""
    notice = Notice(employee_id=employee_id, kind=NoticeKind.REMINDER, key=f"reminders/{employee_id}",
                    details={"number": 70_100 + number, "next_contact_on": "2026-03-02"},
                    created_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    session.add(notice)
    session.flush()
    return notice.id


def _transfer(session: Session, employee_id: int) -> int:
    """An order that was interrupted before its end, with nobody left to move."""
    transfer = Transfer(employee_id=employee_id, kind=TransferKind.RELEASE, releases=True, recipients=[],
                        created_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    session.add(transfer)
    session.flush()
    return transfer.id


def _delivery(session: Session, employee_id: int, marker: str) -> int:
    """A message that was given up."""
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    delivery = NoticeDelivery(employee_id=employee_id, channel=DeliveryChannel.WECOM, state=DeliveryState.GIVEN_UP,
                              created_at=at, due_at=at, attempts=6, problem=DeliveryProblem.REFUSED, answer=marker)
    session.add(delivery)
    session.flush()
    return delivery.id


def _entry(session: Session, actor_id: int | None) -> int:
    entry = AuditEntry(at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), action=AuditAction.LOGGED_IN, actor_id=actor_id,
                       origin="test")
    session.add(entry)
    session.flush()
    return entry.id


def _name(row: Any) -> str:
    """As lists and files show the row."""
    return str(row.consultant if isinstance(row, SalesRank) else row)
