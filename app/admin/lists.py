"""The list pages of the tables: what an address asks for, a page of rows by keyset, and what stands around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, current_app, flash, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.model.template import ViewRowAction
from flask_babel import LazyString, format_decimal
from flask_babel import gettext as _
from sqlalchemy import func
from sqlalchemy.orm import Query
from werkzeug.datastructures import MultiDict

from app import web
from app.admin import keyset
from app.admin.asked import ALL, PREFIX, Asked
from app.admin.filters import Filter, Quick, as_text
from app.admin.guard import viewer
from app.admin.labels import LABELS
from app.extensions import db
from app.models import ListChoice
from app.permissions import Permission, can
from app.services import saved_views
from app.web import whole_number

MOST_COUNTED = 1_000
"""More rows than this are not counted for a page, but said to be more."""

LAST_OFFSET = 10_000
"""Addresses of old name a page by its number; none of them skips more rows than this."""

LONGEST_SEARCH = 64

_LAST_PLACE = 9
"""Columns from this place on are alike to lists.css, which hides the last ones where there is no room."""


class Lists(ModelView):
    """Mixin of the tables' screens: their list page. A view says what it offers; people choose from it."""

    column_lead: str
    """The column that names a row: always shown, and first."""
    column_optional: tuple[str, ...] = ()
    """Columns that are not shown unless somebody chooses them."""
    column_related_by: Mapping[str, Any] = {}
    """Loader options for columns that reach other tables and are not always shown."""
    quick_filters: tuple[Quick, ...] = ()
    """Chips above the list."""
    list_arguments: tuple[str, ...] = ()
    """What narrows the list besides its filters, by the number of a row: `?customer=3`."""
    about: LazyString | str = ""
    """A sentence that says what the table is for, where it is empty."""

    @property
    def filters_by_key(self) -> dict[str, Filter]:
        """The filters by their names in addresses; of old, these were their places."""
        offered: Sequence[Filter] = self._filters or ()
        return {**{str(place): each for place, each in enumerate(offered)}, **{each.key: each for each in offered}}

    def get_filters(self) -> Any:
        """The filters, no two of one name."""
        found = super().get_filters()
        keys = [each.key for each in found or ()]
        if len(set(keys)) < len(keys):
            raise ValueError(f"{self.endpoint}: two filters of one name among {keys}")
        return found

    @property
    def offered_columns(self) -> list[str]:
        """Every column the list can show, its lead first."""
        return list(dict.fromkeys((self.column_lead, *self.column_list, *self.column_optional)))

    def get_list_row_actions(self) -> list[Any]:
        """What stands at the end of a row; its first column is the link to the record."""
        return [each for each in super().get_list_row_actions() if not isinstance(each, ViewRowAction)]

    # What an address asks for.

    def asked(self, arguments: MultiDict[str, str], *, aloud: bool = False) -> Asked:
        """What the parameters of an address ask for; what this list has not got is left out.

        Args:
            aloud: say on the page what was left out.
        """
        sort = self._asked_sort(arguments.get("sort", ""))
        size = whole_number(arguments.get("page_size", ""))
        columns = arguments.get("columns")
        return Asked(
            filters=self._asked_filters(arguments, aloud=aloud),
            search=arguments.get("search", "").replace("\0", "")[:LONGEST_SEARCH].strip() or None,
            sort=sort, descending=sort is not None and arguments.get("desc") == "1",
            columns=None if not columns else tuple(self._known(columns.split(","))),
            page_size=size if size in self.page_size_options and size != self.page_size else None,
            extra={name: arguments[name] for name in self.list_arguments if arguments.get(name)},
            view_id=whole_number(arguments.get("view", "")))

    def _asked_sort(self, name: str) -> str | None:
        if name.isdecimal() and name.isascii() and len(name) < 3:  # of old, the place of the column
            name = dict(enumerate(self.column_list)).get(int(name), "")
        return name if name in self._sortable_columns else None

    def _asked_filters(self, arguments: MultiDict[str, str], *, aloud: bool) -> dict[str, str]:
        known, found = self.filters_by_key, {}
        for name, value in arguments.items():
            prefix, mark, key = name.partition("_")
            if not prefix.startswith(PREFIX[:-1]) or not mark or not value:
                continue
            if key not in known:
                if aloud:
                    flash(_("There is no such filter here any more; it was left out."), "warning")
            elif known[key].validate(value):
                found[known[key].key] = value
            elif aloud:
                flash(self.get_invalid_value_msg(value, known[key]), "error")
        return found

    def _known(self, columns: Sequence[str]) -> list[str]:
        """Those of the columns that there are, the lead first and none twice."""
        return list(dict.fromkeys((self.column_lead, *(each for each in columns if each in self.offered_columns))))

    def list_url(self, asked: Asked, **more: str | None) -> str:
        """The address of this list that asks for something."""
        return web.address(f"{self.endpoint}.index_view", **self.list_fields(asked), **more)

    def list_fields(self, asked: Asked) -> dict[str, str]:
        """The same as the hidden fields of a form."""
        chosen = self._choice()
        return asked.arguments() or ({"view": ALL} if chosen and chosen.saved_view_id else {})

    def _choice(self) -> ListChoice | None:
        """What whoever looks chose for this list."""
        known: dict[str, ListChoice | None] = g.setdefault("list_choices", {})
        if self.endpoint not in known:
            known[self.endpoint] = saved_views.choice_of(db.session, viewer().id, self.endpoint)
        return known[self.endpoint]

    def shown_columns(self, asked: Asked) -> list[str]:
        """As the address says, else as the person chose, else the usual ones."""
        chosen = self._choice()
        return self._known(asked.columns or (chosen.columns if chosen else None) or self.column_list)

    # The rows.

    def _order(self, asked: Asked) -> keyset.Order:
        name, descending = self.sorting(asked)
        column, number = getattr(self.model, name), self.model.id
        if column is number:
            return keyset.Order(number, descending=descending)
        return keyset.Order(number, column, descending, optional=column.property.columns[0].nullable)

    def sorting(self, asked: Asked) -> tuple[str, bool]:
        """The column in whose order the list is, and whether it is descending."""
        if asked.sort is not None:
            return asked.sort, asked.descending
        usual = self.column_default_sort
        return usual if isinstance(usual, tuple) else (usual, False)

    def _narrowed(self, asked: Asked, columns: Sequence[str]) -> tuple[Query[Any], Query[Any]]:
        """The rows that are asked for, with what the columns need; and only their numbers, for counting."""
        related = [option for name, option in self.column_related_by.items() if name in columns]
        query, numbers = self.get_query().options(*related), self._scoped(db.session.query(self.model.id))
        joins: Any = {}
        count_joins: Any = {}
        if asked.search and self._search_supported:
            query, numbers, joins, count_joins = self._apply_search(query, numbers, joins, count_joins, asked.search)
        known = self.filters_by_key
        places = {each.key: place for place, each in enumerate(self._filters or ())}
        wanted = [(places[key], known[key].name, value) for key, value in asked.filters.items()]
        if wanted:
            query, numbers, joins, count_joins = self._apply_filters(query, numbers, joins, count_joins, wanted)
        return query, numbers

    @staticmethod
    def _count(numbers: Query[Any], most: int) -> int:
        """How many rows there are; those beyond `most` are not looked for."""
        found: int = db.session.query(func.count()).select_from(numbers.limit(most + 1).subquery()).scalar()
        return found

    def on_listed(self, rows: list[Any]) -> None:
        """Rows are about to be shown or exported: they are kept in mind for what is asked of each of them."""
        g.setdefault("listed", {})[self.endpoint] = [row.id for row in rows]

    def export_query(self) -> tuple[int, Query[Any]]:
        """How many rows this address asks for, and the rows in their order."""
        asked = self.asked(request.args)
        query, numbers = self._narrowed(asked, [name for name, _title in self._export_columns])
        number: int = db.session.query(func.count()).select_from(numbers.subquery()).scalar()
        return number, query.order_by(*self._order(asked).by())

    def _page(self, query: Query[Any], asked: Asked) -> keyset.Page:
        order = self._order(asked)
        size = asked.page_size or self.page_size
        number = request.args.get("page", 0, type=int)
        offset = min(max(number, 0) * size, LAST_OFFSET)
        after, before = (_position(request.args.get(name, ""), order) for name in ("after", "before"))
        return keyset.page(query, order, size=size, after=after, before=before,
                           offset=0 if after or before else offset)

    # The page.

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """The list, or, where only its address is given, the view whoever looks opens it with."""
        chosen = self._choice()
        if not request.args and chosen and chosen.saved_view and saved_views.is_seen(viewer(), chosen.saved_view):
            return redirect(self.list_url(Asked.of(chosen.saved_view)))
        asked = self.asked(request.args, aloud=True)
        columns = self.shown_columns(asked)
        query, numbers = self._narrowed(asked, columns)
        page = self._page(query, asked)
        self.on_listed(page.rows)
        actions, confirmations = self.get_actions_list()
        rendered: str = self.render(
            self.list_template, asked=asked, data=page.rows, number=_in_words(self._count(numbers, MOST_COUNTED)),
            list_columns=self._columns(columns), sorting=self.sorting(asked),
            sort_url=lambda name: self._sort_url(asked, name), fields=self.list_fields, url_for_list=self.list_url,
            previous_url=self.list_url(asked, before=page.before) if page.before else None,
            next_url=self.list_url(asked, after=page.after) if page.after else None,
            beyond=not page.rows and bool({"after", "before", "page"} & request.args.keys()),
            return_url=self._here(asked), search_supported=self._search_supported,
            filter_groups=self._get_filter_groups(), quick=self._quick(asked), chips=self._chips(asked),
            offered=[(name, self.get_column_name(name)) for name in self._known([*columns, *self.offered_columns])],
            views=self._views(asked, columns), list_row_actions=self.get_list_row_actions(), actions=actions,
            actions_confirmation=confirmations, get_pk_value=self.get_pk_value, get_value=self.get_list_value)
        return rendered

    def _columns(self, names: Sequence[str]) -> list[tuple[str, str, str]]:
        """Of each column its name, its label in the reader's language, and the classes of its cells."""
        return [(name, str(self.get_column_name(name)),
                 f"col-{name.replace('.', '-')} {'lead' if place == 1 else f'p{min(place, _LAST_PLACE)}'}")
                for place, name in enumerate(names, start=1)]

    def _here(self, asked: Asked) -> str:
        """The address of this very page."""
        place = {name: request.args[name] for name in ("after", "before", "page") if request.args.get(name)}
        return self.list_url(asked, **place)

    def _sort_url(self, asked: Asked, name: str) -> str:
        present, descending = self.sorting(asked)
        return self.list_url(asked.but(sort=name, descending=name == present and not descending))

    def _get_filter_groups(self) -> dict[str, list[dict[str, Any]]]:
        """The filters on offer, with their options as of now and in the reader's language."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for each in self._filters or ():
            groups.setdefault(str(each.name), []).append(
                {"key": each.key, "operation": str(each.operation()), "options": each.get_options(self) or None,
                 "type": each.data_type})
        return groups

    def _quick(self, asked: Asked) -> list[dict[str, Any]]:
        """The chips for filters that are often wanted; one that is on takes itself off."""
        found = []
        for each in self.quick_filters:
            filters = each.filters()
            active = filters.items() <= asked.filters.items()
            after = asked.with_filters(**(dict.fromkeys(filters) if active else filters))
            found.append({"label": each.label, "active": active, "url": self.list_url(after), "keys": set(filters)})
        return found

    def _chips(self, asked: Asked) -> list[dict[str, Any]]:
        """What narrows the list and can be taken off, besides the quick filters that are on."""
        said = {key for each in self._quick(asked) if each["active"] for key in each["keys"]}
        known = self.filters_by_key
        found = [{"label": LABELS[name], "value": f"#{value}",
                  "url": self.list_url(asked.but(extra={other: kept for other, kept in asked.extra.items()
                                                        if other != name}))} for name, value in asked.extra.items()]
        found += [{"label": known[key].name, "value": known[key].shown(value),
                   "url": self.list_url(asked.with_filters(**{key: None}))}
                  for key, value in asked.filters.items() if key not in said]
        return found

    def _views(self, asked: Asked, columns: list[str]) -> dict[str, Any]:
        """The saved views whoever looks sees, and what he may do with the one he is in."""
        seen = saved_views.visible(db.session, viewer(), self.endpoint)
        current = next((each for each in seen if each.id == asked.view_id), None)
        chosen = self._choice()
        return {"all": [{"view": each, "url": self.list_url(Asked.of(each)), "current": each is current}
                        for each in seen],
                "all_url": self.list_url(Asked()), "current": current,
                "changed": current is not None and asked.content(columns) != saved_views.Content.of(current),
                "mine": current is not None and saved_views.may_change(viewer(), current),
                "opens": current is not None and chosen is not None and chosen.saved_view_id == current.id,
                "may_share": can(viewer(), Permission.VIEW_SHARE)}


def _position(text: str, order: keyset.Order) -> keyset.Position | None:
    """Where an address says a page begins or ends; one that cannot be is a mistake of whoever wrote it."""
    try:
        return keyset.read(text, order) if text else None
    except ValueError:
        abort(400)


def _in_words(number: int) -> str:
    """A number of rows as it is said: exact up to where counting ends."""
    return f"{format_decimal(MOST_COUNTED)}+" if number > MOST_COUNTED else format_decimal(number)


def view_of(endpoint: str) -> Lists:
    """The list of a name, whether or not whoever asks may open it.

    Raises:
        KeyError: there is none.
    """
    (admin,) = current_app.extensions["admin"]
    return {view.endpoint: view for view in admin._views if isinstance(view, Lists)}[endpoint]


def filter_url(endpoint: str, /, *, search: str | None = None, sort: str | None = None, descending: bool = False,
               **filters: Any) -> str:
    """The address of a list that is narrowed, for tiles and links of other screens.

    `filter_url("customer", standing="pool", source=Source.BAIDU)`, `filter_url("followup", contact="due")`.

    A filter is named as in `column_filters` of the list's view: the column's name without `_id`, with `_from` or
    `_until` for the bounds of a period, or the name the view gave it.

    Args:
        endpoint: the list's name in addresses, such as `customer`.
        search: what to search for.
        sort: the column to sort by.
        filters: by name, the value: a choice, a row, a date, yes or no, or its code.

    Raises:
        KeyError: there is no such list or filter.
    """
    view = view_of(endpoint)
    for key in filters:
        _found = view.filters_by_key[key]
    asked = Asked({key: as_text(value) for key, value in filters.items()}, search, sort, descending)
    return web.address(f"{endpoint}.index_view", **asked.arguments())
