"""How Alembic reaches the application's database; run through `flask db`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from alembic import context
from alembic.util.exc import CommandError
from flask import current_app
from sqlalchemy import TypeDecorator
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

database = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, _autogen_context: Any) -> str | Literal[False]:
    """Write our own column types as the plain ones they store, so that migrations don't depend on today's code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations over a connection, all in one transaction."""
    arguments = current_app.extensions["migrate"].configure_args
    steps: list[str] = []
    context.configure(connection=connection, target_metadata=database.metadata, render_item=render_item,
                      transactional_ddl=True, on_version_apply=lambda step, **_: steps.append(str(step)), **arguments)
    with context.begin_transaction():
        context.run_migrations()
        if steps and connection.dialect.name == "sqlite":
            refuse_lost_references(connection)


@contextmanager
def tables_may_be_recreated(connection: Connection) -> Iterator[None]:
    """Let a table others refer to be dropped and made anew, which is how SQLite changes one.

    With its foreign keys on, dropping it would delete or refuse what refers to it. They can only be switched outside
    a transaction; before the commit `refuse_lost_references` makes good for it.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def refuse_lost_references(connection: Connection) -> None:
    """Fail, and so take everything back, if a row refers to one that is not there."""
    lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if lost:
        where = ", ".join(sorted({f"{row[0]} to {row[2]}" for row in lost}))
        raise CommandError(f"The migration would leave {len(lost)} references to nothing ({where}); "
                           "nothing was changed.")


try:
    opened = database.engine.connect()
except DBAPIError as error:
    reason = str(error.orig).strip().splitlines()[0].rstrip(".")
    raise CommandError(f"The database cannot be reached: check DATABASE_URL ({reason}).") from error
with opened as connection, tables_may_be_recreated(connection):
    migrate(connection)
