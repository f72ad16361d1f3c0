"""Lists in a browser: typing with an input method, columns and views by keyboard, and nothing scrolls sideways."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import SavedView

pytestmark = pytest.mark.browser

TABLES = ("customer", "followup", "distribution", "salesrank", "courseclass", "course", "campus", "department",
          "employee", "role", "session", "audit")


@pytest.fixture
def admin(sit_down, school, make_customer, make_follow_up, session):
    """The page of an admin of a school with a few customers."""
    for name in ("龙泰", "龙飞", "周婷"):
        make_follow_up(make_customer(name, holder=school.sanjiang, courses=[school.python]))
    session.commit()
    return sit_down("admin", viewport={"width": 1280, "height": 800}).page


def rows(page) -> list[str]:
    return page.locator("td.lead").all_inner_texts()


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=str)
def test_open_filters_leave_what_was_pressed_where_it_is(admin, size):
    admin.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    admin.goto("/admin/customer/")
    button, form = admin.locator(".filters > summary"), admin.locator("#filter_form")
    place = button.bounding_box()
    button.click()
    form.wait_for()
    assert button.bounding_box() == place
    assert form.bounding_box()["width"] > size[0] * 0.7
    menu, above = admin.locator(".columns-menu > summary").bounding_box(), form.bounding_box()
    assert menu["y"] + menu["height"] <= above["y"]
    assert menu["x"] > place["x"] + place["width"]


class TestTyping:
    def test_finds_without_a_new_page_and_says_how_many(self, admin):
        admin.goto("/admin/customer/")
        admin.evaluate("window.still = 'the same page'")
        admin.keyboard.press("/")
        admin.keyboard.type("龙")
        admin.locator("[data-found]", has_text="Found: 2").wait_for(state="attached")
        assert sorted(rows(admin)) == ["龙泰", "龙飞"]
        assert admin.url.endswith("/admin/customer/?search=%E9%BE%99")
        assert admin.evaluate("window.still") == "the same page"
        assert admin.evaluate("document.activeElement.name") == "search"
        admin.keyboard.press("Backspace")
        admin.locator("[data-found]", has_text="Found: 3").wait_for(state="attached")
        assert admin.url.endswith("/admin/customer/")

    def test_sends_nothing_while_an_input_method_composes(self, admin):
        admin.goto("/admin/customer/")
        asked: list[str] = []
        admin.on("request", lambda request: asked.append(request.url) if "search=" in request.url else None)
        admin.locator("[data-search]").focus()
        client = admin.context.new_cdp_session(admin)
        for text in ("l", "lo", "long"):
            client.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text),
                                                    "selectionEnd": len(text)})
            admin.wait_for_timeout(400)
        assert asked == []
        client.send("Input.insertText", {"text": "龙"})
        admin.locator("[data-found]", has_text="Found: 2").wait_for(state="attached")
        assert len(asked) == 1
        assert asked[0].endswith("search=%E9%BE%99")

    def test_keeps_the_ticks_and_the_bulk_bar_working(self, admin):
        admin.goto("/admin/customer/")
        admin.locator("[data-search]").press_sequentially("龙泰")
        admin.locator("[data-found]", has_text="Found: 1").wait_for(state="attached")
        admin.locator("td.tick input").check()
        assert admin.locator(".bulk [data-ticked]").inner_text() == "1"


class TestByKeyboard:
    def test_columns_are_chosen_and_put_in_order(self, admin):
        admin.goto("/admin/customer/")
        admin.locator(".columns-menu > summary").focus()
        admin.keyboard.press("Enter")
        admin.get_by_role("checkbox", name="Source").focus()
        admin.keyboard.press("Space")
        admin.get_by_role("button", name="Move up: Mobile").focus()
        admin.keyboard.press("Enter")
        assert admin.evaluate("document.activeElement.getAttribute('aria-label')") == "Move up: Mobile"
        admin.get_by_role("checkbox", name="Mobile").focus()
        with admin.expect_navigation():
            admin.keyboard.press("Enter")
        headers = [each.strip() for each in admin.locator("th.column-header").all_text_contents()]
        assert headers[:3] == ["Name", "Mobile", "Status"]
        assert headers[-1] == "Source"

    def test_a_view_is_saved_and_opened(self, admin, session):
        admin.goto("/admin/customer/?search=龙")
        admin.get_by_text("Save view").focus()
        admin.keyboard.press("Enter")
        admin.get_by_role("textbox", name="Name").focus()
        admin.keyboard.type("Dragons")
        admin.keyboard.press("Enter")
        admin.wait_for_url("**view=*")
        assert admin.locator(".views [aria-current]").inner_text() == "Dragons"
        assert session.scalars(select(SavedView.search)).one() == "龙"
        session.commit()
        admin.goto("/admin/customer/")
        admin.locator(".views").get_by_role("link", name="Dragons").press("Enter")
        admin.wait_for_url("**view=*")
        assert sorted(rows(admin)) == ["龙泰", "龙飞"]


@pytest.mark.parametrize("width", [1280, 1024, 768, 390])
def test_no_list_scrolls_sideways_or_cuts_anything(admin, width):
    admin.set_viewport_size({"width": width, "height": 844})
    for table in TABLES:
        admin.goto(f"/admin/{table}/")
        assert admin.evaluate("document.documentElement.scrollWidth") <= width, table
        wide = admin.evaluate("""[...document.querySelectorAll('.table-wrap, .table-wrap table')]
            .filter(each => each.getBoundingClientRect().right > innerWidth || each.scrollWidth > each.clientWidth + 1)
            .map(each => each.className)""")
        assert wide == [], table


TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll(".table-wrap")].filter(
    each => each.scrollWidth > each.clientWidth).map(each => `${each.scrollWidth} in ${each.clientWidth}`)"""


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [768, 1024, 1280])
@pytest.mark.parametrize("username", ["manager", "sanjiang"])
def test_the_main_lists_fit_a_tablet_and_a_small_desk(visit, username, width, language):
    page = visit(username, language, viewport={"width": width, "height": 800}).page
    for path in ("publicpool", "mycustomers", "customer", "distribution", "followup"):
        page.goto(f"/admin/{path}/")
        assert page.evaluate(TOO_WIDE) == [], path


def test_a_row_of_two_lines_hides_nothing_of_a_customer(visit):
    page = visit("sanjiang", viewport={"width": 1024, "height": 800}).page
    for path in ("publicpool", "mycustomers"):
        page.goto(f"/admin/{path}/")
        said = [cell for cell in page.locator("table :is(th:not(.actions), td)").all() if cell.text_content().strip()]
        assert len(said) > 10
        assert [cell.text_content() for cell in said if not cell.is_visible()] == []
