"""The own account: who one is, where one is logged in, and the password."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user, login_user
from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired, Length

from app import current, limits, web
from app.auth import attempts
from app.auth.session import begin_anew, send_to_login
from app.errors import DomainError, TooManyRequestsError
from app.extensions import db
from app.models import Employee
from app.models.choices import DeliveryChannel, SessionEnd
from app.services import logins, notice_preferences, passwords, sessions

blueprint = Blueprint("account", __name__, url_prefix="/account")

MUST_CHOOSE = _l("You logged in with a one-time password. Choose one of your own, which only you know.")
OPEN_BEFORE_CHOOSING = frozenset({"account.password", "account.change_password", "auth.logout", "locale", "theme",
                                  "static", "admin.static", "healthz", "readyz"})


class PasswordForm(FlaskForm):
    """A new password, and the present one of whoever chose that himself."""

    present = PasswordField(_l("Present password"), [InputRequired(), Length(max=passwords.LONGEST)])
    chosen = PasswordField(_l("New password"), [InputRequired(), Length(max=passwords.LONGEST)])
    again = PasswordField(_l("New password, once more"), [
        InputRequired(), EqualTo("chosen", _l("This is not the same as above."))])


@blueprint.before_request
def _for_the_signed_in() -> ResponseReturnValue | None:
    return None if current_user.is_authenticated else send_to_login()


def hold_back() -> ResponseReturnValue | None:
    """Before any request: who entered with a one-time password chooses his own before anything else opens."""
    if request.endpoint is None or request.endpoint in OPEN_BEFORE_CHOOSING or not current_user.is_authenticated:
        return None
    if current_user.one_time_until is None:
        return None
    if web.wants_json() or request.method not in web.READING:
        return web.error_page(403, str(MUST_CHOOSE))
    return redirect(url_for("account.password"))


@blueprint.get("/")
def index() -> str:
    """Who one is, and where one is logged in."""
    live = sessions.live_of(db.session, _me(), now=current.now(), settings=current.school())
    used = notice_preferences.channels_of(db.session, _me().id)
    return render_template("account/index.html", me=_me(), live=live, this=current.login_session(),
                           channels=[channel.label for channel in DeliveryChannel
                                     if channel in used and notice_preferences.brings_any(used[channel], _me())])


@blueprint.post("/sessions/<int:login_id>/end")
def end_session(login_id: int) -> ResponseReturnValue:
    """End one of one's other sessions; other people's do not exist. This one ends by logging out."""
    live = sessions.live_of(db.session, _me(), now=current.now(), settings=current.school())
    login = next((each for each in live if each.id == login_id), None)
    if login is None or login is current.login_session():
        abort(404)
    sessions.end(login, SessionEnd.REVOKED, now=current.now())
    db.session.commit()
    flash(_("That session has ended."), "success")
    return redirect(url_for(".index"))


@blueprint.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    """Log out everywhere but here."""
    number = sessions.end_all(db.session, _me(), SessionEnd.REVOKED, now=current.now(), but=current.login_session())
    db.session.commit()
    flash(ngettext("%(num)d other session has ended.", "%(num)d other sessions have ended.", number), "success")
    return redirect(url_for(".index"))


@blueprint.get("/password")
def password() -> str:
    """The form for a new password."""
    return _password_page(_password_form())


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    """Take a new password: all other sessions end, and this one goes on under a new token."""
    form = _password_form()
    if not form.validate():
        return _password_page(form), 422
    proof = attempts.proof(_me())
    try:
        limits.spend(proof)
        employee = logins.change_password(
            db.session, current.login_session(), form.present.data if form.present else None, form.chosen.data,
            now=current.now(), shortest=current.school().shortest_password)
        db.session.commit()
    except TooManyRequestsError:
        raise
    except DomainError as error:
        db.session.rollback()
        if error.field != "present":
            limits.give_back(proof)
        field = form[error.field or "chosen"]
        field.errors = [*field.errors, str(error)]
        return _password_page(form), 422
    limits.give_back(proof)
    begin_anew()
    login_user(employee)
    flash(_("Your password is changed. You are logged out everywhere but here."), "success")
    response = redirect(url_for(".index"))
    attempts.remember_device(response, employee)
    return response


def _me() -> Employee:
    employee: Employee = current_user._get_current_object()
    return employee


def _password_form() -> PasswordForm:
    form = PasswordForm()
    if _me().one_time_until is not None:
        del form.present
    return form


def _password_page(form: PasswordForm) -> str:
    """Whoever has to choose one sees nothing around it: no menu, for nothing else would open."""
    shortest = current.school().shortest_password
    page: dict[str, Any] = {"form": form, "shortest": shortest, "too_short": passwords.too_short(shortest),
                            "username": _me().username}
    if _me().one_time_until is not None:
        page |= {"must_choose": MUST_CHOOSE, "viewer": None}
    return render_template("account/password.html", **page)
