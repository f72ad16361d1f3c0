"""The matrix of permissions: what each role permits, changed in two steps, and looking as a role."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import view_as, web
from app.admin.guard import GuardedView, allowed
from app.errors import ConflictError, DomainError
from app.extensions import db
from app.models import Role
from app.models.choices import RowScope
from app.permissions import Permission, by_subject
from app.services import role_changes, roles
from app.services.roles import Matrix, Rights

_GRANT, _REACH, _SHOWN, _PLANNED = "grant", "scope-", "shown", "planned"


class MatrixView(GuardedView):
    """`/admin/matrix/`."""

    group, order, menu_title = "people", 35, _l("Permissions")
    needs = {"index_view": Permission.ROLE_READ, "edit_view": Permission.ROLE_WRITE,
             "review_view": Permission.ROLE_WRITE, "save_view": Permission.ROLE_WRITE,
             "view_as_view": Permission.ROLE_WRITE}

    @expose("/")
    def index_view(self) -> str:
        """Roles beside permissions; whoever may change roles ticks, others read."""
        return self._matrix(roles.everyone(db.session))

    @expose("/edit/", methods=("POST",))
    def edit_view(self) -> ResponseReturnValue:
        """Back from the review: the matrix with the ticks as they were."""
        return self._unless_stale(lambda found: self._matrix(found, _asked_for(found)))

    @expose("/review/", methods=("POST",))
    def review_view(self) -> ResponseReturnValue:
        """What the changes mean, for whom, by name; nothing is changed yet."""
        return self._unless_stale(self._review)

    @expose("/save/", methods=("POST",))
    def save_view(self) -> ResponseReturnValue:
        """Carry out what was reviewed, if it still means the same."""
        wanted = _asked_for(roles.everyone(db.session))
        try:
            role_changes.carry_out(db.session, wanted, request.form.get(_PLANNED, ""))
            db.session.commit()
        except ConflictError as error:
            return self._refused(error)
        flash(_("Saved. It counts from everybody’s next click."), "success")
        return redirect(url_for(".index_view"))

    @expose("/view-as/", methods=("POST",))
    def view_as_view(self) -> ResponseReturnValue:
        """Begin to look as a role."""
        role_id = web.whole_number(request.form.get("role_id", ""))
        role = db.session.get(Role, role_id) if role_id else None
        view_as.start(role or abort(404))
        db.session.commit()
        return redirect(url_for("admin.index"))

    def _unless_stale(self, answer: Callable[[list[Role]], ResponseReturnValue]) -> ResponseReturnValue:
        """Answer with the roles, if they are those the form was made from."""
        found = roles.everyone(db.session)
        try:
            role_changes.check_not_stale(request.form.get(_SHOWN) == roles.fingerprint(found))
        except ConflictError as error:
            return self._refused(error)
        return answer(found)

    def _review(self, found: list[Role]) -> ResponseReturnValue:
        wanted = _asked_for(found)
        try:
            plan = role_changes.plan(db.session, found, wanted)
        except ConflictError as error:
            return self._refused(error, wanted)
        if not plan.changes:
            flash(_("Nothing was changed."), "info")
            return redirect(url_for(".index_view"))
        rendered: str = self.render("screens/matrix_review.html", plan=plan, wanted=wanted, by_role=_by_role(plan),
                                    fingerprint=roles.fingerprint(found))
        return rendered

    def _refused(self, error: ConflictError, wanted: Matrix | None = None) -> ResponseReturnValue:
        """Say why, above the matrix as it stands or as it was asked for."""
        if web.wants_json():
            return web.domain_error(error)
        db.session.rollback()
        web.flash_error(error)
        return self._matrix(roles.everyone(db.session), wanted), 409

    def _matrix(self, found: list[Role], wanted: Matrix | None = None) -> str:
        stored = roles.matrix_of(found)
        rendered: str = self.render(
            "screens/matrix.html", roles=found, subjects=by_subject(), stored=stored, rights=wanted or stored,
            scopes=list(RowScope), fingerprint=roles.fingerprint(found), can_write=allowed(Permission.ROLE_WRITE))
        return rendered


def _asked_for(found: list[Role]) -> dict[int, Rights]:
    """The rights of every role as the form has them."""
    granted = {each.partition(":")[::2] for each in request.form.getlist(_GRANT)}
    known = {permission.value for permission in Permission}
    if not all(code in known for _role_id, code in granted):
        raise DomainError(_l("There is no such permission."))
    return {role.id: Rights(_scope(role), frozenset(code for role_id, code in granted if role_id == str(role.id)))
            for role in found}


def _scope(role: Role) -> RowScope:
    asked = request.form.get(f"{_REACH}{role.id}", "")
    if asked not in set(RowScope):
        raise DomainError(_l("The form is not complete: the reach of %(role)s is missing.", role=role.name))
    return RowScope(asked)


def _by_role(plan: role_changes.Plan) -> Mapping[Role, list[role_changes.Change]]:
    grouped: dict[Role, list[role_changes.Change]] = {}
    for change in plan.changes:
        grouped.setdefault(change.role, []).append(change)
    return grouped
