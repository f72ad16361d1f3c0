"""`flask expire`: the nightly expiry now."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time

import click
from flask.cli import with_appcontext

from app import current, sqlite
from app.cli.errors import Refusal, speaking
from app.extensions import db
from app.services import nightly

FIRST_DAY = dt.date(2000, 1, 1)


@click.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="The business date to run for; today if left out.")
@with_appcontext
@speaking
def expire(as_of: dt.datetime | None) -> None:
    """Close the holdings of all who are public, as every night does.

    Running it again is harmless. The last line of the output is one JSON object.
    """
    began = time.monotonic()
    today = current.today()
    day = as_of.date() if as_of else today
    if day > today:
        raise Refusal(f"{day} has not come yet: today is {today}.")
    if day < FIRST_DAY:
        raise Refusal(f"{day} is before any school's first day: the earliest date is {FIRST_DAY}.")
    closed = nightly.run(db.session, day, today=today, now=current.now, on_batch=_commit_and_show)
    click.echo(json.dumps({"as_of": day.isoformat(), "closed_follow_up": closed.closed_follow_up,
                           "closed_deal": closed.closed_deal, "seconds": round(time.monotonic() - began, 3)}))


def _commit_and_show(done: int, total: int) -> None:
    db.session.commit()
    sqlite.give_way(db.engine)
    if total and sys.stderr.isatty():
        click.echo(f"\r{done}/{total}", nl=done >= total, err=True)
