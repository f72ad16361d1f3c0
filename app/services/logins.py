"""From a password to a session, and from one password to the next."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError, NotAllowedError
from app.models import AuditAction, Employee, LoginSession, PersonKind
from app.models.choices import SessionEnd
from app.services import audit, passwords, persons, sessions

ONE_TIME_DAYS = 7


def enter(session: Session, verified: Employee, password: str, *, now: dt.datetime, address: str | None,
          user_agent: str | None) -> Employee:
    """Begin a session for someone whose password was right a moment ago; give him with the token for his cookie.

    Verifying takes long and is done outside any transaction; here the account is locked and has to be as it was then.
    A one-time password is used up by this; a hash made with weaker parameters than today's is made anew.

    Raises:
        NotAllowedError: the account has changed meanwhile.
        DomainError: it is a one-time password whose time is over.
    """
    renewed = passwords.renewed_hash(verified, password)  # before the lock: it takes long
    session.execute(sessions.lock(verified.id))
    employee = session.scalar(select(Employee).where(Employee.id == verified.id)
                              .execution_options(populate_existing=True))
    if employee is None or not employee.active or employee.password_hash != verified.password_hash:
        raise NotAllowedError(_l("Login name or password is wrong."))
    if employee.one_time_until is not None and now >= employee.one_time_until:
        raise DomainError(_l("This one-time password has expired: ask for a new one."))
    with audit.acting(session, employee.id):
        employee.password_hash = renewed if employee.one_time_until is None else None
        login = sessions.begin(session, employee, now=now, address=address, user_agent=user_agent)
        audit.event(session, AuditAction.LOGGED_IN, table=LoginSession.__tablename__, row_id=login.id,
                    person=(PersonKind.EMPLOYEE, employee.id))
    return employee


def change_password(session: Session, login: LoginSession, present: str | None, chosen: str, *, now: dt.datetime,
                    shortest: int) -> Employee:
    """Give somebody the password he has chosen; all his sessions end, and a new one begins where he is.

    Args:
        login: the session in which he asks.
        present: his present password; not asked of one who entered with a one-time password.
        shortest: how many characters a password has at least.

    Raises:
        DomainError: with the field; the present password is wrong, or the chosen one will not do.
    """
    employee = login.employee
    session.execute(sessions.lock(employee.id))
    session.refresh(employee)
    if employee.one_time_until is None and not passwords.verify(employee, present or ""):
        raise DomainError(_l("This is not your present password."), field="present")
    refused = passwords.objections(chosen, employee, shortest=shortest)
    if refused:
        raise DomainError(" ".join(str(each) for each in refused), field="chosen")
    passwords.set_password(employee, chosen)
    _note(session, AuditAction.PASSWORD_CHANGED, employee)
    sessions.end_all(session, employee, SessionEnd.PASSWORD_CHANGED, now=now)
    sessions.begin(session, employee, now=now, address=login.address, user_agent=login.user_agent,
                   second_factor_at=login.second_factor_at)
    return employee


def hand_out_one_time_password(session: Session, employee: Employee, *, now: dt.datetime) -> str:
    """Replace an employee's password by a random one for one login, within a week; all his sessions end.

    It is given back for whoever hands it out, and stored nowhere: only its hash is.

    Raises:
        ConflictError: he was erased, or his login is deactivated.
    """
    session.execute(sessions.lock(employee.id))
    session.refresh(employee, ["erased_on", "active"])
    persons.check_not_erased(employee)
    if not employee.active:
        raise ConflictError(_l("Who is not active cannot log in and holds no customers."))
    password = passwords.one_time_password()
    employee.password_hash = passwords.hash_password(password)
    employee.one_time_until = now + dt.timedelta(days=ONE_TIME_DAYS)
    _note(session, AuditAction.ONE_TIME_PASSWORD, employee)
    sessions.end_all(session, employee, SessionEnd.PASSWORD_CHANGED, now=now)
    return password


def note_failure(session: Session, username: str) -> None:
    """Record that somebody tried to log in and was refused. The name he typed is not kept: it may be a password."""
    employee = session.scalar(select(Employee).where(Employee.username == username))
    if employee is None:
        audit.event(session, AuditAction.LOGIN_FAILED)
    else:
        _note(session, AuditAction.LOGIN_FAILED, employee)


def _note(session: Session, action: AuditAction, employee: Employee) -> None:
    audit.event(session, action, table=Employee.__tablename__, row_id=employee.id,
                person=(PersonKind.EMPLOYEE, employee.id))
