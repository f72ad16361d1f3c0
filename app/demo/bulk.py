"""Rows into a table by the thousand: COPY on PostgreSQL, a prepared INSERT elsewhere; in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session

from app.extensions import Base
from app.models.audit import unprotected

Row = tuple[Any, ...]


def is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def insert_rows(session: Session, table: Table, columns: Sequence[str], rows: list[Row]) -> None:
    """Insert rows of plain values in the order of the columns; foreign keys are checked."""
    if not rows:
        return
    if is_postgresql(session):
        _copy(session, table, columns, rows)
    else:
        session.execute(table.insert(), [dict(zip(columns, row, strict=True)) for row in rows])


def _copy(session: Session, table: Table, columns: Sequence[str], rows: list[Row]) -> None:
    quote = session.get_bind().dialect.identifier_preparer.quote
    names = ", ".join(quote(column) for column in columns)
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(f"COPY {quote(table.name)} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_FOREIGN_KEYS = text("""
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(CAST(:tables AS regclass[])) ORDER BY conname""")
_INDEXES = text("""
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid = ANY(CAST(:tables AS regclass[])) AND NOT EXISTS (
        SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) ORDER BY 2""")
_OWNS_ALL = text("""
    SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid = ANY(CAST(:tables AS regclass[]))""")


@contextmanager
def unguarded(session: Session, tables: Sequence[Table]) -> Iterator[None]:
    """Write many rows twice as fast: PostgreSQL checks foreign keys and builds indexes once, at the end.

    They are dropped and made again, as the database itself describes them, within the caller's transaction; until it
    ends nobody else can use the tables. Without the right to do so, and on other databases, nothing changes.
    """
    names = {"tables": [table.name for table in tables]}
    if not is_postgresql(session) or not session.scalar(_OWNS_ALL, names):
        yield
        return
    rows = [*session.execute(_FOREIGN_KEYS, names), *session.execute(_INDEXES, names)]
    connection = session.connection()
    for drop, _make in rows:
        connection.exec_driver_sql(drop)
    yield
    for _drop, make in reversed(rows):
        connection.exec_driver_sql(make)


def settle(session: Session, tables: Sequence[Table]) -> None:
    """After ids were given by hand: let the database go on counting from there, and know what it holds."""
    if not is_postgresql(session):
        return
    for table in tables:
        if "id" in table.c:
            last = session.scalar(select(func.max(table.c.id)))
            if last is not None:
                session.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
        session.execute(text(f"ANALYZE {session.get_bind().dialect.identifier_preparer.quote(table.name)}"))


def empty(session: Session) -> None:
    """Delete the rows of every table and let ids begin anew."""
    tables = Base.metadata.sorted_tables
    with unprotected(session.connection()):
        if is_postgresql(session):
            quote = session.get_bind().dialect.identifier_preparer.quote
            session.execute(text(f"TRUNCATE {', '.join(quote(table.name) for table in tables)} RESTART IDENTITY"))
        else:
            session.execute(text("UPDATE customer SET referral_from_id = NULL"))
            for table in reversed(tables):
                session.execute(table.delete())
            session.execute(text("DELETE FROM sqlite_sequence"))
    session.expire_all()
