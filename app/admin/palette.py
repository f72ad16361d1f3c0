"""The command palette: the customers, classes, courses and people whoever types may open, a few of each.

The screens are found in the menu of the page, by its script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, or_

from app import current, display, web
from app.admin import contacts
from app.admin.base import TableView
from app.admin.clocks import cool_down_days
from app.admin.guard import GuardedView, allowed, viewer
from app.admin.record import page_of
from app.extensions import db
from app.models import Course, CourseClass, Customer, Employee
from app.permissions import Permission, scope_of
from app.services import palette, pool

LONGEST = 64
"""So much of what is typed is looked for."""


@dataclass(frozen=True)
class Kind:
    """One kind of row: its title, how it is searched, what is told of a row beside its name, and where it opens."""

    title: LazyString
    search: Callable[[str], list[Select[Any]]]
    note: Callable[[Any], str]
    page: Callable[[Any], str | None]


class PaletteView(GuardedView):
    """`/admin/palette/?q=…`, or `?recent=customer-3,course-2` for what was opened last; answers JSON.

    Args:
        tables: the tables' screens by their endpoints, whose rows can be reached here as far as they can be there.
    """

    needs = {"index_view": None}

    def __init__(self, tables: dict[str, TableView], **kwargs: Any) -> None:
        self.tables = tables
        super().__init__(**kwargs)

    def is_visible(self) -> bool:
        """Not in the menu: it opens above every page."""
        return False

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """What is found, by kind; or what was opened last and can still be, in that order."""
        typed = request.args.get("q", "").strip()[:LONGEST]
        if typed:
            groups = [(kind.title, [_entry(endpoint, row) for row in self._found(endpoint, kind.search(typed))])
                      for endpoint, kind in KINDS.items()]
        else:
            groups = [(_l("Recently opened"), self._recent())]
        return jsonify(groups=[{"title": str(title), "entries": entries} for title, entries in groups if entries])

    def _recent(self) -> list[dict[str, str]]:
        asked = request.args.get("recent", "")[:400].split(",")[:palette.MOST]
        ids: dict[str, set[int]] = {}
        for key in asked:
            endpoint, _dash, number = key.partition("-")
            identity = web.whole_number(number)
            if endpoint in KINDS and identity is not None:
                ids.setdefault(endpoint, set()).add(identity)
        entries = {}
        for endpoint, wanted in ids.items():
            model = self.tables[endpoint].model
            everyone, = KINDS[endpoint].search("")
            for row in self._found(endpoint, [everyone.where(model.id.in_(wanted))]):
                entries[f"{endpoint}-{row.id}"] = _entry(endpoint, row)
        return [entries[key] for key in dict.fromkeys(asked) if key in entries]

    def _found(self, endpoint: str, queries: list[Select[Any]]) -> Iterable[Any]:
        """The rows that whoever asks may open; a further query is asked only if there are not enough yet."""
        conditions = self._reached(endpoint)
        found: dict[int, Any] = {}
        for query in queries if conditions is not None else ():
            if len(found) < palette.MOST:
                rows = db.session.scalars(query.where(*conditions or ()).limit(palette.MOST))
                found |= {row.id: row for row in rows if row.id not in found}
        return list(found.values())[:palette.MOST]

    def _reached(self, endpoint: str) -> list[ColumnElement[bool]] | None:
        """The conditions on a kind's rows, none if all can be opened; None instead of a list if no row can be.

        Customers of the pool are not among those of the table for everyone, and found all the same.
        """
        table, me, today = self.tables[endpoint], viewer(), current.today()
        scope = scope_of(me, table.access.read)
        reached = []
        if scope is not None:
            condition = table.row_filter(scope, me, today)
            if condition is None:
                return []
            reached.append(condition)
        if endpoint == "customer" and allowed(Permission.POOL_READ):
            reached.append(pool.claimable_by(me.id, today, cool_down_days=cool_down_days()))
        return [or_(*reached)] if reached else None


def _entry(endpoint: str, row: Any) -> dict[str, str]:
    kind = KINDS[endpoint]
    return {"key": f"{endpoint}-{row.id}", "title": str(row), "note": kind.note(row), "url": kind.page(row) or ""}


def _details(endpoint: str) -> Callable[[Any], str]:
    return lambda row: url_for(f"{endpoint}.details_view", id=row.id)


def _standing(customer: Customer) -> str:
    """Where he stands, in a few words."""
    today, whose = current.today(), customer.consultant.name if customer.consultant else ""
    left = customer.days_left(today)
    if customer.is_public(today):
        return " · ".join((str(_("In the Public Pool")), display.relative_day(customer.public_on)))
    if left is None:
        return " · ".join((whose, str(customer.status.label)))
    falls = _("Falls tonight at 00:00") if left <= 1 else ngettext("%(num)d day left", "%(num)d days left", left)
    return " · ".join((whose, str(falls)))


def _class(row: CourseClass) -> str:
    return f"{row.campus.title} · {display.day(row.start_date)}"


def _employee(row: Employee) -> str:
    return f"{row.username} · {row.department.title}"


def _nothing(_course: Course) -> str:
    return ""


KINDS: dict[str, Kind] = {
    "customer": Kind(_l("Customers"), lambda typed: palette.customers(typed, visible=contacts.visible_rows()),
                     _standing, page_of),
    "courseclass": Kind(_l("Classes"), palette.classes, _class, _details("courseclass")),
    "course": Kind(_l("Courses"), palette.courses, _nothing, _details("course")),
    "employee": Kind(_l("Employees"), palette.employees, _employee, _details("employee")),
}
"""What can be found, by the endpoint of its table, in the order it is shown."""
