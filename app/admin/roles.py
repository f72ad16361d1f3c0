"""Roles and what they permit."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectMultipleField
from wtforms.fields.choices import SelectChoice

from app.admin import forms
from app.admin.base import Access, TableView
from app.admin.labels import LABELS
from app.errors import ConflictError
from app.extensions import db
from app.models import Role
from app.models.choices import RowScope
from app.permissions import Permission, permission_choices


class RoleForm(forms.BaseForm):
    """A role."""

    name = forms.text(Role.name, LABELS["title"])
    scope = forms.choice(Role.scope, RowScope, default=RowScope.OWN,
                         description=_l("Which rows the permissions reach, where rows belong to someone."))
    permission_codes = SelectMultipleField(LABELS["permission_codes"], choices=[
        SelectChoice(code, sentence) for code, sentence in permission_choices()])


def _sentences(_view: Any, _context: Any, role: Role, _name: str) -> str:
    labels = dict(permission_choices())
    return ", ".join(str(labels[code]) for code in role.permission_codes if code in labels) or "—"


def _number(_view: Any, _context: Any, role: Role, _name: str) -> str:
    number = len(role.permissions)
    return ngettext("%(num)d permission", "%(num)d permissions", number)


class RoleView(TableView):
    """Sets of permissions, given to employees; a change counts from the next request."""

    group, order, menu_title = "people", 30, _l("Roles")
    access = Access.of_small_table(Permission.ROLE_READ, Permission.ROLE_WRITE)
    form = RoleForm
    column_labels = LABELS | {"name": LABELS["title"]}
    column_list = column_export_list = column_details_list = ("name", "scope", "permission_codes")
    column_formatters = {"permission_codes": _number}
    column_formatters_detail = column_formatters_export = {"permission_codes": _sentences}
    column_sortable_list = ("name",)
    column_searchable_list = ("name",)

    def erase(self, model: Any) -> None:
        if model.code is not None:
            raise ConflictError(_l("The built-in roles are kept."))
        db.session.delete(model)
        db.session.flush()
