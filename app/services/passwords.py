"""Passwords: slow hashes (Argon2id), and the same work for an unknown user as for a known one."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.models import Employee

LONGEST = 1024
"""No password is longer: hashing takes time and memory with length."""

_hasher = PasswordHasher()


def set_password(employee: Employee, password: str) -> None:
    """Give an employee the password he has chosen."""
    employee.password_hash = hash_password(password)
    employee.one_time_until = None


def hash_password(password: str) -> str:
    """The hash of a password."""
    return _hasher.hash(_normal(password))


def renew_hash(employee: Employee, password: str) -> None:
    """Hash a password that has just been verified anew, if it was done with other parameters than today's."""
    if employee.password_hash is not None and _hasher.check_needs_rehash(employee.password_hash):
        employee.password_hash = hash_password(password)


def verify(employee: Employee | None, password: str) -> bool:
    """Whether this is the password of an active employee. An unknown user costs the same hash as a known one."""
    known = employee.password_hash if employee is not None else None
    try:
        right = _hasher.verify(known or _nobodys_hash(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and known is not None and employee is not None and employee.active


def _normal(password: str) -> str:
    """However a keyboard composes a sign, it is the same password (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody's password, which no one knows")
