"""What an address asks of a list: filters, search, order, columns. All can be written by hand, so it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.models import SavedView
from app.services.saved_views import Content

PREFIX = "flt_"
"""Before the key of a filter in an address."""

ALL = "all"
"""As the `view` of an address: none, though the list would open with one."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a list; each part is something the list has.

    Args:
        filters: by key, the value as text.
        search: what is searched for.
        sort: the column, if it is not in the usual order; `descending` counts only then.
        columns: those named in the address, in their order; None for whatever the person chose.
        page_size: rows per page, if it is not the usual number.
        extra: what else narrows this list, such as `customer`, by its name in the address.
        view_id: the saved view this began as.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    search: str | None = None
    sort: str | None = None
    descending: bool = False
    columns: tuple[str, ...] | None = None
    page_size: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    view_id: int | None = None

    @classmethod
    def of(cls, view: SavedView) -> Asked:
        """What a saved view asks for; an address made of it is checked like any other."""
        return cls(view.filters, view.search, view.sort, view.descending,
                   None if view.columns is None else tuple(view.columns), view_id=view.id)

    def but(self, **changed: Any) -> Asked:
        """The same with some parts changed."""
        return replace(self, **changed)

    def with_filters(self, **changed: str | None) -> Asked:
        """The same with some filters set or, if None, taken off."""
        filters = {**self.filters, **changed}
        return replace(self, filters={key: value for key, value in filters.items() if value is not None})

    @property
    def narrows(self) -> bool:
        """Whether rows may be missing because of it."""
        return bool(self.filters or self.search or self.extra)

    def content(self, columns: list[str]) -> Content:
        """What a view saved now would keep, with the columns that are shown."""
        return Content(dict(self.filters), self.search, self.sort, self.sort is not None and self.descending, columns)

    def arguments(self) -> dict[str, str]:
        """The parameters of an address that asks for this."""
        found = {**self.extra, **{f"{PREFIX}{key}": value for key, value in self.filters.items()}}
        if self.search:
            found["search"] = self.search
        if self.sort:
            found["sort"] = self.sort
            if self.descending:
                found["desc"] = "1"
        if self.columns is not None:
            found["columns"] = ",".join(self.columns)
        if self.page_size is not None:
            found["page_size"] = str(self.page_size)
        if self.view_id is not None:
            found["view"] = str(self.view_id)
        return found
