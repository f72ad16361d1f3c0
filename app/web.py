"""What every page shares: language and theme, read-only transactions, safe return addresses, errors in words."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadHost, HTTPException, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from app import assets, current, database_errors, display, form_rules, sqlite, trail
from app.errors import ConflictError, DomainError, NotAllowedError, NotFoundError, TooManyRequestsError
from app.extensions import db, login_manager
from app.models import Setting
from app.models.choices import Theme
from app.models.setting import DEMO_AS_OF

LARGEST_INTEGER = 2_147_483_647
READING = frozenset({"GET", "HEAD", "OPTIONS"})
NO_NAME_OF_OURS = (SecurityError, BadHost)
"""Not among TRUSTED_HOSTS, or no host name at all: no address can be made of it, so errors have no page around."""

_SENTENCES = {
    400: _l("The request could not be understood."),
    401: _l("Please log in."),
    403: _l("You may not do this."),
    404: _l("There is nothing here, or nothing you may see."),
    405: _l("This address does not work that way."),
    413: _l("That is too large."),
    415: _l("It was not sent in a form that is understood here."),
    429: _l("That was too often. Please wait a little."),
    500: _l("Something went wrong on our side. It has been noted."),
}

_COME_BACK_AFTER = 5
"""Seconds until a request that found the database busy or away may be sent again."""


class SessionInterface(SecureCookieSessionInterface):
    """Over HTTPS cookies are marked Secure and named so that no other site of the same domain can set them."""

    def get_cookie_name(self, app: Flask) -> str:
        return f"__Host-{super().get_cookie_name(app)}" if request.is_secure else super().get_cookie_name(app)

    def get_cookie_secure(self, app: Flask) -> bool:
        return super().get_cookie_secure(app) or request.is_secure

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """A file that everyone gets says nothing of who asked; `Vary: Cookie` would have it fetched anew per login."""
        if not assets.is_asset(response):
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Register what every page shares."""
    proxies = app.config["SETTINGS"].trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.session_interface = SessionInterface()
    app.before_request(_refuse_unknown_host)
    app.before_request(_say_whether_this_only_reads)
    app.before_request(_bound_forms)
    app.before_request(_refuse_malformed)
    trail.init_app(app)
    app.context_processor(_page_variables)
    display.init_app(app)
    app.jinja_env.globals.update(rules_of=form_rules.rules_of)
    app.add_url_rule("/", "root", lambda: redirect("/admin/"))
    app.add_url_rule("/locale", "locale", choose_locale, methods=["POST"])
    app.add_url_rule("/theme", "theme", choose_theme, methods=["POST"])
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, _unexpected)


def wants_json() -> bool:
    """Whether the client asked for JSON rather than a page."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html") == "application/json"


def is_safe_address(address: str) -> bool:
    """Whether an address to return to is a path on this site, and nothing a browser could read otherwise."""
    if not address.startswith("/") or address.startswith("//") or "\\" in address:
        return False
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in address):
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc


def address(endpoint: str, /, **parameters: Any) -> str:
    """The address of a page with parameters people may have written by hand.

    What Flask would take for instructions of its own, such as `_scheme`, is left out.
    """
    return url_for(endpoint, **{name: value for name, value in parameters.items()
                                if not name.startswith("_") and name != "endpoint"})


def return_address(default: str) -> str:
    """Where to go after this: the form's or the address's `next`, if it is on this site."""
    asked = request.form.get("next") or request.args.get("next") or ""
    return asked if is_safe_address(asked) else default


def flash_error(error: DomainError) -> None:
    """Show a refusal on the next page; what somebody is not allowed to do is recorded as well."""
    trail.note_if_not_allowed(error)
    flash(str(error), "error")


def refused(error: DomainError, default: str) -> ResponseReturnValue:
    """A refusal: in words on the page where one came from, or as an error to a program that asks for JSON."""
    if wants_json():
        return domain_error(error)
    db.session.rollback()
    flash_error(error)
    return redirect(return_address(default))


def done(sentence: LazyString | str, default: str, **facts: Any) -> ResponseReturnValue:
    """What was asked for is done: said on the next page, or to a script that stays on this one.

    Args:
        default: the next page, unless the form names another.
        facts: what else a script is told.
    """
    if wants_json():
        return jsonify(said=str(sentence), **facts)
    flash(str(sentence), "success")
    return redirect(return_address(default))


def whole_number(text: str) -> int | None:
    """A positive whole number that the databases can hold, written in plain digits; None of anything else."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(LARGEST_INTEGER)):
        return None
    return int(text) if 0 < int(text) <= LARGEST_INTEGER else None


def posted_day(name: str) -> dt.date | None:
    """A day in the form; None if it was left out. What is no day is a mistake of whoever wrote the form (400)."""
    asked = request.form.get(name, "")
    try:
        return dt.date.fromisoformat(asked) if asked else None
    except ValueError:
        abort(400)


def choose_locale() -> ResponseReturnValue:
    """Speak another language from here on; a signed-in person's choice is remembered."""
    chosen = request.form.get("locale", "")
    if chosen not in current.LOCALES:
        abort(400)
    return _choose("locale", chosen)


