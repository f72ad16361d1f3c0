"""Employees and their logins."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_admin.model.template import TemplateLinkRowAction
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload
from wtforms import BooleanField, Form

from app import current, web
from app.admin import forms, options
from app.admin.base import Access, TableView
from app.admin.filters import Is, Quick
from app.admin.guard import viewer
from app.admin.labels import LABELS
from app.admin.transfers import hand_over_url
from app.errors import ConflictError
from app.extensions import db
from app.models import Employee, Role
from app.models.choices import DepartmentFunction, SessionEnd
from app.permissions import Permission
from app.services import employees, logins, persons, recomputation, roles, sessions, transfers


class EmployeeForm(forms.BaseForm):
    """An employee. Nobody types another's password: he gets a one-time password, and then chooses his own."""

    name = forms.text(Employee.name)
    username = forms.text(Employee.username)
    department = forms.one("department", options.departments, required=True)
    roles = forms.many("roles", options.roles)
    email = forms.text(Employee.email)
    openid = forms.text(Employee.openid)
    active = BooleanField(LABELS["active"], default=True,
                          description=_l("Who is not active cannot log in and holds no customers."))


class HasRole(Is):
    """Among the person's roles is one."""

    def compare(self, column: Any, value: Any) -> Any:
        return Employee.roles.any(Role.id == value)


class EmployeeView(TableView):
    """The people who work here."""

    group, order, menu_title = "people", 20, _l("Employees")
    new_title = _l("New employee")
    access = Access.of_small_table(Permission.EMPLOYEE_READ, Permission.EMPLOYEE_WRITE)
    needs = {"one_time_password_view": Permission.EMPLOYEE_WRITE}
    form = EmployeeForm
    form_groups = (
        (_l("Person"), ("name", "email", "openid")),
        (_l("Login"), ("username", "active")),
        (_l("Place and rights"), ("department", "roles")))
    details_template, edit_template = "admin/employee/details.html", "admin/employee/edit.html"
    column_extra_row_actions = [TemplateLinkRowAction("row_actions.one_time_password")]
    about = _l("Everyone who works here, with the login and the roles. Whoever leaves is deactivated, not deleted.")
    column_lead = "name"
    column_list = ("name", "username", "department", "roles", "active", "email")
    column_optional = ("id", "openid", "one_time_until")
    column_export_list = ("name", "username", "department", "roles", "email", "active")
    column_details_list = (*column_export_list, "openid")
    column_sortable_list = ("name", "username", "active")
    column_searchable_list = ("name", "username")
    column_related = (selectinload(Employee.roles),)
    column_filters = (
        Is(Employee.department_code, LABELS["department"], options.department_options, int),
        Is(Employee.active, LABELS["active"], lambda: [("1", _l("Yes")), ("0", _l("No"))], lambda value: value == "1"),
        HasRole(Employee.id, LABELS["roles"], options.role_options, int).named("role"))
    quick_filters = (Quick(_l("Active"), active=True), Quick(_l("Left"), active=False))

    def lock(self, row: Employee) -> None:
        roles.lock(db.session)
        super().lock(row)

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        employees.begin_change(db.session, viewer(), None if created else model, roles=form.roles.data,
                               department=form.department.data)
        if not created:
            self._check_may_stop_holding(form, model)
        roles_before = set() if created else {role.id for role in model.roles}
        department_before = None if created else model.department_code
        super().save(form, model, created=created)
        if not created and model.department_code != department_before:  # its rules bind his customers from now on
            recomputation.of_consultant(db.session, model.id, today=current.today())
        if not created:
            roles.check_someone_administers(db.session, field="roles" if model.active else "active")
        if not model.active:
            sessions.end_all(db.session, model, SessionEnd.DEACTIVATED, now=current.now())
        elif {role.id for role in model.roles} != roles_before:
            sessions.end_all(db.session, model, SessionEnd.ROLES_CHANGED, now=current.now())
        return model

    def create_model(self, form: Form) -> Any:
        g.hired = super().create_model(form)
        return g.hired

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> ResponseReturnValue:
        """The empty form, the refused one, or the one-time password of whoever was entered and may log in."""
        answer = super().create_view()
        if not g.get("hired") or not g.hired.active:
            return answer
        return self._shown(g.hired, logins.hand_out_one_time_password(db.session, g.hired, now=current.now()))

    @expose("/one-time-password/", methods=("POST",))
    def one_time_password_view(self) -> ResponseReturnValue:
        """A new one-time password for somebody else; his sessions end."""
        employee = self.get_one(request.form.get("id", ""))
        employees.begin_change(db.session, viewer(), employee, roles=employee.roles, department=employee.department)
        if employee == viewer():
            raise ConflictError(_l("Change your own password in your account."))
        password = logins.hand_out_one_time_password(db.session, employee, now=current.now())
        db.session.flush()
        roles.check_someone_administers(db.session)
        return self._shown(employee, password)

    def may_have_one_time_password(self, row: Employee) -> bool:
        """Whether somebody is offered to be given a new password."""
        return self.may_edit(row) and row.active and row != viewer()

    def _shown(self, employee: Employee, password: str) -> Response:
        """The page that shows a new one-time password, once: it is no redirect, and no cache keeps it."""
        db.session.commit()
        page = make_response(self.render("screens/one_time_password.html", employee=employee, password=password,
                                         return_url=web.return_address(url_for(".index_view"))))
        page.headers["Cache-Control"] = "no-store"
        return page

    @staticmethod
    def _check_may_stop_holding(form: Form, model: Employee) -> None:
        stays = form.active.data and form.department.data.function == DepartmentFunction.SALES
        if model.can_hold_customers and not stays:
            try:
                employees.check_may_stop_holding(db.session, model, today=current.today())
            except employees.StillHoldsError:
                g.asks_first = {"deactivate": None if form.active.data else 1}
                raise

    def hand_over_url(self, model: Employee) -> str | None:
        """Where his customers go to others, if he has some and whoever looks may move them.

        From a form that was refused because he has some it leads on to what the form was to do, and back to the form.
        """
        asked: dict[str, Any] | None = g.get("asks_first")
        if asked is None and not transfers.shares(db.session, transfers.with_employee(model.id, current.today()),
                                                  today=current.today()):
            return None
        return hand_over_url(model, next=request.full_path.rstrip("?"), **(asked or {}))

    def edit_form(self, obj: Any = None) -> Any:
        """The form of an employee; of one who may do more than whoever asks there is none."""
        persons.check_not_erased(obj)
        roles.check_may_manage(viewer(), obj)
        return super().edit_form(obj)

    def may_edit(self, row: Any) -> bool:
        return super().may_edit(row) and row.erased_on is None and roles.may_manage(viewer(), row)

    def may_delete(self, row: Any) -> bool:
        return super().may_delete(row) and roles.may_manage(viewer(), row)

    def erase(self, model: Any) -> None:
        employees.delete(db.session, viewer(), model)
