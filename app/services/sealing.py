"""Secrets of people that the application has to use itself, sealed with a key derived from SECRET_KEY."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class UnreadableError(Exception):
    """SECRET_KEY is not the one it was sealed with, or it is somebody else's."""


def seal(secret: str, purpose: str, owner_id: int, *, secret_key: str) -> bytes:
    """Bound to its purpose and owner: moved to another's row it cannot be opened."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_key(purpose, secret_key)).encrypt(nonce, secret.encode(), str(owner_id).encode())


def unseal(sealed: bytes, purpose: str, owner_id: int, *, secret_key: str) -> str:
    """The secret.

    Raises:
        UnreadableError: it cannot be opened.
    """
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(_key(purpose, secret_key)).decrypt(nonce, text, str(owner_id).encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise UnreadableError from error


def _key(purpose: str, secret_key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"gonghai {purpose}".encode()).derive(secret_key.encode())