def choose_theme() -> ResponseReturnValue:
    """Show light or dark from here on; a signed-in person's choice is remembered."""
    chosen = request.form.get("theme", "")
    if chosen not in set(Theme):
        abort(400)
    return _choose("theme", chosen)


def _choose(preference: str, chosen: str) -> ResponseReturnValue:
    session[preference] = chosen
    if current_user.is_authenticated:
        setattr(current_user, preference, chosen)
        db.session.commit()
    return redirect(return_address("/admin/"))


def _refuse_unknown_host() -> None:
    """Nobody gets an answer, nor an address made of it, under a name that cannot be ours."""
    if isinstance(request.routing_exception, NO_NAME_OF_OURS):
        raise request.routing_exception


def _say_whether_this_only_reads() -> None:
    sqlite.set_read_only(request.method in READING)


def _bound_forms() -> None:
    """A form has the same limit (413) however it is encoded; only files may be larger."""
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = request.max_form_memory_size


def _refuse_malformed() -> None:
    """Each field has a name; no text of ours holds a NUL, which PostgreSQL cannot store; nobody is sent elsewhere."""
    if request.is_json:  # Flask-WTF takes it for a form where there is none
        _refuse_malformed_json(request.get_json(silent=True))
    for source in (request.args, request.form):
        for key, values in source.lists():
            if key is None or "\0" in key or any("\0" in value for value in values):
                abort(400)
            if key in ("url", "next") and not all(value == "" or is_safe_address(value) for value in values):
                abort(400)


def _refuse_malformed_json(body: Any) -> None:
    """The same of a form in JSON: named texts."""
    if not isinstance(body, dict) or not all(
            isinstance(each, str) and "\0" not in each for each in (*body, *body.values())):
        abort(400)


def _page_variables() -> dict[str, Any]:
    locale = current.locale()
    return {"viewer": current_user if current_user.is_authenticated else None, "today": current.today(),
            "lang": current.LANGUAGE_TAGS[locale], "language_tags": current.LANGUAGE_TAGS,
            "locales": current.LOCALES, "current_locale": locale,
            "themes": Theme, "chosen_theme": current.theme(), "demo_as_of": _demo_as_of()}


def _demo_as_of() -> dt.date | None:
    """The day a demo school was made for; None where people's own data are."""
    value = db.session.scalar(select(Setting.value).where(Setting.key == DEMO_AS_OF))
    return dt.date.fromisoformat(value) if value else None


def domain_error(error: DomainError) -> ResponseReturnValue:
    """A rule of the school said no: the sentence it gave, with the status that fits."""
    db.session.rollback()
    status = {NotAllowedError: trail.FORBIDDEN, NotFoundError: 404, ConflictError: 409, TooManyRequestsError: 429}.get(
        type(error), 400)
    trail.note_if_not_allowed(error)
    response = error_page(status, str(error), field=error.field)
    if isinstance(error, TooManyRequestsError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def http_error(error: HTTPException) -> ResponseReturnValue:
    """Any error status, in words."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    if status == trail.FORBIDDEN:
        trail.note_refusal(status)
    if isinstance(error, NO_NAME_OF_OURS):
        return _plain(status, _l("This site does not go by that name."))
    response = error_page(status, _SENTENCES.get(status) or _SENTENCES[400 if status < 500 else 500])
    for name, value in error.get_headers():  # such as Allow and Retry-After
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def error_page(status: int, sentence: LazyString | str, *, field: str | None = None) -> Response:
    """An error as a page, or as JSON if that was asked for, which names the field it is about."""
    try:
        if wants_json():
            return _plain(status, sentence, field)
        response = Response(render_template("errors/error.html", status=status, sentence=sentence))
    except SQLAlchemyError:  # the page, and the language, depend on who asks
        login_manager._update_request_context_with_user()
        return _plain(status, sentence)
    response.status_code = status
    return response


def _plain(status: int, sentence: LazyString | str, field: str | None = None) -> Response:
    """An error without a page around it."""
    said = str(sentence)
    told = {"error": said, "status": status} | ({"field": field} if field else {})
    response = jsonify(told) if wants_json() else Response(f"{said}\n", mimetype="text/plain")
    response.status_code = status
    return response


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return error_page(400, _l("This page was open for too long, or you logged in anew meanwhile. "
                              "Reload it and try again."))


def _unexpected(error: Exception) -> ResponseReturnValue:
    """Details go to the log, never to the person."""
    if database_errors.is_passing(error):
        return _come_back(error)
    if current_app.testing:
        raise error
    current_app.logger.error("unexpected error on %s %r", request.method, request.path, exc_info=error)
    db.session.rollback()
    return error_page(500, _SENTENCES[500])


def _come_back(error: Exception) -> ResponseReturnValue:
    """The database was busy or away: no fault of this request, so whoever sent it may send it again."""
    current_app.logger.warning("%s %r had to be put off: %s", request.method, request.path, error)
    db.session.rollback()
    response = error_page(503, _l("The database is busy, or does not answer just now. Please try again in a moment."))
    response.headers["Retry-After"] = str(_COME_BACK_AFTER)
    return response
