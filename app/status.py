"""What an operator asks: does the database answer, is it migrated, does Redis answer, how was last night.

Each question is answered with None or one sentence that says what is wrong. The sentences name no secret.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import current, queue
from app.extensions import db
from app.services import job_runs

GRACE = dt.timedelta(hours=1)
"""How long after midnight nobody worries yet about the night's run."""


def database_problem(*, with_reason: bool = False) -> str | None:
    """Whether the database answers.

    Args:
        with_reason: add what the driver says, for the operator; it may name hosts and users.
    """
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        sentence = "The database cannot be reached: check DATABASE_URL"
        return f"{sentence} ({reason_of(error)})." if with_reason else f"{sentence}."
    return None


def reason_of(error: Exception) -> str:
    """What the driver says, in one line."""
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(original).__name__


def migrations_problem() -> str | None:
    """Whether the database has the tables this version needs; asked when it answers."""
    with db.engine.connect() as connection:
        there = set(MigrationContext.configure(connection).get_current_heads())
    if there == set(_newest(str(current_app.extensions["migrate"].directory))):
        return None
    return ("The database has no tables yet: run `flask db upgrade`." if not there else
            "The database is not migrated to this version: run `flask db upgrade`.")


@cache
def _newest(directory: str) -> tuple[str, ...]:
    return tuple(ScriptDirectory(directory).get_heads())


def redis_problem() -> str | None:
    """Whether Redis answers."""
    return queue.problem(current.settings(), queue.connection())


def last_night() -> dict[str, Any]:
    """The last finished run; asked when the database is migrated."""
    run = job_runs.last_finished(db.session, job_runs.EXPIRY)
    due = job_runs.is_due(db.session, job_runs.EXPIRY, current.today())
    if run is None or run.finished_at is None:
        return {"as_of": None, "due": due}
    return {"as_of": run.business_date.isoformat(), "first_missed": run.first_missed.isoformat(),
            "finished_at": run.finished_at.isoformat(timespec="seconds"), "seconds": run.seconds,
            "closed_follow_up": run.closed_follow_up, "closed_deal": run.closed_deal, "due": due}


def night_problem(night: dict[str, Any]) -> str | None:
    """Whether today's run is missing although the night has long begun."""
    midnight = current.clock().instant(current.today())
    if night["due"] and current.now() - midnight > GRACE:
        last = night["as_of"] or "never"
        return f"The nightly expiry has not run today (last: {last}): is a worker running, and the scheduler?"
    return None
