"""The scripts of others, in a real browser: they do their work under our content policy."""

from __future__ import annotations

import pytest

from tests.support.browser import wait_for

pytestmark = pytest.mark.browser

CALENDAR = """
<script type="module" src="/static/vendor/cally.js" nonce="{nonce}"></script>
<calendar-date id="calendar" locale="{locale}" value="2018-05-19"><calendar-month></calendar-month></calendar-date>
"""
CHART = """
<script src="/static/vendor/chart.umd.min.js" nonce="{nonce}"></script>
<div><canvas id="chart" width="300" height="150"></canvas></div>
"""

FOCUSED = """(() => {
    let inner = document.activeElement;
    while (inner.shadowRoot?.activeElement) inner = inner.shadowRoot.activeElement;
    return inner.textContent.trim();
})()"""


@pytest.fixture
def page_with(sit_down, school, session):
    """A page of ours with something added to its content."""
    session.commit()
    person = sit_down("admin")

    def page_with(html: str, **values):
        def add(route) -> None:
            answer = route.fetch()
            nonce = answer.headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
            added = html.format(nonce=nonce, **values)
            route.fulfill(response=answer, body=answer.text().replace("</main>", f"{added}</main>"))

        person.page.route("**/admin/campus/", add)
        person.page.goto("/admin/campus/")
        return person.page

    yield page_with
    assert person.complaints == []


@pytest.mark.parametrize(("locale", "month"), [("en", "May"), ("zh-Hans", "五月"), ("zh-Hant", "5月")])
def test_the_calendar_speaks_the_language_and_is_used_by_mouse_and_keyboard(page_with, locale, month):
    page = page_with(CALENDAR, locale=locale)
    page.locator("calendar-date").get_by_text(month).first.wait_for(state="attached")
    page.locator("calendar-month button", has_text="23").click()
    assert page.evaluate("document.getElementById('calendar').value") == "2018-05-23"
    page.keyboard.press("ArrowRight")
    wait_for(page, f"{FOCUSED} === '24'")
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('calendar').value") == "2018-05-24"


def test_a_chart_is_drawn(page_with):
    page = page_with(CHART)
    drawn = page.evaluate("""() => {
        const canvas = document.getElementById("chart");
        new Chart(canvas, {type: "bar", data: {labels: ["a"], datasets: [{data: [3]}]}, options: {animation: false}});
        return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
    }""")
    assert drawn
