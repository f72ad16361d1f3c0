"""Gonghai: the only place where the layers are wired together."""

from __future__ import annotations

from flask import Flask

from app import assets, clock, current, database_errors, library_texts, models, security_headers, sqlite, web
from app.extensions import babel, csrf, db, login_manager, migrate
from app.services import audit_capture
from config import ROOT, ConfigurationError, Settings, load_settings

__all__ = ["create_app", "models"]


def create_app(settings: Settings | None = None, source: clock.Source | None = None) -> Flask:
    """Make the application.

    Args:
        settings: the configuration; read from the environment if left out.
        source: gives the present instant, for tests; the system's clock if left out.

    Raises:
        ConfigurationError: a value in the environment cannot be used.
    """
    settings = settings or load_settings()
    app = Flask(__name__)
    if app.debug and not settings.is_demo:
        raise ConfigurationError("FLASK_DEBUG: whoever meets an error could run any code here: "
                                 "outside the demo leave it unset, and start without --debug.")
    app.config.from_mapping(settings.flask_config())
    app.extensions["clock"] = clock.Clock(settings.zone, source or clock.source_of(settings.clock_file))
    db.init_app(app)
    audit_capture.listen()
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    babel.init_app(app, locale_selector=current.locale)
    library_texts.init_app(app)
    security_headers.init_app(app)
    assets.init_app(app)
    web.init_app(app)
    csrf.init_app(app)  # after the checks of web, which refuse what is too large before it is read for a token
    login_manager.init_app(app)
    with app.app_context():
        try:
            sqlite.configure(db.engine)
            database_errors.configure(db.engine)
        except OSError as error:
            raise ConfigurationError(f"DATABASE_URL: the database file cannot be made ({error.strerror}).") from error
    _register_entry_points(app)
    return app


def _register_entry_points(app: Flask) -> None:
    """Hang the top layer in: each of these registers routes or commands and nothing more."""
    from app import admin, auth, cli, health, view_as

    view_as.init_app(app)
    auth.init_app(app)
    admin.init_app(app)
    health.init_app(app)
    cli.init_app(app)
