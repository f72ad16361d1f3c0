"""Nobody who reads Chinese meets an English word: on no screen, in no form that was refused, in no file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.extensions import db
from app.models import Role, RolePermission
from tests.support import phone as phones
from tests.support import pseudo, speech, words
from tests.support.client import Client, one_time_password_in, shown_in, token_in
from tests.support.demo_school import DemoSchool
from tests.support.pages import Form, Page
from tests.support.people import PASSWORD, School
from tests.support.reading import table_of

HANS, HANT, PSEUDO = "zh-Hans", "zh-Hant", "pseudo"
every_language = pytest.mark.parametrize("language", [HANS, HANT, PSEUDO], indirect=True)


class Reader:
    """Reads whatever is shown in one language, and notes the words that are in another.

    In the pseudo language that is whatever nobody could translate; it needs no catalogue, so it also tells of a text
    that has just been written.
    """

    def __init__(self, language: str, known: frozenset[str]) -> None:
        self.tag = HANS if language == PSEUDO else language
        self.hears = pseudo.outside_brackets if language == PSEUDO else str
        self.known = known
        self.read = 0
        self._left: dict[str, set[str]] = defaultdict(set)

    def page(self, where: str, answer: TestResponse) -> None:
        """A page, which also says what language it is in."""
        assert answer.mimetype == "text/html", where
        assert f'<html lang="{self.tag}"' in answer.text, where
        self.texts(where, speech.texts_in(answer.text))

    def texts(self, where: str, texts: Any) -> None:
        self.read += 1
        for text in self.hears("\n".join(map(str, texts))).splitlines():  # a translated text may have parts of its own
            if words.foreign(text) - self.known:
                self._left[text.strip()[:160]].add(where)

    def __str__(self) -> str:
        return "\n".join(f"{text} ({len(places)} times, as in {min(places)})"
                         for text, places in sorted(self._left.items()))


@pytest.fixture
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """A language, and if it is the pseudo language, everything speaks it."""
    with pseudo.spoken() if request.param == PSEUDO else nullcontext():
        yield request.param


@pytest.fixture
def reader(language: str, demo: DemoSchool) -> Iterator[Reader]:
    """At the end nothing may be left."""
    with demo.app.app_context():
        known = words.of_people(db.session) | {"demo", "school", "of", "customers"}  # as the audit log names its making
    made = Reader(language, known)
    yield made
    assert made.read
    assert not str(made), f"not translated:\n{made}"


@every_language
@pytest.mark.parametrize("username", ["admin", "sanjiang"])
def test_on_every_screen(demo, reader, username):
    browser = demo.login(username, reader.tag)
    for address in demo.screens(username):
        reader.page(address, browser.get(address))
    assert reader.read > 20


@every_language
def test_on_every_home_page(demo, reader):
    for username in ("manager", "tutor", "teacher", "finance", "auditor"):
        reader.page(username, demo.login(username, reader.tag).get("/admin/"))


@every_language
def test_on_pages_that_say_no(demo, reader):
    browser = demo.login("sanjiang", reader.tag)
    for address, status in (("/admin/nowhere/", 404), ("/admin/jobs/", 403), ("/login?a=%00", 400)):
        answer = browser.get(address)
        assert answer.status_code == status, address
        reader.page(address, answer)


@every_language
def test_for_visitors(demo, reader):
    browser = demo.visitor(reader.tag)
    reader.page("login", browser.get("/login"))
    for given in ({}, {"username": "admin"}, {"username": "x" * 100, "password": "wrong"}):
        refused = browser.post("/login", data={**given, "csrf_token": token_in(browser.get("/login").text)})
        assert refused.status_code in (200, 400)
        reader.page(f"login with {given}", refused)


def emptied(form: Form) -> dict[str, Any]:
    """What is sent of a form from which everything was deleted."""
    return {name: "" for name in form.fields if not name.startswith("_") and name != "csrf_token"}


def spoilt(form: Form) -> dict[str, Any]:
    """What is sent of a form by somebody who writes nonsense into each field."""
    return {name: "-1 x" for name in emptied(form)}


@every_language
@pytest.mark.parametrize("spoil", [emptied, spoilt], ids=["empty", "nonsense"])
def test_in_forms_that_were_refused(demo, reader, spoil: Callable[[Form], dict[str, Any]]):
    browser = demo.login("admin", reader.tag)
    addresses = [address for address in demo.screens("admin") if re.search("/(new|edit|password|settings)/?", address)]
    for address in addresses:
        form = next(each for each in Page(browser.get(address).text, address).forms
                    if each.method == "POST" and len(each.fields) > 2)
        answer = browser.submit(form.action, spoil(form))
        assert answer.status_code in (200, 400), f"{address}: {answer.status_code}"
        reader.page(address, answer)
    assert len(addresses) > 10


@every_language
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_in_files(demo, reader, kind):
    browser = demo.login("admin", reader.tag)
    tables = [address for address in demo.screens("admin")
              if f"{address}export/{kind}/" in browser.get(address).text]
    for table in tables:
        titles, *rows = table_of(browser.get(f"{table}export/{kind}/"))
        reader.texts(f"{table} titles", titles)
        reader.texts(f"{table} rows", [value for row in rows[:100] for value in row])
    assert len(tables) > 5


class TestBetweenScreens:
    """What is no screen of its own: steps of a login, reviews, refusals, what comes into a page."""

    @pytest.fixture
    def reader(self, language: str, session: Session, school: School) -> Iterator[Reader]:
        """Reads at the test's own school, where something may be changed; at the end nothing may be left."""
        named = frozenset().union(*map(speech.latin_words, words.names(session)))
        made = Reader(language, words.of_people(session) | named)
        yield made
        assert made.read
        assert not str(made), f"not translated:\n{made}"

    @pytest.fixture
    def sit_down(self, reader, client, login) -> Callable[..., Client]:
        """`sit_down("admin")` gives that person's browser, `sit_down()` a visitor's, in the reader's language."""
        def browser(username: str | None = None) -> Client:
            found = client if username is None else login(username)
            found.environ_base["HTTP_ACCEPT_LANGUAGE"] = reader.tag
            return found

        return browser

    @every_language
    def test_in_the_second_step_of_a_login(self, reader, sit_down, school, session, clock):
        phone = phones.set_up(session, school.sanjiang, clock)
        browser = sit_down()
        browser.login("sanjiang")
        page = browser.get("/account/second-factor/")
        reader.known = reader.known | speech.latin_words("abcd-efgh-ijkl-mnop-qrst-uvwx")  # what such a code looks like
        reader.page("asked for the code", page)
        for code in ("", "x" * 65, phone.wrong_code()):
            sent = {"code": code, "csrf_token": token_in(page.text)}
            reader.page(f"code {code[:3]}", browser.post("/account/second-factor/code", data=sent))
        browser.post("/account/second-factor/code", data={"code": phone.code(), "csrf_token": token_in(page.text)})
        reader.page("looking after it", browser.get("/account/second-factor/"))
        proof = {"password": PASSWORD, "code": phone.code(1)}
        clock.advance(seconds=30)
        reader.page("new codes", browser.submit("/account/second-factor/recovery-codes", proof))

    @every_language
    def test_while_a_second_factor_is_set_up(self, reader, sit_down, clock):
        browser = sit_down("sanjiang")
        browser.submit("/account/second-factor/start")
        reader.page("to scan", browser.get("/account/second-factor/"))
        reader.page("refused", browser.submit("/account/second-factor/confirm", {"password": "x", "code": "1"}))

    @every_language
    def test_where_a_password_has_to_be_chosen(self, reader, sit_down, school):
        given = sit_down("admin").submit("/admin/employee/one-time-password/", {"id": school.sanjiang.id})
        reader.page("given", given)
        browser = sit_down()
        browser.login("sanjiang", one_time_password_in(given.text))
        page = browser.get("/account/password")
        assert "one-time" in page.text or "一次性" in page.text
        reader.page("to choose", page)
        for chosen in ("", "short", "sanjiang2026", "x" * 1025):
            reader.page(f"refused {chosen[:5]}", browser.submit("/account/password", {"chosen": chosen, "again": "y"}))

    @every_language
    def test_in_the_review_of_changed_permissions(self, reader, sit_down, school, session):
        admin = sit_down("admin")
        consultant = school.roles["consultant"]
        reach = {f"scope-{role.id}": role.scope.value for role in session.scalars(select(Role))}
        granted = {f"{each.role_id}:{each.code}" for each in session.scalars(select(RolePermission))}
        own = {each for each in granted if each.startswith(f"{consultant.id}:")}
        review = admin.submit("/admin/matrix/review/", {
            "shown": shown_in(admin.get("/admin/matrix/").text), **reach, f"scope-{consultant.id}": "department",
            "grant": sorted(granted - own | {f"{consultant.id}:{code}" for code in ("customer.read", "role.read")})})
        assert review.text.count('class="badge bad"') > 5
        reader.page("review", review)

    @every_language
    def test_in_a_form_that_somebody_else_saved_meanwhile(self, reader, sit_down, make_customer, school):
        path = f"/admin/customer/edit/?id={make_customer('龙泰', holder=school.sanjiang, company='三江').id}"
        sent = {"name": "龙泰", "source": 1, "work_status": 1, "wechat": "long-tai-2026"}
        sanjiang = sit_down("sanjiang")
        opened = sanjiang.shown(path)
        assert sit_down("manager").submit(path, {**sent, "company": "主管的", "major": "数学"}).status_code == 302
        refused = sanjiang.submit(path, {**sent, "company": "我的", "shown": opened})
        assert refused.status_code == 409
        reader.known = reader.known | speech.latin_words(sent["wechat"])
        reader.page("409", refused)

    @every_language
    def test_while_customers_are_moved(self, reader, sit_down, make_customer, school):
        chosen = [make_customer(name, holder=school.sanjiang).id for name in ("甲客", "乙客")]
        admin, leaver, nobody = sit_down("admin"), school.sanjiang.id, {"way": "give", "shown": ""}
        for action in ("assign", "release"):
            reader.page(action, admin.submit("/admin/customer/action/", {"action": action, "rowid": chosen}))
        form = {"name": "三江", "username": "sanjiang", "department": school.departments[1001].id}
        reader.page("asked first", admin.submit(f"/admin/employee/edit/?id={leaver}", form))
        address = "/admin/transfer/hand-over/"
        reader.page("what there is", admin.get(f"{address}?employee={leaver}"))
        reader.page("asked again", admin.submit(address, {"employee": leaver, **nobody}))
        shown = {"employee": leaver, "way": "give", "shown": f"{leaver}.2.0.0", "deactivate": "1"}
        reader.page("refused", admin.submit(address, shown))
        done = admin.submit(address, {**shown, "consultant_id": school.baoyu.id})
        reader.page("who got whom", admin.get(done.location))
        reader.page("what was moved", admin.get("/admin/transfer/"))

    @every_language
    def test_while_customers_are_merged(self, reader, sit_down, make_customer, school):
        one, other = (make_customer(name, holder=holder, company=f"{name}的厂").id
                      for name, holder in (("甲客", school.sanjiang), ("乙客", school.baoyu)))
        admin, address = sit_down("admin"), f"/admin/merge/?customer={one}&other={other}"
        reader.page("with whom", admin.get(f"/admin/merge/?customer={one}"))
        reader.page("nobody found", admin.get(f"/admin/merge/?customer={one}&search=4711"))
        preview = admin.get(address)
        reader.page("both", preview)
        admin.submit("/admin/merge/merge/", {"customer_id": one, "merged_id": other, "value-company": "merged",
                                             "shown": preview.text.partition('name="shown" value="')[2][:200]
                                             .partition('"')[0]})
        reader.page("merged", admin.get(f"/admin/customer/details/?id={one}"))
        reader.page("merges", admin.get(f"/admin/merge/details/?customer={one}"))

    @every_language
    def test_in_what_the_palette_finds(self, demo, language):
        reader = Reader(language, frozenset())
        browser = demo.login("admin", reader.tag)
        with demo.app.app_context():
            reader.known = words.of_people(db.session)
        for typed in ("张", "Python", "三江", "admin"):
            answer = browser.get(f"/admin/palette/?q={typed}", headers={"Accept": "application/json"})
            for group in answer.json["groups"]:
                reader.texts(typed, [group["title"], *(each[part] for each in group["entries"]
                                                      for part in ("title", "note"))])
        assert reader.read > 3
        assert not str(reader), f"not translated:\n{reader}"


def test_traditional_is_not_simplified(demo):
    """On screens with little data: what is in no list of Traditional characters stands in a name."""
    browser = demo.login("admin", HANT)
    left = {}
    with demo.app.app_context():
        known = set("".join(words.names(db.session)))
    for address in demo.screens("admin"):
        if re.search("/(new|account|settings|matrix|jobs|knowncontact)/", address):
            said = "".join(speech.texts_in(browser.get(address).text))
            wrong = {sign for sign in set(said) - known if not in_big5(sign)}
            if wrong:
                left[address] = wrong
    assert left == {}


def in_big5(sign: str) -> bool:
    return not "\u4e00" <= sign <= "\u9fff" or bool(sign.encode("big5hkscs", "ignore"))


def test_an_english_word_would_be_found(demo):
    reader = Reader(HANS, frozenset())
    for html in ("<p>保存 Save</p>", '<button aria-label="Close">×</button>', '<input type="submit" value="Save">',
                 '<form data-confirm="Really delete it?">', '<p data-dismiss="Dismiss">', "<option>Other</option>"):
        reader.texts(html, speech.texts_in(f'<html lang="zh-Hans">{html}'))
    assert len(str(reader).splitlines()) == 6
