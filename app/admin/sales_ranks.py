"""Sales ranks."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from wtforms import Form, ValidationError

from app.admin import forms, options
from app.admin.base import Access, TableView
from app.extensions import db
from app.models import SalesRank
from app.models.choices import DepartmentFunction
from app.permissions import Permission
from app.services import employees

MOST_SLOTS = 100
"""So many slots in a round are as good as any number, and a round can be shown."""


class SalesRankForm(forms.BaseForm):
    """A consultant's rank."""

    consultant = forms.one("consultant", options.consultants, required=True,
                           description=_l("Only active employees of sales departments."))
    num = forms.integer(SalesRank.num, largest=MOST_SLOTS, description=_l("How many leads per round; 0 for none."))
    weight = forms.integer(SalesRank.weight, description=_l("Who comes first within a pass: the highest."))

    def __init__(self, formdata: Any = None, obj: Any = None, **kwargs: Any) -> None:
        super().__init__(formdata, obj=obj, **kwargs)
        self._rank = obj

    def validate_consultant(self, field: Any) -> None:
        """One rank per consultant, in a sentence at the field."""
        if field.data is None:
            return
        other = db.session.query(SalesRank).filter(SalesRank.consultant_id == field.data.id)
        if self._rank is not None:
            other = other.filter(SalesRank.id != self._rank.id)
        if other.first() is not None:
            raise ValidationError(_l("This consultant has a rank already."))


class SalesRankView(TableView):
    """How new leads are dealt out."""

    group, order, menu_title = "settings", 20, _l("Sales ranks")
    new_title = _l("New sales rank")
    access = Access.of_small_table(Permission.SALES_RANK_READ, Permission.SALES_RANK_WRITE)
    form = SalesRankForm
    about = _l("How many new leads each consultant gets per round, and in which order.")
    column_lead = "consultant"
    column_list = column_export_list = column_details_list = ("consultant", "num", "weight", "paused")
    column_optional = ("id",)
    column_sortable_list = ("num", "weight")
    column_searchable_list = ("consultant.name",)
    column_default_sort = ("weight", True)
    column_related = (joinedload(SalesRank.consultant),)

    def edit_form(self, obj: Any = None) -> Form:
        """A rank stays with its consultant on offer, wherever he works now."""
        form = super().edit_form(obj)
        offered = list(db.session.scalars(options.consultants()))
        form.consultant.query = offered if obj.consultant in offered else [*offered, obj.consultant]
        return form

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        employees.check_function([form.consultant.data], DepartmentFunction.SALES, "consultant",
                                 before=[] if created else [model.consultant])
        return super().save(form, model, created=created)
