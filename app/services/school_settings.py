"""What the school decides for itself in the panel, besides its pool rules: masking, hours, sessions, retention."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.errors import DomainError
from app.models import Setting
from app.models.choices import AssignmentStrategy

PREFIX = "school."
"""Of the keys under which they are stored."""


@dataclass(frozen=True)
class SchoolSettings:
    """The school's decisions, with what holds until it decides.

    Args:
        mask_contacts: whether contacts of public customers are hidden until they are claimed (domain, section 3).
        session_idle_minutes: a session nobody uses ends after so many minutes.
        session_hours: a session ends after so many hours, used or not.
        shortest_password: how many characters a password has at least.
        lead_retention_months: leads who never enrolled are erased so many months after the last contact; 0 never.
        leaver_retention_months: the same for employees after they left; 0 never.
        session_retention_days: ended sessions are forgotten after so many days.
        assignment_strategy: by what new leads are dealt out automatically.
        opening_hour: the school opens at this hour of the day; people are reminded of contacts from then on.
    """

    mask_contacts: bool = True
    session_idle_minutes: int = 120
    session_hours: int = 12
    shortest_password: int = 12
    lead_retention_months: int = 0
    leaver_retention_months: int = 0
    session_retention_days: int = 90
    assignment_strategy: AssignmentStrategy = AssignmentStrategy.ROUND
    opening_hour: int = 9


class Bounds(NamedTuple):
    """The least and the most a number may be."""

    least: int
    most: int


BOUNDS = {
    "session_idle_minutes": Bounds(5, 1440),
    "session_hours": Bounds(1, 168),
    "shortest_password": Bounds(8, 64),
    "lead_retention_months": Bounds(0, 240),
    "leaver_retention_months": Bounds(0, 240),
    "session_retention_days": Bounds(1, 3650),
    "opening_hour": Bounds(0, 23),
}
"""What may be decided, for every setting that is a number."""


def load(session: Session) -> SchoolSettings:
    """The settings as they stand: one query."""
    stored = {row.key.removeprefix(PREFIX): row.value for row in session.scalars(
        select(Setting).where(Setting.key.startswith(PREFIX)).execution_options(populate_existing=True))}
    types: dict[str, type] = {field.name: type(field.default) for field in fields(SchoolSettings)}
    return replace(SchoolSettings(), **{name: types[name](int(value)) for name, value in stored.items()
                                        if name in types})


def lock(session: Session) -> SchoolSettings:
    """The settings as they stand, which nobody else changes until the transaction ends.

    A setting nobody has decided yet has no row to lock, so it is the table. On SQLite whoever writes is alone anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE setting IN SHARE ROW EXCLUSIVE MODE"))
    return load(session)


def check(name: str, value: int) -> None:
    """Whether a number may be decided.

    Raises:
        DomainError: it is out of bounds; with the field.
    """
    least, most = BOUNDS[name]
    if not least <= value <= most:
        raise DomainError(_l("Enter a whole number from %(least)s to %(most)s.", least=least, most=most), field=name)


def save(session: Session, settings: SchoolSettings) -> None:
    """Store what the school has decided; it counts from the next request or job on.

    Raises:
        DomainError: a number is out of bounds; with the field.
    """
    for name in BOUNDS:
        check(name, getattr(settings, name))
    for field in fields(SchoolSettings):
        session.merge(Setting(key=f"{PREFIX}{field.name}", value=str(int(getattr(settings, field.name)))))
    session.flush()
