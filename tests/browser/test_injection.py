"""Nothing anyone has written anywhere becomes a part of a page: every text column of every table, on every page there
is, in Chromium, and what an address says besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from sqlalchemy import String, select

from app.extensions import Base
from app.models import AuditEntry, CourseClass, JobRun, PersonKey, Role, RolePermission, SalesRank, Setting
from tests.support.pages import walk
from tests.support.sizes import FULL_SIZE

pytestmark = pytest.mark.browser

PAYLOADS = (
    "<x-i>", "'\"><x-i>", "<img src onerror>", "<svg onload=i()>", "</td><x-i>", "--><x-i>", "]]><x-i>", "{{7*7}}<x-i>",
    "<script>alert(1)</script>", "\"><script>alert(1)</script>", "'-alert(1)-'", "\" onfocus=alert(1) autofocus x=\"",
    "' onmouseover='alert(1)", "javascript:alert(1)//", "</script><x-i><script>alert(1)//", "<iframe srcdoc='<x-i>'>",
    "<svg><style><img src=x onerror=alert(1)></style>", "<math><mtext><table><mglyph><style><!--</style><x-i>",
    "</textarea><x-i>", "</title></select><x-i>", "\u202e<x-i>\u2028", "<details open ontoggle=alert(1)>",
    "&lt;x-i&gt;&#60;x-i&#62;", "${alert(1)}`<x-i>`")
"""From short to long, for columns of any length; `x-i` is an element no page of ours has."""

NOT_WRITTEN = {AuditEntry, PersonKey, Setting, JobRun, RolePermission}
"""Tables whose texts no person writes: the log refuses changes, the others hold codes."""
NOT_FREE = {"code", "password_hash", "token_hash", "code_hash", "locale", "task", "address"}
ACTORS = ("admin", "manager", "sanjiang")

INJECTED = """() => {
  const found = [...document.querySelectorAll('x-i, iframe, object, embed, base, math')].map(e => e.outerHTML);
  for (const e of document.querySelectorAll('*'))
    for (const a of e.attributes)
      if (a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value) && /^(href|src|action|formaction)$/.test(a.name))
        found.push(e.outerHTML.slice(0, 200));
  return found;
}"""


@pytest.fixture
def poisoned(session, school, make_customer, make_follow_up, floor, clock):
    """A school in which every text is an attack, the log of how it came to be so included."""
    held = make_customer(holder=school.sanjiang, courses=[school.python], campus=school.beijing)
    make_follow_up(held, next_contact_on=clock.today())
    make_customer(courses=[school.linux])
    floor.enrol(make_customer(holder=school.sanjiang))
    floor.release(make_customer(holder=school.sanjiang), by=school.sanjiang)
    held.referral_from = make_customer(holder=school.baoyu)
    session.add_all([SalesRank(consultant=school.sanjiang, num=3, weight=1),
                     CourseClass(campus=school.beijing, course=school.python, semester=3, price=1, capacity=1,
                                 start_date=clock.today(), teachers=[school.teacher], tutor=school.tutor),
                     Role(name="x", permission_codes=["course.read"])])
    session.commit()
    return poison(session)


def poison(session) -> int:
    """Write the payloads into every free text column of every table, each row another one; gives their number.

    A new column is attacked by itself, unless it is named above as one nobody writes freely.
    """
    number = 0
    for mapper in sorted(Base.registry.mappers, key=lambda each: each.class_.__name__):
        texts = [column for column in mapper.local_table.columns
                 if isinstance(column.type, String) and column.key not in NOT_FREE]
        if mapper.class_ in NOT_WRITTEN:
            continue
        for place, column in enumerate(texts):
            number += 1
            for at, row in enumerate(session.scalars(select(mapper.class_))):
                if column.key == "username" and row.username in ACTORS:
                    continue
                fitting = [payload for payload in PAYLOADS if len(payload) + 3 <= (column.type.length or 9999)]
                payload = fitting[(at + 5 * place) % len(fitting)]
                setattr(row, column.key, f"{payload}{at}" if column.unique else payload)
    session.commit()
    return number


class Watcher:
    """A page that notes whatever should not happen on it."""

    def __init__(self, context) -> None:
        self.page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("dialog", self._dialog)
        self.page.on("pageerror", lambda error: self.wrong.append(f"script error at {self.page.url}: {error}"))
        self.page.on("console", self._console)

    def _dialog(self, dialog) -> None:
        if dialog.type == "alert":
            self.wrong.append(f"dialog at {self.page.url}: {dialog.message}")
        dialog.accept()

    def _console(self, message) -> None:
        if "Content Security Policy" in message.text:
            self.wrong.append(f"refused at {self.page.url}: {message.text[:300]}")

    def log_in(self, username: str) -> None:
        self.page.goto("/login")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", "demo-pass-2026")
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url("**/admin/**")

    def look(self, address: str | None = None) -> None:
        """Open an address, or stay, and look for what has been injected."""
        if address is not None:
            self.page.goto(address, wait_until="load")
        self.wrong += [f"injected at {self.page.url}: {found}" for found in self.page.evaluate(INJECTED)]


@pytest.fixture
def watch(chromium, live_server, clock_file):
    """`watch("admin")` gives a browser in which that person is logged in."""
    server = live_server(processes=2, clock_file=clock_file)
    contexts = []

    def watcher(username: str) -> Watcher:
        context = chromium.new_context(base_url=server.url, locale="en-US")
        contexts.append(context)
        made = Watcher(context)
        made.log_in(username)
        return made

    yield watcher
    for context in contexts:
        context.close()


def echoes() -> Iterator[str]:
    """Addresses that say something a page may repeat."""
    for payload in PAYLOADS[::3]:
        said = quote(payload, safe="")
        yield f"/admin/customer/?search={said}"
        yield f"/admin/publicpool/?q={said}"
        yield f"/admin/mycustomers/?q={said}"
        yield f"/nothing/{said}"
        yield f"/admin/customer/details/?id={said}&url={said}"
        yield f"/admin/customer/?flt0_0={said}&{said}={said}&sort={said}"
        yield f"/login?next={said}"


@pytest.mark.fuzz
@pytest.mark.parametrize(("who", "sends"), [("admin", FULL_SIZE), ("sanjiang", True),
                                            *([("manager", True)] if FULL_SIZE else [])])
def test_no_page_takes_a_text_for_a_part_of_itself(app, login, watch, poisoned, session, who, sends):
    """Neither what is stored nor, where somebody sends some, what stands in the address."""
    assert poisoned >= 20
    pages = [visit.address for visit in walk(app, login(who), each=1) if "/export/" not in visit.address
             and visit.response.mimetype == "text/html" and visit.response.status_code < 400]
    session.commit()
    browser = watch(who)
    for address in (*pages, *(echoes() if sends else ())):
        browser.look(address)
    assert len(pages) > 20
    assert not browser.wrong, "\n".join(browser.wrong[:20])


def test_neither_do_look_ups_and_messages(watch, poisoned, session):
    session.commit()
    browser = watch("sanjiang")
    for address in ("/admin/customer/new/", "/admin/followup/new/"):
        browser.look(address)
        box = browser.page.locator(".field:has([data-url]) [role=combobox]").first
        box.click()
        box.press_sequentially("<")
        browser.page.wait_for_selector(".combo-list li")
        browser.look()
    browser.look("/admin/mycustomers/")
    browser.page.locator('form[action="/admin/mycustomers/cancel-course/"] button').first.click()
    browser.page.wait_for_selector(".flash")
    browser.look()
    browser.page.locator('form[action="/admin/mycustomers/release/"] button').first.click()
    browser.page.wait_for_selector(".flash")
    browser.look()
    assert not browser.wrong, "\n".join(browser.wrong[:20])


def test_an_injected_element_would_be_seen(watch, poisoned, session, app, login):
    """The eye that looks is open."""
    session.commit()
    browser = watch("admin")
    browser.page.evaluate("['x-i', 'math'].forEach(name => document.body.append(document.createElement(name)))")
    browser.look()
    assert len(browser.wrong) == 2
