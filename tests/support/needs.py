"""What some tests need besides Python, and what becomes of them without it.

Without it they are left out and one line says so; with GONGHAI_TEST_REQUIRE=all its absence is a failure.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support import browser, postgres, redis


@dataclass(frozen=True)
class Need:
    """A program tests need: what tells that a test needs it, whether it is here, and how to get it."""

    name: str
    fixture: str
    found: Callable[[], bool]
    remedy: str


NEEDS = (
    Need("PostgreSQL", "postgresql_url", postgres.is_available,
         "apt-get install postgresql, or set TEST_POSTGRES_URL to a server where databases may be created"),
    Need("Chromium", "chromium", lambda: browser.find_chromium() is not None,
         "apt-get install chromium"),
    Need("redis-server", "redis_server", lambda: redis.find_redis_server() is not None,
         "apt-get install redis-server"),
)

LEFT_OUT = pytest.StashKey[Counter[str]]()


def everything_is_required() -> bool:
    """Whether a missing program is a failure."""
    return os.environ.get("GONGHAI_TEST_REQUIRE", "") == "all"


def refuse_if_required_and_missing() -> None:
    """Stop before the first test if something is missing that must be there."""
    missing = [need for need in NEEDS if not need.found()]
    if missing and everything_is_required():
        raise pytest.UsageError("; ".join(f"{need.name} is missing: {need.remedy}" for need in missing))


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the tests out of the run whose programs are missing."""
    missing = [need for need in NEEDS if not need.found()]
    left_out: Counter[str] = Counter()
    kept, dropped = [], []
    for item in items:
        lacking = next((need for need in missing if _needs(item, need)), None)
        if lacking is None:
            kept.append(item)
        else:
            left_out[lacking.name] += 1
            dropped.append(item)
    if dropped:
        items[:] = kept
        config.hook.pytest_deselected(items=dropped)
    config.stash[LEFT_OUT] = left_out


def _needs(item: pytest.Item, need: Need) -> bool:
    if need.fixture in getattr(item, "fixturenames", ()):
        return True
    call = getattr(item, "callspec", None)
    return need.name == "PostgreSQL" and call is not None and call.params.get("backend") == "postgresql"


def lines(left_out: Counter[str]) -> list[str]:
    """One line for each program that was missing."""
    return [f"LEFT OUT: {left_out[need.name]} tests that need {need.name} (to run them: {need.remedy})"
            for need in NEEDS if left_out[need.name]]
