"""Somebody's browser, which notes what it complains about, what it is not given, and whom else it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.people import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Request, Response

_REPORT = """addEventListener('securitypolicyviolation', event =>
    console.error(`VIOLATION ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""


def log_in(page: Page, username: str) -> None:
    """Fill in the login form that is open."""
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/**")


class Visitor:
    """A page, in which that person has just logged in.

    Args:
        context: a browser's, with the address of the server.
        username: who; nobody logs in without.
    """

    def __init__(self, context: BrowserContext, username: str | None = None) -> None:
        self.complaints: list[str] = []
        self.asked_elsewhere: list[str] = []
        self.missed: list[str] = []
        context.add_init_script(_REPORT)
        self.page = context.new_page()
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.on("request", self._note_where)
        self.page.on("response", self._note_missing)
        self.page.goto("/login")
        self._host = urlsplit(self.page.url).netloc
        if username is not None:
            log_in(self.page, username)

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.complaints.append(f"{self.page.url}: {text}")

    def _note_where(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != getattr(self, "_host", parts.netloc):
            self.asked_elsewhere.append(f"{self.page.url} asked for {request.url}")

    def _note_missing(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.missed.append(f"{self.page.url} is not given {response.url}: {response.status}")
