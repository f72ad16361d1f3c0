"""A test client that speaks like a person's browser and notices what a request leaves behind."""

from __future__ import annotations

import contextvars
import re
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session
from werkzeug.test import TestResponse

from app.extensions import db
from tests.support.people import PASSWORD

_HIDDEN = re.compile(r'<input[^>]*name="csrf_token"[^>]*>')
_META = re.compile(r'<meta[^>]*name="csrf-token"[^>]*>')
_SHOWN = re.compile(r'<input type="hidden" name="shown" value="([^"]*)">')
_EDITS = re.compile(r"/admin/(?:\w+/edit|settings)/")
_VALUE = re.compile(r'(?:value|content)="([^"]*)"')


class LeftDirtyError(AssertionError):
    """A successful request wrote something and did not commit it."""


class Client(FlaskClient):
    """One person's browser. Before each request the test's own session is committed, so that both see the same."""

    test_session: Session | None = None
    _token: str | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if self.test_session is not None:
            self.test_session.commit()
        unsaved: list[str] = self.application.extensions["unsaved"]
        unsaved.clear()
        # In a context of its own: an application context of the test must not become the request's.
        response: TestResponse = contextvars.Context().run(super().open, *args, **kwargs)
        if unsaved and response.status_code < 400:
            raise LeftDirtyError(f"{response.request.path} answered {response.status_code} but left unsaved: {unsaved}")
        return response

    def login(self, username: str, password: str = PASSWORD) -> TestResponse:
        """Send the login form."""
        page = self.get("/login")
        return self.post("/login", data={"username": username, "password": password, "csrf_token": token_in(page.text)})

    def csrf_token(self) -> str:
        """The token of this person's session, from the head of a signed-in page."""
        if self._token is None:
            self._token = token_in(self.get("/account/", follow_redirects=True).text)
        return self._token

    def submit(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """POST a form with the token and, where what is stored is changed, with what its page showed just before."""
        sent = {**(data or {}), "csrf_token": self.csrf_token()}
        if changes_what_is_stored(path) and "shown" not in sent:
            sent["shown"] = self.shown(path, query_string=kwargs.get("query_string"))
        return self.post(path, data=sent, **kwargs)

    def shown(self, path: str, **kwargs: Any) -> str:
        """What the form at an address says it shows; empty where there is none."""
        return shown_in(self.get(path, **kwargs).text)


def changes_what_is_stored(path: str) -> bool:
    """Whether the form at an address says what it showed."""
    return _EDITS.search(path) is not None


def shown_in(html: str) -> str:
    """What the form of a page says it shows; empty where there is none."""
    found = _SHOWN.search(html)
    return found.group(1) if found else ""


def token_in(html: str) -> str:
    """The CSRF token of a page."""
    found = _META.search(html) or _HIDDEN.search(html)
    value = _VALUE.search(found.group()) if found else None
    if value is None:
        raise AssertionError(f"no CSRF token in the page:\n{html[:2000]}")
    return value.group(1)


def one_time_password_in(html: str) -> str:
    """The one-time password an admin is shown."""
    found = re.search(r"data-one-time-password>([^<]+)<", html)
    assert found is not None, html[:2000]
    return found.group(1)


def watch_for_unsaved_changes(app: Flask) -> None:
    """Note what each request's session wrote without committing. The test client reads it."""
    unsaved: list[str] = []
    app.extensions["unsaved"] = unsaved
    _listen()

    @app.teardown_appcontext
    def look(_error: BaseException | None) -> None:  # runs before the extension removes the session
        session = db.session()
        unsaved.extend(session.info.get("unsaved", []))
        if session.new or session.dirty or session.deleted:
            unsaved.append(f"not even flushed: new {list(session.new)}, changed {list(session.dirty)}, "
                           f"deleted {list(session.deleted)}")


@cache
def _listen() -> None:
    """Follow what the sessions of requests write; once, whatever the number of applications."""
    factory = db.session.session_factory

    def note(session: Session, what: str) -> None:
        session.info.setdefault("unsaved", []).append(what)

    def after_flush(session: Session, _context: object) -> None:
        note(session, f"new {list(session.new)}, changed {list(session.dirty)}, deleted {list(session.deleted)}")

    def do_orm_execute(state: ORMExecuteState) -> None:
        if state.is_insert or state.is_update or state.is_delete:
            note(state.session, str(state.statement))

    def settled(session: Session, *_: object) -> None:
        if not session.in_nested_transaction():
            session.info.pop("unsaved", None)

    event.listen(factory, "after_flush", after_flush)
    event.listen(factory, "do_orm_execute", do_orm_execute)
    event.listen(factory, "after_commit", settled)
    event.listen(factory, "after_rollback", settled)
