"""Limits on logging in, and that they cannot be used to keep others out."""

from __future__ import annotations

import contextvars
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.models import AuditAction, AuditEntry
from app.services import passwords
from tests.conftest import make_app
from tests.support import phone as phones
from tests.support.client import Client, token_in

HOME, OFFICE = "203.0.113.1", "198.51.100.1"


def attempt(browser: Client, username: str = "sanjiang", password: str = "a guess", *, address: str = HOME, **headers):
    """Send the login form from an address."""
    page = browser.get("/login", environ_base={"REMOTE_ADDR": address})
    return browser.post("/login", environ_base={"REMOTE_ADDR": address}, headers=headers,
                        data={"username": username, "password": password, "csrf_token": token_in(page.text)})


def right(browser: Client, username: str = "sanjiang", **where: str):
    return attempt(browser, username, "demo-pass-2026", **where)


@pytest.fixture
def browser(app, session, school):
    """`browser()` is a new one in which nobody has logged in."""
    def make(of=app) -> Client:
        made = of.test_client()
        made.test_session = session
        return made

    return make


def log_out(browser: Client) -> None:
    browser.submit("/logout")
    browser._token = None


class TestTheAccount:
    def test_after_ten_failures_even_the_right_password_is_refused_on_an_unknown_device(self, browser):
        assert [attempt(browser(), address=f"203.0.113.{n}").status_code for n in range(10)] == [401] * 10
        refused = right(browser(), address=OFFICE, **{"Accept-Language": "en"})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60 + 2
        assert "Too many attempts. Please try again in" in refused.text

    def test_an_unknown_name_gets_the_same_answers(self, browser):
        def answers(username):
            return [(answer.status_code, list(answer.headers.keys()), len(answer.text)) for answer in
                    (attempt(browser(), username, address=f"203.0.113.{n}") for n in range(12))]

        assert answers("sanjiang") == answers("nobody42")

    def test_a_refused_attempt_costs_no_hash(self, browser, monkeypatch):
        for number in range(10):
            attempt(browser(), address=f"203.0.113.{number}")
        verified = []
        monkeypatch.setattr(passwords, "verify", lambda *_: verified.append(1))
        assert right(browser()).status_code == 429
        assert verified == []

    def test_a_refusal_is_in_the_log_and_a_hundred_do_not_flood_it(self, browser, session, school):
        for number in range(10):
            attempt(browser(), address=f"203.0.113.{number}")
        for _refusal in range(5):
            assert attempt(browser()).status_code == 429
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.LOGIN_LIMITED))
        assert (entry.person_id, entry.address) == (school.sanjiang.id, HOME)

    def test_only_failures_count(self, browser):
        for _login in range(40):
            assert right(browser()).status_code == 302

    def test_a_program_that_asks_for_json_is_told_so_too(self, browser):
        for number in range(10):
            attempt(browser(), address=f"203.0.113.{number}")
        refused = attempt(browser(), Accept="application/json")
        assert refused.status_code == refused.json["status"] == 429
        assert refused.headers["Retry-After"]


class TestTheAddress:
    def test_many_accounts_from_one_address_are_limited_together(self, browser):
        found = Counter(attempt(browser(), f"name{n}").status_code for n in range(35))
        assert found == {401: 30, 429: 5}

    def test_another_address_is_not_touched(self, browser):
        for number in range(31):
            attempt(browser(), f"name{number}")
        assert right(browser()).status_code == 429
        assert right(browser(), address=OFFICE).status_code == 302

    def test_an_ipv6_address_counts_with_its_neighbours(self, browser):
        found = Counter(attempt(browser(), f"name{n}", address=f"2001:db8::{n + 1:x}").status_code for n in range(35))
        assert found == {401: 30, 429: 5}
        assert right(browser(), address="2001:db8:0:1::1").status_code == 302

    def test_behind_a_proxy_it_is_the_address_the_proxy_tells(self, browser, database_url, clock):
        app = make_app(database_url, clock, trusted_proxies=1)
        for number in range(30):
            attempt(browser(app), f"name{number}", **{"X-Forwarded-For": f"192.0.2.9, {HOME}"})
        page = browser(app)
        assert right(page, **{"X-Forwarded-For": f"192.0.2.10, {HOME}"}).status_code == 429
        assert right(page, **{"X-Forwarded-For": OFFICE}).status_code == 302


