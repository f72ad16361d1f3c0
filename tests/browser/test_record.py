"""A customer's record page in a real browser: found by keyboard, followed up with one key, nothing typed is lost."""

from __future__ import annotations

import datetime as dt

import pytest

from app.models import Customer
from tests.support.visitor import log_in

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(sit_down):
    """`desk("sanjiang")` gives the page of a person who has just logged in, in a browser of his own."""
    people = []

    def page_of(username: str, **options):
        people.append(sit_down(username, **options))
        return people[-1].page

    yield page_of
    assert [complaint for person in people for complaint in person.complaints] == []


@pytest.fixture
def customer(make_customer, school, session, clock):
    """三江's customer, whom nobody has called for two days."""
    found = make_customer("周婷", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=2), mobile="13800138000",
                          courses=[school.python])
    identity = found.id
    session.commit()
    return identity


def open_record(page, customer_id: int) -> None:
    page.goto(f"/admin/record/?id={customer_id}")


def mark(page) -> None:
    """Leave a mark that a new page would not have."""
    page.evaluate("window.still = 'the same page'")


def is_the_same(page) -> bool:
    return page.evaluate("window.still") == "the same page"


def test_by_keyboard_alone_from_any_page_to_a_follow_up(desk, customer):
    page = desk("sanjiang")
    page.keyboard.press("Control+k")
    page.keyboard.type("周")
    page.get_by_role("option", name="周婷").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/customer/details/**")
    assert "2 days left" in page.inner_text(".clocks")
    mark(page)

    page.keyboard.press("f")
    page.keyboard.type("周末来试听")
    page.keyboard.press("Control+Enter")
    page.locator(".timeline .said", has_text="周末来试听").wait_for()

    assert "4 days left" in page.inner_text(".clocks")
    assert "Follow-up logged." in page.inner_text("#said")
    assert page.input_value("#log-note") == ""
    assert is_the_same(page)


def test_recently_opened_customers_come_first_in_the_palette(desk, customer):
    page = desk("sanjiang")
    open_record(page, customer)
    page.goto("/admin/")
    page.keyboard.press("Control+k")
    page.get_by_role("option", name="周婷").wait_for()
    assert "周婷" in page.get_by_role("option").first.inner_text()
    page.keyboard.press("ArrowUp")
    selected = page.locator('[role=option][aria-selected="true"]')
    assert selected.inner_text() == page.get_by_role("option").last.inner_text()  # once round
    page.keyboard.type("no such thing")
    page.get_by_text("Nothing found").first.wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("#palette").is_visible()


def test_screens_are_found_by_name_and_a_second_tab_by_ctrl_enter(desk, customer):
    page = desk("sanjiang")
    page.keyboard.press("Control+k")
    page.keyboard.type("pool")
    page.get_by_role("option", name="Public Pool").wait_for()
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    opened.value.wait_for_url("**/publicpool/**")
    assert page.url.endswith("/admin/")


def test_a_draft_outlives_a_reload_but_neither_the_session_nor_its_own_saving(desk, customer):
    page = desk("sanjiang")
    open_record(page, customer)
    page.fill("#log-note", "说了一半")
    page.reload()
    assert page.input_value("#log-note") == "说了一半"
    page.press("#log-note", "Control+Enter")
    page.locator(".timeline .said", has_text="说了一半").wait_for()
    page.reload()
    assert page.input_value("#log-note") == ""

    page.fill("#log-note", "第二次说了一半")
    page.locator(".account summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login**")
    assert page.evaluate("Object.keys(sessionStorage).length") == 0
    log_in(page, "sanjiang")
    open_record(page, customer)
    assert page.input_value("#log-note") == ""


def test_two_people_at_one_customer_see_each_others_changes(desk, customer, school):
    sanjiang, manager = desk("sanjiang"), desk("manager")
    for page in (sanjiang, manager):
        open_record(page, customer)
        mark(page)
    sanjiang.fill("#log-note", "我正在写")

    manager.fill("#log-note", "经理问了问")
    manager.press("#log-note", "Control+Enter")
    manager.locator(".timeline .said", has_text="经理问了问").wait_for()

    notice = sanjiang.locator("#changed")
    notice.wait_for(timeout=20_000)
    assert "A follow-up was logged meanwhile." in notice.inner_text()
    notice.get_by_role("button", name="Show").click()
    sanjiang.locator(".timeline .said", has_text="经理问了问").wait_for()
    assert sanjiang.input_value("#log-note") == "我正在写"
    assert not notice.is_visible()

    manager.get_by_role("link", name="Transfer…").click()
    manager.get_by_label("Consultant").first.fill("暴")
    manager.keyboard.press("Enter")
    manager.get_by_role("button", name="Transfer").last.click()
    manager.locator(".standing", has_text="暴雨").wait_for()

    sanjiang.locator("#changed", has_text="no longer here").wait_for(timeout=20_000)
    assert sanjiang.input_value("#log-note") == "我正在写"
    sanjiang.press("#log-note", "Control+Enter")
    sanjiang.locator("#log-refusal", has_text="someone else").wait_for()
    assert sanjiang.input_value("#log-note") == "我正在写"
    assert is_the_same(sanjiang)
    assert is_the_same(manager)


def test_claimed_released_and_edited_without_leaving_the_page(desk, make_customer, session, school):
    make_customer("龙泰", qq="409914418", courses=[school.python, school.linux])
    session.commit()
    page = desk("sanjiang")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/admin/publicpool/")
    page.get_by_role("link", name="龙泰").first.click()
    page.wait_for_url("**/publicpool/details/**")
    assert "409914418" not in page.inner_text("main")
    mark(page)

    page.keyboard.press("c")
    page.get_by_text("409914418").wait_for()
    assert "/customer/details/" in page.url

    page.get_by_role("button", name="Remove").first.click()
    page.get_by_text("The course was removed.").wait_for()

    page.locator(".doings").get_by_role("link", name="Edit").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Company").fill("新公司")
    form.get_by_label("Name").fill("龙13800138000")
    form.get_by_role("button", name="Save", exact=True).click()
    form.get_by_text("Nothing was saved yet").wait_for()
    assert form.get_by_label("Company").input_value() == "新公司"
    form.get_by_label("Name").fill("龙太")
    form.get_by_role("button", name="Save", exact=True).click()
    page.locator("h1", has_text="龙太").wait_for()
    assert "新公司" in page.inner_text("main")

    page.get_by_role("button", name="Release").click()
    page.wait_for_url("**/mycustomers/details/**")
    assert "409914418" not in page.inner_text("main")
    assert is_the_same(page)


def test_on_a_phone_nothing_scrolls_sideways_and_the_field_is_under_the_thumb(desk, customer):
    page = desk("sanjiang", viewport={"width": 390, "height": 844}, has_touch=True)
    open_record(page, customer)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("#log-note").bounding_box()
    assert box is not None
    assert box["y"] > 844 / 2
    page.locator("#log-note").tap()
    page.locator("#log-note").fill("周末来试听")
    page.get_by_role("button", name="Save", exact=True).last.tap()
    page.locator(".timeline .said", has_text="周末来试听").wait_for()


def test_everything_works_without_scripts(desk, customer, school):
    page = desk("manager", java_script_enabled=False)
    open_record(page, customer)
    page.fill("#log-note", "没有脚本")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_url("**/customer/details/**")
    assert "没有脚本" in page.inner_text(".timeline")
    page.get_by_role("link", name="Transfer…").click()
    page.get_by_label("暴雨").check()
    page.get_by_role("button", name="Transfer").click()
    page.wait_for_url("**/customer/details/**")
    assert "暴雨" in page.inner_text(".standing")


def test_the_next_contact_moves_with_two_clicks(desk, customer, make_follow_up, session, clock):
    make_follow_up(session.get_one(Customer, customer), "周末再说", next_contact_on=clock.today())
    session.commit()
    page = desk("sanjiang")
    open_record(page, customer)
    mark(page)
    step = page.locator(".next-step")
    step.get_by_text("Change").click()
    step.get_by_role("button", name="Next week").click()
    step.get_by_role("button", name="Save").click()
    planned = (clock.today() + dt.timedelta(days=7)).isoformat()
    page.locator(f'.next-step time[datetime="{planned}"]').wait_for()
    assert is_the_same(page)
