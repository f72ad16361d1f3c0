"""What a database says of an error, without the values it was given: those are people's numbers and notes.

An error's text ends up in logs, in the queue's book of failed jobs and on operators' screens. PostgreSQL repeats the
row or the key in it ("DETAIL: Key (mobile)=(138…) already exists"), SQLAlchemy would add all parameters (see
`hide_parameters` in config.py). Here the text is cut where the error is made, so that no reader needs to know.
"""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

_DATA_EXCEPTION = "22"
"""Class of SQLSTATE: the message itself quotes what could not be read as a number or a date."""

_PASSING = re.compile("08|53300|57P|40001|40P01|55P03")
"""SQLSTATEs of PostgreSQL: no connection, too many, shutting down, serialization, deadlock, lock not available. Not a
full disk (53100): that stays so until somebody sees to it."""

_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY_CODE = 0xFF


def configure(engine: Engine) -> None:
    """Cut the text of every error of an engine; constraint, table and code stay readable on it (`orig.diag`)."""
    event.listen(engine, "handle_error", _leave_values_out)


def _leave_values_out(context: ExceptionContext) -> None:
    error = context.original_exception
    full = str(error)
    short = without_values(full, getattr(error, "sqlstate", None))
    if short == full:
        return
    error.args = (short, *error.args[1:])
    wrapped = context.sqlalchemy_exception
    if wrapped is not None:
        wrapped.args = tuple(part.replace(full, short) if isinstance(part, str) else part for part in wrapped.args)


def without_values(text: str, sqlstate: str | None) -> str:
    """The first part of a message: what is wrong, and with which constraint.

    Args:
        text: what the driver says; PostgreSQL's details begin on a line of their own.
        sqlstate: PostgreSQL's code of the error; None from SQLite, which quotes no values.
    """
    if sqlstate is None:
        return text
    first = re.split(r"\n(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+):", text, maxsplit=1)[0]
    return re.sub(r'".*"', '"…"', first, flags=re.DOTALL) if sqlstate.startswith(_DATA_EXCEPTION) else first


def is_passing(error: BaseException) -> bool:
    """Whether a database was busy or away, so that what was asked of it may well succeed in a moment."""
    if isinstance(error, NoConnectionFree):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE) in _SQLITE_BUSY
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate is None:  # it never came to a conversation
        return isinstance(error, OperationalError)
    return _PASSING.match(sqlstate) is not None
