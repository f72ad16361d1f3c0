"""Sealing: personal values are readable only with their person's key, and destroying the key erases them for good."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Table, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models.audit import PersonKey, PersonKind

Person = tuple[PersonKind, int]

_KEYS = cast(Table, PersonKey.__table__)
_KEY_BITS = 256
_NONCE = 12

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def keys_of(session: Session, people: Iterable[Person], *, make: bool = False) -> dict[Person, bytes]:
    """The keys of people, in one query.

    Args:
        make: give a key to those who have none; two transactions at once agree on one.
    """
    wanted = sorted(set(people))
    if not wanted:
        return {}
    found = _stored(session, wanted)
    missing = [person for person in wanted if person not in found]
    if not make or not missing:
        return found
    session.execute(_INSERT[session.get_bind().dialect.name](_KEYS).on_conflict_do_nothing(), [
        {"kind": kind, "person_id": person_id, "key": AESGCM.generate_key(_KEY_BITS)} for kind, person_id in missing])
    return _stored(session, wanted)


def _stored(session: Session, people: list[Person]) -> dict[Person, bytes]:
    rows = session.execute(select(_KEYS.c.kind, _KEYS.c.person_id, _KEYS.c.key).where(
        tuple_(_KEYS.c.kind, _KEYS.c.person_id).in_(people)))
    return {(kind, person_id): key for kind, person_id, key in rows}


def seal(key: bytes, person: Person, values: dict[str, Any]) -> bytes:
    """Values only the key opens again; bound to the person."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, json.dumps(values, ensure_ascii=False).encode(), _name(person))


def unseal(key: bytes | None, person: Person, sealed: bytes) -> dict[str, Any] | None:
    """The sealed values; None once the key they were sealed with is destroyed."""
    if key is None:
        return None
    try:
        opened: dict[str, Any] = json.loads(AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _name(person)))
    except InvalidTag:  # sealed with a former key of this person
        return None
    return opened


def destroy(session: Session, person: Person) -> None:
    """Destroy a person's key: whatever was sealed with it can never be read again."""
    kind, person_id = person
    session.execute(delete(PersonKey).where(PersonKey.kind == kind, PersonKey.person_id == person_id)
                    .execution_options(synchronize_session=False))


def _name(person: Person) -> bytes:
    kind, person_id = person
    return f"{kind.value}:{person_id}".encode()
