"""Errors a person can cause. They carry a sentence in the person's language and, where there is one, the field."""

from __future__ import annotations

import datetime as dt
import math

from babel.dates import format_date
from flask_babel import LazyString, get_locale, lazy_ngettext


def on_day(day: dt.date) -> LazyString:
    """A date in a sentence, written when it is read, in the reader's form."""
    return LazyString(lambda: format_date(day, "medium", locale=get_locale() or "en"))


class DomainError(Exception):
    """A rule of the school forbids this.

    Args:
        message: one sentence for the person who asked, translated when shown.
        field: the form field it belongs to, if any.
    """

    def __init__(self, message: LazyString | str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


class NotAllowedError(DomainError):
    """The person may not do this at all (HTTP 403)."""


class NotFoundError(DomainError):
    """There is no such row, or none this person may know of (HTTP 404)."""


class ConflictError(DomainError):
    """The row is not, or no longer, in a state in which this can be done (HTTP 409)."""


class TooManyRequestsError(DomainError):
    """This has been tried too often of late (HTTP 429).

    Args:
        retry_after: seconds until it may be tried again.
    """

    def __init__(self, retry_after: float) -> None:
        self.retry_after = max(1, math.ceil(retry_after))
        super().__init__(lazy_ngettext("Too many attempts. Please try again in %(num)d minute.",
                                       "Too many attempts. Please try again in %(num)d minutes.",
                                       math.ceil(self.retry_after / 60)))
