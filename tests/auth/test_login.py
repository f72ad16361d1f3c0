"""Logging in and out."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import AuditAction, AuditEntry
from tests.support.client import token_in


class TestLogin:
    def test_a_visitor_is_sent_to_the_login_page_and_back_to_where_he_was_going(self, client, school):
        sent = client.get("/admin/publicpool/?q=龙")
        assert sent.status_code == 302
        assert sent.location.startswith("/login?next=/admin/publicpool/")

        page = client.get(sent.location)
        answer = client.post(sent.location, data={"username": "sanjiang", "password": "demo-pass-2026",
                                                  "csrf_token": token_in(page.text)})
        assert answer.status_code == 302
        assert answer.location.startswith("/admin/publicpool/")

    def test_a_program_that_asks_for_json_is_told_401(self, client, school):
        assert client.get("/admin/publicpool/", headers={"Accept": "application/json"}).status_code == 401

    def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(self, client, school):
        wrong = client.login("sanjiang", "not the password")
        unknown = client.login("nobody", "not the password")
        assert wrong.status_code == unknown.status_code == 401
        assert "登录名或密码错误" in wrong.text
        assert "登录名或密码错误" in unknown.text

    def test_an_inactive_employee_cannot_log_in(self, client, make_employee):
        make_employee(username="gone", active=False)
        assert client.login("gone").status_code == 401

    def test_deactivation_ends_a_session_at_the_next_request(self, login, school, session):
        browser = login("sanjiang")
        assert browser.get("/admin/").status_code == 200
        school.sanjiang.active = False
        session.commit()
        assert browser.get("/admin/").status_code == 302

    def test_a_copied_cookie_is_worth_nothing_after_logout(self, login):
        browser = login("sanjiang")
        copied = browser.get_cookie("session").value
        browser.submit("/logout")
        browser.set_cookie("session", copied)
        assert browser.get("/admin/").status_code == 302

    @pytest.mark.parametrize("newcomer", ["sanjiang", "baoyu"])
    def test_nor_after_a_login_over_the_login(self, login, app, session, school, newcomer):
        browser, copy = login("sanjiang"), app.test_client()
        copy.set_cookie("session", browser.get_cookie("session").value)
        answer = browser.submit("/login", {"username": newcomer, "password": "demo-pass-2026"})
        assert answer.status_code == 302
        assert copy.get("/admin/").status_code == 302
        assert browser.get("/admin/").status_code == 200
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.LOGGED_OUT))
        assert entry.actor_id == entry.person_id == school.sanjiang.id

    def test_a_refused_one_leaves_the_login_there_was(self, login):
        browser = login("sanjiang")
        browser.submit("/login", {"username": "baoyu", "password": "not the password"})
        assert browser.get("/admin/").status_code == 200

    def test_logout_is_a_post(self, login):
        assert login("sanjiang").get("/logout").status_code == 405

    def test_a_post_without_the_token_is_refused(self, login):
        assert login("sanjiang").post("/admin/claim/", data={"customer_id": "1"}).status_code == 400

    def test_the_address_to_return_to_stays_on_this_site(self, client, school):
        for elsewhere in ("http://evil.example/", "//evil.example", "http:evil.example", "/\\evil.example",
                          "https:/evil.example", "javascript:alert(1)", "/\tevil", "\\\\evil.example"):
            page = client.get("/login")
            answer = client.post("/login", query_string={"next": elsewhere}, data={
                "username": "sanjiang", "password": "demo-pass-2026", "csrf_token": token_in(page.text)})
            assert answer.status_code == 400, elsewhere


class TestLanguage:
    def test_the_browser_is_answered_in_the_language_it_asks_for(self, client, school):
        assert "Log in" in client.get("/login", headers={"Accept-Language": "en"}).text
        assert "登录" in client.get("/login", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
        assert "登入" in client.get("/login", headers={"Accept-Language": "zh-HK"}).text

    def test_without_a_wish_it_is_the_schools_language(self, client, school):
        assert '<html lang="zh-Hans"' in client.get("/login").text

    def test_a_chosen_language_is_remembered(self, login):
        login("sanjiang").submit("/locale", {"locale": "zh_Hant_TW"})
        assert '<html lang="zh-Hant"' in login("sanjiang").get("/admin/").text

    def test_an_unknown_language_is_refused(self, login):
        assert login("sanjiang").submit("/locale", {"locale": "tlh"}).status_code == 400
