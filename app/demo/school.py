"""The whole school, batch by batch, in memory that does not grow with it."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import accumulate, chain, islice, repeat

from sqlalchemy import Table, exists, func, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.demo import bulk, lately
from app.demo.catalogue import Catalogue, add_catalogue, add_classes, add_departments
from app.demo.chance import pick, stream
from app.demo.histories import History, Moments, World
from app.demo.lives import live
from app.demo.notes import Notes
from app.demo.people import Staff, add_staff
from app.demo.profiles import MOST_CUSTOMERS, Profile, Profiles
from app.demo.scenes import LONG_TAI, LOST, Scene, arranged, long_tai
from app.errors import ConflictError, DomainError
from app.models import Customer, Distribution, Employee, FollowUp, JobRun, Setting, customer_contact, customer_course
from app.models.choices import DistributionStatus, Source
from app.models.setting import DEMO_AS_OF
from app.services import audit, job_runs

DEFAULT_CUSTOMERS = 1200
DAYS_OF_HISTORY = 365
NIGHTS_ON_RECORD = 30
_WEEK = (1.0, 1.0, 1.0, 1.0, 1.0, 0.6, 0.6)
_SUMMER = (6, 7, 8)
_BATCH = 2000
_MANY = 20_000
"""From so many customers on, the time indexes take is worth saving."""

_REFERRERS = 2000
"""The last so many who enrolled can refer others."""

_CUSTOMER_COLUMNS = (
    "id", "name", "qq", "mobile", "wechat", "gender", "education", "graduation_school", "major", "experience",
    "work_status", "company", "salary", "source", "referral_from_id", "campus_id", "status", "consultant_id", "date",
    "recv_date", "last_consult_date", "public_on", "public_as")
_COURSE_COLUMNS = ("customer_id", "course_id")
_DISTRIBUTION_COLUMNS = ("id", "consultant_id", "customer_id", "started_on", "ended_on", "status", "origin", "memo",
                         "created_at", "closed_at")
_FOLLOW_UP_COLUMNS = ("id", "customer_id", "consultant_id", "at", "saved_on", "note", "intent", "next_contact_on")


def holds_data(session: Session) -> bool:
    """Whether the database holds people's data: employees or customers."""
    return bool(session.scalar(select(exists().select_from(Employee)))
                or session.scalar(select(exists().select_from(Customer))))


def is_demo(session: Session) -> bool:
    """Whether the people's data in the database are a demo school's."""
    return session.get(Setting, DEMO_AS_OF) is not None


def customers_of_people(session: Session) -> int:
    """How many customers the database holds who are not a demo school's."""
    return 0 if is_demo(session) else session.scalar(select(func.count()).select_from(Customer)) or 0


def clear(session: Session) -> None:
    """Delete the rows of every table, so that a demo school can take their place; the caller commits."""
    bulk.empty(session)


def build(session: Session, *, customers: int, seed: int, as_of: dt.date, now: dt.datetime, clock: Clock,
          on_progress: Callable[[int, int], None]) -> None:
    """Fill a database without people's data with a demo school; the caller commits, once, at the end.

    All is one transaction, also for a million customers: a demo school is there as a whole or not at all. Rows go out
    in batches, so memory stays the same. Nothing depends on `now`, which only proves that the as-of date has come.

    Args:
        customers: how many; the story of 龙泰 is the last of them.
        seed: another one gives another school.
        as_of: the business date the school is seen on; its night is the last thing that happened.
        on_progress: called with the customers done and those there are to do.

    Raises:
        DomainError: a number that cannot be, or a date in the future.
        ConflictError: the database holds people's data.
    """
    _check(session, customers, as_of, clock.business_date(now))
    with audit.in_bulk(session, f"demo school of {customers} customers"):
        rng = stream(seed, customers, as_of)
        add_departments(session)
        staff = add_staff(session, rng, customers, as_of)
        catalogue = add_catalogue(session)
        add_classes(session, rng, catalogue, as_of, staff)
        session.merge(Setting(key=DEMO_AS_OF, value=as_of.isoformat()))
        session.flush()
        writer = _Writer(session)
        world = World(as_of, Moments(clock), staff.roster, rng)
        on_progress(0, customers)
        with bulk.unguarded(session, [*_Writer.TABLES, customer_contact]) if customers >= _MANY else nullcontext():
            for done in _tell(world, writer, catalogue, staff, customers):
                on_progress(done, customers)
        _record_nights(session, world.moments, as_of, writer.fallen)
        bulk.settle(session, _Writer.TABLES)
        lately.deal_out(session, as_of, world.moments)
        lately.warn(session, as_of, world.moments)


def _check(session: Session, customers: int, as_of: dt.date, today: dt.date) -> None:
    if not 1 <= customers <= MOST_CUSTOMERS:
        raise DomainError(f"The number of customers must be between 1 and {MOST_CUSTOMERS}.")
    if as_of > today:
        raise DomainError(f"The as-of date {as_of} has not come yet: today is {today}.")
    if holds_data(session):
        raise ConflictError("The database already holds people's data.")


