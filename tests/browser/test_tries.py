"""Who tried what, unfolded below a row of the pool by the key T."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import wait_for

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 800}], ids=["desk", "phone"])
def test_who_tried_what_unfolds_below_the_row_and_stays_with_it(visit, size):
    page = visit("dasha", viewport=size).page
    page.goto("/admin/publicpool/")
    first = page.locator("tr[data-customer-id]").first
    told, link = page.locator("tr[data-customer-id] + tr.told"), first.locator("[data-tries]")
    expect(link).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(told).to_contain_text("follow-up")
    expect(told.get_by_role("link", name="The whole timeline")).to_be_visible()
    expect(link).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    told.get_by_role("link").focus()
    page.evaluate("document.addEventListener('refreshed', () => { window.anew = true; })")
    page.keyboard.press("r")  # the list is made anew
    wait_for(page, "window.anew")
    expect(told).to_have_count(1)
    expect(told.get_by_role("link")).to_be_focused()
    expect(link).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(told).to_have_count(0)
    expect(link).to_be_focused()
    link.click()
    expect(told).to_have_count(1)
    link.click()
    expect(told).to_have_count(0)
