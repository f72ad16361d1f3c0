"""The commands of `flask`. Each opens its transaction, calls a service and speaks to the operator in sentences."""

from __future__ import annotations

from flask import Flask

from app.cli.check import check
from app.cli.create_admin import create_admin
from app.cli.demo_data import demo_data
from app.cli.expire import expire


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (check, create_admin, demo_data, expire):
        app.cli.add_command(command)
