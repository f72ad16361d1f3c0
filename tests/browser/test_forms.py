"""Filling in forms in a real browser: by keyboard, with an input method, and without losing what was typed."""

from __future__ import annotations

import pytest

from app.models import CourseClass, Customer
from tests.support.browser import wait_for

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
OPTIONS = ".combo-list:not([hidden]) [role=option]"
COMPOSE = """(input, text) => {
    input.dispatchEvent(new CompositionEvent('compositionstart', {bubbles: true}));
    input.value = text;
    input.dispatchEvent(new InputEvent('input', {bubbles: true, isComposing: true, data: text}));
}"""
ENTER_OF_A_COMPOSITION = """input => {
    const enter = new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, isComposing: true});
    const taken = !input.dispatchEvent(enter);
    input.dispatchEvent(new CompositionEvent('compositionend', {bubbles: true, data: input.value}));
    return taken;
}"""


@pytest.fixture
def person(sit_down, school, session):
    """`person("admin")` gives the page of somebody who is logged in."""
    session.commit()
    return lambda username, size=DESK: sit_down(username, viewport=size).page


def focused(page) -> str:
    return page.evaluate("document.activeElement.id")


def test_a_combobox_is_used_with_the_keyboard_alone(person, session):
    page = person("sanjiang")
    page.goto("/admin/customer/new/")
    page.fill("#name", "新客户")
    page.fill("#qq", "12345678")
    source = page.get_by_role("combobox", name="Source")
    assert source.input_value() == "QQ group"
    source.focus()
    page.keyboard.type("ads")
    options = page.locator(OPTIONS)
    options.first.wait_for()
    assert 1 <= options.count() < 16
    assert all("ads" in text for text in options.all_inner_texts())
    first = options.first.inner_text()
    assert source.get_attribute("aria-expanded") == "true"
    assert page.locator(f"#{source.get_attribute('aria-activedescendant')}").inner_text() == first
    page.keyboard.press("Escape")
    assert (source.get_attribute("aria-expanded"), source.input_value()) == ("false", "QQ group")
    page.keyboard.press("ArrowDown")
    options.first.wait_for()
    page.keyboard.press("ArrowDown")
    picked = page.locator(f"#{source.get_attribute('aria-activedescendant')}").inner_text()
    page.keyboard.press("Enter")
    assert source.input_value() == picked != "QQ group"
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/new/" not in url)
    assert str(session.query(Customer).one().source.label) == picked


def test_the_enter_that_ends_a_composition_picks_and_sends_nothing(person):
    page = person("admin")
    page.goto("/admin/customer/new/")
    source = page.get_by_role("combobox", name="Source")
    source.focus()
    source.evaluate(COMPOSE, "baidu")
    page.wait_for_timeout(300)
    assert source.get_attribute("aria-expanded") == "false", "nothing is looked for while composing"
    assert source.evaluate(ENTER_OF_A_COMPOSITION) is False, "the key is left to the input method"
    page.locator(OPTIONS).first.wait_for()
    assert page.locator("#source").input_value() == "1"
    assert page.url.endswith("/new/")
    page.keyboard.press("Enter")
    assert source.input_value().lower().startswith("baidu")


def test_a_date_is_typed_or_picked_in_the_calendar(person, session, school, clock):
    session.add(CourseClass(campus=school.beijing, course=school.python, semester=3, price=1, capacity=1,
                            start_date=clock.today(), teachers=[], tutor=None))
    session.commit()
    page = person("admin")
    page.goto("/admin/courseclass/edit/?id=1")
    start = page.locator("#start_date")
    start.fill("２０２６年4月5日")
    start.press("Tab")
    assert start.input_value() == "2026-04-05"
    opener = page.get_by_role("button", name="Choose a date: Start")
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Choose a date: Start").wait_for()
    wait_for(page, "document.activeElement.tagName.startsWith('CALENDAR-')")
    for key, day in (("ArrowRight", "6"), ("ArrowDown", "13")):
        page.keyboard.press(key)
        wait_for(page, f"document.activeElement.shadowRoot.activeElement?.textContent.trim() === '{day}'")
    page.keyboard.press("Enter")
    assert start.input_value() == "2026-04-13"
    assert page.get_by_role("dialog").count() == 0
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0
    assert "dated-open" in page.evaluate("document.activeElement.className")
    start.fill("2026-02-31")
    start.press("Tab")
    page.keyboard.press("Tab")
    assert page.locator("#start_date-errors").inner_text() == "Not a valid date value."


