"""What must be true of every demo school: the table of events of the design, read backwards from the rows."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.clock import Clock
from app.models import (
    CourseClass,
    Customer,
    Distribution,
    Employee,
    FollowUp,
    JobRun,
    SalesRank,
    customer_course,
)
from app.models.choices import CustomerStatus, DepartmentFunction, Origin, Source
from app.models.choices import DistributionStatus as S
from app.models.contacts import CONTACT_FIELDS, normal_contact
from app.services import job_runs
from app.services.rules import fall

LOST = (S.NO_FOLLOW_UP, S.NO_DEAL)


@dataclass
class Story:
    """A customer with his rows, oldest first."""

    customer: Any
    holdings: list[Any] = field(default_factory=list)
    talks: list[Any] = field(default_factory=list)


def read(session: Session) -> dict[int, Story]:
    """Everyone's story, as plain rows."""
    stories = {row.id: Story(row) for row in session.execute(select(*Customer.__table__.c))}
    for row in session.execute(select(*Distribution.__table__.c).order_by(Distribution.id)):
        stories[row.customer_id].holdings.append(row)
    for row in session.execute(select(*FollowUp.__table__.c).order_by(FollowUp.id)):
        stories[row.customer_id].talks.append(row)
    return stories


def check(session: Session, as_of: dt.date, clock: Clock) -> None:
    """Raise AssertionError, naming the customer, where a demo school is not as it must be."""
    stories = read(session)
    staff = {employee.id: employee for employee in session.scalars(select(Employee))}
    _check_contacts(stories)
    for story in stories.values():
        _check_columns(story, as_of, staff)
        _check_holdings(story, as_of, clock, staff)
        _check_talks(story, as_of, clock)
        _check_referral(story, stories)
    _check_nights(session, stories, as_of)
    _check_staff(session)
    assert set(session.scalars(select(customer_course.c.customer_id))) == set(stories)


def _check_contacts(stories: dict[int, Story]) -> None:
    for field_name in CONTACT_FIELDS:
        given = [value for story in stories.values() if (value := getattr(story.customer, field_name)) is not None]
        assert len(given) == len(set(given)), field_name
        assert all(normal_contact(field_name, value) == value for value in given), field_name
    for story in stories.values():
        assert any(getattr(story.customer, name) for name in CONTACT_FIELDS), story.customer
        assert story.customer.mobile is None or (story.customer.mobile.startswith("154")
                                                 and len(story.customer.mobile) == 11)
        assert story.customer.wechat is None or 6 <= len(story.customer.wechat) <= 20


def _check_columns(story: Story, as_of: dt.date, staff: dict[int, Employee]) -> None:
    """The customer's own columns agree with his last holding and with the rule."""
    c, holdings = story.customer, story.holdings
    assert c.locked_until is None
    assert as_of - dt.timedelta(days=366) <= c.date < as_of, c
    if not holdings:
        assert (c.consultant_id, c.recv_date, c.public_as, c.status) == (None, None, None, CustomerStatus.NOT_ENROLLED)
        assert c.public_on == c.last_consult_date == c.date and not story.talks, c
        return
    last = holdings[-1]
    assert (c.consultant_id, c.recv_date) == (last.consultant_id, last.started_on), c
    assert c.last_consult_date == _last_talk(story, last), c
    if c.status == CustomerStatus.ENROLLED:
        assert (c.public_on, c.public_as, last.status) == (None, None, S.ENROLLED), c
    elif c.public_on > as_of:
        assert last.status == S.FOLLOWING and staff[c.consultant_id].can_hold_customers, c
        assert (c.public_on, c.public_as) == _fall(c.recv_date, c.last_consult_date), c
    else:
        assert (c.public_on, c.public_as) == (last.ended_on, last.status), c
    assert [row.status for row in holdings].count(S.FOLLOWING) == (last.status == S.FOLLOWING), c
    assert [row.status for row in holdings].count(S.ENROLLED) == (c.status == CustomerStatus.ENROLLED), c


