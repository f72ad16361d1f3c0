"""Nobody acts for a person by a link or a form on another site: what changes something is a POST with his token."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import Base
from app.models import Campus, Course
from tests.support.client import Client, token_in
from tests.support.databases import on_both_databases

METHODS = ("POST", "PUT", "PATCH", "DELETE")
Contents = dict[str, list[tuple[Any, ...]]]

PLAUSIBLE = {
    "id": "1", "customer_id": "1", "distribution_id": "1", "course_id": "1", "rowid": "1", "customer": "1",
    "employee_id": "1", "consultant_id": "1", "action": "delete", "name": "consultant", "query": "龙", "title": "x",
    "note": "x", "locale": "en", "username": "x", "password": "demo-pass-2026", "confirm": "1", "active": "",
    "_method": "DELETE", "_add_another": "1", "_continue_editing": "1", "as_of": "2026-03-02", "search": "龙",
}
"""What a link could carry to make a route do something."""


def routes(app: Flask, methods: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if "static" not in rule.rule:
            path = re.sub(r"<[^>]*>", "1", rule.rule.replace("<export_type>", "csv"))
            yield from ((path, method) for method in methods if method in rule.methods)


@pytest.fixture
def contents(session: Session) -> Callable[[], Contents]:
    """Every row of every table, but of those where reading leaves its mark: sessions and the audit log."""
    def read() -> Contents:
        session.rollback()
        found = {name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
                 for name, table in Base.metadata.tables.items()
                 if not name.startswith("audit") and not name.endswith("session")}
        session.rollback()
        return found

    return read


@pytest.fixture
def busy_school(school, make_customer, make_follow_up, session, clock):
    """Something in every corner that could be changed."""
    make_follow_up(make_customer("龙泰", holder=school.sanjiang, courses=[school.python], mobile="13800138000"))
    make_customer("周婷", holder=school.dasha, on=clock.today() - dt.timedelta(days=4), courses=[school.linux])
    session.commit()
    return school


@on_both_databases
@pytest.mark.parametrize("username", ["admin", "sanjiang"])
def test_no_get_changes_anything(app, login, busy_school, contents, username):
    browser = login(username)
    before = contents()
    assert sum(map(len, before.values())) > 100
    asked = 0
    for path, _method in routes(app, ("GET",)):
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"X-HTTP-Method-Override": "POST"})):
            browser.open(path, method=method, query_string=PLAUSIBLE, headers=headers, buffered=True)
            asked += 1
    for path, _method in routes(app, ("POST",)):  # what acts, asked to act by a link
        browser.get(path, query_string={**PLAUSIBLE, "csrf_token": browser.csrf_token()})
    assert asked > 100
    assert contents() == before


def test_a_change_would_have_been_seen(login, busy_school, contents, session):
    before = contents()
    login("admin").submit("/admin/campus/edit/", {"title": "新校区"}, query_string={"id": busy_school.beijing.id})
    after = contents()
    assert [name for name in before if before[name] != after[name]] == ["campus"]


class TestWithoutTheToken:
    @pytest.mark.parametrize("username", ["admin", None])
    def test_every_route_refuses(self, app, login, client, busy_school, contents, username):
        browser = login(username) if username else client
        before = contents()
        asked = 0
        for path, method in routes(app, METHODS):
            for headers in ({}, {"Accept": "application/json"}):
                answer = browser.open(path, method=method, data=PLAUSIBLE, headers=headers)
                assert answer.status_code == 400, (method, path)
                asked += 1
        assert asked > 80
        assert contents() == before

    def test_is_told_in_words(self, login):
        answer = login("admin").post("/logout", headers={"Accept-Language": "en"})
        assert "Reload it and try again." in answer.text

    def test_no_other_method_gets_around_it(self, app, login):
        browser = login("admin")
        allowed: dict[str, set[str]] = {}
        for rule in app.url_map.iter_rules():
            allowed.setdefault(re.sub(r"<[^>]*>", "1", rule.rule), set()).update(rule.methods)
        for path, methods in allowed.items():
            for method in set(METHODS) - methods:
                answer = browser.open(path, method=method, data={"csrf_token": browser.csrf_token()}, buffered=True)
                assert answer.status_code in (404, 405), (method, path)
                if answer.status_code == 405:
                    assert set(answer.headers["Allow"].split(", ")) == methods


class TestATokenThatIsNotHis:
    def claim(self, browser: Client, token: str, **options: Any) -> int:
        return browser.post("/locale", data={"locale": "en", "csrf_token": token}, **options).status_code

    def test_his_own_is_taken_as_field_and_as_header(self, login):
        browser = login("sanjiang")
        assert self.claim(browser, browser.csrf_token()) == 302
        assert browser.post("/locale", data={"locale": "en"},
                            headers={"X-CSRFToken": browser.csrf_token()}).status_code == 302

    @pytest.mark.parametrize("change", [
        lambda token: "", lambda token: "x", lambda token: token[:-1], lambda token: token + "x",
        lambda token: token.swapcase(), lambda token: token.split(".")[0], lambda token: "null",
        lambda token: ".".join(reversed(token.split("."))), lambda token: token * 100])
    def test_nor_is_a_broken_one(self, login, change):
        browser = login("sanjiang")
        assert self.claim(browser, change(browser.csrf_token())) == 400

    def test_nor_is_another_persons(self, login):
        assert self.claim(login("sanjiang"), login("baoyu").csrf_token()) == 400

    def test_nor_is_that_of_his_other_browser(self, login):
        assert self.claim(login("sanjiang"), login("sanjiang").csrf_token()) == 400

    def test_nor_is_one_in_the_address(self, login):
        browser = login("sanjiang")
        token = browser.csrf_token()
        assert browser.post("/locale", query_string={"csrf_token": token}, data={"locale": "en"}).status_code == 400

    def test_nor_is_the_one_from_before_he_logged_out(self, login):
        browser = login("sanjiang")
        token = browser.csrf_token()
        browser.submit("/logout")
        assert self.claim(browser, token) == 400
        browser.login("sanjiang")
        assert self.claim(browser, token) == 400

    def test_nor_is_the_visitors_once_he_has_logged_in(self, client, school):
        token = token_in(client.get("/login").text)
        assert self.claim(client, token) == 302
        client.login("sanjiang")
        assert self.claim(client, token) == 400

    def test_nor_is_his_own_when_it_comes_from_another_site(self, client, school):
        """Over HTTPS a browser says where a form was sent from."""
        https = {"base_url": "https://crm.school.example"}
        token = token_in(client.get("/login", **https).text)
        for referrer, status in (("https://crm.school.example/login", 302), ("https://evil.example/", 400),
                                 ("https://crm.school.example.evil.example/", 400), ("http://crm.school.example/", 400),
                                 ("", 400)):
            assert self.claim(client, token, **https, headers={"Referer": referrer}) == status, referrer


def test_logging_in_is_guarded_too(client, school):
    """Else somebody could make a person work, unknowingly, under another's login."""
    answer = client.post("/login", data={"username": "sanjiang", "password": "demo-pass-2026"})
    assert answer.status_code == 400
    assert client.get("/admin/").status_code == 302


def test_what_was_refused_is_not_done_half(login, session):
    before = session.scalars(select(Course.name)).all(), session.scalars(select(Campus.title)).all()
    login("admin").post("/admin/campus/new/", data={"title": "新校区"})
    assert (session.scalars(select(Course.name)).all(), session.scalars(select(Campus.title)).all()) == before
