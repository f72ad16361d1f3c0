"""How many checks the access table made in this run, which the last lines of the run say."""

from __future__ import annotations

import pytest

_CHECKS = pytest.StashKey[int]()


def add(config: pytest.Config, number: int) -> None:
    """So many checks more were made."""
    config.stash[_CHECKS] = made(config) + number


def made(config: pytest.Config) -> int:
    """The checks made by this process and the workers that have ended."""
    return config.stash.get(_CHECKS, 0)


def lines(config: pytest.Config) -> list[str]:
    """What the end of the run says; nothing if the access table was not asked."""
    return [f"access table: {made(config)} checks"] if made(config) else []
