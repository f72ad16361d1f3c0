"""What entry points ask of the running application: its settings, its clock, the language of the person."""

from __future__ import annotations

import datetime as dt

from flask import current_app, g, has_request_context, request, session
from flask_login import current_user

from app.clock import Clock
from app.extensions import db
from app.models import LoginSession
from app.models.choices import Theme
from app.services import rule_book, school_settings
from app.services.rule_book import RuleBook
from app.services.school_settings import SchoolSettings
from config import Settings

LOCALES = {"en": "English", "zh_Hans_CN": "简体中文", "zh_Hant_TW": "繁體中文"}
"""The languages there are, by the code Babel knows, with their own names."""

LANGUAGE_TAGS = {"en": "en", "zh_Hans_CN": "zh-Hans", "zh_Hant_TW": "zh-Hant"}
"""The same for HTML and HTTP."""

_ACCEPTED = {"en": "en", "zh": "zh_Hans_CN", "zh-cn": "zh_Hans_CN", "zh-sg": "zh_Hans_CN", "zh-hans": "zh_Hans_CN",
             "zh-hans-cn": "zh_Hans_CN", "zh-tw": "zh_Hant_TW", "zh-hk": "zh_Hant_TW", "zh-mo": "zh_Hant_TW",
             "zh-hant": "zh_Hant_TW", "zh-hant-tw": "zh_Hant_TW", "zh-hant-hk": "zh_Hant_TW"}


def settings() -> Settings:
    """The configuration of this process."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def school() -> SchoolSettings:
    """What the school has decided in the panel, read once a request or job."""
    if "school_settings" not in g:
        g.school_settings = school_settings.load(db.session)
    found: SchoolSettings = g.school_settings
    return found


def rules() -> RuleBook:
    """The pool rules as screens show them, read once a request; who decides by them reads them in his transaction."""
    if "rule_book" not in g:
        g.rule_book = rule_book.load(db.session)
    found: RuleBook = g.rule_book
    return found


def login_session() -> LoginSession:
    """The session of the person who asks. Only for code behind the door."""
    found: LoginSession = g.login_session
    return found


def set_unattended() -> None:
    """Say that this request comes from a script that polls: it keeps nobody logged in."""
    g.unattended = True


def is_unattended() -> bool:
    """Whether a script polls, so that nobody need be there."""
    return bool(g.get("unattended", False))


def clock() -> Clock:
    """The school's clock."""
    found: Clock = current_app.extensions["clock"]
    return found


def now() -> dt.datetime:
    """The present instant, in UTC."""
    return clock().now()


def today() -> dt.date:
    """The present business date."""
    return clock().today()


def locale() -> str:
    """The language to speak: as chosen by the person, else as the browser asks, else the school's."""
    default = settings().default_locale
    if not has_request_context():
        return default
    chosen = getattr(current_user, "locale", None) or session.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    for language, _quality in request.accept_languages:
        tag = language.lower()
        found = _ACCEPTED.get(tag) or _ACCEPTED.get(tag.split("-")[0])
        if found:
            return found
    return default


def theme() -> Theme:
    """Light, dark, or as the device has it: as chosen by the person, else in this browser."""
    chosen = getattr(current_user, "theme", None) or session.get("theme")
    return Theme(chosen) if chosen in set(Theme) else Theme.SYSTEM
