"""Nobody is kept out: WCAG 2.2 A and AA on every screen, at a desk and on a phone, by day and by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from app.models import Customer, SalesRank
from app.models.choices import AssignmentStrategy
from app.services import assignment
from tests.support import axe
from tests.support import phone as phones
from tests.support.pages import endpoint_of
from tests.support.people import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
WIDTHS = (1280, 1024, 768, 390)
HIGHEST = 12_000

TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("main, main *")].filter(each =>
    each.scrollWidth > each.clientWidth + 1 && each.clientWidth
    && (each === document.documentElement || each.matches(".table-wrap")
        || innerWidth < 400 && ["auto", "scroll"].includes(getComputedStyle(each).overflowX)))
    .map(each => `${each.localName}.${each.className} is ${each.scrollWidth} wide in ${each.clientWidth}`)"""
"""Neither the page itself nor a list scrolls sideways; on a phone nothing within it does either."""

PARTS = """() => [...document.querySelectorAll("dialog, details")].map((part, index) => {
    part.dataset.part = index;
    return [...part.querySelectorAll("*")].map(each => each.localName + each.className).join();
})"""
OPEN = """index => {
    const part = document.querySelector(`[data-part="${index}"]`);
    part.localName === "dialog" ? part.open || part.showModal() : part.open = true;
    return part.checkVisibility();
}"""
SHUT = """index => {
    const part = document.querySelector(`[data-part="${index}"]`);
    part.localName === "dialog" ? part.close() : part.open = false;
}"""


class Examiner:
    """Opens screens as somebody and writes down what is wrong with them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.examined = 0
        self._parts: set[tuple[str, str]] = set()
        page.context.add_init_script(axe.source())
        page.emulate_media(reduced_motion="reduce")

    def open(self, address: str) -> None:
        answer = self.page.goto(address)
        assert answer is not None
        assert answer.status < 500, address
        assert "require-trusted-types-for" in answer.headers["content-security-policy"]
        axe.keep_one_row_of_each_kind(self.page)

    def examine(self, size: dict[str, int], scheme: str, within: str | None = None, *,
                colours_only: bool = False) -> None:
        """Look at the page as it stands at that size and in these colours."""
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme)
        # As high as the page, so that the bars at its foot lie over nothing that scrolling would free.
        height = min(self.page.evaluate("document.documentElement.scrollHeight"), HIGHEST)
        self.page.set_viewport_size({**size, "height": max(height, size["height"])})
        self.examined += 1
        for fault in axe.violations(self.page, within, colours_only=colours_only):
            self._note(fault, f"{size['width']} {scheme}")

    def examine_in_every_form(self) -> None:
        """At a desk and on a phone, by day and by night, and whether something scrolls sideways.

        By night only the colours differ, so only what depends on them is looked at again.
        """
        axe.keep_one_row_of_each_kind(self.page)
        for size in (DESK, PHONE):
            self.examine(size, "light")
            self.examine(size, "dark", colours_only=True)
        self.measure()

    def examine_what_opens(self, size: dict[str, int], scheme: str) -> None:
        """Open every menu and dialog of the page, one after the other; those of every page once."""
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme)
        for index, made_of in enumerate(self.page.evaluate(PARTS)):
            if (made_of, scheme) not in self._parts and self.page.evaluate(OPEN, index):
                self._parts.add((made_of, scheme))
                self.examine(size, scheme, f'[data-part="{index}"]')
                self.page.evaluate(SHUT, index)

    def measure(self) -> None:
        """See whether something scrolls sideways."""
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 800})
            for fault in self.page.evaluate(TOO_WIDE):
                self._note(fault, str(width))

    def _note(self, fault: str, how: str) -> None:
        self.wrong.append(f"{self.page.url.partition('/admin')[2] or self.page.url} at {how}: {fault}")


@pytest.fixture
def examine(visit) -> Iterator[Callable[..., Examiner]]:
    """`examine("sanjiang", "zh-CN")` looks at the demo school, or with `at=sit_down` at the test's own.

    At the end nothing may be wrong.
    """
    made: list[Examiner] = []

    def examiner(*who: Any, at: Callable[..., Any] = visit) -> Examiner:
        made.append(Examiner(at(*who).page))
        return made[-1]

    yield examiner
    wrong = [fault for each in made for fault in each.wrong]
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(dict.fromkeys(wrong))


@pytest.mark.parametrize(("username", "fewest"), [("admin", 50), ("sanjiang", 8)])
def test_every_screen_in_every_form(demo, examine, username, fewest):
    """The administrator's, and those a consultant has to himself or works in all day."""
    examiner = examine(username)
    known = set() if username == "admin" else routes_of(demo, "admin") - ALL_DAY
    for address in demo.screens(username):
        if endpoint_of(demo.app, address) in known:
            continue
        examiner.open(address)
        examiner.examine_in_every_form()
        examiner.examine_what_opens(PHONE, "dark")
        examiner.examine_what_opens(DESK, "light")
    assert examiner.examined >= fewest * 4


