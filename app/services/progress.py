"""How much longer a piece of work takes, from how fast it has been."""

from __future__ import annotations

SHORTEST_LOOK = 3.0
"""So many seconds of work must be seen before a guess is worth anything."""

SMALLEST_SHARE = 0.02
"""And this share of it must be done."""


def seconds_left(done: int, total: int, elapsed: float) -> float | None:
    """The seconds until the end at the rate so far; None while nothing sensible can be said.

    Args:
        elapsed: seconds since the work began.
    """
    if elapsed < SHORTEST_LOOK or total <= 0 or not SMALLEST_SHARE * total <= done < total:
        return None
    return elapsed / done * (total - done)
