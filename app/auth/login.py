"""Logging in and out."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app import current, demo, sqlite, trail, web
from app.auth import attempts, user_agents
from app.auth.blueprint import blueprint
from app.auth.session import begin_anew, login_in_hand, why_it_ended
from app.errors import DomainError, TooManyRequestsError
from app.extensions import db
from app.models import Employee
from app.models.choices import SessionEnd
from app.services import employees, logins, passwords, second_factor, sessions
from app.services.second_factor import Standing


class LoginForm(FlaskForm):
    """Login name and password."""

    username = StringField(_l("Login name"), [InputRequired(), Length(max=32)])
    password = PasswordField(_l("Password"), [InputRequired(), Length(max=passwords.LONGEST)])


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    """The login page, with why the last session ended."""
    if current_user.is_authenticated:
        return redirect(web.return_address("/admin/"))
    return _page(LoginForm(), ended=why_it_ended())


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
        attempts.note_limited(username)
        return _too_many(form, refusal)
    verified = _verified(username, form.password.data)
    if verified is None:
        _note_failure(username)
        flash(_("Login name or password is wrong."), "error")
        return _page(form), 401
    try:
        employee = logins.enter(db.session, verified, form.password.data, now=current.now(),
                                address=request.remote_addr, user_agent=user_agents.short(request.user_agent.string))
        _end_login_in_hand()
        db.session.commit()
    except DomainError as error:
        _note_failure(username)
        web.flash_error(error)
        return _page(form), 401
    attempt.succeeded()
    begin_anew()
    login_user(employee)
    response = redirect(web.return_address("/admin/"))
    if second_factor.asked_of(employee) is Standing.OPEN:
        attempts.remember_device(response, employee)
    return response


def _end_login_in_hand() -> None:
    """Who leaves, or logs in over a login, is logged out of the session he had: a copied cookie is worth nothing."""
    login = login_in_hand()
    if login is not None:
        sessions.end(login, SessionEnd.LOGGED_OUT, now=current.now())


def _note_failure(username: str) -> None:
    """Record it, in a transaction of its own; the request's is given up."""
    with trail.apart() as session:
        logins.note_failure(session, username)


def _too_many(form: LoginForm, refusal: TooManyRequestsError) -> ResponseReturnValue:
    if web.wants_json():
        return web.domain_error(refusal)
    flash(str(refusal), "error")
    return _page(form), 429, {"Retry-After": str(refusal.retry_after)}


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Log out here: this session is over, so a copied cookie is worth nothing."""
    _end_login_in_hand()
    db.session.commit()
    logout_user()
    begin_anew()
    return redirect(url_for("auth.login"))


def _verified(username: str, password: str) -> Employee | None:
    """The employee with this name if it is his password; no transaction is open while it is hashed."""
    db.session.rollback()
    with sqlite.read_only(), Session(db.engine) as reading:
        employee = employees.by_username(reading, username)
    return employee if passwords.verify(employee, password) else None


def _page(form: LoginForm, *, ended: str | None = None) -> str:
    logins = [(login.username, login.name, _(login.title)) for login in demo.DEMO_LOGINS]
    return render_template("login.html", form=form, next=request.values.get("next", ""), ended=ended,
                           demo_logins=logins, demo_password=demo.DEMO_PASSWORD)
