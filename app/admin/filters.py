"""List filters that cannot be asked for anything but what they offer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import has_request_context
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import InstrumentedAttribute, Query

from app import display
from app.extensions import Base
from app.models.types import Choice, Kind

Options = Callable[[], Iterable[tuple[str, Any]]]


class Filter(BaseSQLAFilter):
    """A filter that, left empty in the form, does nothing.

    Addresses and saved views know it by its `key`: the column's name and what is asked of it, or a name of its own.
    """

    asks = ""
    own_key: str | None = None

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return self.own_key or self.column.key.removesuffix("_id").removesuffix("_code") + self.asks

    def named(self, key: str) -> Filter:
        """The same under a key of its own, where the column's name says too little."""
        self.own_key = key
        return self

    def shown(self, value: str) -> str:
        """A value that can be asked for, as people read it."""
        return value

    def accepts(self, value: str) -> bool:
        """Whether a value that is not empty can be asked for."""
        raise NotImplementedError

    def read(self, value: str) -> Any:
        """A value's text as what the column holds."""
        raise NotImplementedError

    def compare(self, column: Any, value: Any) -> Any:
        """The condition."""
        raise NotImplementedError

    def validate(self, value: str) -> bool:
        return value == "" or self.accepts(value)

    def clean(self, value: str) -> Any:
        return None if value == "" else self.read(value)

    def apply(self, query: Query[Any], value: Any, alias: Any = None) -> Query[Any]:
        return query if value is None else query.filter(self.compare(self.get_column(alias), value))


class Is(Filter):
    """The column is one of the options.

    Args:
        column: what is compared.
        name: what people call it.
        options: gives (value as text, label) pairs, asked at each request.
        read: turns the value's text into what the column holds.
    """

    def __init__(self, column: InstrumentedAttribute[Any], name: LazyString, options: Options,
                 read: Callable[[str], Any] = str) -> None:
        self.offered = options
        self._read = read
        super().__init__(column, name, options=options)

    def get_options(self, _view: Any) -> list[tuple[str, str]]:
        if not has_request_context():  # Flask-Admin asks once at start-up too, without a database at hand
            return []
        return [(value, str(label)) for value, label in self.offered()]

    def accepts(self, value: str) -> bool:
        return value in {offered for offered, _label in self.offered()}

    def shown(self, value: str) -> str:
        return next((str(label) for offered, label in self.offered() if offered == value), value)

    def read(self, value: str) -> Any:
        return self._read(value)

    def compare(self, column: Any, value: Any) -> Any:
        return column == value

    def operation(self) -> LazyString:
        return _l("is")


class _Day(Filter):
    """A comparison with a date."""

    def accepts(self, value: str) -> bool:
        try:
            dt.date.fromisoformat(value)
        except ValueError:
            return False
        return True

    def read(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def shown(self, value: str) -> str:
        return f"{self.operation()} {display.day(self.read(value))}"


class From(_Day):
    """On this day or later."""

    asks = "_from"

    def compare(self, column: Any, value: dt.date) -> Any:
        return column >= value

    def operation(self) -> LazyString:
        return _l("from")


class Until(_Day):
    """On this day or earlier."""

    asks = "_until"

    def compare(self, column: Any, value: dt.date) -> Any:
        return column <= value

    def operation(self) -> LazyString:
        return _l("until")


def is_choice(column: InstrumentedAttribute[Any], name: LazyString, choices: type[Choice] | type[Kind]) -> Is:
    """A filter for a column of choices."""
    return Is(column, name, lambda: [(str(choice.value), choice.label) for choice in choices],
              read=lambda value: next(choice for choice in choices if str(choice.value) == value))


def period(column: InstrumentedAttribute[Any], name: LazyString) -> list[BaseSQLAFilter]:
    """The two filters that bound a date."""
    return [From(column, name, data_type="datepicker"), Until(column, name, data_type="datepicker")]


class OneOf(Filter):
    """The row is in one of several states, each of which is a condition of its own.

    Args:
        column: gives the filter its place; it is not compared.
        name: what people call it.
        states: by code, the label and what gives the condition, asked at each request.
    """

    def __init__(self, column: InstrumentedAttribute[Any], name: LazyString,
                 states: Mapping[str, tuple[Any, Callable[[], Any]]]) -> None:
        self.states = states
        super().__init__(column, name, options=self._labels)

    def _labels(self) -> list[tuple[str, str]]:
        return [(code, str(label)) for code, (label, _condition) in self.states.items()]

    def get_options(self, _view: Any) -> list[tuple[str, str]]:
        return self._labels() if has_request_context() else []

    def accepts(self, value: str) -> bool:
        return value in self.states

    def read(self, value: str) -> Any:
        return value

    def shown(self, value: str) -> str:
        return str(self.states[value][0])

    def compare(self, column: Any, value: Any) -> Any:
        return self.states[value][1]()

    def operation(self) -> LazyString:
        return _l("is")


class Quick:
    """A chip above a list: filters that are often wanted together.

    Args:
        label: what people call it.
        filters: by key, the value; what has to be asked at each request, such as today, is a function.
    """

    def __init__(self, label: LazyString, **filters: Any) -> None:
        self.label = label
        self._filters = filters

    def filters(self) -> dict[str, str]:
        """The filters with their values as of now, as addresses have them."""
        return {key: as_text(value() if callable(value) else value) for key, value in self._filters.items()}


def quick_choices(key: str, choices: Iterable[Choice | Kind]) -> tuple[Quick, ...]:
    """A chip for each of some choices."""
    return tuple(Quick(choice.label, **{key: choice}) for choice in choices)


def as_text(value: Any) -> str:
    """A value as a filter in an address has it: codes of choices, numbers of rows, 1 and 0, dates in ISO 8601."""
    if isinstance(value, Base):
        return str(value.id)  # type: ignore[attr-defined]
    if isinstance(value, (Choice, Kind)):
        return str(value.value)
    if isinstance(value, bool):
        return str(int(value))
    return value.isoformat() if isinstance(value, dt.date) else str(value)
