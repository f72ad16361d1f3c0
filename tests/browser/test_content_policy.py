"""The content security policy in a real browser: people work under it, and what it forbids does not run.

That each screen loads under it stands in test_network.py.
"""

from __future__ import annotations

import datetime as dt

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def busy_school(school, make_customer, make_follow_up, session, clock):
    """Something to see on every screen."""
    make_follow_up(make_customer("龙泰", holder=school.sanjiang, courses=[school.python], mobile="13800138000"))
    make_customer("周婷", holder=school.dasha, on=clock.today() - dt.timedelta(days=4), courses=[school.linux])
    session.commit()
    return school


def test_what_people_do_on_the_screens_does_not_break_it(sit_down, busy_school):
    person = sit_down("sanjiang", viewport={"width": 390, "height": 780})
    page = person.page
    page.goto("/admin/mycustomers/")
    page.get_by_text("Log follow-up").first.click()
    page.get_by_role("dialog").get_by_label("What was said").fill("周末来试听")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    page.get_by_role("link", name="Menu").click()
    page.locator("#sidebar").get_by_role("link", name="Public Pool").click()
    page.wait_for_url("**/publicpool/**")
    page.get_by_role("button", name="Claim").last.click()
    page.wait_for_load_state()
    assert person.complaints == []


def test_forms_look_rows_up_under_it(sit_down, busy_school):
    person = sit_down("admin")
    person.page.goto("/admin/customer/new/")
    box = person.page.locator("input[role=combobox]").first
    box.click()
    box.press_sequentially("周婷")
    person.page.get_by_text("Nothing found").wait_for()  # no enrolled student of that name
    assert person.complaints == []


class TestDeletingARow:
    @pytest.fixture
    def page(self, sit_down, busy_school):
        person = sit_down("admin")
        person.page.goto("/admin/campus/")
        yield person.page
        assert person.complaints == []

    @staticmethod
    def delete(page, *, confirmed: bool) -> str:
        asked = []

        def answer(dialog) -> None:
            asked.append(dialog.message)
            dialog.accept() if confirmed else dialog.dismiss()

        page.once("dialog", answer)
        page.locator("tr", has_text="上海校区").get_by_role("button", name="Delete").click()
        page.wait_for_load_state()
        (question,) = asked
        page.goto("/admin/campus/")
        return question

    def test_asks_first_and_leaves_it_if_the_answer_is_no(self, page):
        assert "上海校区" in self.delete(page, confirmed=False)
        assert "上海校区" in page.inner_text("main")

    def test_is_done_if_the_answer_is_yes(self, page):
        self.delete(page, confirmed=True)
        assert "上海校区" not in page.inner_text("main")
        assert "北京校区" in page.inner_text("main")


INJECTED = """
<script>window.ran = 'a script'</script>
<script src="/static/gonghai.js"></script>
<script src="data:text/javascript,window.ran='a script from elsewhere'"></script>
<img src="/nothing" onerror="window.ran = 'a handler'">
<svg onload="window.ran = 'a handler of a drawing'"></svg>
<a id="link" href="javascript:window.ran = 'a link'">x</a>
<p id="hidden" style="display: none">x</p>
<style>main { display: none }</style>
<iframe srcdoc="<script>parent.ran = 'a frame'</script>"></iframe>
<iframe src="/login"></iframe>
<object data="/static/favicon.svg"></object>
<base href="http://127.0.0.1:1/">
<img src="http://127.0.0.1:1/leads">
<form id="form" action="http://127.0.0.1:1/" method="post"></form>
"""


def test_what_somebody_smuggled_into_a_page_does_not_run(sit_down, busy_school):
    """The page as it would be if a text had not been escaped."""
    person = sit_down("admin")
    page = person.page

    def smuggle(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{INJECTED}</main>"))

    page.route("**/admin/campus/", smuggle)
    page.goto("/admin/campus/")
    page.evaluate("document.getElementById('link').click()")
    page.evaluate("document.getElementById('form').submit()")
    page.evaluate("setTimeout(() => fetch('http://127.0.0.1:1/leads').catch(() => 0))")
    page.evaluate("setTimeout(() => { document.body.innerHTML = '<b>x</b>' })")
    page.wait_for_timeout(300)

    assert page.evaluate("window.ran") is None
    assert page.url.endswith("/admin/campus/")
    assert page.evaluate("document.baseURI") == page.url
    assert page.locator("main").is_visible()
    assert page.locator("#hidden").is_visible()
    forbidden = {said.split("VIOLATION ")[1].split()[0] for said in person.complaints if "VIOLATION" in said}
    assert forbidden >= {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "frame-src",
                         "object-src", "base-uri", "img-src", "form-action", "connect-src",
                         "require-trusted-types-for"}
