"""An employee's authenticator app."""

from __future__ import annotations

from dataclasses import dataclass

import pyotp
from sqlalchemy.orm import Session

from app.models import Employee
from app.services import second_factor
from tests.support.clock import SettableClock
from tests.support.databases import SECRET_KEY


@dataclass
class Phone:
    """Shows the codes of one secret.

    Args:
        recovery_codes: what was written down when the second factor was switched on.
    """

    secret: str
    clock: SettableClock
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """The code now, or some steps of 30 seconds from now."""
        return pyotp.TOTP(self.secret).at(self.clock.now(), counter_offset=steps)

    def wrong_code(self) -> str:
        """Six digits that are none of the codes about now."""
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


def set_up(session: Session, employee: Employee, clock: SettableClock) -> Phone:
    """Switch an employee's second factor on with a new phone; the first code was that of the step before."""
    second_factor.start(session, employee, secret_key=SECRET_KEY)
    waiting = second_factor.pending(employee, secret_key=SECRET_KEY)
    assert waiting is not None
    phone = Phone(waiting.secret, clock, [])
    phone.recovery_codes = second_factor.confirm(session, employee, phone.code(-1), now=clock.now(),
                                                 secret_key=SECRET_KEY)
    session.commit()
    return phone
