"""Employees and their logins."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload
from wtforms import BooleanField, Form, PasswordField
from wtforms.validators import Length, Optional

from app import current
from app.admin import forms, options
from app.admin.base import Access, TableView
from app.admin.filters import Is
from app.admin.guard import viewer
from app.admin.labels import LABELS
from app.errors import DomainError
from app.extensions import db
from app.models import Employee
from app.models.choices import DepartmentFunction, SessionEnd
from app.permissions import Permission
from app.services import employees, passwords, roles, sessions

SHORTEST_PASSWORD = 8


class HashedPasswordField(PasswordField):
    """What is typed here is never put into the row: only its hash is kept."""

    def populate_obj(self, obj: Any, name: str) -> None:
        """Leave it to the service."""


class EmployeeForm(forms.BaseForm):
    """An employee; the password is kept if the field is left empty."""

    name = forms.text(Employee.name)
    username = forms.text(Employee.username)
    password = HashedPasswordField(LABELS["password"], [Optional(), Length(SHORTEST_PASSWORD, 1024)],
                             description=_l("At least 8 characters. Leave empty to keep the present one."))
    department = forms.one("department", options.departments, required=True)
    roles = forms.many("roles", options.roles)
    email = forms.text(Employee.email)
    openid = forms.text(Employee.openid)
    active = BooleanField(LABELS["active"], default=True,
                          description=_l("Who is not active cannot log in and holds no customers."))


class EmployeeView(TableView):
    """The people who work here."""

    group, order, menu_title = "people", 20, _l("Employees")
    access = Access.of_small_table(Permission.EMPLOYEE_READ, Permission.EMPLOYEE_WRITE)
    form = EmployeeForm
    column_list = column_export_list = ("name", "username", "department", "roles", "email", "active")
    column_details_list = (*column_list, "openid")
    column_sortable_list = ("name", "username", "active")
    column_searchable_list = ("name", "username")
    column_related = (selectinload(Employee.roles),)
    column_filters = (
        Is(Employee.department_code, LABELS["department"], options.department_options, int),
        Is(Employee.active, LABELS["active"], lambda: [("1", _l("Yes")), ("0", _l("No"))], lambda value: value == "1"))

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        if created and not form.password.data:
            raise DomainError(_l("A new employee needs a password."), field="password")
        employees.begin_change(db.session, viewer(), None if created else model, roles=form.roles.data,
                               department=form.department.data)
        if not created:
            self._check_may_stop_holding(form, model)
        roles_before = set() if created else {role.id for role in model.roles}
        password = form.password.data
        super().save(form, model, created=created)
        if not created:
            roles.check_someone_administers(db.session, field="roles" if model.active else "active")
        if password:
            passwords.set_password(model, password)
        for happened, reason in ((not model.active, SessionEnd.DEACTIVATED),
                                 (password, SessionEnd.PASSWORD_CHANGED),
                                 ({role.id for role in model.roles} != roles_before, SessionEnd.ROLES_CHANGED)):
            if happened:
                sessions.end_all(db.session, model, reason, now=current.now())
        return model

    @staticmethod
    def _check_may_stop_holding(form: Form, model: Employee) -> None:
        stays = form.active.data and form.department.data.function == DepartmentFunction.SALES
        if model.can_hold_customers and not stays:
            employees.check_may_stop_holding(db.session, model, today=current.today())

    def edit_form(self, obj: Any = None) -> Any:
        """The form of an employee; of one who may do more than whoever asks there is none."""
        roles.check_may_manage(viewer(), obj)
        return super().edit_form(obj)

    def may_edit(self, row: Any) -> bool:
        return super().may_edit(row) and roles.may_manage(viewer(), row)

    def may_delete(self, row: Any) -> bool:
        return super().may_delete(row) and roles.may_manage(viewer(), row)

    def erase(self, model: Any) -> None:
        employees.delete(db.session, viewer(), model)