class TestAKnownDevice:
    def test_a_stranger_who_hammers_the_account_does_not_keep_its_owner_out(self, browser):
        known = browser()
        right(known)
        log_out(known)
        for number in range(60):
            attempt(browser(), address=f"203.0.113.{number}")
        assert right(browser(), address=OFFICE).status_code == 429
        assert right(known).status_code == 302

    def test_nor_if_he_sits_at_the_same_address(self, browser):
        known = browser()
        right(known)
        log_out(known)
        for number in range(60):
            attempt(browser(), f"name{number}")
        assert right(known).status_code == 302

    def test_it_is_limited_itself_and_only_itself(self, browser):
        first, second = browser(), browser()
        for device in (first, second):
            right(device)
            log_out(device)
        assert [attempt(first).status_code for _ in range(11)] == [401] * 10 + [429]
        assert right(first).status_code == 429
        assert right(second).status_code == 302
        assert right(browser()).status_code == 302

    def test_a_login_gives_this_device_a_clean_sheet_and_no_other(self, browser):
        first, second = browser(), browser()
        for device in (first, second):
            right(device)
            log_out(device)
            for _failure in range(9):
                attempt(device)
        for number in range(9):
            attempt(browser(), address=f"203.0.113.{number}")
        assert right(first).status_code == 302
        log_out(first)

        assert [attempt(first).status_code for _ in range(10)] == [401] * 10
        assert [attempt(second).status_code for _ in range(2)] == [401, 429]
        assert [attempt(browser()).status_code for _ in range(2)] == [401, 429]

    def test_its_cookie_is_kept_from_scripts_and_other_sites(self, browser):
        cookies = {name: rest for name, rest in (
            header.split("=", 1) for header in right(browser()).headers.getlist("Set-Cookie"))}
        (device,) = [rest for name, rest in cookies.items() if name.startswith(("device-", "__Host-device-"))]
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={400 * 24 * 3600}"):
            assert attribute in device

    def test_its_cookie_is_secure_over_https(self, browser, database_url, clock):
        app = make_app(database_url, clock, trusted_proxies=1)
        answer = right(browser(app), **{"X-Forwarded-Proto": "https", "X-Forwarded-For": HOME,
                                        "Referer": "https://localhost/login"})
        assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))

    def test_it_is_known_to_its_account_only(self, browser):
        """Not even under the name that the other account's cookie has."""
        cookies = {}
        for username in ("sanjiang", "baoyu"):
            owner = browser()
            right(owner, username)
            (cookies[username],) = [each for each in owner._cookies.values() if each.key.startswith("device-")]
        for number in range(10):
            attempt(browser(), address=f"203.0.113.{number}")
        stranger = browser()
        for name in (cookies["sanjiang"].key, cookies["baoyu"].key):
            stranger.set_cookie(name, cookies["baoyu"].value)
        assert right(stranger).status_code == 429
        stranger.set_cookie(cookies["sanjiang"].key, cookies["sanjiang"].value)
        assert right(stranger).status_code == 302

    def is_known(self, device, browser):
        """Whether the account's failures elsewhere do not keep it out."""
        for number in range(10):
            attempt(browser(), address=f"203.0.113.{number}")
        return attempt(device).status_code == 401

    def test_it_is_known_no_more_once_the_password_is_another(self, browser, session, school):
        known = browser()
        right(known)
        log_out(known)
        passwords.set_password(school.sanjiang, "another one of his")
        assert not self.is_known(known, browser)

    def test_nor_once_a_second_factor_is_switched_on(self, browser, session, school, clock):
        known = browser()
        right(known)
        log_out(known)
        phones.set_up(session, school.sanjiang, clock)
        assert not self.is_known(known, browser)

    def test_the_one_on_which_the_password_was_changed_stays_known(self, browser):
        known, chosen = browser(), "龙泰欠我三顿火锅和一碗小面"
        right(known)
        assert known.submit("/account/password", {
            "present": "demo-pass-2026", "chosen": chosen, "again": chosen}).status_code == 302
        known._token = None
        log_out(known)
        assert self.is_known(known, browser)

    def test_a_made_up_cookie_is_no_device(self, browser):
        known, forger = browser(), browser()
        right(known)
        (cookie,) = [c for c in known._cookies.values() if c.key.startswith(("device-", "__Host-device-"))]
        for number in range(10):
            attempt(browser(), address=f"203.0.113.{number}")
        for forged in ("", "x", cookie.value[:-1], "é", cookie.value.swapcase()):
            forger.set_cookie(cookie.key, forged)
            assert right(forger).status_code == 429


@pytest.mark.queue
class TestSeveralServers:
    @pytest.fixture
    def servers(self, database_url, clock, valkey_server):
        return [make_app(database_url, clock, redis_url=valkey_server.url) for _ in range(2)]

    def test_they_count_together(self, browser, servers):
        found = [attempt(browser(servers[n % 2]), address=f"203.0.113.{n}").status_code for n in range(12)]
        assert found == [401] * 10 + [429] * 2

    def test_a_device_known_to_one_is_known_to_all(self, browser, servers):
        known = browser(servers[0])
        right(known)
        log_out(known)
        moved = browser(servers[1])
        moved._cookies = known._cookies
        for number in range(11):
            attempt(browser(servers[number % 2]), address=f"203.0.113.{number}")
        assert right(moved).status_code == 302

    @pytest.mark.race
    def test_forty_attempts_at_the_same_moment_are_ten(self, browser, servers, session):
        browsers = [browser(servers[n % 2]) for n in range(40)]
        session.commit()
        for each in browsers:
            each.test_session = None

        def guess(number: int) -> int:
            return contextvars.Context().run(attempt, browsers[number], address=f"203.0.113.{number}").status_code

        with ThreadPoolExecutor(16) as pool:
            assert Counter(pool.map(guess, range(40))) == {401: 10, 429: 30}