ALL_DAY = {"/admin/", "/admin/publicpool/", "/admin/publicpool/details/", "/admin/mycustomers/",
           "/admin/mycustomers/details/", "/admin/customer/new/"}


def routes_of(demo, username: str) -> set[str | None]:
    return {endpoint_of(demo.app, address) for address in demo.screens(username)}


ROLES = {
    "manager": ("zh-CN", DESK, "light"), "sanjiang": ("zh-TW", PHONE, "light"), "tutor": ("zh-CN", PHONE, "dark"),
    "teacher": ("zh-TW", DESK, "light"), "finance": ("en-US", PHONE, "light"), "auditor": ("zh-CN", DESK, "dark")}


@pytest.mark.parametrize(("username", "language", "size", "scheme"), [
    *((username, *how) for username, how in ROLES.items()),
    ("admin", "zh-CN", PHONE, "light"), ("admin", "zh-TW", DESK, "dark")])
def test_every_screen_for_every_role_and_in_every_language(demo, examine, username, language, size, scheme):
    """Each role in one of the languages; the administrator in both Chinese, where nobody else has been."""
    seen = {address for other, (theirs, *_) in ROLES.items() if username not in ROLES and theirs == language
            for address in demo.screens(other)}
    examiner = examine(username, language)
    for address in demo.screens(username):
        if address in seen:
            continue
        examiner.open(address)
        examiner.examine(size, scheme)
        if size is PHONE:
            examiner.measure()


EMPTY = """() => {
    const form = document.querySelector("main form.admin-form, main form[method=post]");
    for (const field of form.elements)
        if (!["hidden", "submit", "checkbox"].includes(field.type) && field.localName !== "fieldset") field.value = "";
    HTMLFormElement.prototype.submit.call(form);  // past the script that would not send it
}"""


@pytest.mark.parametrize("username", ["admin", "sanjiang"])
def test_forms_that_were_refused(demo, examine, username):
    examiner = examine(username)
    page = examiner.page
    refused = 0
    for address in demo.screens(username):
        if "/new/" not in address and "/edit/" not in address:
            continue
        examiner.open(address)
        if page.locator("main form .required").count():
            with page.expect_navigation():
                page.evaluate(EMPTY)
            assert page.locator("[aria-invalid=true]").count(), f"{address} was not refused"
            refused += 1
            examiner.examine(DESK, "dark")
            examiner.examine(PHONE, "light")
    assert refused


def test_lists_where_nothing_is_found(examine):
    examiner = examine("admin")
    for address in ("/admin/customer/?search=nobody", "/admin/publicpool/?q=nobody", "/admin/audit/?search=nobody"):
        examiner.open(address)
        examiner.examine(DESK, "light")
        examiner.examine(PHONE, "dark")


def test_pages_that_say_no(examine):
    examiner = examine("sanjiang")
    for address, status in (("/admin/nowhere/", 404), ("/admin/jobs/", 403), ("/login?a=%00", 400)):
        assert examiner.page.request.get(address, headers={"Accept": "text/html"}).status == status, address
        examiner.open(address)
        examiner.examine(DESK, "dark")
        examiner.examine(PHONE, "light")


def test_the_login_and_its_refusal(examine):
    examiner = examine()
    page = examiner.page
    page.goto("/login")
    for _each in range(2):
        for scheme in ("light", "dark"):
            examiner.examine(DESK, scheme)
            examiner.examine(PHONE, scheme)
        page.fill("[name=username]", "nobody")
        page.fill("[name=password]", "a wrong password")
        page.press("[name=password]", "Enter")
        page.locator("[role=alert], .errors").first.wait_for()


