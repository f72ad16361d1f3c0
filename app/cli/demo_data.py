"""`flask demo-data`: a demo school."""

from __future__ import annotations

import datetime as dt
import sys

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app import current, demo
from app.cli.errors import Refusal, speaking
from app.extensions import db

DEFAULT_SEED = 2026


@click.command("demo-data")
@click.option("--customers", type=click.IntRange(1, demo.MOST_CUSTOMERS), default=demo.DEFAULT_CUSTOMERS,
              show_default=True, help="How many customers the school has.")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True,
              help="The same number of customers, seed and date give the same school.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="The business date the school is made for; today if left out.")
@click.option("--force", is_flag=True,
              help="Empty every table first, logins and customers included. Asks once more, where there is someone to "
                   "ask, if the customers are not an earlier demo school's.")
@with_appcontext
@speaking
def demo_data(customers: int, seed: int, as_of: dt.datetime | None, force: bool) -> None:
    """Fill an empty database with a demo school.

    It is written as a whole or, when interrupted, not at all.
    """
    session = db.session
    day = as_of.date() if as_of else current.today()
    if demo.holds_data(session):
        if not force:
            raise Refusal("This database already holds people's data: use an empty one, or see --force in the help.")
        _ask_before_people_are_deleted()
        demo.clear(session)
    with _bar() as bar:
        task = bar.add_task("Customers", total=customers)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description="Customers" if done < total else "Finishing")

        demo.build(session, customers=customers, seed=seed, as_of=day, now=current.now(), clock=current.clock(),
                   on_progress=show)
        session.commit()
    click.echo(f"The demo school of {day} has {customers:,} customers. Log in as "
               f"{', '.join(login.username for login in demo.DEMO_LOGINS)}; the password is {demo.DEMO_PASSWORD}")


def _ask_before_people_are_deleted() -> None:
    """A script that says --force is obeyed; a person at a terminal is told what it would cost."""
    number = demo.customers_of_people(db.session)
    if number and _somebody_is_there():
        click.confirm(f"This database holds {number:,} customers who are not demo data. Delete them all?", abort=True)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _bar() -> Progress:
    """A bar on stderr: how far it is, and how long the rest takes."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    TimeRemainingColumn(), console=Console(stderr=True))
