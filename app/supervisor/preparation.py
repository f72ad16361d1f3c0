"""What must be in order before anything is started: the port, the database, its tables, the demo school, Redis."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from functools import partial

from alembic import command
from flask import Flask

from app import current, demo, queue, status, trail
from app.cli.demo_data import DEFAULT_SEED
from app.extensions import db
from app.supervisor.output import Output
from config import Settings


class CannotStartError(Exception):
    """Something outside is not in order; the message is one sentence."""


def check_port(settings: Settings) -> None:
    """Find out now, and not when the web server gives up, that the port cannot be had.

    Raises:
        CannotStartError: it is taken, or may not be used.
    """
    place = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise CannotStartError(f"{place} cannot be used ({error.strerror}): stop what runs there, or choose another "
                               "port, as in `PORT=5001 make run`.") from error


def prepare_database(app: Flask, output: Output) -> bool:
    """Migrate the database and, in the demo, fill an empty one; True if it holds the demo school.

    Raises:
        CannotStartError: the database cannot be reached.
    """
    with app.app_context():
        try:
            problem = status.database_problem(with_reason=True)
            if problem is not None:
                raise CannotStartError(problem)
            if status.migrations_problem() is not None:
                output.say("migrating the database")
                command.upgrade(app.extensions["migrate"].migrate.get_config(), "head")
            trail.act_for("make run")
            if current.settings().is_demo and not demo.holds_data(db.session):
                _fill(output)
            return demo.is_demo(db.session)
        finally:
            with suppress(Exception):
                db.session.rollback()
            db.engine.dispose()


def _fill(output: Output) -> None:
    """Put the demo school into the empty database, as of today."""
    output.say("filling the empty database with a demo school")
    demo.build(db.session, customers=demo.DEFAULT_CUSTOMERS, seed=DEFAULT_SEED, as_of=current.today(),
               now=current.now(), clock=current.clock(), on_progress=partial(_show_progress, output))
    db.session.commit()


def _show_progress(output: Output, done: int, total: int) -> None:
    if done >= total or sys.stdout.isatty():
        output.say(f"demo school: {done} of {total} customers")


def check_redis(settings: Settings) -> None:
    """A Redis server that was named must answer.

    Raises:
        CannotStartError: it does not.
    """
    problem = queue.problem(settings)
    if problem is not None:
        raise CannotStartError(problem)
