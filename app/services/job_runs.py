"""The book of nightly runs: what ran for which business date, what was missed, what died half-way."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import JobRun
from app.services.expiry import Expired
from app.services.rules import ONE_DAY

EXPIRY, RETENTION = "expiry", "retention"


def begin(session: Session, task: str, business_date: dt.date, *, now: dt.datetime) -> JobRun:
    """The row of a run, made or taken over; the same date may run again.

    Two workers at once end up with the same row: the loser of the insert reads the winner's.
    """
    with suppress(IntegrityError), session.begin_nested():
        session.add(JobRun(task=task, business_date=business_date, started_at=now, runs=0,
                           closed_follow_up=0, closed_deal=0,
                           first_missed=_first_missed(session, task, business_date)))
        session.flush()
    run = session.scalars(select(JobRun).where(JobRun.task == task, JobRun.business_date == business_date)
                          .with_for_update()).one()
    run.runs += 1
    run.started_at, run.finished_at = now, None
    session.flush()
    return run


def add(run: JobRun, part: Expired) -> None:
    """Count what a batch closed, in the batch's own transaction, so that the book survives a death."""
    run.closed_follow_up = JobRun.closed_follow_up + part.closed_follow_up
    run.closed_deal = JobRun.closed_deal + part.closed_deal


def finish(run: JobRun, *, now: dt.datetime) -> None:
    """Mark a run as done."""
    run.finished_at = now


def last_finished(session: Session, task: str) -> JobRun | None:
    """The finished run of the latest business date."""
    return session.scalar(select(JobRun).where(JobRun.task == task, JobRun.finished_at.is_not(None))
                          .order_by(JobRun.business_date.desc()).limit(1))


def is_due(session: Session, task: str, today: dt.date) -> bool:
    """Whether today's run has not finished yet: missed, or died half-way."""
    last = last_finished(session, task)
    return last is None or last.business_date < today


def latest(session: Session, task: str, *, size: int = 30) -> list[JobRun]:
    """The latest runs of a task, newest first."""
    return list(session.scalars(select(JobRun).where(JobRun.task == task)
                                .order_by(JobRun.business_date.desc(), JobRun.id.desc()).limit(size)))


def _first_missed(session: Session, task: str, business_date: dt.date) -> dt.date:
    last = session.scalar(select(func.max(JobRun.business_date)).where(
        JobRun.task == task, JobRun.business_date < business_date, JobRun.finished_at.is_not(None)))
    return business_date if last is None else last + ONE_DAY
