"""Passwords as NIST SP 800-63B wants them: long rather than odd, none that everyone would try, never to be renewed.

Hashes are slow (Argon2id), and an unknown user costs the same work as a known one.
"""

from __future__ import annotations

import gzip
import re
import secrets
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.models import Employee

LONGEST = 1024
"""No password is longer: hashing takes time and memory with length."""

OF_ITS_OWN = 8
"""So many characters a password has besides the words anyone would guess of its owner."""

WORDS_OF_THE_SCHOOL = ("gonghai", "公海")

_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_AROUND = (re.compile(r"^[\W_]+|[\W_]+$"), re.compile(r"^[\W\d_]+|[\W\d_]+$"))
_COMMON = Path(__file__).parents[1] / "data" / "common_passwords.txt.gz"
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher()


def objections(password: str, employee: Employee, *, shortest: int) -> list[LazyString]:
    """Why an employee may not have a password: all the reasons, as sentences; none if he may.

    Args:
        shortest: how many characters it has at least.
    """
    length = len(_normal(password))
    if length > LONGEST:
        return [_l("The password is too long: it may have at most %(number)d characters.", number=LONGEST)]
    found = []
    if length < shortest:
        found.append(too_short(shortest))
    if _is_common(password):
        found.append(_l("Too many people have this password: it is among the first that are tried."))
    elif _is_about(password, (employee.username, employee.name, (employee.email or "").partition("@")[0])):
        found.append(_l("Too much of this password is your name, your login name or the name of this system."))
    return found


def too_short(shortest: int) -> LazyString:
    """What is said of a password with fewer characters than this."""
    return _l("The password is too short: it needs at least %(number)d characters.", number=shortest)


def set_password(employee: Employee, password: str) -> None:
    """Give an employee the password he has chosen."""
    employee.password_hash = hash_password(password)
    employee.one_time_until = None


def one_time_password() -> str:
    """A random password people can read out: 15 letters and figures that look like no others, 74 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(5)) for _ in range(3))


def hash_password(password: str) -> str:
    """The hash of a password."""
    return _hasher.hash(_normal(password))


def renewed_hash(employee: Employee, password: str) -> str | None:
    """The hash of a password that has just been verified: a new one if it was made with other parameters than now."""
    known = employee.password_hash
    return hash_password(password) if known is not None and _hasher.check_needs_rehash(known) else known


def verify(employee: Employee | None, password: str) -> bool:
    """Whether this is the password of an active employee. An unknown user costs the same hash as a known one."""
    known = employee.password_hash if employee is not None else None
    try:
        right = _hasher.verify(known or _nobodys_hash(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and known is not None and employee is not None and employee.active


def _normal(password: str) -> str:
    """However a keyboard composes a sign, it is the same password."""
    return unicodedata.normalize("NFKC", password)


def _is_common(password: str) -> bool:
    """Whether it is on the list, with or without figures and signs around it, or the same over and over, or a row."""
    plain = _normal(password).casefold()
    again = (plain + plain).find(plain, 1)
    cores = {plain, plain[:again], *(around.sub("", plain) for around in _AROUND)}
    return bool(cores & _common_passwords()) or again < min(OF_ITS_OWN, len(plain)) or any(
        plain in row * (len(plain) // len(row) + 2) for each in _ROWS for row in (each, each[::-1]))


def _is_about(password: str, words: Iterable[str]) -> bool:
    """Whether little is left of it, or something common, without the words anyone would guess."""
    rest = plain = _normal(password).casefold()
    for word in (*words, *WORDS_OF_THE_SCHOOL):
        guessed = _normal(word).casefold()
        rest = rest.replace(guessed, "") if len(guessed) > 1 else rest
    return rest != plain and (len(rest) < OF_ITS_OWN or _is_common(rest))


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(gzip.decompress(_COMMON.read_bytes()).decode().splitlines())


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody's password, which no one knows")
