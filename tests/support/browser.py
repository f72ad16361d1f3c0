"""Chromium for tests: the system's, driven by Playwright; no download."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.processes import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]


@cache
def find_chromium() -> Path | None:
    """The Chromium of the system."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return Path(found) if found else None


@contextmanager
def launched() -> Iterator[Browser]:
    """A running headless browser; each `new_context()` of it is a person with cookies of his own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def wait_for(page: Page, expression: str) -> None:
    """Wait until something is true of a page; Playwright's own way is refused by our content policy."""
    wait_until(lambda: bool(page.evaluate(expression)), seconds=10, what=expression)
