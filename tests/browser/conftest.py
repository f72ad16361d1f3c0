"""People who look at the demo school, each in a browser of his own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.orm import Session

from tests.support.clock import START, SettableClock
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
def browse(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """`browse(server, "sanjiang", "zh-CN")` gives the browser of that person, in that language."""
    with ExitStack() as contexts:
        def sit_down(server: LiveServer, username: str | None = None, language: str = "en-US",
                     **options: Any) -> Visitor:
            context = chromium.new_context(base_url=server.url, locale=language, **options)
            return Visitor(contexts.enter_context(context), username)

        yield sit_down


@pytest.fixture
def visit(demo: DemoSchool, _demo_server: LiveServer, browse: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """`visit("sanjiang", "zh-CN")` gives the browser of that person at the demo school; `visit()` that of a visitor."""
    return partial(browse, _demo_server)


@pytest.fixture(scope="session")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], LiveServer]]:
    """A server of one process for each database the tests use, which outlives the tests: starting one takes longer than
    most of them.
    """
    folder, running = tmp_path_factory.mktemp("servers"), {}
    with ExitStack() as servers:
        def serving(database_url: str) -> LiveServer:
            if database_url not in running:
                clock_file = folder / f"now-{len(running)}"
                clock_file.write_text(START.isoformat())
                running[database_url] = servers.enter_context(
                    LiveServer(database_url, processes=1, clock_file=clock_file))
            return running[database_url]

        yield serving


@pytest.fixture
def server(_servers: Callable[[str], LiveServer], database_url: str, session: Session,
           clock: SettableClock) -> LiveServer:
    """One process that serves the test's own school, by the test's clock."""
    session.commit()
    server = _servers(database_url)
    clock.file = Path(server.environment["CLOCK_FILE"])
    clock.write()
    return server


@pytest.fixture
def sit_down(browse: Callable[..., Visitor], server: LiveServer) -> Callable[..., Visitor]:
    """`sit_down("sanjiang")` gives the browser of that person at the test's own school, served by one process."""
    return partial(browse, server)
