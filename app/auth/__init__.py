"""Logging in and out, the own account, and what has to be settled before anything else."""

from __future__ import annotations

from flask import Flask

from app.auth import account, login, notices, second_factor
from app.auth.blueprint import blueprint
from app.auth.session import load_employee, note_afterwards, send_to_login
from app.extensions import login_manager

__all__ = ["account", "init_app", "login", "notices", "second_factor"]


def init_app(app: Flask) -> None:
    """Register the pages and how a session finds its employee."""
    login_manager.user_loader(load_employee)
    login_manager.unauthorized_handler(send_to_login)
    app.teardown_appcontext(note_afterwards)
    app.before_request(account.hold_back)
    app.register_blueprint(blueprint)
    app.register_blueprint(second_factor.blueprint)
    app.register_blueprint(account.blueprint)
