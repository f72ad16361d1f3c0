"""From the cookie to the employee: which session a request belongs to, and noting that it is in use."""

from __future__ import annotations

import datetime as dt

from flask import current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import current, sqlite, view_as, web
from app.extensions import db
from app.models import Employee, LoginSession
from app.models.choices import SessionEnd
from app.services import audit, second_factor, sessions
from app.services.audit import Actor
from app.services.second_factor import Standing

_SENTENCES: dict[SessionEnd, LazyString] = {
    SessionEnd.REVOKED: _l("Your session was ended from elsewhere. Log in again."),
    SessionEnd.PASSWORD_CHANGED: _l("Your password was changed, so you were logged out everywhere. Log in again."),
    SessionEnd.ROLES_CHANGED: _l("Your roles were changed. Log in again."),
    SessionEnd.DEACTIVATED: _l("Your login was deactivated."),
    SessionEnd.IDLE: _l("You were away for long, so you were logged out. Log in again."),
    SessionEnd.EXPIRED: _l("You have been logged in for long. Log in again."),
}


def load_employee(token: str) -> Employee | None:
    """Whose session this is; nobody's once it has ended, or while it waits for a second factor.

    Such a session opens no more than a visitor's, wherever it is used. Only the page of the second factor, and the way
    out, look for it by `login_in_hand`. Runs at most once a request.
    """
    login = sessions.of_token(db.session, token)
    if login is None:
        return None
    now = current.now()
    dead_as = sessions.dead_as(login, now=now, settings=current.school())
    if dead_as is not None:
        g.session_ended_as = dead_as
        if login.ended_at is None:
            g.session_to_note = (login.id, now, dead_as)
        return None
    if sessions.is_touch_due(login, now=now):
        g.session_to_note = (login.id, now, None)
    if second_factor.standing(login) is not Standing.OPEN:
        g.waiting_session = login
        return None
    g.login_session = login
    return view_as.applied(login.employee)


def login_in_hand() -> LoginSession | None:
    """The session of this request's cookie, be it open or waiting for a second factor."""
    if current_user.is_authenticated:
        return current.login_session()
    found: LoginSession | None = g.get("waiting_session")
    return found


def why_it_ended() -> str | None:
    """A sentence on why the session of this request's cookie is over, where that is known and worth saying."""
    _loaded = current_user.is_authenticated
    reason = _SENTENCES.get(g.get("session_ended_as"))
    return None if reason is None else str(reason)


def send_to_login() -> ResponseReturnValue:
    """Ask a visitor to log in, or for the second factor, and remember where he was going."""
    waiting = login_in_hand() is not None
    if web.wants_json():
        asked = _("Give your second factor first.") if waiting else why_it_ended() or _("Please log in.")
        return web.error_page(401, str(asked))
    going = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("second_factor.index" if waiting else "auth.login", next=going or None))


def begin_anew() -> None:
    """Nothing of a browser's session outlives a login or logout but the language, and whether it is light or dark."""
    kept = {name: session[name] for name in ("locale", "theme") if name in session}
    session.clear()
    session.update(kept)


def note_afterwards(_error: BaseException | None = None) -> None:
    """When a request is over and its transaction closed, note that the session is in use, or what ended it.

    Reading requests cannot write, and on SQLite a second transaction would wait for the request's own; so it is done
    here, at most once a minute. A script that polls keeps nobody logged in. A note that fails spoils no answer.
    """
    noted: tuple[int, dt.datetime, SessionEnd | None] | None = g.pop("session_to_note", None)
    if noted is None or (noted[2] is None and current.is_unattended()):
        return
    db.session.rollback()
    try:
        _note(*noted)
    except SQLAlchemyError as error:
        current_app.logger.warning("the use of a session was not noted: %s", type(error).__name__)


def _note(login_id: int, now: dt.datetime, ended_as: SessionEnd | None) -> None:
    with sqlite.read_write(), Session(db.engine) as own:
        audit.act_as(own, Actor("web", current.now))
        if ended_as is None:
            sessions.touch(own, login_id, now=now)
        else:
            login = own.get(LoginSession, login_id)
            if login is not None:
                sessions.end(login, ended_as, now=now)
        own.commit()