def _tell(world: World, writer: _Writer, catalogue: Catalogue, staff: Staff, customers: int) -> Iterator[int]:
    """Write every customer, by the day he came, the arranged ones last; says after each batch how many are done."""
    profiles = Profiles(world.rng, catalogue.courses, catalogue.campuses)
    referrals = _Referrals(world.rng)
    scenes = arranged(staff.demo_consultants, world.as_of)[:(customers - 1) // 2]
    sanjiang, baoyu, _dasha = staff.demo_consultants
    plots: Iterator[dt.date | Scene] = chain(
        _days_of_arrival(world.as_of, customers - len(scenes) - 1), scenes, [long_tai(sanjiang, baoyu)])
    number = 0
    while batch := list(islice(plots, _BATCH)):
        for plot in batch:
            number += 1
            profile = profiles.draw(number, name=LONG_TAI if number == customers else None)
            notes = Notes(world.rng, profile)
            if isinstance(plot, dt.date):
                history = live(world, History(world, plot), notes, profile.source)
            else:
                history = plot(world, notes)
            writer.add(number, profile, history, referrals.of(number, profile, history))
        writer.flush()
        yield number


def _days_of_arrival(as_of: dt.date, customers: int) -> Iterator[dt.date]:
    """The day each customer first came, over a year: the school grows, weekends are quiet, summer is not."""
    days = [as_of - dt.timedelta(days=before) for before in range(DAYS_OF_HISTORY, 0, -1)]
    shares = [(1 + number / DAYS_OF_HISTORY) * _WEEK[day.weekday()] * (1.3 if day.month in _SUMMER else 1)
              for number, day in enumerate(days)]
    total, before = sum(shares), 0
    for day, share in zip(days, accumulate(shares), strict=True):
        until = round(share / total * customers)
        yield from repeat(day, until - before)
        before = until


class _Referrals:
    """Remembers who enrolled lately, and finds who among them sent a customer."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._enrolled: deque[tuple[int, dt.date]] = deque(maxlen=_REFERRERS)

    def of(self, number: int, profile: Profile, history: History) -> int | None:
        """The customer's referrer; without one he has come from elsewhere."""
        found = self._find(history.date) if profile.source is Source.REFERRAL else None
        if found is None and profile.source is Source.REFERRAL:
            profile.source = Source.WEBSITE
        if history.won_on is not None:
            self._enrolled.append((number, history.won_on))
        return found

    def _find(self, day: dt.date) -> int | None:
        for _ in range(8):
            number, enrolled_on = pick(self._rng, self._enrolled) if self._enrolled else (0, dt.date.max)
            if enrolled_on <= day:
                return number
        return None


class _Writer:
    """Collects the rows of a batch and writes them; counts the falls of each night."""

    TABLES: Sequence[Table] = (Customer.__table__, customer_course, Distribution.__table__, FollowUp.__table__)  # type: ignore[assignment]

    def __init__(self, session: Session) -> None:
        self.fallen: Counter[tuple[dt.date, DistributionStatus]] = Counter()
        self._session = session
        self._customers: list[bulk.Row] = []
        self._courses: list[bulk.Row] = []
        self._distributions: list[bulk.Row] = []
        self._follow_ups: list[bulk.Row] = []
        self._last_distribution = self._last_follow_up = 0

    def add(self, number: int, profile: Profile, history: History, referrer: int | None) -> None:
        """A customer with all that happened to him."""
        self._customers.append((
            number, profile.name.text, profile.qq, profile.mobile, profile.wechat, profile.name.gender.value,
            profile.education.value, profile.school, profile.major, profile.experience.value,
            profile.work_status.value, profile.company, profile.salary, profile.source.value, referrer,
            profile.campus.id if profile.campus else None, history.status.value, history.consultant_id, history.date,
            history.recv_date, history.last_consult_date, history.public_on,
            history.public_as.value if history.public_as else None))
        self._courses.extend((number, course.id) for course in profile.courses)
        for row in history.holdings:
            self._last_distribution += 1
            self._distributions.append((
                self._last_distribution, row.consultant_id, number, row.started_on, row.ended_on, row.status.value,
                row.origin.value, row.memo, row.created_at, row.closed_at))
            if row.ended_on is not None and row.status in LOST:
                self.fallen[row.ended_on, row.status] += 1
        for talk in history.talks:
            self._last_follow_up += 1
            self._follow_ups.append((self._last_follow_up, number, talk.consultant_id, talk.at, talk.saved_on,
                                     talk.note, talk.intent.value, talk.next_contact_on))

    def flush(self) -> None:
        """Write the batch."""
        columns = (_CUSTOMER_COLUMNS, _COURSE_COLUMNS, _DISTRIBUTION_COLUMNS, _FOLLOW_UP_COLUMNS)
        collected = (self._customers, self._courses, self._distributions, self._follow_ups)
        for table, names, rows in zip(self.TABLES, columns, collected, strict=True):
            bulk.insert_rows(self._session, table, names, rows)
            rows.clear()


def _record_nights(session: Session, moments: Moments, as_of: dt.date,
                   fallen: Counter[tuple[dt.date, DistributionStatus]]) -> None:
    """The book of the last nights, with what the rows say they closed."""
    there = set(session.scalars(select(JobRun.business_date).where(JobRun.task == job_runs.EXPIRY)))
    for before in range(NIGHTS_ON_RECORD - 1, -1, -1):
        night = as_of - dt.timedelta(days=before)
        if night not in there:
            session.add(JobRun(
                task=job_runs.EXPIRY, business_date=night, first_missed=night, started_at=moments.at(night, 1),
                finished_at=moments.at(night, 41), closed_follow_up=fallen[night, DistributionStatus.NO_FOLLOW_UP],
                closed_deal=fallen[night, DistributionStatus.NO_DEAL]))
    session.flush()
