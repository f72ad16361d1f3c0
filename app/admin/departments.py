"""Departments."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Form

from app import current
from app.admin import forms
from app.admin.base import Access, TableView
from app.admin.filters import is_choice, quick_choices
from app.admin.labels import LABELS
from app.extensions import db
from app.models import Department
from app.models.choices import DepartmentFunction
from app.permissions import Permission
from app.services import employees


class DepartmentForm(forms.BaseForm):
    """A department."""

    code = forms.integer(Department.code, smallest=1)
    title = forms.text(Department.title)
    function = forms.choice(Department.function, DepartmentFunction,
                            description=_l("Who may hold customers, teach or tutor follows from this."))


class DepartmentView(TableView):
    """Admins manage departments; rules look at what a department is for."""

    group, order, menu_title = "people", 10, _l("Departments")
    new_title = _l("New department")
    access = Access.of_small_table(Permission.DEPARTMENT_READ, Permission.DEPARTMENT_WRITE)
    form = DepartmentForm
    about = _l("What a department is for decides who may hold customers, teach or tutor.")
    column_lead = "title"
    column_list = ("title", "code", "function")
    column_optional = ("id",)
    column_export_list = column_details_list = ("code", "title", "function")
    column_sortable_list = ("code", "title", "function")
    column_searchable_list = ("title",)
    column_default_sort = "code"
    column_filters = (is_choice(Department.function, LABELS["function"], DepartmentFunction),)
    quick_filters = quick_choices("function", (
        DepartmentFunction.SALES, DepartmentFunction.TUTORING, DepartmentFunction.TEACHING))

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        leaves_sales = (not created and model.function == DepartmentFunction.SALES
                        and form.function.data != DepartmentFunction.SALES)
        if leaves_sales:
            employees.check_department_may_leave_sales(db.session, model, today=current.today())
        return super().save(form, model, created=created)
