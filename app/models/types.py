"""Column types shared by the tables."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any, Generic, Self, TypeVar

from flask_babel import LazyString
from sqlalchemy import CheckConstraint, DateTime, Dialect, Integer, String, TypeDecorator


class Choice(enum.IntEnum):
    """A code of the write-ups with its label; the code is stored, the label is shown, translated."""

    label: LazyString

    def __new__(cls, code: int, label: LazyString = "") -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member


class Kind(enum.StrEnum):
    """A word that is stored as it is, with its label, translated."""

    label: LazyString

    def __new__(cls, code: str, label: LazyString = "") -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member


PERSONAL = {"personal": True}
"""`info` of a column that holds personal values: sealed in the audit log, exported for the person, erased with it."""

def by_code_point(length: int) -> String:
    """The type of a text that both databases compare by code point: its beginnings are a stretch of its index."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


SECRET = {"secret": True}
"""`info` of a column whose values are in no log."""

C = TypeVar("C", bound=Choice)
K = TypeVar("K", bound=Kind)


class ChoiceType(TypeDecorator[C], Generic[C]):
    """Stores a Choice as its integer code."""

    impl = Integer
    cache_ok = True

    def __init__(self, choices: type[C]) -> None:
        self.choices = choices
        super().__init__()

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(self.choices(int(value)))

    def process_result_value(self, value: Any, dialect: Dialect) -> C | None:
        return None if value is None else self.choices(value)


class KindType(TypeDecorator[K], Generic[K]):
    """Stores a Kind as its word."""

    impl = String(16)
    cache_ok = True

    def __init__(self, kinds: type[K]) -> None:
        self.kinds = kinds
        super().__init__()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else str(self.kinds(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> K | None:
        return None if value is None else self.kinds(value)


def one_of(column: str, choices: type[Choice] | type[Kind]) -> CheckConstraint:
    """The constraint that a column holds one of the choices' codes."""
    codes = ", ".join(repr(choice.value) for choice in choices)
    return CheckConstraint(f"{column} IN ({codes})", name=f"{column}_known")


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An aware instant, stored in UTC on both databases; refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
