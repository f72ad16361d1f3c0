"""My day is worked by keys, without leaving it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_who_is_followed_up_by_one_key_leaves_the_lists(sit_down, make_customer, make_follow_up, school, clock,
                                                        session):
    due = make_customer("龙泰", holder=school.sanjiang)
    make_follow_up(due, "今天再打", next_contact_on=clock.today())
    make_customer("新来的", holder=school.sanjiang)
    session.commit()
    page = sit_down("sanjiang").page
    page.goto("/admin/")
    contacts = page.get_by_role("region", name="Contacts due")
    expect(contacts.get_by_role("link", name="龙泰")).to_be_visible()
    for _ in range(3):  # past the two whom he loses next
        page.keyboard.press("j")
    expect(contacts.get_by_role("link", name="龙泰")).to_be_focused()
    page.keyboard.press("f")
    expect(page.get_by_label("What was said")).to_be_focused()
    page.keyboard.type("下周再打")
    page.keyboard.press("Control+Enter")
    expect(contacts).to_contain_text("Nobody is to be contacted today.")
    expect(page.get_by_role("list", name="My day").locator("li", has_text="Contacts due")).to_contain_text("0")
    assert page.url.endswith("/admin/")
