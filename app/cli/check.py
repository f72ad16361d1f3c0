"""`flask check`: is everything in place, a line each."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app import current, queue, sqlite, status
from app.extensions import db
from app.queue import Task

SKIPPED = "not asked, because of the above"
Line = tuple[str, str | None, str]
"""What was looked at, what is wrong with it, and what to say if nothing is."""


@click.command()
@with_appcontext
def check() -> None:
    """Say whether configuration, database, migrations, Redis, schedule and last night are in order."""
    wrong = 0
    with sqlite.read_only():
        for what, problem, good in _lines():
            wrong += problem is not None
            click.echo(f"{what + ':':15}{'WRONG  ' + problem if problem else 'ok     ' + good}")
    if wrong:
        raise SystemExit(1)


def _lines() -> Iterator[Line]:
    settings = current.settings()
    kind = "SQLite" if settings.uses_sqlite else "PostgreSQL"
    mode = "demo" if settings.is_demo else "production"
    yield "configuration", None, f"{mode}, {kind}, {settings.business_timezone}"
    database = status.database_problem(with_reason=True)
    yield "database", database, "answers"
    migrations = SKIPPED if database else status.migrations_problem()
    yield "migrations", migrations, "at the newest"
    redis = status.redis_problem()
    yield "Redis", redis, "answers"
    yield ("schedule", SKIPPED, "") if redis else _schedule()
    yield ("last night", SKIPPED, "") if migrations else _last_night()


def _schedule() -> Line:
    entries = {entry.job_id: entry for entry in queue.scheduled()}
    night = entries.get(Task.NIGHTLY.scheduled_id)
    if night is None or Task.CATCH_UP.scheduled_id not in entries:
        return "schedule", "The nightly expiry is not scheduled: start `worker.py --scheduler`.", ""
    following = current.clock().local(night.at)
    if current.now() - night.at > status.GRACE:
        return "schedule", f"The night of {following:%Y-%m-%d} is overdue: start `worker.py --scheduler`.", ""
    if not queue.number_of_workers():
        return "schedule", "No worker is running: start `worker.py`.", ""
    return "schedule", None, f"next night {following:%Y-%m-%d %H:%M}, {queue.number_of_workers()} worker(s)"


def _last_night() -> Line:
    try:
        night = status.last_night()
    except SQLAlchemyError as error:
        db.session.rollback()
        return "last night", f"The database refused: {status.reason_of(error)}.", ""
    if night["as_of"] is None:
        return "last night", status.night_problem(night), "has not come yet"
    return "last night", status.night_problem(night), (
        f"{night['as_of']}: {night['closed_follow_up']} closed by the follow-up rule, "
        f"{night['closed_deal']} by the deal rule")
