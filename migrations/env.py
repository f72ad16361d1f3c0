"""How Alembic reaches the application's database; run through `flask db`."""

from __future__ import annotations

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
    context.configure(connection=connection, target_metadata=database.metadata, render_item=render_item,
                      transactional_ddl=True, **arguments)
    with context.begin_transaction():
        context.run_migrations()


try:
    opened = database.engine.connect()
except DBAPIError as error:
    reason = str(error.orig).strip().splitlines()[0].rstrip(".")
    raise CommandError(f"The database cannot be reached: check DATABASE_URL ({reason}).") from error
with opened as connection:
    migrate(connection)
