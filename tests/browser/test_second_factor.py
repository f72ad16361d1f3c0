"""A second factor in a real browser: the picture to scan, switching on, and the next login."""

from __future__ import annotations

import re
from contextlib import ExitStack

import pytest

from tests.support import phone as phones

pytestmark = pytest.mark.browser


@pytest.fixture
def complaints() -> list[str]:
    """What the browsers' consoles complained about."""
    return []


@pytest.fixture
def log_in(chromium, server, complaints):
    """`log_in()` gives the page of a new browser on a phone where 三江 has just sent his password."""
    with ExitStack() as contexts:
        def send():
            page = contexts.enter_context(chromium.new_context(
                base_url=server.url, locale="en-US", viewport={"width": 390, "height": 800})).new_page()
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.goto("/login")
            page.fill("[name=username]", "sanjiang")
            page.fill("[name=password]", "demo-pass-2026")
            page.press("[name=password]", "Enter")
            return page

        yield send


def test_setting_one_up_and_logging_in_with_it(school, log_in, clock, complaints):
    """The content policy lets the picture through, and nothing else is complained about."""
    page = log_in()
    page.wait_for_url("**/admin/**")
    page.goto("/account/second-factor/")
    page.locator("main form button.primary").click()
    picture = page.locator("img.qr")
    picture.wait_for()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    phone = phones.Phone(page.inner_text("code.key").replace(" ", ""), clock, [])
    page.fill("[name=password]", "demo-pass-2026")
    page.fill("[name=code]", phone.code(-1))
    page.press("[name=code]", "Enter")
    page.locator(".recovery-codes li").first.wait_for()
    assert re.fullmatch(r"([a-z2-7]{4}-?){6}", page.locator(".recovery-codes li").first.inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page = log_in()
    page.wait_for_url("**/account/second-factor/**")
    page.fill("form .field [name=code]:visible", phone.code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/**")
    assert complaints == []
