"""The login form, and who a session belongs to."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app import demo, web
from app.auth import attempts
from app.errors import TooManyRequestsError
from app.extensions import db
from app.models import Employee
from app.services import employees, passwords

blueprint = Blueprint("auth", __name__)


class LoginForm(FlaskForm):
    """Login name and password."""

    username = StringField(_l("Login name"), [InputRequired(), Length(max=32)])
    password = PasswordField(_l("Password"), [InputRequired(), Length(max=1024)])


def load_employee(token: str) -> Employee | None:
    """Whose session this is; nobody's once its token has been changed or the account deactivated."""
    return employees.by_session_token(db.session, token)


def send_to_login() -> ResponseReturnValue:
    """Ask a visitor to log in, and remember where he was going."""
    if web.wants_json():
        return web.error_page(401, str(_("Please log in.")))
    going = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("auth.login", next=going or None))


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """The login page."""
    if current_user.is_authenticated:
        return redirect(web.return_address("/admin/"))
    return _page(LoginForm())


@blueprint.post("/login")
def log_in() -> ResponseReturnValue:
    """Log in; the answer is the same for an unknown name and a wrong password."""
    form = LoginForm()
    if not form.validate():
        return _page(form), 400
    username = form.username.data.strip()
    try:
        attempt = attempts.begin(username)
    except TooManyRequestsError as refusal:
        return _too_many(form, refusal)
    employee = employees.by_username(db.session, username)
    if not passwords.verify(employee, form.password.data):
        flash(_("Login name or password is wrong."), "error")
        return _page(form), 401
    attempt.succeeded()
    _begin_anew()
    login_user(employee)
    response = redirect(web.return_address("/admin/"))
    attempt.remember_device(response)
    return response


def _too_many(form: LoginForm, refusal: TooManyRequestsError) -> ResponseReturnValue:
    if web.wants_json():
        return web.domain_error(refusal)
    flash(str(refusal), "error")
    return _page(form), 429, {"Retry-After": str(refusal.retry_after)}


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Log out: the session's token dies, so a copied cookie is worth nothing."""
    if current_user.is_authenticated:
        employees.end_sessions(current_user)
        db.session.commit()
    logout_user()
    _begin_anew()
    return redirect(url_for("auth.login"))


def _begin_anew() -> None:
    """Nothing of a session outlives a login or logout but the language."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale


def _page(form: LoginForm) -> str:
    logins = [(login.username, login.name, _(login.title)) for login in demo.DEMO_LOGINS]
    return render_template("login.html", form=form, next=request.values.get("next", ""), demo_logins=logins,
                           demo_password=demo.DEMO_PASSWORD)
