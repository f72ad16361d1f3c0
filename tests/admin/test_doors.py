"""Deny by default: every route, for visitors and for those without the permission."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.admin.guard import Guarded
from app.admin.home import HomeView
from tests.support import people

PUBLIC = {"/login", "/logout", "/locale", "/view-as/stop", "/healthz", "/readyz", "/", "/static/<path:filename>",
          "/admin/static/<path:filename>"}


def routes(app: Flask) -> list[tuple[str, str]]:
    return [(str(rule), method) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}
            if str(rule) not in PUBLIC]


def filled(rule: str) -> str:
    return re.sub(r"<int:\w+>", "1", rule).replace("<export_type>", "csv").replace("<job_id>", "x")


class TestVisitors:
    def test_every_route_sends_a_visitor_to_the_login_page(self, app, client):
        for rule, method in routes(app):
            answer = client.open(filled(rule), method=method)
            assert answer.status_code in (302, 400), (rule, method)
            if answer.status_code == 302:
                assert "/login" in answer.location


class TestPeople:
    @pytest.mark.parametrize("who", ["tutor", "teacher", "finance"])
    def test_who_may_not_gets_403_everywhere_but_on_what_he_reads(self, app, login, who):
        browser = login(who)
        readable = ("/admin/campus/", "/admin/course/", "/admin/courseclass/")
        for rule, method in routes(app):
            if rule == "/admin/" or rule.startswith("/account/"):
                continue
            answer = (browser.get(filled(rule)) if method == "GET" else browser.submit(filled(rule), {"id": "1"}))
            if rule.startswith(readable):
                assert answer.status_code in (200, 302, 403, 404), (rule, method)
            else:
                assert answer.status_code in (403, 404), (rule, method, answer.status_code)

    def test_every_screen_is_behind_the_door(self, app):
        views = [view for view in app.extensions["admin"][0]._views]
        assert views
        for view in views:
            assert isinstance(view, Guarded)
            if not isinstance(view, HomeView):
                assert None not in view.needs.values(), f"{view.endpoint} lets everyone in"

    @pytest.mark.parametrize("who", people.CAST)
    def test_the_menu_shows_exactly_what_one_may_open(self, app, login, who):
        browser = login(who)
        page = browser.get("/admin/").text
        navigation = page[page.index('id="sidebar"'):page.index("<header")]
        screens = {view.url + "/" for view in app.extensions["admin"][0]._views if view.group} | {"/admin/"}
        shown = {path for path in screens if f'href="{path}"' in navigation}
        assert len(screens) > 14
        idle = {"/admin/mycustomers/"} - shown  # readable, but offered only to those who can hold customers
        assert {path: browser.get(path).status_code for path in screens - idle} == {
            path: 200 if path in shown else 403 for path in screens - idle}

    def test_every_post_without_a_token_is_refused(self, app, login):
        browser = login("admin")
        posts = [rule for rule, method in routes(app) if method == "POST"]
        assert len(posts) > 20
        for rule in [*posts, "/login", "/logout", "/locale"]:
            assert browser.post(filled(rule), data={"id": "1"}).status_code == 400, rule
