"""People who look at the demo school, each in a browser of his own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.demo_school import DemoSchool
from tests.support.live_server import LiveServer
from tests.support.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def _demo_server(_demo_school: DemoSchool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    clock_file = tmp_path_factory.mktemp("demo") / "now"
    clock_file.write_text(_demo_school.now.isoformat())
    with LiveServer(_demo_school.url, processes=1, clock_file=clock_file) as server:
        yield server


@pytest.fixture
def visit(demo: DemoSchool, _demo_server: LiveServer, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visit("sanjiang", "zh-CN")` gives the browser of that person, in that language; `visit()` that of a visitor."""
    with ExitStack() as contexts:
        def sit_down(username: str | None = None, language: str = "en-US", **options: Any) -> Visitor:
            context = chromium.new_context(base_url=_demo_server.url, locale=language, **options)
            return Visitor(contexts.enter_context(context), username)

        yield sit_down
