"""Passwords: slow hashes (Argon2id), and the same work for an unknown user as for a known one."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.models import Employee
from app.models.employee import new_session_token

_hasher = PasswordHasher()


def set_password(employee: Employee, password: str) -> None:
    """Give an employee a password; every session he has ends."""
    employee.password_hash = _hasher.hash(password)
    employee.session_token = new_session_token()


def hash_password(password: str) -> str:
    """The hash of a password, for those who store it in bulk."""
    return _hasher.hash(password)


def verify(employee: Employee | None, password: str) -> bool:
    """Whether this is the password of an active employee. An unknown user costs the same hash as a known one."""
    known = employee.password_hash if employee is not None else None
    try:
        right = _hasher.verify(known or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return right and known is not None and employee is not None and employee.active


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody's password, which no one knows")
