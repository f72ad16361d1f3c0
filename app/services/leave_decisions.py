"""What becomes of a request for leave. Approved leave counts for the clocks of the consultant's customers at once.

Each step locks the employee and then the leave: the same lock behind which he gets customers, so that whoever gives him
one meanwhile waits, and sees the leave.
"""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import ConflictError, NotFoundError
from app.models import Employee, Leave
from app.models.choices import LeaveState
from app.services import leaves, recomputation


def enter(session: Session, leave: Leave, by: Employee, *, today: dt.date) -> None:
    """Store a new leave: one's own is asked for, another's is approved as it is entered.

    Raises:
        DomainError: it cannot be; see `leaves.check`.
    """
    employee = leave.employee
    with session.no_autoflush:
        _lock(session, employee.id)
    leaves.check(session, leave)
    leave.state = LeaveState.REQUESTED
    session.add(leave)
    session.flush()
    if employee.id != by.id:
        leaves.decide(leave, LeaveState.APPROVED, by)
        _follow(session, leave, today)


def decide(session: Session, leave_id: int, state: LeaveState, by: Employee, *, today: dt.date) -> Leave:
    """Approve or decline a leave; one that was approved can be declined still, and its days count again.

    Raises:
        NotFoundError: it is not there any more.
        ConflictError: it is his own, or has been decided like this already.
    """
    leave = _locked(session, leave_id)
    if leave.state is state:
        raise ConflictError(_l("This has been decided already: %(state)s.", state=state.label))
    was_approved = leave.state is LeaveState.APPROVED
    leaves.decide(leave, state, by)
    session.flush()
    if was_approved or state is LeaveState.APPROVED:
        _follow(session, leave, today)
    return leave


def withdraw(session: Session, leave_id: int, by: Employee) -> None:
    """Take back one's own request, while it is one.

    Raises:
        NotFoundError: it is not there any more.
        ConflictError: it is another's, or it has been decided.
    """
    leave = _locked(session, leave_id)
    if leave.employee_id != by.id:
        raise ConflictError(_l("Only whoever asked for a leave withdraws it."))
    if leave.state is not LeaveState.REQUESTED:
        raise ConflictError(_l("This has been decided already: %(state)s.", state=leave.state.label))
    session.delete(leave)
    session.flush()


def _lock(session: Session, employee_id: int) -> None:
    session.execute(select(Employee.id).where(Employee.id == employee_id).with_for_update(key_share=True))


def _locked(session: Session, leave_id: int) -> Leave:
    """A leave as it is now, behind the lock on whose it is."""
    employee_id = session.scalar(select(Leave.employee_id).where(Leave.id == leave_id))
    if employee_id is not None:
        _lock(session, employee_id)
    leave = session.scalar(select(Leave).where(Leave.id == leave_id).with_for_update()
                           .execution_options(populate_existing=True))
    if leave is None:
        raise NotFoundError(_l("This leave is not there any more."))
    return leave


def _follow(session: Session, leave: Leave, today: dt.date) -> None:
    session.flush()  # the recomputation reads it
    recomputation.of_consultant(session, leave.employee_id, today=today)
