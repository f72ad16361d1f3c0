"""The forms of the own account in a real browser: what is wrong is said at the field, before anything is sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support import phone as phones

pytestmark = pytest.mark.browser

CHOSEN = "a red tulip on the piano"


@pytest.fixture
def person(sit_down, school, session):
    """The page of 三江, who has just logged in; nothing was complained about at the end."""
    session.commit()
    visitor = sit_down("sanjiang")
    yield visitor.page
    assert visitor.complaints == []


@pytest.fixture
def sent(person):
    """What was sent by forms."""
    posts: list[str] = []
    person.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    return posts


def errors(page, field: str):
    return page.locator(f"#{field}-errors")


def test_a_new_password_is_looked_at_while_it_is_chosen(person, sent):
    person.goto("/account/password")
    new, again = person.locator("#chosen"), person.locator("#again")
    new.fill("tulip")
    again.focus()
    expect(errors(person, "chosen")).to_contain_text("The password is too short")
    expect(new).to_have_attribute("aria-invalid", "true")
    new.fill(CHOSEN)
    expect(errors(person, "chosen")).to_have_count(0)
    expect(new).to_have_attribute("aria-describedby", "chosen-help")
    again.fill("a blue tulip on the piano")
    new.focus()
    expect(errors(person, "again")).to_have_text("This is not the same as above.")
    new.fill("a blue tulip on the piano")
    expect(errors(person, "again")).to_have_count(0)

    person.get_by_role("button", name="Save the new password").click()
    expect(errors(person, "present")).to_have_text("This field is required.")
    assert person.evaluate("document.activeElement.id") == "present"
    assert sent == []
    person.fill("#present", "demo-pass-2026")
    person.get_by_role("button", name="Save the new password").click()
    person.wait_for_url("**/account/")
    assert len(sent) == 1


def test_several_faults_stand_above_the_form_each_with_its_field(person, sent):
    person.goto("/account/password")
    person.get_by_role("button", name="Save the new password").click()
    summary = person.locator("[data-error-summary]")
    expect(summary.get_by_role("link")).to_have_text(["Present password", "New password", "New password, once more"])
    summary.get_by_role("link", name="New password", exact=True).click()
    assert person.evaluate("document.activeElement.id") == "chosen"
    assert sent == []


def test_a_second_factor_is_not_set_up_without_its_code(person, sent):
    person.goto("/account/second-factor/")
    person.get_by_role("button", name="Set up").click()
    person.fill("#password", "demo-pass-2026")
    person.get_by_role("button", name="Switch on").click()
    expect(errors(person, "code")).to_have_text("This field is required.")
    person.fill("#code", "1" * 65)
    person.locator("#password").focus()
    expect(errors(person, "code")).to_contain_text("64")
    assert len(sent) == 1  # the setting up alone


def test_neither_field_of_the_second_step_of_a_login_is_sent_empty(visit_in_two_steps, school, session, clock):
    page = visit_in_two_steps
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Continue").first.click()
    expect(errors(page, "code")).to_have_text("This field is required.")
    page.get_by_text("My phone is not at hand").click()
    page.get_by_role("button", name="Continue").last.click()
    expect(errors(page, "recovery-code")).to_have_text("This field is required.")
    assert page.evaluate("document.activeElement.id") == "recovery-code"
    assert posts == []


@pytest.fixture
def visit_in_two_steps(sit_down, school, session, clock):
    """The page on which 三江, who has a second factor, is asked for its code."""
    phones.set_up(session, school.sanjiang, clock)
    page = sit_down().page
    page.fill("[name=username]", "sanjiang")
    page.fill("[name=password]", "demo-pass-2026")
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/account/second-factor/**")
    return page
