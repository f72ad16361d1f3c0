"""A school under siege: an application of its own, everyone logged in, and what came of each request."""

from __future__ import annotations

import contextvars
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, request
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse, create_environ, run_wsgi_app

from app.admin.guard import Guarded
from app.extensions import db
from app.web import READING
from tests.fuzz.strategies import ROLES, Request, Target
from tests.support import snapshot
from tests.support.client import Client
from tests.support.pages import endpoint_of, parameters_on, walk


@dataclass
class Siege:
    """Sends requests as they are, and keeps what they reached and what went wrong."""

    app: Flask
    session: Session
    browsers: dict[str, Client] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    reached: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    rows: snapshot.Rows = field(default_factory=dict)
    changed: bool = False

    @property
    def sent(self) -> int:
        return self.statuses.total()

    def begin(self) -> None:
        """Log everyone in and keep every row, sessions too, to begin again from there."""
        for role in set(ROLES) - {""}:
            browser = self.app.test_client()
            assert isinstance(browser, Client)
            assert browser.login(role).status_code == 302
            self.tokens[role] = browser.csrf_token()
            self.cookies[role] = "; ".join(f"{cookie.key}={cookie.value}" for cookie in browser._cookies.values())
            self.browsers[role] = browser
        self.rows = snapshot.take(self.session)

    def restore(self) -> None:
        """Undo whatever the requests have done, if any may have done something."""
        if not self.changed:
            return
        self.changed = False
        self.session.commit()
        with self.app.app_context():
            snapshot.restore(db.engine, self.rows)

    def count_handlers(self, patch: pytest.MonkeyPatch) -> None:
        """Note which handlers are reached: those behind the door of the screens, and the open ones."""
        run = Guarded._run_view

        def counted(view: Guarded, *args: Any, **kwargs: Any) -> Any:
            self._note()
            return run(view, *args, **kwargs)

        patch.setattr(Guarded, "_run_view", counted)
        for rule in self.app.url_map.iter_rules():
            if not rule.rule.startswith("/admin/") or ".static" in rule.endpoint:
                self._count_open(rule.endpoint)

    def _count_open(self, endpoint: str) -> None:
        handler = self.app.view_functions[endpoint]

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._note()
            return handler(*args, **kwargs)

        self.app.view_functions[endpoint] = counted

    def _note(self) -> None:
        self.reached[request.url_rule.rule if request.url_rule else "", request.method] += 1

    def send(self, asked: Request) -> TestResponse:
        """The answer to a request."""
        environ = create_environ(path=asked.path, query_string=asked.query, method=asked.method,
                                 input_stream=BytesIO(asked.body), content_length=len(asked.body),
                                 content_type=asked.content_type or None)
        if asked.role:
            environ["HTTP_COOKIE"] = self.cookies[asked.role]
            if asked.with_token:
                environ["HTTP_X_CSRFTOKEN"] = self.tokens[asked.role]
        environ.update(asked.headers)
        unsaved: list[str] = self.app.extensions["unsaved"]
        unsaved.clear()
        answer = contextvars.Context().run(run_wsgi_app, self.app, environ, buffered=True)
        response = TestResponse(*answer, request=None)  # type: ignore[arg-type]
        assert response.status_code >= 400 or not unsaved, f"left unsaved: {unsaved}"
        self.statuses[response.status_code] += 1
        self.changed |= asked.method not in READING and response.status_code < 400
        shown_out = response.status_code == 401 or "/login" in response.headers.get("Location", "")
        if asked.role and shown_out and "HTTP_COOKIE" not in asked.headers:
            self.restore()
        return response


def targets(app: Flask, browsers: list[Client]) -> list[Target]:
    """Every route × method, with the parameters and forms that the pages people see send there."""
    names: defaultdict[tuple[str | None, str], set[str]] = defaultdict(set)
    forms: defaultdict[tuple[str | None, str], list[tuple[str, dict[str, list[str]]]]] = defaultdict(list)
    for page in (visit.page for browser in browsers for visit in walk(app, browser, each=1)):
        for method, address, found in parameters_on(page):
            names[endpoint_of(app, address, method), method] |= found
        for form in page.forms:
            fields = {name: values for name, values in form.fields.items() if name != "csrf_token"}
            rule, parts = endpoint_of(app, form.action, form.method), urlsplit(form.action)
            forms[rule, form.method].append((f"{parts.path}?{parts.query}", fields))
    return [Target(rule, method, frozenset(names[rule, method]), tuple(forms[rule, method][-8:]))
            for rule in sorted({rule.rule for rule in app.url_map.iter_rules()})
            for method in sorted(_methods(app, rule))]


def _methods(app: Flask, rule: str) -> set[str]:
    return {method for each in app.url_map.iter_rules() if each.rule == rule
            for method in (each.methods or set()) - {"HEAD", "OPTIONS"}}


def shut(app: Flask, rule: str, method: str) -> bool:
    """Whether the screen permits the function behind a route to nobody."""
    adapter = app.url_map.bind("localhost")
    endpoint, _arguments = adapter.match(re.sub(r"<[^>]*>", "csv", rule), method=method)
    name, _dot, function = endpoint.partition(".")
    view = next((view for view in app.extensions["admin"][0]._views if view.endpoint == name), None)
    return isinstance(view, Guarded) and function not in view.needs
