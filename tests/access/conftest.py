"""The school all checks of access share, on a database of its own: nothing empties it between tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.extensions import db
from tests.access import world as worlds
from tests.access.checks import Doorkeeper, Report
from tests.conftest import make_app
from tests.support import tally
from tests.support.clock import SettableClock


@pytest.fixture(scope="session")
def _doorkeepers(all_databases: Any, fast_passwords: None) -> Iterator[Any]:
    made: dict[str, Doorkeeper] = {}

    def on(backend: str) -> Doorkeeper:
        if backend not in made:
            clock = SettableClock()
            app = make_app(all_databases.make(backend), clock)
            with app.app_context():
                engine = db.engine
            with Session(engine) as session:
                filled = worlds.build(session, clock)
            made[backend] = Doorkeeper(app, filled)
        return made[backend]

    yield on
    for keeper in made.values():
        keeper.close()


@pytest.fixture
def doorkeeper(_doorkeepers: Any, backend: str) -> Doorkeeper:
    """Knows the school and everyone's session; sends requests as anybody."""
    keeper: Doorkeeper = _doorkeepers(backend)
    return keeper


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Iterator[Report]:
    """What a test checks; its number is added to those of the run."""
    found = Report()
    yield found
    tally.add(pytestconfig, found.checks)
