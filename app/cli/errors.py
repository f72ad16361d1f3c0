"""Errors on the command line: one sentence, no traceback."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from sqlalchemy.exc import DatabaseError

from app import status, trail
from app.errors import DomainError
from app.extensions import db

P = ParamSpec("P")
R = TypeVar("R")


class Refusal(click.ClickException):
    """What was asked for cannot be: exit 2, as for a wrong argument."""

    exit_code = 2


def speaking(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what an operator can cause into a sentence on stderr."""
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        trail.act_for(f"command {click.get_current_context().info_name}")
        try:
            return command(*args, **kwargs)
        except DomainError as error:
            raise Refusal(str(error)) from error
        except DatabaseError as error:
            raise click.ClickException(_sentence(error)) from error

    return run


def _sentence(error: DatabaseError) -> str:
    with suppress(DatabaseError):
        db.session.rollback()
    problem = status.database_problem(with_reason=True) or status.migrations_problem()
    return problem or f"The database refused: {status.reason_of(error)}."
