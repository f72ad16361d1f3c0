"""The second factor: time-based codes (RFC 6238) of an authenticator app, and recovery codes for when it is lost.

A code is of one 30-second step; those of the step before and after count too, as clocks differ. Each step is accepted
once: of two requests with the same code one wins, by a conditional UPDATE.
"""

from __future__ import annotations

import base64
import datetime as dt
import enum
import hashlib
import re
import secrets
from dataclasses import dataclass

import pyotp
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import Update

from app.errors import ConflictError, DomainError
from app.models import AuditAction, Employee, LoginSession, PersonKind, RecoveryCode, SecondFactor
from app.services import audit, sealing

ISSUER = "Gonghai"
PURPOSE = "second factor"
STEP_SECONDS = 30
NEIGHBOURS = (0, -1, 1)
"""The steps whose codes count, from the present one."""

NUMBER_OF_RECOVERY_CODES = 10
_RECOVERY_BYTES = 15  # 120 random bits: nothing to guess, so a plain hash will do


class Standing(enum.Enum):
    """How far a login has come."""

    OPEN = enum.auto()
    CODE_AWAITED = enum.auto()
    ENROLMENT_AWAITED = enum.auto()


@dataclass(frozen=True)
class Pending:
    """A secret for an authenticator app: as letters to type, and as the address a QR code holds."""

    secret: str
    address: str


class Used(enum.Enum):
    """What did as a second factor."""

    CODE = enum.auto()
    RECOVERY_CODE = enum.auto()


def standing(login: LoginSession) -> Standing:
    """Whether a session may be used, or what has to be done first. Needs no query beyond loading the session."""
    return asked_of(login.employee) if login.second_factor_at is None else Standing.OPEN


def asked_of(employee: Employee) -> Standing:
    """How far a right password alone takes an employee."""
    if employee.has_second_factor:
        return Standing.CODE_AWAITED
    return Standing.ENROLMENT_AWAITED if is_required(employee) else Standing.OPEN


def is_required(employee: Employee) -> bool:
    """Whether a role of the employee asks for a second factor."""
    return any(role.requires_second_factor for role in employee.roles)


def start(session: Session, employee: Employee, *, secret_key: str) -> None:
    """Make a new secret, which counts once `confirm` has seen a code of it.

    Raises:
        ConflictError: he has a second factor already.
    """
    if employee.has_second_factor:
        raise ConflictError(_l("The second factor is switched on already."))
    sealed = _seal(pyotp.random_base32(), employee.id, secret_key)
    if employee.second_factor is None:
        employee.second_factor = SecondFactor(sealed_secret=sealed)
    else:
        employee.second_factor.sealed_secret = sealed
    session.flush()


def pending(employee: Employee, *, secret_key: str) -> Pending | None:
    """The secret that waits for its first code; None if none does, or none that can be read."""
    factor = employee.second_factor
    if factor is None or factor.confirmed_at is not None:
        return None
    try:
        totp = _totp(factor, secret_key)
    except ConflictError:
        return None
    return Pending(totp.secret, totp.provisioning_uri(name=employee.username, issuer_name=ISSUER))


def confirm(session: Session, employee: Employee, code: str, *, now: dt.datetime, secret_key: str) -> list[str]:
    """Switch the second factor on, and give the recovery codes: this is the only time they are seen.

    Raises:
        ConflictError: there is nothing to confirm.
        DomainError: the code is wrong.
    """
    factor = employee.second_factor
    if factor is None or factor.confirmed_at is not None:
        raise ConflictError(_l("Begin again: there is no second factor waiting to be confirmed."))
    step = _step_of(factor, code, now=now, secret_key=secret_key)
    if step is None or not _changed(session, update(SecondFactor).where(
            SecondFactor.employee_id == employee.id, SecondFactor.confirmed_at.is_(None))
            .values(confirmed_at=now, last_step=step)):
        raise DomainError(_l("This code is wrong, or its time is over."), field="code")
    session.refresh(factor)
    _note(session, AuditAction.FACTOR_ENABLED, employee.id, by_himself=True)
    return _make_recovery_codes(session, employee)


def accept(session: Session, employee: Employee, code: str, *, now: dt.datetime, secret_key: str) -> Used | None:
    """Use up a code of the app or a recovery code, and say which it was; None if it was wrong or used before.

    Raises:
        ConflictError: the secret cannot be read, as SECRET_KEY is another; recovery codes still do.
    """
    factor = employee.second_factor
    if factor is None or factor.confirmed_at is None:
        return None
    if not _digits(code).isdecimal():
        used = _changed(session, update(RecoveryCode).where(
            RecoveryCode.employee_id == employee.id, RecoveryCode.code_hash == _hash(code),
            RecoveryCode.used_at.is_(None)).values(used_at=now))
        if used:
            _note(session, AuditAction.RECOVERY_USED, employee.id, by_himself=True)
        return Used.RECOVERY_CODE if used else None
    step = _step_of(factor, code, now=now, secret_key=secret_key)
    won = step is not None and _changed(session, update(SecondFactor).where(
        SecondFactor.employee_id == employee.id, SecondFactor.confirmed_at.is_not(None),
        SecondFactor.last_step < step).values(last_step=step))
    return Used.CODE if won else None


