"""Drawing from seeded random streams, fast enough for millions of draws."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def stream(*keys: object) -> random.Random:
    """A stream of its own for each set of keys: the same on every machine and in every process."""
    return random.Random(":".join(str(key) for key in keys))  # noqa: S311 - a story, not a secret


def pick(rng: random.Random, choices: Sequence[T]) -> T:
    """One of the choices, each as likely."""
    return choices[int(rng.random() * len(choices))]


def happens(rng: random.Random, likelihood: float) -> bool:
    """Whether something of a likelihood between 0 and 1 happens."""
    return rng.random() < likelihood


def weighted(shares: Iterable[tuple[T, int]]) -> tuple[T, ...]:
    """Choices repeated by their share, so that `pick` hits each as often as it should."""
    return tuple(choice for choice, share in shares for _ in range(share))
