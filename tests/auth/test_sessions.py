"""Sessions in the browser: a copied cookie is dead after everything that ends one."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.models import LoginSession
from app.models.choices import SessionEnd
from app.services import school_settings
from app.services.school_settings import SchoolSettings
from tests.support.client import one_time_password_in, token_in
from tests.support.databases import on_both_databases

CHOSEN = "龙泰欠我三顿火锅和一碗小面"


@pytest.fixture
def thief(app, session):
    """`thief(browser)` has copied the cookies of a browser; he opens a page with them."""
    def copy(browser):
        copied = app.test_client()
        copied.test_session = session
        copied.set_cookie("session", browser.get_cookie("session").value)
        assert copied.get("/admin/").status_code == 200
        return copied

    return copy


def is_dead(browser) -> bool:
    answer = browser.get("/admin/")
    return answer.status_code == 302 and answer.location.startswith("/login")


def ends(session) -> list[SessionEnd | None]:
    session.rollback()
    return list(session.scalars(select(LoginSession.ended_as).order_by(LoginSession.id)))


@on_both_databases
class TestACopiedCookieIsDead:
    def test_after_logout(self, login, thief, session):
        browser = login("sanjiang")
        copied = thief(browser)
        browser.submit("/logout")
        assert is_dead(copied)
        assert ends(session) == [SessionEnd.LOGGED_OUT]

    def test_after_a_password_change_while_the_one_who_changed_it_goes_on(self, login, thief):
        browser = login("sanjiang")
        copied, elsewhere = thief(browser), login("sanjiang")
        answer = browser.submit("/account/password", {"present": "demo-pass-2026", "chosen": CHOSEN, "again": CHOSEN})
        assert answer.status_code == 302
        assert browser.get("/admin/").status_code == 200
        assert is_dead(copied)
        assert is_dead(elsewhere)
        assert "密码" in copied.get("/login").text

    def test_after_a_role_change(self, login, thief, school):
        copied = thief(login("sanjiang"))
        assert login("admin").submit(f"/admin/employee/edit/?id={school.sanjiang.id}", {
            "name": "三江", "username": "sanjiang", "department": school.departments[1001].id, "active": "y",
            "roles": [school.roles["consultant"].id, school.roles["tutor"].id]}).status_code == 302
        assert is_dead(copied)

    def test_after_deactivation_by_an_admin(self, login, thief, school, session):
        copied = thief(login("sanjiang"))
        assert login("admin").submit(f"/admin/employee/edit/?id={school.sanjiang.id}", {
            "name": "三江", "username": "sanjiang", "department": school.departments[1001].id,
            "roles": [school.roles["consultant"].id]}).status_code == 302
        assert is_dead(copied)
        assert ends(session)[0] is SessionEnd.DEACTIVATED

    def test_after_deactivation_in_the_database_and_for_good(self, login, thief, school, session):
        copied = thief(login("sanjiang"))
        school.sanjiang.active = False
        assert is_dead(copied)
        assert ends(session) == [SessionEnd.DEACTIVATED]
        school.sanjiang.active = True
        assert is_dead(copied)

    def test_after_a_new_one_time_password(self, login, thief, school):
        copied = thief(login("sanjiang"))
        answer = login("admin").submit("/admin/employee/one-time-password/", {"id": school.sanjiang.id})
        assert answer.status_code == 200
        assert is_dead(copied)

    def test_after_revocation_by_oneself(self, login, thief, session):
        lost, here = login("sanjiang"), login("sanjiang")
        copied = thief(lost)
        lost_id = session.scalars(select(LoginSession.id).order_by(LoginSession.id)).first()
        assert here.submit(f"/account/sessions/{lost_id}/end").status_code == 302
        assert is_dead(copied)
        assert here.get("/admin/").status_code == 200

    def test_after_logging_out_everywhere_else(self, login, thief, session):
        lost, here = login("sanjiang"), login("sanjiang")
        copied = thief(lost)
        here.submit("/account/sessions/end-others")
        assert is_dead(copied)
        assert ends(session) == [SessionEnd.REVOKED, None]

    def test_after_revocation_by_an_admin(self, login, thief, session):
        copied = thief(login("sanjiang"))
        login_id = session.scalars(select(LoginSession.id)).one()
        login("admin").submit("/admin/session/action/", {"action": "revoke", "rowid": [login_id]})
        assert is_dead(copied)
        assert ends(session) == [SessionEnd.REVOKED, None]

    def test_after_nobody_used_it_for_two_hours(self, login, thief, clock, session):
        copied = thief(login("sanjiang"))
        clock.advance(hours=2)
        assert is_dead(copied)
        assert ends(session) == [SessionEnd.IDLE]

    def test_twelve_hours_after_the_login_however_much_it_is_used(self, login, clock, session):
        browser = login("sanjiang")
        for _hour in range(11):
            clock.advance(hours=1)
            assert browser.get("/admin/").status_code == 200
        clock.advance(hours=1)
        assert is_dead(browser)
        assert ends(session) == [SessionEnd.EXPIRED]

    def test_after_the_times_the_school_has_chosen(self, login, clock, session):
        school_settings.save(session, SchoolSettings(session_idle_minutes=10))
        browser = login("sanjiang")
        clock.advance(minutes=9)
        assert browser.get("/admin/").status_code == 200
        clock.advance(minutes=10)
        assert is_dead(browser)

    def test_and_stays_so_when_the_school_grants_longer_times(self, login, clock, session):
        browser = login("sanjiang")
        clock.advance(hours=3)
        assert is_dead(browser)
        school_settings.save(session, SchoolSettings(session_idle_minutes=600))
        assert is_dead(browser)


class TestTheCookie:
    def test_holds_a_new_token_after_each_login(self, app, login):
        def token(browser):
            with browser.session_transaction() as cookie:
                return cookie["_user_id"]

        browser = login("sanjiang")
        first = token(browser)
        browser.submit("/logout")
        browser._token = None
        browser.login("sanjiang")
        assert token(browser) != first
        assert len(token(browser)) >= 43

    def test_of_before_the_login_is_not_the_one_of_after(self, client, school, app):
        client.get("/login")
        planted = client.get_cookie("session").value
        client.login("sanjiang")
        other = app.test_client()
        other.set_cookie("session", planted)
        assert is_dead(other)

    def test_is_not_read_by_scripts_nor_sent_from_other_sites(self, client, school):
        header = client.login("sanjiang").headers["Set-Cookie"]
        assert "HttpOnly" in header
        assert "SameSite" in header

    def test_token_is_nowhere_in_the_database(self, login, session):
        browser = login("sanjiang")
        with browser.session_transaction() as cookie:
            token = cookie["_user_id"]
        assert token not in str(session.execute(LoginSession.__table__.select()).all())


@on_both_databases
class TestUse:
    def last_seen(self, session):
        session.rollback()
        return session.scalars(select(LoginSession.last_seen_at)).one()

    def test_is_noted_once_a_minute(self, login, clock, session):
        browser = login("sanjiang")
        begun = clock.now()
        clock.advance(seconds=59)
        browser.get("/admin/")
        assert self.last_seen(session) == begun
        clock.advance(seconds=1)
        browser.get("/admin/")
        assert self.last_seen(session) == clock.now()

    def test_is_noted_of_one_who_only_posts(self, login, clock, session):
        browser = login("sanjiang")
        browser.csrf_token()
        clock.advance(minutes=5)
        browser.submit("/locale", {"locale": "en"})
        assert self.last_seen(session) == clock.now()

    def test_is_not_noted_of_a_page_that_polls(self, login, clock, session):
        browser = login("admin")
        begun = clock.now()
        clock.advance(minutes=30)
        browser.get("/admin/jobs/state/nothing")
        assert self.last_seen(session) == begun

    def test_costs_a_query_only_when_it_is_due(self, login, clock, count_queries):
        browser = login("sanjiang")
        browser.get("/account/")
        with count_queries() as usual:
            browser.get("/account/")
        clock.advance(minutes=1)
        with count_queries() as noting:
            browser.get("/account/")
        assert noting.count == usual.count + 1


class TestTheLoginPage:
    @pytest.mark.parametrize(("reason", "word"), [
        (SessionEnd.REVOKED, "elsewhere"), (SessionEnd.PASSWORD_CHANGED, "password"),
        (SessionEnd.ROLES_CHANGED, "roles"),
        (SessionEnd.DEACTIVATED, "deactivated"), (SessionEnd.IDLE, "away"), (SessionEnd.EXPIRED, "long")])
    def test_says_why_a_session_ended(self, login, session, clock, reason, word):
        browser = login("sanjiang")
        row = session.scalars(select(LoginSession)).one()
        row.ended_at, row.ended_as = clock.now(), reason
        assert is_dead(browser)
        page = browser.get("/login", headers={"Accept-Language": "en"}).text
        assert word in page.split('<div class="flash info"')[1].split("</p>")[0]
        told = browser.get("/admin/", headers={"Accept": "application/json", "Accept-Language": "en"})
        assert told.status_code == 401
        assert word in told.json["error"]

    def test_says_nothing_after_a_logout_and_after_the_next_login(self, login, session, clock):
        browser = login("sanjiang")
        browser.submit("/logout")
        assert "flash info" not in browser.get("/login").text
        browser.login("sanjiang")
        clock.advance(hours=3)
        assert "flash info" in browser.get("/login").text
        assert browser.login("sanjiang").status_code == 302
        assert "flash info" not in browser.get("/admin/").text


@on_both_databases
class TestTheAccountPage:
    def test_shows_where_one_is_logged_in(self, login, school):
        other = login("sanjiang")
        other.get("/admin/")
        page = login("sanjiang").get("/account/").text
        assert page.count("data-session-id") == 2
        assert page.count("127.0.0.1") >= 2

    def test_is_open_to_everyone_who_is_logged_in(self, login, school, client):
        for person in school.everyone:
            browser = login(person.username)
            assert browser.get("/account/").status_code == 200
            assert browser.get("/account/password").status_code == 200
            assert 'href="/account/"' in browser.get("/admin/").text
        for path in ("/account/", "/account/password"):
            assert client.get(path).status_code == 302

    def test_ends_neither_other_peoples_sessions_nor_this_one(self, login, session):
        login("baoyu")
        hers = session.scalars(select(LoginSession.id)).one()
        browser = login("sanjiang")
        own = session.scalars(select(LoginSession.id).order_by(LoginSession.id.desc())).first()
        for login_id in (hers, own, 999_999, 2**40):
            assert browser.submit(f"/account/sessions/{login_id}/end").status_code == 404
        assert ends(session) == [None, None]

    def test_changes_nothing_by_get_nor_without_the_token(self, login, session):
        browser = login("sanjiang")
        login_id = session.scalars(select(LoginSession.id)).one()
        for path in (f"/account/sessions/{login_id}/end", "/account/sessions/end-others"):
            assert browser.get(path).status_code == 405
            assert browser.post(path).status_code == 400
        assert browser.post("/account/password", data={"chosen": CHOSEN}).status_code == 400

    @pytest.mark.parametrize(("form", "field"), [
        ({"present": "wrong"}, "present"), ({"chosen": "short", "again": "short"}, "chosen"),
        ({"chosen": "sanjiang2026", "again": "sanjiang2026"}, "chosen"), ({"again": "another one"}, "again"),
        ({"present": ""}, "present"), ({"chosen": "x" * 1025, "again": "x" * 1025}, "chosen")])
    def test_says_at_the_field_why_a_password_is_refused(self, login, form, field):
        browser = login("sanjiang")
        answer = browser.submit("/account/password", {
            "present": "demo-pass-2026", "chosen": CHOSEN, "again": CHOSEN, **form})
        assert answer.status_code == 422
        assert f'id="{field}-errors"' in answer.text
        assert browser.get("/admin/").status_code == 200

    def test_says_of_a_short_one_beforehand_what_it_says_afterwards(self, login):
        answer = login("sanjiang").submit("/account/password", {
            "present": "demo-pass-2026", "chosen": "short", "again": "short"})
        (beforehand,) = re.findall(r'data-too-short="([^"]*)"', answer.text)
        assert f'id="chosen-errors"><li>{beforehand}</li>' in answer.text

    def test_tells_browsers_and_password_managers_which_password_is_which(self, login):
        page = login("sanjiang").get("/account/password").text
        assert page.count('autocomplete="new-password"') == 2
        assert page.count('autocomplete="current-password"') == 1
        assert 'autocomplete="username"' in page

    def test_lets_the_present_password_be_tried_ten_times(self, login):
        browser = login("sanjiang")
        wrong = {"present": "wrong", "chosen": CHOSEN, "again": CHOSEN}
        answers = [browser.submit("/account/password", wrong).status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]


@on_both_databases
class TestTheFirstLogin:
    @pytest.fixture
    def one_time_password(self, login, school):
        answer = login("admin").submit("/admin/employee/one-time-password/", {"id": school.sanjiang.id})
        assert answer.headers["Cache-Control"] == "no-store"
        return one_time_password_in(answer.text)

    def test_opens_nothing_but_the_choice_of_a_password(self, client, one_time_password):
        assert client.login("sanjiang", one_time_password).status_code == 302
        for path in ("/admin/", "/admin/publicpool/", "/account/", "/admin/customer/"):
            assert client.get(path).location == "/account/password", path
        told = client.get("/admin/", headers={"Accept": "application/json"})
        assert told.status_code == 403
        page = client.get("/account/password")
        assert page.status_code == 200
        assert 'name="present"' not in page.text
        assert 'id="sidebar"' not in page.text
        for path in ("/admin/claim/", "/account/sessions/end-others"):
            assert client.post(path, data={"customer_id": 1, "csrf_token": token_in(page.text)}).status_code == 403
        assert client.post("/locale", data={"locale": "en", "csrf_token": token_in(page.text)}).status_code == 302
        with client.get("/static/gonghai.css") as style:
            assert style.status_code == 200

    def test_ends_with_a_password_of_ones_own(self, client, one_time_password):
        client.login("sanjiang", one_time_password)
        form = {"chosen": CHOSEN, "again": CHOSEN, "csrf_token": token_in(client.get("/account/password").text)}
        assert client.post("/account/password", data=form).status_code == 302
        assert client.get("/admin/").status_code == 200
        client.submit("/logout")
        assert client.login("sanjiang", one_time_password).status_code == 401
        assert client.login("sanjiang", CHOSEN).status_code == 302
        assert client.get("/admin/").status_code == 200

    def test_is_one(self, client, one_time_password, app, session):
        client.login("sanjiang", one_time_password)
        client.post("/logout", data={"csrf_token": token_in(client.get("/account/password").text)})
        assert client.login("sanjiang", one_time_password).status_code == 401

    def test_comes_within_a_week(self, client, one_time_password, clock):
        clock.advance(days=7)
        answer = client.login("sanjiang", one_time_password)
        assert answer.status_code == 401

    def test_only_admins_hand_it_out_and_only_to_people_who_are_there(self, login, school, session):
        for username in ("manager", "sanjiang", "auditor"):
            answer = login(username).submit("/admin/employee/one-time-password/", {"id": school.baoyu.id})
            assert answer.status_code == 403
        admin = login("admin")
        for nobody in ("", "x", "0", "99999", "1,2"):
            assert admin.submit("/admin/employee/one-time-password/", {"id": nobody}).status_code == 404
        assert admin.get("/admin/employee/one-time-password/").status_code == 405
        assert admin.post("/admin/employee/one-time-password/", data={"id": school.baoyu.id}).status_code == 400

    def test_password_is_in_no_cookie_and_no_log(self, login, school, caplog):
        browser = login("admin")
        password = one_time_password_in(
            browser.submit("/admin/employee/one-time-password/", {"id": school.sanjiang.id}).text)
        with browser.session_transaction() as cookie:
            assert password not in str(dict(cookie))
        assert password not in caplog.text


