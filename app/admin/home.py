"""Home: a consultant's day, a manager's floor, and for everyone else what there is for him to look after."""

from __future__ import annotations

from typing import Any

from flask_admin import AdminIndexView, expose
from flask_babel import lazy_gettext as _l

from app import current
from app.admin import home_floor, home_selling, home_watch
from app.admin.guard import Guarded, viewer
from app.services import floor as floors


class HomeView(Guarded, AdminIndexView):
    """What there is to do today, for whoever looks: tiles, then what to do now, then pictures."""

    group, order, menu_title = "start", 0, _l("Home")
    needs = {"index": None}

    @expose("/")
    def index(self) -> str:
        """The day at a glance."""
        today = current.today()
        floor = floors.reach_of(viewer())
        desk = home_selling.desk(today) if home_selling.is_for(viewer()) else None
        parts: dict[str, Any] = {
            "desk": desk if desk and (desk["has_any"] or not floor) else None,
            "floor": home_floor.floor(floor, today) if floor else None,
            "pool": home_selling.pool_now(today),
            "watch": home_watch.watch(today),
            "house": home_watch.house(today)}
        if not (desk or floor or parts["watch"]):
            parts["classes"] = home_watch.classes(today)
        rendered: str = self.render("screens/home.html", name=viewer().name, **parts)
        return rendered
