"""The audit log: who did what and when, and what it changed; rows are only ever added.

Personal values are not readable in it: they are sealed with the key of the person they are about, and erasing a person
is destroying that key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, BigInteger, Connection, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.types import Kind, KindType, UTCDateTime


class AuditAction(Kind):
    """What happened."""

    CREATED = "created", _l("Created")
    UPDATED = "updated", _l("Changed")
    DELETED = "deleted", _l("Deleted")
    LOGGED_IN = "logged_in", _l("Logged in")
    LOGIN_FAILED = "login_failed", _l("Login failed")
    LOGIN_LIMITED = "login_limited", _l("Login refused: too many attempts")
    LOGGED_OUT = "logged_out", _l("Logged out")
    SESSION_ENDED = "session_ended", _l("Session ended")
    PASSWORD_CHANGED = "password", _l("Password changed")
    ONE_TIME_PASSWORD = "one_time_pass", _l("One-time password made")
    FACTOR_ENABLED = "factor_enabled", _l("Second factor set up")
    FACTOR_DISABLED = "factor_disabled", _l("Second factor taken off")
    FACTOR_RESET = "factor_reset", _l("Second factor reset")
    FACTOR_FAILED = "factor_failed", _l("Second factor refused")
    RECOVERY_USED = "recovery_used", _l("Recovery code used")
    REFUSED = "refused", _l("Refused")
    EXPORTED = "exported", _l("Exported")
    DOWNLOADED = "downloaded", _l("Export downloaded")
    SEEN = "seen", _l("Contacts seen")
    LOOKED_UP = "looked_up", _l("Asked for a contact")
    VIEW_AS_BEGAN = "view_as_began", _l("Began to look as a role")
    VIEW_AS_ENDED = "view_as_ended", _l("Stopped looking as a role")
    PERSON_EXPORTED = "person_exported", _l("Personal data exported")
    PERSON_ERASED = "person_erased", _l("Person erased")
    MERGED = "merged", _l("Customers merged")
    MERGE_UNDONE = "merge_undone", _l("Merge undone")
    MADE_BY_BULK = "made_by_bulk", _l("Made in bulk")


class PersonKind(Kind):
    """Whose personal data a value is."""

    CUSTOMER = "customer", _l("Customer")
    EMPLOYEE = "employee", _l("Employee")


class PersonKey(Base):
    """The key that seals one person's values in the audit log. Destroying it erases them there for good."""

    __tablename__ = "person_key"
    __audited__ = False

    kind: Mapped[PersonKind] = mapped_column(KindType(PersonKind), primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditEntry(Base):
    """One thing that happened. Neither rows nor people are referred to by foreign keys: an entry outlives them.

    `changes` maps a column to its old and new value, or to null if both are in `sealed`; `facts` tells what else there
    is to know of an event.
    """

    __tablename__ = "audit_entry"
    __audited__ = False
    __table_args__ = (
        Index("ix_audit_entry_row", "table_name", "row_id", "id"),
        Index("ix_audit_entry_person", "person_kind", "person_id", "id"),
        Index("ix_audit_entry_actor", "actor_id", "action", "at"),
        Index("ix_audit_entry_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    action: Mapped[AuditAction] = mapped_column(KindType(AuditAction))
    actor_id: Mapped[int | None]
    origin: Mapped[str] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(64))
    table_name: Mapped[str | None] = mapped_column(String(32))
    row_id: Mapped[int | None]
    person_kind: Mapped[PersonKind | None] = mapped_column(KindType(PersonKind))
    person_id: Mapped[int | None]
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    def __str__(self) -> str:
        return f"#{self.id}"


PROTECTION = {
    "sqlite": {
        "audit_entry_keeps_updates_out":
            "CREATE TRIGGER audit_entry_keeps_updates_out BEFORE UPDATE ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "audit_entry_keeps_deletes_out":
            "CREATE TRIGGER audit_entry_keeps_deletes_out BEFORE DELETE ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    },
    "postgresql": {
        "audit_entry_append_only":
            "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()",
    },
}
"""The triggers that keep the log append-only, as the migration makes them."""


@contextmanager
def unprotected(connection: Connection) -> Iterator[None]:
    """Lift the protection within the caller's transaction: only for wiping a whole database that is made anew."""
    triggers = PROTECTION[connection.dialect.name]
    on_table = "" if connection.dialect.name == "sqlite" else " ON audit_entry"
    for name in triggers:
        connection.execute(text(f"DROP TRIGGER {name}{on_table}"))
    yield
    for statement in triggers.values():
        connection.execute(text(statement))
