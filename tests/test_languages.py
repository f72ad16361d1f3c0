"""Nobody who reads Chinese meets an English word: on no screen, in no form that was refused, in no file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.extensions import db
from tests.support import pseudo, speech, words
from tests.support.client import token_in
from tests.support.demo_school import DemoSchool
from tests.support.pages import Form, Page
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
