"""List filters that cannot be asked for anything but what they offer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from flask import has_request_context
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import InstrumentedAttribute, Query

from app.models.types import Choice, Kind

Options = Callable[[], Iterable[tuple[str, Any]]]


class Filter(BaseSQLAFilter):
    """A filter that, left empty in the form, does nothing."""

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


class From(_Day):
    """On this day or later."""

    def compare(self, column: Any, value: dt.date) -> Any:
        return column >= value

    def operation(self) -> LazyString:
        return _l("from")


class Until(_Day):
    """On this day or earlier."""

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
