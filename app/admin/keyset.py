"""Pages of a list by keyset: a page begins after a row, so that the last one costs what the first one does.

Rows are in the order of one column and then of their number; those without a value come last, whichever way the column
runs and whatever the database thinks of NULL. They are read by a statement of their own, so that an index on the column
serves the others in order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Date, Integer, Numeric, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Query

from app.models.types import ChoiceType, KindType, UTCDateTime
from app.web import LARGEST_INTEGER, whole_number

_LARGEST_AMOUNT, _SMALLEST_FRACTION = Decimal(10) ** 12, -6


@dataclass(frozen=True)
class Order:
    """How a list is sorted.

    Args:
        number: the column of the rows' numbers.
        column: what is sorted by, if it is not the number itself.
        descending: the largest first; among equals the highest number too.
        optional: whether rows may have no value in the column.
    """

    number: InstrumentedAttribute[int]
    column: Any = None
    descending: bool = False
    optional: bool = True

    def by(self) -> list[ColumnElement[Any]]:
        """The whole order in one ORDER BY, for what is not read in pages."""
        keys = [] if self.column is None else [self._directed(self.column)]
        nothing_last = [self.column.is_(None)] if keys and self.optional else []
        return [*nothing_last, *keys, self._directed(self.number)]

    def _directed(self, column: Any) -> ColumnElement[Any]:
        found: ColumnElement[Any] = column.desc() if self.descending else column.asc()
        return found

    def parts(self) -> list[_Part]:
        """The stretches of the list in their order, each of which an index can serve."""
        if self.column is None:
            return [_Part((self.number,), self.descending)]
        valued = _Part((self.column, self.number), self.descending)
        if not self.optional:
            return [valued]
        return [replace(valued, condition=self.column.is_not(None)),
                _Part((self.number,), self.descending, self.column.is_(None))]


@dataclass(frozen=True)
class _Part:
    """Rows in the order of their keys, all up or all down."""

    keys: tuple[Any, ...]
    descending: bool
    condition: ColumnElement[bool] | None = None

    def of(self, query: Query[Any], beyond: tuple[Any, ...] | None) -> Query[Any]:
        if self.condition is not None:
            query = query.filter(self.condition)
        if beyond is not None:
            here = tuple_(*self.keys) if len(self.keys) > 1 else self.keys[0]
            there = beyond if len(self.keys) > 1 else beyond[0]
            query = query.filter(here < there if self.descending else here > there)
        return query.order_by(*(key.desc() if self.descending else key.asc() for key in self.keys))


Position = tuple[Any, ...]
"""The keys of a row: its value and number, or the number alone where the list is in that order or it has no value."""


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and where the neighbouring pages begin; None where there is none."""

    rows: list[Any]
    before: str | None
    after: str | None


def page(query: Query[Any], order: Order, *, size: int, after: Position | None = None, before: Position | None = None,
         offset: int = 0) -> Page:
    """A page of a query for one kind of row.

    Args:
        after, before: the row next to which the page begins or ends; the first page if neither is given.
        offset: skip so many rows, for addresses of old.
    """
    if before is not None:
        found = _read(query, replace(order, descending=not order.descending), before, size + 1, backwards=True)
        if len(found) <= size:  # the beginning is reached: the first page, in full
            return page(query, order, size=size)
        shown = found[:size][::-1]
        return Page([row for row, _at in shown], write(shown[0][1]), write(shown[-1][1]))
    found = _skipped(query, order, offset, size + 1) if offset else _read(query, order, after, size + 1)
    shown = found[:size]
    is_first = after is None and not offset
    return Page([row for row, _at in shown], None if is_first or not shown else write(shown[0][1]),
                write(shown[-1][1]) if len(found) > size else None)


def _read(query: Query[Any], order: Order, start: Position | None, number: int, *,
          backwards: bool = False) -> list[tuple[Any, Position]]:
    """Rows from a position on, with their positions."""
    found: list[tuple[Any, Position]] = []
    parts = order.parts()
    for part in reversed(parts) if backwards else parts:
        starts_here = start is not None and len(start) == len(part.keys)
        if start is not None and not starts_here:
            continue
        rows = part.of(query.add_columns(*part.keys), start).limit(number - len(found))
        found += [(row, tuple(keys)) for row, *keys in rows]
        if len(found) >= number:
            break
        start = None
    return found


def _skipped(query: Query[Any], order: Order, offset: int, number: int) -> list[tuple[Any, Position]]:
    keys = [order.number] if order.column is None else [order.column, order.number]
    rows = query.add_columns(*keys).order_by(*order.by()).offset(offset).limit(number)
    return [(row, tuple(each for each in at if each is not None)) for row, *at in rows]


# Positions in addresses: "2026-03-02.17" or "17"; whatever is not one of this order's is refused.


def write(position: Position) -> str:
    """A position as text: the value, a dot and the number, or the number alone."""
    *values, number = position
    return "".join(f"{_as_text(value)}." for value in values) + str(number)


def read(text: str, order: Order) -> Position:
    """The position a text stands for.

    Raises:
        ValueError: it is none in a list of this order.
    """
    value, dot, number = text.rpartition(".")
    identity = whole_number(number)
    if identity is None or (dot and order.column is None):
        raise ValueError(text)
    return (_as_value(value, order.column.type), identity) if dot else (identity,)


def _as_text(value: Any) -> str:
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    return str(int(value)) if isinstance(value, (bool, int)) else str(value)


def _as_value(text: str, kind: Any) -> Any:
    """A text as what a column of this type holds; ValueError of anything it cannot hold."""
    return next((reads(text, kind) for stored, reads in _READERS if isinstance(kind, stored)), text)


def _instant(text: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    try:
        return instant.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def _integer(text: str) -> int:
    if len(text) > len(str(-LARGEST_INTEGER)) or abs(number := int(text)) > LARGEST_INTEGER:
        raise ValueError(text)
    return number


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not amount.is_finite() or abs(amount) > _LARGEST_AMOUNT or int(amount.as_tuple().exponent) < _SMALLEST_FRACTION:
        raise ValueError(text)
    return amount


_READERS: tuple[tuple[type, Callable[[str, Any], Any]], ...] = (
    (UTCDateTime, lambda text, _kind: _instant(text)),
    (Date, lambda text, _kind: dt.date.fromisoformat(text)),
    (ChoiceType, lambda text, kind: kind.choices(int(text))),
    (KindType, lambda text, kind: kind.kinds(text)),
    (Boolean, lambda text, _kind: ("0", "1").index(text) == 1),
    (Integer, lambda text, _kind: _integer(text)),
    (Numeric, lambda text, _kind: _amount(text)),
)
