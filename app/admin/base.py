"""The base of every table's screens: the only place where Flask-Admin's holes are closed.

Left alone, Flask-Admin scopes lists but not single rows, trusts `can_edit` in some ways in but not in others, answers
look-ups without asking who asks, and shows internal errors. Here every way in asks for a permission, reaches only the
rows of `row_filter`, and speaks in sentences.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from flask import abort, flash, g, has_request_context, request
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_admin.actions import action as flask_admin_action
from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Query
from wtforms import Form

from app import current, display, trail, web
from app.admin import conflicts, export, history
from app.admin.constraints import refusal_of
from app.admin.forms import Groups
from app.admin.guard import Guarded, allowed, passed_with, viewer
from app.admin.labels import LABELS
from app.admin.lists import Lists
from app.errors import DomainError
from app.extensions import Base, db
from app.models import Employee
from app.models.choices import DistributionStatus, RowScope
from app.models.types import Choice, Kind
from app.permissions import Permission, scope_of_all

__all__ = ["Access", "TableView", "table_action"]


@dataclass(frozen=True)
class Access:
    """Which permission each way into a table needs; None shuts it for everyone."""

    read: Permission
    create: Permission | None = None
    edit: Permission | None = None
    delete: Permission | None = None
    export: Permission | None = None

    @classmethod
    def of_small_table(cls, read: Permission, write: Permission) -> Access:
        """One permission to read and export, one for all writing."""
        return cls(read, write, write, write, read)


def table_action(name: str, text: Any, permission: Permission, confirmation: Any = None) -> Any:
    """An action on ticked rows that needs a permission of its own."""
    def mark(function: Any) -> Any:
        function.permission = permission
        return flask_admin_action(name, text, confirmation)(function)
    return mark


def badge(label: Any, tone: str = "") -> Markup:
    """A status as a word on a tinted ground; the tone is info, good, warn, bad or none."""
    return Markup('<span class="badge {}">{}</span>').format(tone, label)


TONES = {DistributionStatus.FOLLOWING: "info", DistributionStatus.ENROLLED: "good",
         DistributionStatus.NO_FOLLOW_UP: "warn", DistributionStatus.NO_DEAL: "bad"}

FORMATTERS = {
    type(None): lambda _view, _value, _name: "—",
    bool: lambda _view, value, _name: _("Yes") if value else _("No"),
    DistributionStatus: lambda _view, value, _name: badge(value.label, TONES.get(value, "")),
    Choice: lambda _view, value, _name: str(value.label),
    Kind: lambda _view, value, _name: str(value.label),
    dt.datetime: lambda _view, value, _name: display.exactly(value),
    dt.date: lambda _view, value, _name: display.exactly(value),
    Decimal: lambda _view, value, _name: display.money(value),
    list: lambda _view, value, _name: ", ".join(str(each) for each in value) or "—",
    Base: lambda _view, value, _name: str(value),
}
FORMATTERS_DETAIL = {**FORMATTERS, dt.datetime: lambda _view, value, _name: display.ago(value),
                     dt.date: lambda _view, value, _name: display.ago(value)}


class TableView(Guarded, Lists):
    """Base of the tables' screens. Each view states its access, columns and form; nothing is scaffolded."""

    access: Access
    new_title: LazyString | str = ""
    """What the button and the form for a new row are called."""
    can_view_details = True
    can_set_page_size = True
    page_size = 50
    page_size_options = (20, 50, 100, 200)
    column_display_pk = True
    column_auto_select_related = False
    column_labels = LABELS
    column_type_formatters = FORMATTERS
    column_type_formatters_detail = FORMATTERS_DETAIL
    column_type_formatters_export = export.FORMATTERS
    column_list: Any = ()
    column_default_sort: Any = "id"
    form_groups: Groups = ()
    """The headings of the form; what stands under none comes last."""
    column_related: tuple[Any, ...] = ()
    """Loader options for what the list shows of other tables, so that a page costs the same at any length."""
    export_types = ("csv", "xlsx")
    action_disallowed_list = ("delete",)  # the stock one deletes past the rules; rows are deleted one by one

    def __init__(self, model: type[Base], **kwargs: Any) -> None:
        access = self.access
        reading = {"index_view": access.read, "action_view": access.read}
        if self.can_view_details:
            reading["details_view"] = access.read
        if access.create or access.edit:  # a look-up is for whoever fills in the form
            reading["ajax_lookup"] = access.read
        writing = {"create_view": access.create, "edit_view": access.edit, "delete_view": access.delete,
                   "export": access.export}
        self.needs = {**reading, **self.needs,
                      **{function: permission for function, permission in writing.items() if permission is not None}}
        super().__init__(model, db, name=kwargs.pop("name", self.menu_title), **kwargs)

    # What may be done; the templates and Flask-Admin's own functions ask these.

    @property
    def can_create(self) -> bool:
        return self._can(self.access.create)

    @property
    def can_edit(self) -> bool:
        return self._can(self.access.edit)

    @property
    def can_delete(self) -> bool:
        return self._can(self.access.delete)

    @property
    def can_export(self) -> bool:
        return self._can(self.access.export)

    @staticmethod
    def _can(permission: Permission | None) -> bool:
        return permission is not None and has_request_context() and allowed(permission)

    def is_action_allowed(self, name: str) -> bool:
        found = self._actions_data.get(name)
        permission = getattr(found[0], "permission", None) if found else None
        return permission is not None and allowed(permission) and bool(super().is_action_allowed(name))

    # Which rows there are: list, count and single row alike.

    def row_filter(self, scope: RowScope, employee: Employee,
                   today: dt.date) -> ColumnElement[bool] | None:
        """The condition on rows this person may reach; None means all of them.

        A table that belongs to nobody in particular is open in whole to whoever may read it.
        """
        return None

    def get_query(self) -> Query[Any]:
        return self._scoped(super().get_query().options(*self.column_related))

    def get_count_query(self) -> Query[Any]:
        return self._scoped(super().get_count_query())

    def get_one(self, id: Any) -> Any:
        """The row, if this person may reach it; otherwise it does not exist (404)."""
        return self._scoped(db.session.query(self.model)).filter(
            self.model.id == row_id(id)).one_or_none() or abort(404)

    def get_several(self, ids: list[str]) -> list[Any]:
        """The rows among the ids that this person may reach, by id; 404 if none of them is there for him.

        One may have gone to somebody else since the list was shown: the others are still meant.
        """
        if not ids:
            raise DomainError(_l("Choose at least one row."))
        wanted = {row_id(each) for each in ids}
        found = list(self._scoped(db.session.query(self.model)).filter(self.model.id.in_(wanted))
                     .order_by(self.model.id))
        gone = len(wanted) - len(found)
        if not found:
            abort(404)
        if gone:
            flash(ngettext("%(num)d of the chosen rows is no longer here.",
                           "%(num)d of the chosen rows are no longer here.", gone), "error")
        return found

    def _scoped(self, query: Query[Any]) -> Query[Any]:
        """The rows within the reach of reading and of the permission by which this request came in."""
        condition = self._reached(passed_with() or self.access.read)
        return query if condition is None else query.filter(condition)

    def _reached(self, permission: Permission) -> ColumnElement[bool] | None:
        scope = scope_of_all(viewer(), self.access.read, permission)
        if scope is None:
            abort(403)
        return self.row_filter(scope, viewer(), current.today())

    def _reaches(self, permission: Permission | None, row: Any) -> bool:
        """Whether a row that was read is also within the reach of another permission."""
        if not self._can(permission) or permission is None:
            return False
        if scope_of_all(viewer(), self.access.read, permission) is scope_of_all(viewer(), self.access.read):
            return True
        condition = self._reached(permission)
        if condition is None:
            return True
        known: dict[int, bool] = g.setdefault("reached", {}).setdefault((self.endpoint, permission), {})
        if row.id not in known:  # one question for all rows of a list
            asked = {row.id, *g.get("listed", {}).get(self.endpoint, ())}
            found = set(db.session.scalars(select(self.model.id).where(self.model.id.in_(asked), condition)))
            known.update({each: each in found for each in asked})
        return known[row.id]

    # Parameters people can write by hand.

    def get_url(self, endpoint: str, /, **kwargs: Any) -> str:
        """Flask-Admin hands on whatever stands in the address."""
        return web.address(endpoint, **kwargs)

    # Saving: one transaction, refused in sentences at the field they belong to.

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        """Put the form into the row and give it back. Views whose rules span rows override this and call a service."""
        form.populate_obj(model)
        if created:
            db.session.add(model)
        db.session.flush()
        return model

    def erase(self, model: Any) -> None:
        """Delete the row. Views whose rules span rows override this and call a service."""
        db.session.delete(model)
        db.session.flush()

    def create_model(self, form: Form) -> Any:
        return self._saved(form, self.model(), created=True) or False

    def update_model(self, form: Form, model: Any) -> bool:
        return self._saved(form, model, created=False) is not None

    def lock(self, row: Any) -> None:
        """Keep others from changing a row while it is saved, and read it anew.

        Views whose rows hang on others override this and lock those first.
        """
        conflicts.lock_row(row)

    def shown(self, form: Form, row: Any) -> str:
        """What the form of a row says it shows; see `conflicts`."""
        return conflicts.shown(form, row, f"{self.endpoint} {row.id}")

    def _saved(self, form: Form, model: Any, *, created: bool) -> Any:
        """The saved row, or None if it was refused; the form then says why."""
        try:
            if not created:
                self.lock(model)
                conflicts.check(form, model, f"{self.endpoint} {model.id}", partial(history.last_changes, model))
            saved = self.save(form, model, created=created)
            db.session.commit()
        except conflicts.ChangedMeanwhileError:  # the page that comes back says what is different
            db.session.rollback()
            g.refused_with = 409
            return None
        except (DomainError, IntegrityError) as error:
            db.session.rollback()
            _show_at_field(form, error if isinstance(error, DomainError) else refusal_of(error))
            return None
        return saved

    def may_edit(self, row: Any) -> bool:
        """Whether a row that is shown offers to be edited."""
        return self._reaches(self.access.edit, row)

    def may_delete(self, row: Any) -> bool:
        """Whether a row that is shown offers to be deleted."""
        return self._reaches(self.access.delete, row)

    def delete_model(self, model: Any) -> bool:
        try:
            self.erase(model)
            db.session.commit()
        except (DomainError, IntegrityError) as error:
            db.session.rollback()
            web.flash_error(error if isinstance(error, DomainError) else refusal_of(error, deleting=True))
            return False
        return True

    # Ways in that Flask-Admin leaves half open.

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> ResponseReturnValue:
        """The empty form, or the refused one."""
        return _refused_if_shown_again(super().create_view())

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> ResponseReturnValue:
        """The form of a row, or the refused one."""
        row_id(request.args.get("id", ""))
        return _refused_if_shown_again(super().edit_view())

    @expose("/details/")
    def details_view(self) -> ResponseReturnValue:
        """A row."""
        row_id(request.args.get("id", ""))
        answer: ResponseReturnValue = super().details_view()
        return answer

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> ResponseReturnValue:
        """Delete a row."""
        row_id(request.form.get("id", ""))
        answer: ResponseReturnValue = super().delete_view()
        return answer

    @expose("/action/", methods=("POST",))
    def action_view(self) -> ResponseReturnValue:
        """An action on ticked rows; which rows there are for it is a matter of the permission it takes."""
        name = request.form.get("action", "")
        if name not in self._actions_data:
            abort(404)
        if not self.is_action_allowed(name):
            abort(403)
        self._pass_with(self._actions_data[name][0].permission)
        answer: ResponseReturnValue = self.handle_action()
        return answer

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> ResponseReturnValue:
        """What a field of the form offers while typing: for whoever fills it in."""
        if not (self.can_create or self.can_edit):
            abort(403)
        answer: ResponseReturnValue = super().ajax_lookup()
        return answer

    ajax_update = None  # no inline editing: it would go around the forms

    @expose("/export/<export_type>/", methods=("GET", "POST"))
    def export(self, export_type: str) -> ResponseReturnValue:
        """The list as it is filtered, as csv or xlsx: at once if it is small, and by a worker when asked for."""
        if export_type not in self.export_types:
            abort(404)
        return export.start(self, export_type) if request.method == "POST" else export.answer(self, export_type)

    # The history of one record.

    def history(self, row: Base) -> list[dict[str, Any]] | None:
        """What the audit log tells of a row, for its page; None for those who may not see it."""
        return history.of(row)


def _refused_if_shown_again(answer: Any) -> ResponseReturnValue:
    """A posted form that comes back as a page was refused: 422, with the reasons at the fields, or 409."""
    return (answer, g.get("refused_with", 422)) if request.method == "POST" and isinstance(answer, str) else answer


def row_id(text: Any) -> int:
    """An id out of an address or a form; whatever no row can have answers 404."""
    return web.whole_number(str(text)) or abort(404)


def _show_at_field(form: Form, error: DomainError) -> None:
    """Put a refusal at its field, or above the form if it has none there; see `web.flash_error`."""
    field = form._fields.get(error.field) if error.field else None
    if field is None:
        web.flash_error(error)
    else:
        trail.note_if_not_allowed(error)
        field.errors = [*field.errors, str(error)]


def asked_for(name: str) -> int | None:
    """A row id in the address, such as ?customer=3; None if it is not there."""
    value = request.args.get(name)
    return None if value is None or value == "" else row_id(value)
