"""All rows of a database, to begin again from and to compare with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.extensions import Base
from tests.support import databases

Rows = dict[str, list[dict[str, Any]]]


def take(session: Session) -> Rows:
    """Every row of every table, as it is now."""
    session.commit()
    rows = {table.name: [dict(row) for row in session.execute(table.select()).mappings()]
            for table in Base.metadata.sorted_tables}
    session.commit()
    return rows


def restore(engine: Engine, rows: Rows) -> None:
    """Put the rows back, and no others; on SQLite new ids begin after theirs again. Triggers make what is derived."""
    databases.empty(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM sqlite_sequence"))
        for table in Base.metadata.sorted_tables:
            if rows[table.name] and not table.info.get("derived"):
                connection.execute(table.insert(), rows[table.name])
