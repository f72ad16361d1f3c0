"""The menu: the screens whoever looks may open, grouped by what people do."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_admin import Admin
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.services import counting

GROUPS: dict[str, LazyString | None] = {
    "start": None, "sell": _l("Sell"), "teach": _l("Teach"), "people": _l("People"), "reports": _l("Reports"),
    "settings": _l("Settings")}
"""The groups in their order, by what a view's `group` says; where one begins stands above them without a title."""

COUNTED = counting.ENOUGH
"""How far the menu counts: more than that tells nobody anything, and counting costs."""


def counted(number: int) -> str:
    """A count for the menu, of rows counted to one past COUNTED; nothing of none."""
    return f"{COUNTED}+" if number > COUNTED else str(number) if number else ""


def groups(admin: Admin, active_endpoint: str | None) -> list[dict[str, Any]]:
    """The groups with at least one screen to open; nothing for a visitor.

    An entry's `count` is asked only where the menu is shown: a part of a page, or an answer to a script, costs nothing.
    """
    if not current_user.is_authenticated:
        return []
    views = [view for view in admin._views
             if getattr(view, "group", None) and view.is_accessible() and view.is_visible()]
    views.sort(key=lambda view: view.order)
    found = []
    for code, title in GROUPS.items():
        entries = [{"title": view.menu_title, "url": url_for(f"{view.endpoint}.{view._default_view}"),
                    "active": view.endpoint == active_endpoint, "endpoint": view.endpoint, "count": view.menu_count}
                   for view in views if view.group == code]
        if entries:
            found.append({"code": code, "title": title, "entries": entries})
    return found
