"""From a verified password to a session."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import DomainError, NotAllowedError
from app.models import Employee
from app.services import passwords, sessions


def enter(session: Session, verified: Employee, password: str, *, now: dt.datetime, address: str | None,
          user_agent: str | None) -> Employee:
    """Begin a session for someone whose password was right a moment ago; give him with the token for his cookie.

    Verifying takes long and is done outside any transaction; here the account is locked and has to be as it was then.
    A one-time password is used up by this; a hash made with weaker parameters than today's is made anew.

    Raises:
        NotAllowedError: the account has changed meanwhile.
        DomainError: it is a one-time password whose time is over.
    """
    session.execute(sessions.lock(verified.id))
    employee = session.scalar(select(Employee).where(Employee.id == verified.id)
                              .execution_options(populate_existing=True))
    if employee is None or not employee.active or employee.password_hash != verified.password_hash:
        raise NotAllowedError(_l("Login name or password is wrong."))
    if employee.one_time_until is None:
        passwords.renew_hash(employee, password)
    elif now >= employee.one_time_until:
        raise DomainError(_l("This one-time password has expired: ask for a new one."))
    else:
        employee.password_hash = None
    sessions.begin(session, employee, now=now, address=address, user_agent=user_agent)
    return employee
