"""Login sessions: they begin with a new random token, and end for good by any of seven reasons.

Only a hash of the token is stored: who reads the table cannot log in. Whether a session lives is decided by its row at
each request; `end_overdue` only writes down what has ended by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.orm import Session, joinedload, object_session

from app.models import AuditAction, Employee, LoginSession, PersonKind
from app.models.choices import SessionEnd
from app.services import audit
from app.services.school_settings import SchoolSettings

TOUCHED_EVERY = dt.timedelta(minutes=1)


def begin(session: Session, employee: Employee, *, now: dt.datetime, address: str | None, user_agent: str | None,
          second_factor_at: dt.datetime | None = None) -> LoginSession:
    """Begin a session of an employee; `employee.session_token` then holds the token for the cookie."""
    login = LoginSession(employee=employee, created_at=now, last_seen_at=now, address=address, user_agent=user_agent,
                         second_factor_at=second_factor_at)
    renew_token(login)
    session.add(login)
    session.flush()
    return login


def renew_token(login: LoginSession) -> None:
    """Give a session a new token, in `employee.session_token` for the cookie: whoever has the old one has nothing."""
    token = secrets.token_urlsafe(32)
    login.token_hash = _hash(token)
    login.employee.session_token = token


def of_token(session: Session, token: str) -> LoginSession | None:
    """The session with this token, dead or alive, with its employee, all that opens doors to him: one query."""
    employee = joinedload(LoginSession.employee)
    return session.scalars(select(LoginSession).where(LoginSession.token_hash == _hash(token)).options(
        employee.joinedload(Employee.roles),
        employee.joinedload(Employee.second_factor))).unique().one_or_none()


def dead_as(login: LoginSession, *, now: dt.datetime, settings: SchoolSettings) -> SessionEnd | None:
    """Why a session is over; None while it lives."""
    if login.ended_as is not None:
        return login.ended_as
    if not login.employee.active:
        return SessionEnd.DEACTIVATED
    idle, longest = _terms(settings)
    if now >= login.created_at + longest:
        return SessionEnd.EXPIRED
    return SessionEnd.IDLE if now >= login.last_seen_at + idle else None


def touch(session: Session, login_id: int, *, now: dt.datetime) -> None:
    """Note that a session is in use."""
    session.execute(update(LoginSession).where(LoginSession.id == login_id, LoginSession.ended_at.is_(None))
                    .values(last_seen_at=now))


def is_touch_due(login: LoginSession, *, now: dt.datetime) -> bool:
    """Whether the last use was noted so long ago that this one should be."""
    return now >= login.last_seen_at + TOUCHED_EVERY


def end(login: LoginSession, reason: SessionEnd, *, now: dt.datetime) -> None:
    """End one session, and record it; one that has ended stays as it is."""
    if login.ended_at is not None:
        return
    login.ended_at, login.ended_as = now, reason
    session = object_session(login)
    assert session is not None, "it was read from the database"
    logged_out = reason is SessionEnd.LOGGED_OUT  # then it was he, also where a second factor is still awaited
    audit.event(session, AuditAction.LOGGED_OUT if logged_out else AuditAction.SESSION_ENDED,
                table=LoginSession.__tablename__, row_id=login.id, person=(PersonKind.EMPLOYEE, login.employee_id),
                actor_id=login.employee_id if logged_out else None, facts={"ended_as": reason.value})


def end_all(session: Session, employee: Employee, reason: SessionEnd, *, now: dt.datetime,
            but: LoginSession | None = None) -> int:
    """End all sessions of an employee, or all but one, and say how many.

    The employee is locked, so that a login that saw him before this change has either begun its session already or
    sees the change (`logins.enter` takes the same lock).
    """
    session.flush()
    session.execute(lock(employee.id))
    found = session.scalars(select(LoginSession).where(
        LoginSession.employee_id == employee.id, LoginSession.ended_at.is_(None))).all()
    ending = [login for login in found if login is not but]
    for login in ending:
        end(login, reason, now=now)
    session.flush()
    return len(ending)


def lock(employee_id: int) -> Select[int]:
    """The query that locks an account against a change of who may be logged in."""
    return select(Employee.id).where(Employee.id == employee_id).with_for_update(key_share=True)


def alive(*, now: dt.datetime, settings: SchoolSettings) -> ColumnElement[bool]:
    """The condition on sessions that live, as far as their own row says."""
    idle, longest = _terms(settings)
    return (LoginSession.ended_at.is_(None) & (LoginSession.created_at > now - longest)
            & (LoginSession.last_seen_at > now - idle))


def live_of(session: Session, employee: Employee, *, now: dt.datetime,
            settings: SchoolSettings) -> Sequence[LoginSession]:
    """The sessions in which an employee is logged in, the last used first."""
    return session.scalars(select(LoginSession).where(
        LoginSession.employee_id == employee.id, alive(now=now, settings=settings)).order_by(
        LoginSession.last_seen_at.desc(), LoginSession.id.desc())).all()


def end_overdue(session: Session, *, now: dt.datetime, settings: SchoolSettings) -> int:
    """Write down which sessions have ended by themselves, and say how many."""
    idle, longest = _terms(settings)
    ended = 0
    for condition, reason in ((LoginSession.created_at <= now - longest, SessionEnd.EXPIRED),
                              (LoginSession.last_seen_at <= now - idle, SessionEnd.IDLE)):
        result = session.execute(update(LoginSession).where(LoginSession.ended_at.is_(None), condition)
                                 .values(ended_at=now, ended_as=reason))
        ended += result.rowcount  # type: ignore[attr-defined]
    return ended


def purge(session: Session, before: dt.datetime) -> int:
    """Forget the sessions that ended before an instant, and say how many."""
    result = session.execute(delete(LoginSession).where(LoginSession.ended_at < before))
    return result.rowcount  # type: ignore[attr-defined]


def _terms(settings: SchoolSettings) -> tuple[dt.timedelta, dt.timedelta]:
    return dt.timedelta(minutes=settings.session_idle_minutes), dt.timedelta(hours=settings.session_hours)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
