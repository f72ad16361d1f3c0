"""Logging in and out."""

from __future__ import annotations

from flask import Flask

from app.auth.routes import blueprint, load_employee, send_to_login
from app.extensions import login_manager


def init_app(app: Flask) -> None:
    """Register the login pages and how a session finds its employee."""
    login_manager.user_loader(load_employee)
    login_manager.unauthorized_handler(send_to_login)
    app.register_blueprint(blueprint)
