"""Texts the libraries show: ours where theirs are missing, or Simplified for readers of Traditional."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import flask
from flask_admin import babel as flask_admin_babel

TRANSLATIONS = str(Path(__file__).parent / "translations")


class Request(flask.Request):
    """A request whose forms speak ours: Flask-WTF takes its texts from this attribute if there is one."""

    @cached_property
    def wtforms_translations(self) -> Any:
        return flask_admin_babel.wtforms_domain.get_translations()


def init_app(app: flask.Flask) -> None:
    """Put our catalogues behind the libraries' own: of two that know a text, the last one is heard.

    Flask-Admin's `translations_path` would put ours first, and only for requests that begin in one of its views.
    """
    app.request_class = Request
    with app.app_context():
        for domain in (flask_admin_babel.domain, flask_admin_babel.wtforms_domain):
            if TRANSLATIONS not in domain.translation_directories:
                domain.translation_directories.append(TRANSLATIONS)
                domain.cache.clear()
