"""The menu: the screens whoever looks may open, grouped by what people do."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_admin import Admin
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_login import current_user

GROUPS: dict[str, LazyString] = {"sell": _l("Sell"), "teach": _l("Teach"), "people": _l("People"),
                                 "settings": _l("Settings")}


def groups(admin: Admin, active_endpoint: str | None) -> list[dict[str, Any]]:
    """The groups with at least one screen to open; nothing for a visitor."""
    if not current_user.is_authenticated:
        return []
    views = [view for view in admin._views
             if getattr(view, "group", None) and view.is_accessible() and view.is_visible()]
    views.sort(key=lambda view: view.order)
    found = []
    for code, title in GROUPS.items():
        entries = [{"title": view.menu_title, "url": url_for(f"{view.endpoint}.{view._default_view}"),
                    "active": view.endpoint == active_endpoint, "count": None}
                   for view in views if view.group == code]
        if entries:
            found.append({"title": title, "entries": entries})
    return found