def send_login(page: Page, password: str = PASSWORD) -> None:
    """三江 sends the login form, and gets no further than the next step."""
    page.fill("[name=username]", "sanjiang")
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/account/**")


def test_the_second_step_of_a_login(sit_down, examine, school, session, clock):
    phone = phones.set_up(session, school.sanjiang, clock)
    examiner = examine(at=sit_down)
    page = examiner.page
    page.goto("/login")  # the script that examines is in the pages from here on
    send_login(page)
    examiner.examine_in_every_form()
    page.get_by_text("My phone is not at hand").click()
    examiner.examine_in_every_form()
    page.fill("#code", phone.wrong_code())
    page.press("#code", "Enter")
    page.locator("#code-errors").wait_for()
    examiner.examine_in_every_form()
    page.fill("#code", phone.code())
    page.press("#code", "Enter")
    page.wait_for_url("**/admin/**")
    examiner.open("/account/second-factor/")
    examiner.examine_in_every_form()


def test_setting_up_a_second_factor(sit_down, examine, school, session, clock):
    session.commit()
    examiner = examine("sanjiang", at=sit_down)
    page = examiner.page
    examiner.open("/account/second-factor/")
    page.get_by_role("button", name="Set up").click()
    page.locator("img.qr").wait_for()
    examiner.examine_in_every_form()
    phone = phones.Phone(page.inner_text("code.key").replace(" ", ""), clock, [])
    page.fill("#password", PASSWORD)
    page.fill("#code", phone.code())
    page.press("#code", "Enter")
    page.locator(".recovery-codes").wait_for()
    examiner.examine_in_every_form()


def test_a_one_time_password_and_the_choice_it_forces(sit_down, examine, school, session):
    session.commit()
    admin = examine("admin", at=sit_down)
    admin.page.on("dialog", lambda question: question.accept())
    admin.page.goto("/admin/employee/")
    admin.page.locator("tr", has_text="三江").get_by_role("button", name="New password").click()
    given = admin.page.inner_text("[data-one-time-password]")
    admin.examine_in_every_form()
    chooser = examine(at=sit_down)
    chooser.page.goto("/login")
    send_login(chooser.page, given)
    chooser.page.get_by_role("heading", name="Choose your password").wait_for()
    chooser.examine_in_every_form()
    chooser.page.get_by_role("button", name="Save the new password").click()
    chooser.page.locator("[data-error-summary]").wait_for()
    chooser.examine_in_every_form()


def test_the_review_of_changed_permissions(examine):
    examiner = examine("admin")
    examiner.page.goto("/admin/matrix/")
    for code in ("customer.export", "publicpool.claim", "customer.release"):
        examiner.page.locator(f'input[name="grant"][value$=":{code}"]').nth(2).click()
    examiner.page.get_by_role("button", name="Review…").click()
    examiner.page.wait_for_url("**/review/")
    assert examiner.page.locator(".role-changes li").count() > 2
    examiner.examine_in_every_form()


def test_a_form_that_somebody_else_saved_meanwhile(sit_down, examine, make_customer, school, session):
    customer = make_customer("龙泰", holder=school.sanjiang, company="三江公司").id
    session.commit()
    examiner = examine("sanjiang", at=sit_down)
    page = examiner.page
    examiner.open(f"/admin/customer/edit/?id={customer}")
    theirs = session.get_one(Customer, customer)
    theirs.company, theirs.major = "主管的公司", "数学"
    session.commit()
    page.fill("#company", "我的公司")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".conflict").wait_for()
    assert page.get_by_role("button", name="Take this").count() == 1
    examiner.examine_in_every_form()


@pytest.mark.parametrize("username", ["admin", "sanjiang"])
def test_the_palette_with_what_it_found(examine, username):
    examiner = examine(username)
    examiner.open("/admin/")
    examiner.page.keyboard.press("Control+k")
    examiner.page.keyboard.type("a" if username == "admin" else "张")
    examiner.page.locator("#palette [role=option]").nth(1).wait_for()
    examiner.page.keyboard.press("ArrowDown")
    examiner.examine_in_every_form()