def test_a_follow_up_gets_its_next_contact_at_a_click(person, clock):
    page = person("sanjiang")
    page.goto("/admin/followup/new/")
    page.get_by_role("button", name="In 3 days").click()
    assert page.locator("#next_contact_on").input_value() == "2026-03-05"


def test_a_field_is_checked_when_it_is_left_and_never_while_typing(person):
    page = person("admin")
    page.goto("/admin/courseclass/new/")
    semester = page.locator("#semester")
    page.locator("#semester").focus()
    semester.press("Tab")
    assert page.locator("#semester-errors").count() == 0, "nothing was entered yet"
    semester.fill("x")
    assert page.locator("#semester-errors").count() == 0
    semester.press("Tab")
    assert page.locator("#semester-errors").inner_text() == "Not a valid integer value."
    assert (semester.get_attribute("aria-invalid"), semester.get_attribute("aria-describedby")) == (
        "true", "semester-errors")
    semester.fill("3")
    assert page.locator("#semester-errors").count() == 0
    page.get_by_role("button", name="Save", exact=True).click()
    summary = page.locator("[data-error-summary]")
    assert summary.evaluate("box => box === document.activeElement")
    assert summary.get_by_role("link").all_inner_texts() == ["Course", "Campus", "Price", "Start"]
    summary.get_by_role("link", name="Price").click()
    assert focused(page) == "price"


def test_unsaved_entries_are_not_left_without_asking_once(person):
    page = person("admin")
    asked = []

    def answer(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto("/admin/campus/edit/?id=1")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url("**/admin/campus/")
    assert asked == [], "nothing was changed"
    for leave in (lambda: page.get_by_role("link", name="Cancel").click(), page.reload, page.go_back):
        page.goto("/admin/campus/")
        page.goto("/admin/campus/edit/?id=1")
        page.locator("#title").click()
        page.keyboard.type("新")
        leave()
        page.wait_for_load_state()
        assert asked == ["beforeunload"]
        asked.clear()
    page.goto("/admin/campus/edit/?id=1")
    page.locator("#title").click()
    page.keyboard.type("新")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/campus/")
    assert asked == [], "what is saved is left freely"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_foot_of_a_long_form_hides_no_field_that_has_the_focus(person, size):
    page = person("admin", size)
    page.goto("/admin/customer/new/")
    save = page.get_by_role("button", name="Save", exact=True)
    assert save.is_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        hidden = page.evaluate("""() => {
            const field = document.activeElement, foot = document.querySelector('.form-foot');
            if (!field.closest('.form-group')) return '';
            const box = field.getBoundingClientRect();
            return box.bottom > foot.getBoundingClientRect().top + 1 ? field.id || field.outerHTML : '';
        }""")
        assert hidden == ""
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_of_two_who_change_the_same_the_second_takes_what_he_wants(person, session, school, make_customer):
    customer = make_customer("龙泰", qq="309914417", company="旧", courses=[school.python])
    address = f"/admin/customer/edit/?id={customer.id}"
    session.commit()
    mine, theirs = person("admin"), person("manager")
    for page in (mine, theirs):
        page.goto(address)
    theirs.fill("#company", "他们的")
    theirs.fill("#major", "他们的专业")
    theirs.get_by_role("button", name="Save", exact=True).click()
    theirs.wait_for_url(lambda url: "/edit/" not in url)
    mine.fill("#company", "我的")
    mine.fill("#major", "我的专业")
    mine.get_by_role("button", name="Save", exact=True).click()
    mine.locator(".conflict").wait_for()
    assert mine.locator(".conflict").evaluate("box => box === document.activeElement")
    mine.locator('[data-take="major"]').click()
    assert (mine.locator("#company").input_value(), mine.locator("#major").input_value()) == ("我的", "他们的专业")
    mine.get_by_role("button", name="Save mine over it").click()
    mine.wait_for_url(lambda url: "/edit/" not in url)
    session.refresh(customer)
    assert (customer.company, customer.major) == ("我的", "他们的专业")
