"""Where a job finds what the screens export, without knowing the screens: each registers how its rows are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

LARGEST = 1_000_000
"""So many rows can be exported at once; a sheet of Excel takes hardly more."""


@dataclass(frozen=True)
class Export:
    """Rows to be written into a file.

    Args:
        name: the file's name without its ending.
        table: the database's name of the table they come from.
        titles: the first line.
        total: how many rows there are.
        rights: stands for what whoever asks may see; another text means other rights.
        rows: the values, one row at a time.
    """

    name: str
    table: str
    titles: list[str]
    total: int
    rights: str
    rows: Iterator[Sequence[Any]]


Opener = Callable[[int, str, dict[str, Any]], AbstractContextManager[Export]]
"""Given whose it is, the screen and the arguments of the task: the rows, as this person may export them now.

It raises NotAllowedError if he may not, and ConflictError if there are too many.
"""


def register(app: Flask, opener: Opener) -> None:
    """Say how exports are opened."""
    app.extensions["exports"] = opener


def opened(employee_id: int, subject: str, arguments: dict[str, Any]) -> AbstractContextManager[Export]:
    """The rows a task is to export."""
    opener: Opener = current_app.extensions["exports"]
    return opener(employee_id, subject, arguments)