def new_recovery_codes(session: Session, employee: Employee) -> list[str]:
    """Make new recovery codes; those there were are void."""
    _note(session, AuditAction.FACTOR_ENABLED, employee.id, by_himself=True, what="new recovery codes")
    return _make_recovery_codes(session, employee)


def _make_recovery_codes(session: Session, employee: Employee) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.employee_id == employee.id))
    codes = [_readable(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(NUMBER_OF_RECOVERY_CODES)]
    session.add_all(RecoveryCode(employee_id=employee.id, code_hash=_hash(code)) for code in codes)
    session.flush()
    return codes


def number_of_recovery_codes(session: Session, employee: Employee) -> int:
    """How many recovery codes are left."""
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(
        RecoveryCode.employee_id == employee.id, RecoveryCode.used_at.is_(None))) or 0


def check_removable(employee: Employee) -> None:
    """Whether an employee may switch his second factor off.

    Raises:
        ConflictError: a role of his asks for it.
    """
    if is_required(employee):
        raise ConflictError(_l("One of your roles asks for a second factor, so it cannot be switched off."))


def remove(session: Session, employee: Employee) -> None:
    """Switch the second factor off, at the employee's own wish.

    From then on his sessions count as without one: should a role ask for it one day, they wait for a new one.

    Raises:
        ConflictError: a role of his asks for it.
    """
    check_removable(employee)
    _note(session, AuditAction.FACTOR_DISABLED, employee.id, by_himself=True)
    _take_away(session, employee)


def reset(session: Session, employee: Employee) -> None:
    """Take the second factor away, whatever his roles ask: his phone is lost, and the recovery codes as well."""
    _note(session, AuditAction.FACTOR_RESET, employee.id)
    _take_away(session, employee)


def note_failure(session: Session, employee_id: int) -> None:
    """Record that a code was wrong."""
    _note(session, AuditAction.FACTOR_FAILED, employee_id, by_himself=True)


def _take_away(session: Session, employee: Employee) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.employee_id == employee.id))
    employee.second_factor = None
    session.execute(update(LoginSession).where(LoginSession.employee_id == employee.id)
                    .values(second_factor_at=None))
    session.flush()


def _note(session: Session, action: AuditAction, employee_id: int, *, by_himself: bool = False,
          **facts: str) -> None:
    """Record an event in the employee's history; a session that is half open does not know by itself whose it is."""
    audit.event(session, action, table="employee", row_id=employee_id, person=(PersonKind.EMPLOYEE, employee_id),
                actor_id=employee_id if by_himself else None, facts=facts)


def _step_of(factor: SecondFactor, code: str, *, now: dt.datetime, secret_key: str) -> int | None:
    """The step of which this is the code, among those that count."""
    totp = _totp(factor, secret_key)
    present = int(now.timestamp()) // STEP_SECONDS
    right = [step for step in (present + offset for offset in NEIGHBOURS)
             if pyotp.utils.strings_equal(_digits(code), totp.generate_otp(step))]
    return right[0] if right else None


def _digits(code: str) -> str:
    """People type spaces between the digits, as their app shows them."""
    return re.sub(r"\s", "", code)


def _totp(factor: SecondFactor, secret_key: str) -> pyotp.TOTP:
    return pyotp.TOTP(_open(factor, secret_key), interval=STEP_SECONDS)


def _seal(secret: str, employee_id: int, secret_key: str) -> bytes:
    return sealing.seal(secret, PURPOSE, employee_id, secret_key=secret_key)


def _open(factor: SecondFactor, secret_key: str) -> str:
    """The secret.

    Raises:
        ConflictError: SECRET_KEY is not the one it was sealed with, or it is another employee's.
    """
    try:
        return sealing.unseal(factor.sealed_secret, PURPOSE, factor.employee_id, secret_key=secret_key)
    except sealing.UnreadableError as error:
        raise ConflictError(_l("The second factor cannot be read any more: ask an admin to reset it.")) from error


def _readable(code: bytes) -> str:
    """In groups of four, from letters and digits that are hard to take for one another."""
    text = base64.b32encode(code).decode().lower()
    return "-".join(text[at:at + 4] for at in range(0, len(text), 4))


def _hash(code: str) -> str:
    return hashlib.sha256(re.sub(r"[\s-]", "", code).lower().encode()).hexdigest()


def _changed(session: Session, statement: Update) -> bool:
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]
