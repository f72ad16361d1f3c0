"""What entry points themselves put into the audit log: who acts in a request, what was refused, what was only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, request
from flask_login import current_user
from sqlalchemy.orm import Session

from app import current, sqlite
from app.errors import DomainError, NotAllowedError
from app.extensions import db
from app.models import AuditAction
from app.services import audit
from app.services.audit import Actor

FORBIDDEN = 403


def init_app(app: Flask) -> None:
    """Let every write of a request be recorded as that of whoever asks."""
    app.before_request(lambda: audit.act_as(db.session, whoever_asks))


def act_for(origin: str) -> None:
    """Let every write of this context be recorded as that of a job or command, by its name."""
    audit.act_as(db.session, Actor(origin, current.now))


def whoever_asks() -> Actor:
    """Who sent this request, and from where."""
    employee_id = current_user.id if current_user and current_user.is_authenticated else None
    return Actor("web", current.now, employee_id, request.remote_addr)


@contextmanager
def apart() -> Iterator[Session]:
    """A transaction of its own, for what is recorded although the request itself is refused or only reads.

    What the request has not committed by then is given up.
    """
    actor = whoever_asks()
    db.session.rollback()  # on SQLite it may hold the write lock
    with sqlite.read_write(), Session(db.engine) as session:
        audit.act_as(session, actor)
        yield session
        session.commit()


def note(action: AuditAction, **what: Any) -> None:
    """Record what was only read, such as an export; see `audit.event`. What the request wrote is committed before."""
    with apart() as session:
        audit.event(session, action, **what)


def note_refusal(status: int) -> None:
    """Record that someone who is logged in was refused; the address without its parameters."""
    if not (current_user and current_user.is_authenticated):
        return
    note(AuditAction.REFUSED, facts={"status": status, "method": request.method, "path": request.path[:200]})


def note_if_not_allowed(error: DomainError) -> None:
    """Record a refusal that is shown on a page, beside a form's field for instance, like one that is the whole answer.

    What the request has not committed by then is given up.
    """
    if isinstance(error, NotAllowedError):
        note_refusal(FORBIDDEN)
