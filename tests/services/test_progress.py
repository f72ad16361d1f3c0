"""How much longer work takes: said only when there is something to go by."""

from __future__ import annotations

import pytest

from app.services.progress import seconds_left


@pytest.mark.parametrize(("done", "total", "elapsed", "left"), [
    (300, 1200, 120, 360), (600, 1200, 60, 60), (1199, 1200, 120, 120 / 1199)])
def test_it_goes_on_as_fast_as_it_went(done, total, elapsed, left):
    assert seconds_left(done, total, elapsed) == pytest.approx(left)


@pytest.mark.parametrize(("done", "total", "elapsed"), [
    (300, 1200, 2), (1, 1200, 60), (0, 1200, 60), (0, 0, 60), (1200, 1200, 60)])
def test_nothing_is_said_too_early_or_at_the_end(done, total, elapsed):
    assert seconds_left(done, total, elapsed) is None
