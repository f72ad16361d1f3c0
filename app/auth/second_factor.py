"""The page of the second factor: the code after the password, setting it up, new recovery codes, switching it off.

It is the one place open to a session that still waits for its second factor (see `app.auth.session.load_employee`).
"""

from __future__ import annotations

import segno
from flask import Blueprint, current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_login import login_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import Field, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app import current, limits, trail, web
from app.auth import attempts
from app.auth.session import begin_anew, login_in_hand, send_to_login
from app.errors import DomainError, TooManyRequestsError
from app.extensions import db
from app.models import Employee, LoginSession
from app.services import passwords, second_factor, sessions
from app.services.second_factor import Standing, Used

blueprint = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")

_OPEN_TO = {
    "index": set(Standing),
    "enter_code": {Standing.CODE_AWAITED},
    "start": {Standing.OPEN, Standing.ENROLMENT_AWAITED},
    "confirm": {Standing.OPEN, Standing.ENROLMENT_AWAITED},
    "renew_codes": {Standing.OPEN},
    "switch_off": {Standing.OPEN},
}
"""How far a session must have come for each page; whatever is not here is shut."""


class CodeForm(FlaskForm):
    """A code of the authenticator app, or a recovery code."""

    code = StringField(lazy_pgettext("second factor", "Code"), [InputRequired(), Length(max=64)])


class ProofForm(CodeForm):
    """Who changes his own second factor shows that it is he."""

    password = PasswordField(_l("Password"), [InputRequired(), Length(max=passwords.LONGEST)])


@blueprint.before_request
def _door() -> ResponseReturnValue | None:
    login = login_in_hand()
    if login is None:
        return send_to_login()
    if second_factor.standing(login) not in _OPEN_TO.get((request.endpoint or "").rpartition(".")[2], ()):
        return web.error_page(403, str(_("You may not do this.")))
    return None


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """What is to be done next: give a code, set it up, or look after it."""
    return _page()


@blueprint.post("/code")
def enter_code() -> ResponseReturnValue:
    """The code after the password; a right one opens the session."""
    login, form = _login(), CodeForm()
    if not form.validate():
        return _page(form), 400
    try:
        attempt = attempts.begin_code(login)
        used = _accept(login.employee, form.code.data)
    except DomainError as refusal:
        return _refused(refusal, form)
    if used is None:
        employee_id = login.employee_id
        with trail.apart() as session:
            second_factor.note_failure(session, employee_id)
        return _wrong_code(form)
    attempt.succeeded()
    response = redirect(web.return_address("/admin/"))
    _let_in(login, response)
    if used is Used.RECOVERY_CODE:
        flash(_("You used a recovery code. It does not work again."), "warning")
    return response


@blueprint.post("/start")
def start() -> ResponseReturnValue:
    """A new secret to scan."""
    try:
        second_factor.start(db.session, _login().employee, secret_key=_secret_key())
    except DomainError as refusal:
        return _refused(refusal)
    db.session.commit()
    return redirect(url_for(".index", next=request.form.get("next") or None))


@blueprint.post("/confirm")
def confirm() -> ResponseReturnValue:
    """The first code of a new secret: from now on it counts."""
    login = _login()
    form = _set_up_form(login)
    if not form.validate():
        return _page(form), 400
    try:
        if isinstance(form, ProofForm) and not _knows_password(login.employee, form):
            return _wrong(form, form.password, _("Password or code is wrong."))
        attempt = attempts.begin_code(login)
        codes = second_factor.confirm(db.session, login.employee, form.code.data, now=current.now(),
                                      secret_key=_secret_key())
    except DomainError as refusal:
        return _refused(refusal, form)
    attempt.succeeded()
    response = make_response()
    _let_in(login, response)
    response.set_data(_codes_page(codes))
    return response


@blueprint.post("/recovery-codes")
def renew_codes() -> ResponseReturnValue:
    """New recovery codes instead of the old ones."""
    employee, form = _login().employee, ProofForm()
    refused = _unproven(employee, form)
    if refused is not None:
        return refused
    codes = second_factor.new_recovery_codes(db.session, employee)
    db.session.commit()
    return _codes_page(codes)


