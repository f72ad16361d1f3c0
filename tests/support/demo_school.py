"""The demo school as one looks at it: built once a run, on a Monday morning that does not end."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from app import create_app, current, demo
from app.extensions import db
from tests.support import postgres
from tests.support.client import Client
from tests.support.clock import START
from tests.support.databases import settings_for
from tests.support.screens import screens

CUSTOMERS = 240
SEED = 2026


@dataclass(frozen=True)
class DemoSchool:
    """The application on the demo school's data."""

    app: Flask
    url: str
    now: dt.datetime = START
    _screens: dict[str, list[str]] = field(default_factory=dict)

    def visitor(self, language: str = "en") -> Client:
        """The browser of somebody who is not logged in; it asks for that language."""
        client = self.app.test_client()
        assert isinstance(client, Client)
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return client

    def login(self, username: str, language: str = "en") -> Client:
        """The browser of one of the demo logins."""
        client = self.visitor(language)
        assert client.login(username).status_code == 302
        return client

    def screens(self, username: str) -> list[str]:
        """The addresses of all screens that person may open."""
        if username not in self._screens:
            self._screens[username] = screens(self.app, self.login(username))
        return self._screens[username]


def built(empty: str, shared: Path) -> str:
    """Make the empty SQLite database a copy of the demo school's; the first of a run's workers builds it."""
    template = shared / "demo-school.db"
    with postgres.file_lock(shared / "demo-school.lock"):
        if not template.exists():
            _build(empty)
            shutil.copyfile(empty.removeprefix("sqlite:///"), template)
            return empty
    shutil.copyfile(template, empty.removeprefix("sqlite:///"))
    return empty


def _build(database_url: str) -> None:
    app = create_app(settings_for(database_url), source=lambda: START)
    with app.app_context():
        demo.build(db.session, customers=CUSTOMERS, seed=SEED, as_of=current.today(), now=current.now(),
                   clock=current.clock(), on_progress=lambda done, total: None)
        db.session.commit()
        db.engine.dispose()
