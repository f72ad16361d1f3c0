"""The door of every admin screen: whatever a screen does not declare is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, g
from flask.typing import ResponseReturnValue
from flask_admin import BaseView
from flask_babel import LazyString
from flask_login import current_user

from app.extensions import login_manager
from app.models import Employee
from app.permissions import Permission, can

Needs = Mapping[str, Permission | None]
"""View function → the permission it needs; None for every signed-in employee. A function not named is refused."""


def viewer() -> Employee:
    """The employee who asks. Only for code behind the door."""
    employee: Employee = current_user._get_current_object()
    return employee


def signed_in() -> Employee | None:
    """The employee who asks; None for a visitor. Looked up once: the menu asks for every screen there is."""
    found: Employee | None = current_user._get_current_object()
    return found if found is not None and found.is_authenticated else None


def allowed(permission: Permission) -> bool:
    """Whether whoever asks has the permission; a visitor has none."""
    employee = signed_in()
    return employee is not None and can(employee, permission)


def passed_with() -> Permission | None:
    """The permission by which this request came in; None where none is needed."""
    found: Permission | None = g.get("passed_with")
    return found


class Guarded:
    """Mixin for Flask-Admin views: checks `needs` before any function of the view runs.

    `group` and `order` place the screen in the menu; without a group it is not in the menu.
    """

    needs: Needs = {}
    group: str | None = None
    order: int = 0
    menu_title: LazyString | str = ""

    def is_accessible(self) -> bool:
        """Whether the screen's first page may be opened, for the menu."""
        return self._may("index_view") if "index_view" in self.needs else self._may("index")

    def menu_count(self) -> str:
        """What the menu says beside the screen's title, such as how many rows wait there; cheap at any size."""
        return ""

    def _may(self, function: str) -> bool:
        if function not in self.needs:
            return False
        permission = self.needs[function]
        return signed_in() is not None if permission is None else allowed(permission)

    def _handle_view(self, name: str, **_kwargs: object) -> ResponseReturnValue | None:
        if not current_user.is_authenticated:
            answer: ResponseReturnValue = login_manager.unauthorized()
            return answer
        if not self._may(name):
            abort(403)
        self._pass_with(self.needs[name])
        return None

    @staticmethod
    def _pass_with(permission: Permission | None) -> None:
        """What this request does needs the permission, whose reach bounds the rows there are."""
        g.passed_with = permission

    def _run_view(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Flask-Admin calls again without arguments on a TypeError, which would hide the error."""
        return function(self, *args, **kwargs)


class GuardedView(Guarded, BaseView):
    """Base of the custom screens."""
