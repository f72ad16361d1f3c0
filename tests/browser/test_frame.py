"""What is around every screen, in a real browser: menu, account menu, light and dark."""

from __future__ import annotations

import pytest

from tests.support.browser import wait_for

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 780}
GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def page_of(visit):
    """The page of somebody at the demo school, to look at only."""
    people = []

    def page_of(username: str, **options):
        person = visit(username, **options)
        people.append(person)
        return person.page

    yield page_of
    assert [complaint for person in people for complaint in person.complaints] == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_page_with_little_on_it_does_not_scroll(page_of, size):
    page = page_of("tutor", viewport=size)
    page.goto("/nothing")
    assert page.locator(".banner").is_visible()
    width, height = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert (width, height) == (size["width"], size["height"])


class TestTheAccountMenu:
    @pytest.fixture
    def page(self, page_of):
        page = page_of("sanjiang", viewport=PHONE, color_scheme="light")
        page.locator(".account summary").click()
        return page

    def test_fits_a_phone(self, page):
        panel = page.locator(".account .panel").bounding_box()
        assert panel["x"] >= 0
        assert panel["x"] + panel["width"] <= PHONE["width"]
        for button in page.locator(".account .panel button, .account .panel a").all():
            box = button.bounding_box()
            assert box["height"] >= 40
            assert box["x"] + box["width"] <= panel["x"] + panel["width"]

    def test_closes_with_escape_and_gives_the_focus_back(self, page):
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        assert not page.locator(".account .panel").is_visible()
        assert page.evaluate("document.activeElement.matches('.account summary')")

    def test_closes_when_the_focus_leaves_it(self, page):
        page.get_by_role("button", name="Log out").focus()
        page.keyboard.press("Tab")
        assert not page.locator(".account .panel").is_visible()


class TestAChoice:
    @pytest.fixture
    def page(self, sit_down, school, session):
        session.commit()
        person = sit_down("sanjiang", viewport=PHONE, color_scheme="light")
        person.page.locator(".account summary").click()
        yield person.page
        assert person.complaints == []

    def test_makes_it_dark_at_once_and_from_then_on(self, page):
        before = page.evaluate(GROUND)
        page.get_by_role("button", name="Dark", exact=True).click()
        page.wait_for_load_state()
        dark = page.evaluate(GROUND)
        assert dark != before
        page.goto("/admin/publicpool/")
        assert page.evaluate(GROUND) == dark
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(GROUND) == dark
        page.emulate_media(media="print")
        assert page.evaluate(GROUND) == before, "paper is light"

    def test_changes_the_language_and_comes_back_to_the_page(self, page):
        page.goto("/admin/mycustomers/?q=x")
        page.locator(".account summary").click()
        page.get_by_role("button", name="繁體中文").click()
        page.wait_for_load_state()
        assert page.url.endswith("/admin/mycustomers/?q=x")
        assert page.evaluate("document.documentElement.lang") == "zh-Hant"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_as_the_device_has_it_follows_the_device(page_of, scheme):
    page = page_of("sanjiang", color_scheme=scheme)
    first = page.evaluate(GROUND)
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    assert page.evaluate(GROUND) != first


class TestTheDrawer:
    @pytest.fixture
    def page(self, page_of):
        page = page_of("sanjiang", viewport=PHONE)
        page.get_by_role("link", name="Menu").click()
        return page

    def test_keeps_the_focus_while_it_is_open(self, page):
        page.locator("#sidebar").get_by_role("link", name="Public Pool").wait_for()
        for _ in range(30):
            page.keyboard.press("Tab")
            assert page.evaluate("!document.activeElement.closest('.page, .tabbar')")

    def test_closes_with_escape_and_gives_the_focus_back(self, page):
        page.keyboard.press("Escape")
        wait_for(page, "getComputedStyle(document.getElementById('sidebar')).visibility === 'hidden'")
        assert page.evaluate("document.activeElement.matches('.tabbar [data-drawer]')")

    def test_closes_when_the_page_is_touched(self, page):
        page.mouse.click(370, 400)
        wait_for(page, "!document.documentElement.classList.contains('drawer-open')")
        page.get_by_role("link", name="My Customers").last.click()
        page.wait_for_url("**/mycustomers/")

    def test_is_gone_when_the_window_grows(self, page):
        page.set_viewport_size(DESK)
        wait_for(page, "!document.querySelector('.page').inert")
