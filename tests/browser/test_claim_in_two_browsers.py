"""三江 and 暴雨 at their desks: two Chromium contexts, one server, one pool."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect

from tests.support.databases import on_both_databases

pytestmark = [pytest.mark.browser, on_both_databases]


@pytest.fixture
def desk(browse, live_server, clock_file):
    """`desk("sanjiang")` gives the page of a person who has just logged in, in a browser of his own."""
    server = live_server(processes=2, clock_file=clock_file)
    return lambda username, language="zh-CN": browse(server, username, language).page


def row(page, customer_id: int):
    return page.locator(f'tr[data-customer-id="{customer_id}"]')


def statuses(page) -> list[tuple[str | None, str | None]]:
    page.goto("/admin/mycustomers/")
    rows = page.locator("tr[data-distribution-id]")
    return [(each.get_attribute("data-customer-id"), each.get_attribute("data-status")) for each in rows.all()]


def test_both_click_claim_and_exactly_one_wins(desk, make_customer, school, clock, session):
    customer = make_customer("龙泰", holder=school.dasha, on=clock.today() - dt.timedelta(days=4))
    identity, name = customer.id, str(customer.id)
    session.commit()
    sanjiang, baoyu = desk("sanjiang"), desk("baoyu")
    for page in (sanjiang, baoyu):
        page.goto("/admin/publicpool/")
        assert "龙泰" in row(page, identity).inner_text()

    for page in (sanjiang, baoyu):
        row(page, identity).get_by_role("button", name="抢单").click()

    row(sanjiang, identity).get_by_text("跟进成功!").wait_for()
    row(baoyu, identity).get_by_text("已经被跟进了").wait_for()
    assert statuses(sanjiang) == [(name, "1")]
    assert statuses(baoyu) == []


def test_a_consultants_round_claim_follow_up_remove_a_course_release(desk, make_customer, school, session):
    make_customer("周婷", courses=[school.python, school.linux])
    session.commit()
    page = desk("sanjiang", "en-US")
    page.goto("/admin/publicpool/")
    page.locator("tbody").get_by_role("button", name="Claim").click()
    page.get_by_text("Claimed: you are following up now!", exact=True).wait_for()

    page.goto("/admin/mycustomers/")
    page.locator("tr[data-distribution-id]").get_by_text("Log follow-up").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What was said").fill("周末来试听")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_text("Follow-up logged.").wait_for()

    page.locator('form[action="/admin/mycustomers/cancel-course/"] button').first.click()
    page.get_by_text("was removed").wait_for()

    page.on("dialog", lambda dialog: dialog.accept())
    page.locator('form[action="/admin/mycustomers/release/"] button').first.click()
    expect(page.locator("[data-announce]")).to_contain_text("is back in the Public Pool")
    assert statuses(page)[0][1] == "5"
