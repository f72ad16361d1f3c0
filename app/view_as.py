"""Looking as a role: an admin sees what somebody with that role would see, and changes nothing meanwhile.

The role's id lies in the signed session cookie, so it ends with the session. It counts only while he may change roles
by his own ones; what he may then is the intersection of both (see `app.permissions.assume`).
"""

from __future__ import annotations

from flask import Blueprint, Flask, flash, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.errors import ConflictError, NotAllowedError
from app.extensions import db
from app.models import AuditAction, Employee, Role
from app.permissions import Permission, assume, can
from app.services import audit
from app.web import READING

_KEY = "view_as"
_DELETED = _l("The role you looked as was deleted: you are yourself again.")
_STILL_POSSIBLE = frozenset({"view_as.stop", "auth.logout", "locale", "theme"})

blueprint = Blueprint("view_as", __name__)


def init_app(app: Flask) -> None:
    """Register the way out, and the refusal of everything that writes."""
    app.register_blueprint(blueprint)
    app.before_request(_refuse_writing)


def applied(employee: Employee | None) -> Employee | None:
    """Whoever this request belongs to, narrowed to the role he looks as, if he does.

    If it was deleted meanwhile he is told that he is himself again, and this request changes nothing yet.
    """
    role_id = session.get(_KEY)
    if employee is not None and role_id is not None and can(employee, Permission.ROLE_WRITE):
        role = db.session.get(Role, role_id)
        if role is None:
            del session[_KEY]  # before the sentence, whose language is asked of whoever is being loaded
            g.looked_as_deleted = True
            flash(str(_DELETED), "error")
        else:
            assume(employee, role)
    return employee


def start(role: Role) -> None:
    """From the next request on, look as this role. The caller commits what the audit log says of it."""
    audit.event(db.session, AuditAction.VIEW_AS_BEGAN, table=Role.__tablename__, row_id=role.id)
    session[_KEY] = role.id


@blueprint.post("/view-as/stop")
def stop() -> ResponseReturnValue:
    """Be oneself again."""
    role_id = session.pop(_KEY, None)
    if role_id is not None and current_user.is_authenticated:
        audit.event(db.session, AuditAction.VIEW_AS_ENDED, table=Role.__tablename__, row_id=role_id)
        db.session.commit()
    return redirect("/admin/")


def _refuse_writing() -> None:
    """Whoever looks as a role only looks.

    Raises:
        NotAllowedError: he tries to change something.
        ConflictError: so he did, and the role is no more.
    """
    if request.method in READING or request.endpoint in _STILL_POSSIBLE:
        return
    role: Role | None = getattr(current_user, "assumed_role", None)
    if g.get("looked_as_deleted", False):
        raise ConflictError(_DELETED)
    if role is not None:
        raise NotAllowedError(_l("You look as the role %(role)s: nothing can be changed until you stop.",
                                 role=role.name))
