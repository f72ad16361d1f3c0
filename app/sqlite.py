"""How SQLite is driven: real transactions, foreign keys, write-ahead log, and no upgrade from reading to writing.

Left alone, the driver opens transactions late and upgrades a reading one to a writing one, which fails with
"database is locked" under load. Here every transaction says at its beginning what it is: BEGIN IMMEDIATE takes the
write lock and waits for it; a reading one (see `read_only`) takes none and cannot write.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

PAUSE = 0.02

_reading: ContextVar[bool] = ContextVar("reading", default=False)


def set_read_only(reading: bool) -> None:
    """Say whether transactions begun from here on in this context only read."""
    _reading.set(reading)


@contextmanager
def read_write() -> Iterator[None]:
    """Let transactions begun inside write, within a context that only reads."""
    token = _reading.set(False)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def read_only() -> Iterator[None]:
    """Let transactions begun inside only read, and so wait for nobody who writes."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def give_way(engine: Engine) -> None:
    """Between two writing transactions of a long job: let others write.

    Who waits for SQLite's write lock looks for it now and then only; without a pause the job would always be quicker.
    """
    if engine.dialect.name == "sqlite":
        time.sleep(PAUSE)


def configure(engine: Engine) -> None:
    """Install the listeners on an SQLite engine; any other engine is left as it is."""
    if engine.dialect.name != "sqlite":
        return
    if engine.url.database and engine.url.database != ":memory:":
        _create_private(Path(engine.url.database))
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _create_private(path: Path) -> None:
    """The file holds personal data: only its owner may read it. The journal files take over its mode."""
    if path.exists():  # never open it beside SQLite: closing a file lets go of every lock this process has on it
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event says BEGIN, not the driver
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 30000",
                   "secure_delete = ON"):  # what is erased is overwritten
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    reading = _reading.get()
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
