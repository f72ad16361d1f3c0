"""3 and 15 days become 5 and 20 in a real browser: previewed, saved, and done by a worker while the page looks on."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect

from app.models import Leave
from app.models.choices import Calendar, LeaveState
from app.services import rule_book
from tests.support.backstage import Backstage

pytestmark = [pytest.mark.browser, pytest.mark.queue]


@pytest.fixture
def worker(tmp_path, database_url, valkey_server, clock_file, session):
    """A worker that begins when it is asked to."""
    backstage = Backstage(tmp_path, database_url=database_url, redis_url=valkey_server.url, clock_file=clock_file)
    yield backstage.worker
    backstage.stop()


@pytest.fixture
def admin(browse, live_server, valkey_server, clock_file, school):
    """The admin's browser, where Redis is served; it complains about nothing."""
    visitor = browse(live_server(processes=1, clock_file=clock_file, REDIS_URL=valkey_server.url), "admin")
    yield visitor.page
    assert visitor.complaints == []


def test_new_terms_are_previewed_saved_and_followed_by_every_clock(admin, worker, session, school, clock,
                                                                   make_customer):
    received, page = clock.today() - dt.timedelta(days=3), admin
    customers = [make_customer(holder=holder, on=received) for holder in school.consultants for _each in range(2)]
    session.commit()

    page.goto("/admin/poolrules/")
    page.get_by_role("link", name="Change the school’s rules").click()
    page.get_by_label("Term to follow up").fill("5")
    page.get_by_label("Term to win the customer").fill("20")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Preview")
    assert page.locator(".figures li").first.inner_text().split("\n")[0] == "6 → 0"
    assert page.locator("[data-consultant]").count() == 3
    session.rollback()
    assert rule_book.load(session).school.follow_up_days == 3
    session.rollback()

    page.get_by_role("button", name="Back to the numbers").first.click()
    assert page.get_by_label("Term to follow up").input_value() == "5"
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator(".recomputation")).to_contain_text("Waiting for a worker")

    worker()
    expect(page.locator(".recomputation")).to_contain_text(
        "Done: of 6 customers 0 fall earlier and 6 later than before", timeout=60_000)
    session.rollback()
    for customer in customers:
        session.refresh(customer)
        assert customer.public_on == received + dt.timedelta(days=6)


def test_days_that_do_not_count_are_told_apart_by_more_than_their_colour(sit_down, session, school, floor, clock,
                                                                         make_customer):
    floor.rules(calendar=Calendar.CHINA)
    session.add(Leave(employee=school.sanjiang, first_on=clock.today() + dt.timedelta(days=1),
                      last_on=clock.today() + dt.timedelta(days=1), state=LeaveState.APPROVED))
    session.commit()
    customer_id = make_customer(holder=school.sanjiang).id
    session.commit()
    visitor = sit_down("sanjiang")
    visitor.page.goto(f"/admin/record/?id={customer_id}")
    day_off = visitor.page.locator(".days .off").first
    assert day_off.get_attribute("title") == "Tue, Mar 3 · leave"
    look = day_off.evaluate("each => [getComputedStyle(each).backgroundImage, getComputedStyle(each).borderTopStyle]")
    assert look[0].startswith("repeating-linear-gradient")
    assert look[1] == "solid"
    assert visitor.page.get_by_text("will not count: Tue, Mar 3 leave").is_visible()
    assert visitor.complaints == []
