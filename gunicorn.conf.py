"""How gunicorn serves the application: `gunicorn "app:create_app()"` at the repository's root reads this file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger

from app import logs
from config import load_settings

settings = load_settings()


class OneLog(Logger):  # type: ignore[misc]
    """gunicorn's lines in the application's own form, so that there is one log."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers = []
            logger.propagate = True
        logs.configure(settings.log_format)

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> Any:
        """The path as it was sent: decoded, it could begin a line of its own."""
        found = super().atoms(resp, req, environ, request_time)
        found["U"] = quote(str(found["U"]), safe="/")
        return found


def post_fork(_server: Any, worker: Any) -> None:
    """Let no two processes share a database connection made before the fork."""
    from app.extensions import db

    application = worker.app.callable
    if application is not None:
        with application.app_context():
            db.engine.dispose(close=False)


bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
workers = settings.web_processes
worker_class = "gthread"
threads = settings.web_threads
preload_app = True  # configuration errors show once, and the processes share what they load
timeout = 120
graceful_timeout = 20
keepalive = 5
logger_class = OneLog
accesslog = "-"
access_log_format = "%(m)s %(U)s %(s)s %(M)s ms"  # no query: people are searched for by name and number
control_socket_disable = True
