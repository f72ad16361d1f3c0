"""Roles as a table: their names and reach. What they permit is changed in the matrix."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import BooleanField, Form

from app.admin import forms, options
from app.admin.base import Access, TableView, asked_for
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Role
from app.models.choices import RowScope
from app.permissions import Permission, permission_choices
from app.services import roles


def _role_to_copy() -> Role | None:
    """The role in the address, which is to be copied."""
    role_id = asked_for("copy_of")
    return db.session.get(Role, role_id) if role_id is not None else None


class RoleForm(forms.BaseForm):
    """A role; a new one may begin as a copy of another."""

    name = forms.text(Role.name, LABELS["title"])
    scope = forms.choice(Role.scope, RowScope, default=RowScope.OWN,
                         description=_l("Which rows the permissions reach, where rows belong to someone."))
    requires_second_factor = BooleanField(
        LABELS["requires_second_factor"],
        description=_l("Nothing opens to whoever has this role until a second factor is set up; each login then "
                       "asks for it."))
    copy_of = forms.one("copy_of", options.roles, required=False, default=_role_to_copy,
                        description=_l("What it permits is set under Permissions afterwards."))


def _sentences(_view: Any, _context: Any, role: Role, _name: str) -> str:
    labels = dict(permission_choices())
    return ", ".join(str(labels[code]) for code in role.permission_codes if code in labels) or "—"


def _number(_view: Any, _context: Any, role: Role, _name: str) -> str:
    number = len(role.permission_codes)
    return ngettext("%(num)d permission", "%(num)d permissions", number)


class RoleView(TableView):
    """Sets of permissions, given to employees; a change counts from the next request."""

    group, order, menu_title = "people", 30, _l("Roles")
    new_title = _l("New role")
    access = Access.of_small_table(Permission.ROLE_READ, Permission.ROLE_WRITE)
    form = RoleForm
    form_groups = (
        (_l("Role"), ("name", "scope", "copy_of")),
        (_l("Security"), ("requires_second_factor",)))
    column_labels = LABELS | {"name": LABELS["title"]}
    about = _l("What people may do. Each employee has one or several roles; what they permit is set under Permissions.")
    column_lead = "name"
    column_list = ("name", "scope", "requires_second_factor", "permission_codes")
    column_optional = ("id",)
    column_export_list = column_details_list = column_list
    column_formatters = {"permission_codes": _number}
    column_formatters_detail = column_formatters_export = {"permission_codes": _sentences}
    column_sortable_list = ("name",)
    column_searchable_list = ("name",)

    def edit_form(self, obj: Any = None) -> Any:
        """The form without what only a new role is asked."""
        form = super().edit_form(obj)
        del form.copy_of
        return form

    def lock(self, row: Role) -> None:
        roles.lock(db.session)
        super().lock(row)

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        roles.lock(db.session)
        model.name, model.scope = form.name.data, form.scope.data
        model.requires_second_factor = form.requires_second_factor.data
        if created:
            model.permission_codes = form.copy_of.data.permission_codes if form.copy_of.data else []
            db.session.add(model)
        db.session.flush()
        return model

    def may_delete(self, row: Any) -> bool:
        return super().may_delete(row) and row.code is None

    def erase(self, model: Any) -> None:
        roles.delete(db.session, model)
