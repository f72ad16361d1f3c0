"""`flask demo-data`."""

from __future__ import annotations

import sys

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import demo
from app.cli.demo_data import demo_data
from app.models import Customer, Setting
from app.models.setting import DEMO_AS_OF
from tests.support.clock import SettableClock
from tests.support.databases import on_both_databases
from tests.support.people import School


def run(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(demo_data, arguments, input=typed)


def count(session: Session) -> int:
    """How many customers there are; leaves no transaction open, which would keep the command waiting."""
    session.rollback()
    found = session.scalar(select(func.count()).select_from(Customer)) or 0
    session.rollback()
    return found


def made_for(session: Session) -> str:
    value = session.get_one(Setting, DEMO_AS_OF, populate_existing=True).value
    session.rollback()
    return value


@on_both_databases
def test_fills_refuses_and_replaces(app: Flask, session: Session, clock: SettableClock) -> None:
    first = run(app, "--customers", "30")
    assert first.exit_code == 0, first.output
    assert demo.DEMO_PASSWORD in first.stdout and "sanjiang" in first.stdout
    assert made_for(session) == clock.today().isoformat()
    assert count(session) == 30
    again = run(app, "--customers", "40")
    assert again.exit_code == 2 and "already holds" in again.stderr and "Traceback" not in again.output
    assert count(session) == 30
    assert run(app, "--customers", "40", "--force", "--as-of", "2026-02-28").exit_code == 0
    assert count(session) == 40
    assert made_for(session) == "2026-02-28"


def test_logins_without_customers_are_replaced_by_force_only(app: Flask, session: Session, school: School) -> None:
    session.commit()
    assert run(app, "--customers", "5").exit_code == 2
    assert run(app, "--customers", "5", "--force").exit_code == 0
    assert count(session) == 5


def test_real_customers_are_replaced_by_force_only(app: Flask, session: Session, make_customer) -> None:
    make_customer("真客户")
    assert run(app, "--customers", "5").exit_code == 2
    assert count(session) == 1
    assert run(app, "--customers", "5", "--force").exit_code == 0
    assert count(session) == 5


def test_a_person_at_a_terminal_is_asked_before_real_customers_are_deleted(app: Flask, session: Session, make_customer,
                                                                          monkeypatch) -> None:
    make_customer("真客户")
    monkeypatch.setattr(sys.modules["app.cli.demo_data"], "_somebody_is_there", lambda: True)
    assert run(app, "--customers", "5", "--force", typed="n\n").exit_code == 1
    assert count(session) == 1
    assert run(app, "--customers", "5", "--force", typed="y\n").exit_code == 0


@pytest.mark.parametrize("arguments", [["--customers", "0"], ["--customers", "x"], ["--as-of", "2026-13-01"],
                                       ["--as-of", "2026-03-03"], ["--seed", "a"]])
def test_wrong_arguments(app: Flask, session: Session, clock: SettableClock, arguments: list[str]) -> None:
    refused = run(app, *arguments)
    assert refused.exit_code == 2 and "Traceback" not in refused.output
    assert count(session) == 0