@blueprint.post("/off")
def switch_off() -> ResponseReturnValue:
    """No second factor any more, unless a role asks for it."""
    employee, form = _login().employee, ProofForm()
    try:
        second_factor.check_removable(employee)
    except DomainError as refusal:
        return _refused(refusal, form)
    refused = _unproven(employee, form)
    if refused is not None:
        return refused
    second_factor.remove(db.session, employee)
    db.session.commit()
    flash(_("The second factor is switched off."), "success")
    return redirect(url_for(".index"))


def _login() -> LoginSession:
    login = login_in_hand()
    assert login is not None, "the door lets nobody in without a session"
    return login


def _accept(employee: Employee, code: str) -> Used | None:
    return second_factor.accept(db.session, employee, code, now=current.now(), secret_key=_secret_key())


def _let_in(login: LoginSession, response: AnyResponse) -> None:
    """The second factor was given: the session is open, under a new token, and the browser is known."""
    employee = login.employee  # held on to: only this object knows the new token
    login.second_factor_at = current.now()
    sessions.renew_token(login)
    db.session.commit()
    begin_anew()
    login_user(employee)
    g.login_session = login
    attempts.remember_device(response, employee)


def _set_up_form(login: LoginSession) -> CodeForm:
    """Who has just typed his password on the way in need not do so again; a session alone switches nothing on."""
    return ProofForm() if second_factor.standing(login) is Standing.OPEN else CodeForm()


def _knows_password(employee: Employee, form: ProofForm) -> bool:
    bucket = attempts.proof(employee)
    limits.spend(bucket)
    right = passwords.verify(employee, form.password.data)
    if right:
        limits.give_back(bucket)
    return right


def _unproven(employee: Employee, form: ProofForm) -> ResponseReturnValue | None:
    """The refusal if password and code are not both right; None if they are."""
    if not form.validate():
        return _page(form), 400
    bucket = attempts.proof(employee)
    try:
        limits.spend(bucket)
        right = passwords.verify(employee, form.password.data) and _accept(employee, form.code.data)
    except DomainError as refusal:
        return _refused(refusal, form)
    if not right:
        db.session.rollback()
        return _wrong(form, form.code, _("Password or code is wrong."))
    limits.give_back(bucket)
    return None


def _wrong_code(form: CodeForm) -> ResponseReturnValue:
    return _wrong(form, form.code, _("This code is wrong, or its time is over."))


def _wrong(form: CodeForm, field: Field, sentence: str) -> ResponseReturnValue:
    if web.wants_json():
        return web.error_page(422, sentence)
    field.errors = [*field.errors, sentence]
    return _page(form), 422


def _refused(refusal: DomainError, form: CodeForm | None = None) -> ResponseReturnValue:
    """A refusal in words, on the page it belongs to."""
    if isinstance(refusal, TooManyRequestsError) or web.wants_json():
        return web.domain_error(refusal)
    db.session.rollback()
    if form is not None and refusal.field == "code":
        return _wrong(form, form.code, str(refusal))
    web.flash_error(refusal)
    return _page(form), 409


def _page(form: CodeForm | None = None) -> str:
    login = _login()
    employee, standing = login.employee, second_factor.standing(login)
    target = request.values.get("next", "")
    if standing is Standing.CODE_AWAITED:
        return render_template("second_factor/code.html", form=form or CodeForm(), next=target)
    if employee.second_factor is not None and employee.second_factor.confirmed_at is not None:
        return render_template("second_factor/manage.html", form=form or ProofForm(),
                               since=employee.second_factor.confirmed_at, required=second_factor.is_required(employee),
                               codes_left=second_factor.number_of_recovery_codes(db.session, employee))
    waiting = second_factor.pending(employee, secret_key=_secret_key())
    picture = segno.make(waiting.address, error="m").svg_data_uri(scale=5, light="white") if waiting else None
    return render_template("second_factor/set_up.html", form=form or _set_up_form(login), waiting=waiting,
                           picture=picture, required=second_factor.is_required(employee), next=target)


def _codes_page(codes: list[str]) -> str:
    return render_template("second_factor/recovery_codes.html", codes=codes, target=web.return_address("/admin/"))


def _secret_key() -> str:
    return str(current_app.secret_key)