def _check_holdings(story: Story, as_of: dt.date, clock: Clock, staff: dict[int, Employee]) -> None:
    night = clock.instant(as_of, 0, 1)
    for row in story.holdings:
        assert staff[row.consultant_id].department.function == DepartmentFunction.SALES
        assert clock.business_date(row.created_at) == row.started_on >= story.customer.date, row
        falls_on, falls_as = _fall(row.started_on, _last_talk(story, row))
        if row.status == S.FOLLOWING:
            assert row.closed_at is None and row.started_on < as_of < falls_on, row
            continue
        assert row.created_at < row.closed_at < night, row
        assert clock.business_date(row.closed_at) == row.ended_on, row
        if row.status in LOST:
            assert (row.ended_on, row.status) == (falls_on, falls_as), row
        else:
            assert row.ended_on < falls_on, row
    for before, after in pairwise(story.holdings):
        assert before.ended_on <= after.started_on and before.closed_at <= after.created_at, (before, after)
        assert before.consultant_id != after.consultant_id, (before, after)
        assert (before.status == S.TRANSFERRED) == (after.origin == Origin.TRANSFER), (before, after)
        assert after.origin in (Origin.TRANSFER, Origin.CLAIM, Origin.ASSIGNMENT), (before, after)
    if story.holdings:
        assert story.holdings[0].origin != Origin.TRANSFER


def _check_talks(story: Story, as_of: dt.date, clock: Clock) -> None:
    end = clock.instant(as_of)
    for talk in story.talks:
        assert clock.business_date(talk.at) == talk.saved_on < as_of, talk
        assert talk.next_contact_on is None or talk.next_contact_on >= talk.saved_on, talk
        assert "{" not in talk.note and "None" not in talk.note and talk.note == talk.note.strip(), talk
        assert [row for row in story.holdings if row.consultant_id == talk.consultant_id
                and row.created_at <= talk.at < (row.closed_at or end)], talk
    assert all(before.at < after.at for before, after in pairwise(story.talks)), story.customer


def _check_referral(story: Story, stories: dict[int, Story]) -> None:
    c = story.customer
    assert (c.source == Source.REFERRAL) == (c.referral_from_id is not None), c
    if c.referral_from_id is not None:
        referrer = stories[c.referral_from_id]
        assert referrer.customer.status == CustomerStatus.ENROLLED, c
        assert referrer.holdings[-1].ended_on <= c.date, c


def _check_nights(session: Session, stories: dict[int, Story], as_of: dt.date) -> None:
    """The book of nights says what the rows say."""
    closed = Counter((row.ended_on, row.status) for story in stories.values() for row in story.holdings
                     if row.status in LOST)
    runs = session.scalars(select(JobRun).where(JobRun.task == job_runs.EXPIRY).order_by(JobRun.business_date)).all()
    assert [run.business_date for run in runs] == [as_of - dt.timedelta(days=before) for before in range(29, -1, -1)]
    for run in runs:
        night = run.business_date
        assert (run.closed_follow_up, run.closed_deal) == (closed[night, S.NO_FOLLOW_UP], closed[night, S.NO_DEAL])
        assert run.finished_at is not None and run.started_at < run.finished_at
        assert all(run.started_at <= row.closed_at <= run.finished_at for story in stories.values()
                   for row in story.holdings if row.ended_on == night and row.status in LOST)


def _check_staff(session: Session) -> None:
    functions = defaultdict(set)
    for row in session.scalars(select(CourseClass).options(selectinload(CourseClass.teachers))):
        functions["tutor"].add(row.tutor.department.function)
        functions["teacher"].update(teacher.department.function for teacher in row.teachers)
    assert functions == {"tutor": {DepartmentFunction.TUTORING}, "teacher": {DepartmentFunction.TEACHING}}
    assert all(rank.consultant.can_hold_customers for rank in session.scalars(select(SalesRank)))


def _last_talk(story: Story, row: Any) -> dt.date:
    """The day a holding's clock last moved."""
    return max([row.started_on, *(talk.saved_on for talk in story.talks if talk.at >= row.created_at
                                  and (row.closed_at is None or talk.at < row.closed_at))])


def _fall(received: dt.date, last: dt.date) -> tuple[dt.date, S]:
    end = fall(received, last)
    return end.public_on, end.public_as
