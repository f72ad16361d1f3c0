"""/healthz and /readyz, for load balancers and whoever watches. Public: they say what is wrong, and no secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app import status
from app.extensions import db


def init_app(app: Flask) -> None:
    """Register the two addresses."""
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)


def healthz() -> ResponseReturnValue:
    """This process is alive."""
    return jsonify(status="ok")


def readyz() -> ResponseReturnValue:
    """Whether people can work: database, migrations and Redis.

    The last night is told and never makes it 503: a dead worker must not take the web machines down.
    """
    found: dict[str, str | None] = {"database": status.database_problem()}
    found["migrations"] = _asked(status.migrations_problem) if found["database"] is None else found["database"]
    found["redis"] = status.redis_problem()
    works = not any(found.values())
    body: dict[str, Any] = {name: problem or "ok" for name, problem in found.items()}
    body["last_night"] = _last_night() if found["migrations"] is None else None
    response = jsonify(status="ok" if works else "unavailable", **body)
    response.status_code = 200 if works else 503
    response.headers["Cache-Control"] = "no-store"
    return response


def _asked(question: Callable[[], str | None]) -> str | None:
    try:
        return question()
    except SQLAlchemyError:
        return "The database stopped answering."


def _last_night() -> dict[str, Any] | None:
    try:
        return status.last_night()
    except SQLAlchemyError:
        db.session.rollback()
        return None