def test_moving_customers(sit_down, examine, make_customer, school, session):
    for number in range(3):
        make_customer(f"客{number}", holder=school.sanjiang)
    leaver = school.sanjiang.id
    session.commit()
    examiner = examine("admin", at=sit_down)
    page = examiner.page
    examiner.open("/admin/customer/")
    for tick in page.locator("[data-tick]").all()[:2]:
        tick.check()
    page.locator("#action").select_option("assign")
    page.locator("#action_form button.primary").click()
    page.get_by_role("heading", name="Assign customers").wait_for()
    examiner.examine_in_every_form()
    examiner.open(f"/admin/employee/edit/?id={leaver}")
    page.get_by_label("Active").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".asks-first").wait_for()
    examiner.examine_in_every_form()
    page.get_by_role("link", name="Hand over or release…").click()
    page.get_by_role("button", name="Hand over 3 customers").click()
    page.get_by_text("Choose who gets the customers.").wait_for()
    examiner.examine_in_every_form()
    page.get_by_label("暴雨").check()
    page.get_by_role("button", name="Hand over 3 customers").click()
    page.get_by_role("heading", name="Who got whom").wait_for()
    examiner.examine_in_every_form()
    examiner.open("/admin/transfer/")
    examiner.examine_in_every_form()


def test_merging_customers(sit_down, examine, make_customer, school, session):
    one, other = (make_customer("王芳", holder=holder, company=f"{holder.name}的厂").id
                  for holder in (school.sanjiang, school.baoyu))
    session.commit()
    examiner = examine("admin", at=sit_down)
    examiner.open(f"/admin/merge/?customer={one}&other={other}")
    examiner.examine_in_every_form()
    examiner.page.locator(".merge button.primary").click()
    examiner.page.locator("#more").wait_for()
    examiner.open(f"/admin/merge/details/?customer={one}")
    examiner.examine_in_every_form()


@pytest.mark.parametrize(("username", "address"), [
    ("admin", "/admin/customer/"), ("sanjiang", "/admin/publicpool/")])
def test_a_list_with_ticked_rows(examine, username, address):
    examiner = examine(username)
    examiner.open(address)
    for tick in examiner.page.locator("[data-tick]").all()[:2]:
        tick.check()
    examiner.page.locator(".bulk").wait_for()
    examiner.examine_in_every_form()


def test_leads_that_were_dealt_out(sit_down, examine, school, session, clock):
    ranks = [SalesRank(consultant=school.sanjiang, num=1, weight=2, paused=True),
             SalesRank(consultant=school.dasha, num=2, weight=1)]
    session.add_all(ranks)
    for number in range(3):
        entry = assignment.enter(session, Customer(name=f"客户{number}", qq=f"{200_000_000 + number}"),
                                 AssignmentStrategy.ROUND, today=clock.today(), now=clock.now())
    ranks[1].num, his_page = 3, f"/admin/customer/details/?id={entry.customer_id}"
    session.commit()
    examiner = examine("admin", at=sit_down)
    for address in ("/admin/assignment/", his_page):
        examiner.open(address)
        examiner.examine_in_every_form()


FAULTS = {
    "image-alt": "document.querySelector('main').append(document.createElement('img'))",
    "color-contrast": "document.querySelector('h1').style.cssText = 'color: #999; background: #ccc'",
    "target-size": """document.querySelector('main').append(...['a', 'b'].map(text => {
        const made = document.createElement('button');
        made.textContent = text;
        made.style.cssText = 'width: 9px; height: 9px; padding: 0; min-height: 0; margin: 0; border: 0';
        return made;
    }))""",
    "label": "document.querySelector('main').append(document.createElement('input'))",
    "html-has-lang": "document.documentElement.removeAttribute('lang')"}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_would_be_found(visit, rule):
    examiner = Examiner(visit("sanjiang").page)
    examiner.open("/admin/campus/")
    examiner.examine(PHONE, "dark")
    assert examiner.wrong == []
    examiner.page.evaluate(FAULTS[rule])
    examiner.examine(PHONE, "dark")
    assert rule in {fault.split(": ")[1] for fault in examiner.wrong}


def test_what_is_too_wide_would_be_found(visit):
    examiner = Examiner(visit("sanjiang").page)
    examiner.open("/admin/campus/")
    examiner.page.evaluate("""() => {
        const wide = document.createElement("div");
        wide.style.minWidth = "900px";
        wide.textContent = "wide";
        document.querySelector("main").append(wide);
    }""")
    examiner.measure()
    assert {fault.split(": ")[0].rpartition(" ")[2] for fault in examiner.wrong} == {"1024", "768", "390"}
