"""Resetting somebody's second factor: his phone is lost, and his recovery codes as well."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current, web
from app.admin.guard import GuardedView, viewer
from app.errors import ConflictError
from app.extensions import db
from app.models import Employee
from app.models.choices import RowScope, SessionEnd
from app.permissions import Permission, scope_of
from app.services import roles, second_factor, sessions


class SecondFactorView(GuardedView):
    """`POST /admin/secondfactor/` with the `id` of an employee, from his page."""

    needs = {"index_view": Permission.SESSION_REVOKE}

    @expose("/", methods=("POST",))
    def index_view(self) -> ResponseReturnValue:
        """Take the second factor away and end his sessions; he sets up another, if a role of his asks for one."""
        employee = _employee()
        roles.check_may_manage(viewer(), employee)
        back = url_for("employee.details_view", id=employee.id)
        if employee.id == viewer().id:
            return web.refused(ConflictError(_l("Switch off your own second factor on your own page.")), back)
        if employee.second_factor is None:
            return web.refused(ConflictError(_l("%(name)s has no second factor.", name=employee.name)), back)
        second_factor.reset(db.session, employee)
        sessions.end_all(db.session, employee, SessionEnd.REVOKED, now=current.now())
        db.session.commit()
        flash(_("The second factor of %(name)s is reset, and his sessions have ended.", name=employee.name), "success")
        return redirect(web.return_address(back))


def _employee() -> Employee:
    """The one asked for, if the permission reaches him; otherwise he does not exist."""
    employee = db.session.get(Employee, web.whole_number(request.form.get("id", "")) or abort(400))
    scope = scope_of(viewer(), Permission.SESSION_REVOKE)
    if employee is None or not (
            scope is RowScope.ALL or employee.id == viewer().id
            or (scope is RowScope.DEPARTMENT and employee.department_code == viewer().department_code)):
        abort(404)
    return employee
