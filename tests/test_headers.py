"""What every response tells the browser: what it may run, show, keep and send on."""

from __future__ import annotations

import http.client
import re

import pytest
from flask import abort, request

from app.extensions import login_manager
from tests.conftest import make_app
from tests.support.client import token_in
from tests.support.processes import ROOT

JSON = {"Accept": "application/json"}
HTTPS = {"base_url": "https://crm.school.example"}


def directives(response) -> dict[str, str]:
    policy = response.headers["Content-Security-Policy"]
    return dict(part.partition(" ")[::2] for part in policy.split("; "))


def assert_guarded(response) -> None:
    rules = directives(response)
    nonce = re.fullmatch(r"'nonce-([\w-]{24})'", rules["script-src"])
    assert nonce, rules
    assert rules["style-src"] == rules["script-src"]
    assert (rules["default-src"], rules["object-src"], rules["base-uri"], rules["frame-ancestors"]) == ("'none'",) * 4
    assert (rules["form-action"], rules["connect-src"], rules["img-src"]) == ("'self'", "'self'", "'self' data:")
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "*" not in response.headers["Content-Security-Policy"]
    expected = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
                "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"}
    assert {name: response.headers.get(name) for name in expected} == expected
    assert "camera=()" in response.headers["Permissions-Policy"]


class TestEveryResponse:
    @pytest.mark.parametrize(("path", "status"), [
        ("/admin/", 200), ("/admin/customer/", 200), ("/admin/customer/export/csv/", 200),
        ("/admin/customer/export/xlsx/", 200), ("/admin/customer/details/?id=0", 404), ("/nothing", 404),
        ("/", 302), ("/logout", 405), ("/admin/customer", 308), ("/healthz", 200), ("/login?next=//evil.example", 400),
        ("/static/gonghai.js", 200), ("/static/nothing.js", 404), ("/admin/static/admin/css/bootstrap4/admin.css", 200),
    ])
    def test_carries_the_headers_and_a_status(self, login, path, status):
        answer = login("admin").get(path, buffered=True)
        assert answer.status_code == status
        assert_guarded(answer)

    @pytest.mark.parametrize("path", ["/login", "/admin/publicpool/", "/nothing", "/static/favicon.svg"])
    def test_for_visitors_and_programs_too(self, client, school, path):
        assert_guarded(client.get(path, buffered=True))
        assert_guarded(client.get(path, headers=JSON, buffered=True))

    def test_that_only_says_nothing_has_changed(self, client):
        first = client.get("/static/gonghai.css", buffered=True)
        again = client.get("/static/gonghai.css", headers={"If-None-Match": first.headers["ETag"]},
                           buffered=True)
        assert again.status_code == 304
        assert_guarded(again)

    def test_to_a_post_refused_or_done(self, login):
        browser = login("admin")
        assert_guarded(browser.post("/admin/customer/delete/"))
        assert_guarded(browser.submit("/logout"))

    def test_to_an_error_of_ours(self, database_url, clock, school):
        app = make_app(database_url, clock)
        app.add_url_rule("/broken", "broken", lambda: 1 / 0)
        app.config["TESTING"] = False
        answer = app.test_client().get("/broken")
        assert answer.status_code == 500
        assert "ZeroDivision" not in answer.text
        assert_guarded(answer)

    def test_without_a_database(self, clock):
        app = make_app("postgresql+psycopg://somebody:very-secret@127.0.0.1:1/x", clock)
        app.config["TESTING"] = False
        for path, status in (("/login", 503), ("/nothing", 404), ("/admin/", 302)):
            answer = app.test_client().get(path, headers={"Accept-Language": "en"})
            assert answer.status_code == status
            assert "very-secret" not in answer.text
            assert_guarded(answer)

    def test_from_a_real_server_which_tells_no_version(self, live_server, school):
        server = live_server(processes=1)
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        connection.request("GET", "/login")
        answer = connection.getresponse()
        assert answer.getheader("Content-Security-Policy")
        assert answer.getheader("Server") == "gunicorn"
        connection.close()


class TestTheNonce:
    def test_is_another_one_each_time_and_the_one_on_the_page(self, login):
        browser, seen = login("admin"), set()
        for _ in range(5):
            answer = browser.get("/admin/customer/")
            nonce = directives(answer)["script-src"].removeprefix("'nonce-").removesuffix("'")
            assert set(re.findall(r'nonce="([^"]*)"', answer.text)) == {nonce}
            seen.add(nonce)
        assert len(seen) == 5

    def test_is_on_every_script_and_style_of_every_template(self):
        loads = re.compile(r'<script\b[^>]*>|<style\b[^>]*>|<link\b[^>]*rel="stylesheet"[^>]*>')
        found = [(path.name, tag) for path in (ROOT / "app/templates").rglob("*.html")
                 for tag in loads.findall(path.read_text())]
        assert found
        assert [each for each in found if 'nonce="{{ csp_nonce() }}"' not in each[1]] == []

    def test_no_template_has_a_handler_or_style_of_its_own(self):
        inline = re.compile(r'<[a-z][^>]*\s(on[a-z]+|style)="|javascript:')
        assert [path.name for path in (ROOT / "app/templates").rglob("*.html") if inline.search(path.read_text())] == []


class TestCaching:
    @pytest.mark.parametrize("path", [
        "/admin/", "/admin/mycustomers/", "/admin/publicpool/", "/admin/customer/export/csv/", "/admin/roles",
        "/admin/customer/ajax/lookup/?name=consultant&query=x", "/login", "/healthz", "/static/nothing"])
    def test_nothing_a_person_sees_is_kept(self, login, path):
        for asked in ({}, JSON):
            assert login("admin").get(path, headers=asked).headers["Cache-Control"] == "no-store"

    def test_files_everyone_gets_are_kept_and_asked_about(self, client):
        answer = client.get("/static/gonghai.css", buffered=True)
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["ETag"]


class TestHttps:
    def test_is_kept_to_for_a_year_once_it_was_used(self, client, school):
        answer = client.get("/login", **HTTPS)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"

    def test_is_not_demanded_where_it_is_not_served(self, client, school):
        assert "Strict-Transport-Security" not in client.get("/login").headers

    def test_is_believed_of_as_many_proxies_as_are_trusted(self, database_url, clock, school):
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        for proxies, secure in ((0, False), (1, True)):
            app = make_app(database_url, clock, trusted_proxies=proxies)
            answer = app.test_client().get("/login", headers=forwarded)
            assert ("Strict-Transport-Security" in answer.headers) is secure
            (cookie,) = answer.headers.getlist("Set-Cookie")
            assert (" Secure;" in cookie and cookie.startswith("__Host-session=")) is secure
            assert " HttpOnly;" in cookie
            assert "SameSite=Lax" in cookie


class TestCookies:
    def test_over_https_one_can_work_with_a_cookie_only_this_host_can_set(self, client, school):
        page = client.get("/login", **HTTPS)
        answer = client.post("/login", **HTTPS, headers={"Referer": "https://crm.school.example/login"}, data={
            "username": "sanjiang", "password": "demo-pass-2026", "csrf_token": token_in(page.text)})
        assert answer.status_code == 302
        cookies = [cookie.split("; ") for cookie in answer.headers.getlist("Set-Cookie")]
        assert len([name for name, *_ in cookies if name.startswith("__Host-session=")]) == 1
        for _name, *attributes in cookies:
            assert {"Secure", "HttpOnly"} <= set(attributes)
            assert {"SameSite=Lax", "SameSite=Strict"} & set(attributes)
            assert not any(attribute.startswith("Domain") for attribute in attributes)
        assert client.get("/admin/", **HTTPS).status_code == 200
        assert client.get("/admin/").status_code == 302  # the same browser without HTTPS is nobody

    def test_nobody_is_remembered_beyond_his_session(self, app, client, school):
        page = client.get("/login")
        answers = [page, client.post("/login", data={
            "username": "sanjiang", "password": "demo-pass-2026", "csrf_token": token_in(page.text), "remember": "1",
            "remember_me": "on"}), client.get("/admin/?remember=1"), client.submit("/logout")]
        cookies = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
        sessions = [cookie for cookie in cookies if re.match("session=[^;]", cookie)]
        assert sessions
        assert [cookie for cookie in cookies if cookie.startswith("remember")] == []
        for cookie in sessions:  # it ends with the browser
            assert not re.search("(expires|max-age)=", cookie, re.IGNORECASE)

    def test_a_remembering_cookie_would_be_as_safe(self, database_url, clock):
        app = make_app(database_url, clock, app_env="production",
                       secret_key="3f1c9a5be2d84706b1e0c7d2a98f6453")
        assert app.config["REMEMBER_COOKIE_SECURE"] is True
        assert app.config["REMEMBER_COOKIE_HTTPONLY"] is True
        assert app.config["REMEMBER_COOKIE_SAMESITE"] == "Lax"
        assert login_manager.session_protection is not None


class TestTheHost:
    @pytest.fixture
    def site(self, database_url, clock, school):
        return make_app(database_url, clock, trusted_hosts="crm.school.example,.branch.example").test_client()

    @pytest.mark.parametrize("host", ["crm.school.example", "crm.school.example:8443", "north.branch.example",
                                      "localhost:5000", "127.0.0.1:5000"])
    def test_of_ours_is_answered(self, site, host):
        assert site.get("/login", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize("host", ["evil.example", "crm.school.example.evil.example", "evilcrm.school.example",
                                      "evilbranch.example", "203.0.113.9", "crm.school.example@evil.example"])
    def test_of_others_is_refused_in_words(self, site, host):
        for path in ("/login", "/admin/", "/nothing", "/static/gonghai.css", "/healthz"):
            answer = site.get(path, headers={"Host": host, "Accept-Language": "en"})
            assert answer.status_code == 400
            assert answer.text == "This site does not go by that name.\n"
            assert_guarded(answer)
        told = site.get("/login", headers={"Host": host, "Accept-Language": "en", **JSON})
        assert (told.status_code, told.json["status"]) == (400, 400)

    @pytest.mark.parametrize("host", ["a" * 70, "a..b", f"crm.{'x' * 64}.example:8443"])
    def test_that_can_be_no_name_is_refused_in_words(self, app, client, school, host):
        app.config["TESTING"] = False
        for path in ("/login", "/admin/", "/nothing", "/static/gonghai.css", "/healthz"):
            answer = client.get(path, headers={"Host": host, "Accept-Language": "en"})
            assert (answer.status_code, answer.text) == (400, "This site does not go by that name.\n")
            assert_guarded(answer)
        assert client.get("/login", headers={"Host": host, **JSON}).json["status"] == 400

    ODD = ("", " ", "[", "[::1]", "[::1", "a b", "公海", "é", "a:b", "a:0", "a:99999", "a:-1", ":80", ".", "-", "a@b",
           "a/b", "a\\b", "%00", "a,b")

    @pytest.mark.parametrize("trusted", [{}, {"trusted_hosts": "crm.school.example"}])
    def test_however_odd_never_breaks_anything(self, database_url, clock, school, trusted):
        app = make_app(database_url, clock, **trusted)
        app.config["TESTING"] = False
        for host in self.ODD:
            for path in ("/login", "/admin/", "/nothing", "/healthz"):
                answer = app.test_client().get(path, headers={"Host": host})
                assert answer.status_code < 500, (host, path)
                assert_guarded(answer)

    def test_however_odd_never_breaks_a_real_server(self, live_server, school):
        server = live_server(processes=1)
        for host in (*self.ODD, "a" * 70, "a..b", "xn--", "xn--a", "a" * 300):
            connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
            connection.putrequest("GET", "/login", skip_host=True)
            connection.putheader("Host", host.encode())
            connection.endheaders()
            assert connection.getresponse().status < 500, host
            connection.close()

    def test_is_any_unless_it_is_set(self, client, school):
        assert client.get("/login", headers={"Host": "evil.example"}).status_code == 200


class TestErrorsInWords:
    """Whatever a person can meet is a sentence in his language, as a page or as JSON."""

    @pytest.mark.parametrize("disposition", ["form-data", 'form-data; filename="x"'])
    def test_a_field_without_a_name_is_refused(self, app, client, school, disposition):
        app.config["TESTING"] = False
        body = f"--a\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--a--\r\n"
        answer = client.post("/login", data=body, content_type="multipart/form-data; boundary=a",
                             headers={"Accept-Language": "en"})
        assert answer.status_code == 400
        assert "<!doctype html>" in answer.text
        assert_guarded(answer)

    STATUSES = (400, 401, 403, 404, 405, 413, 415, 429, 500)

    @pytest.fixture
    def failing(self, database_url, clock, school, session):
        app = make_app(database_url, clock)

        @app.get("/fail/<int:status>")
        def fail(status):
            abort(status)

        @app.post("/measure")
        def measure():
            return {"size": len(request.get_json())}

        app.config["WTF_CSRF_ENABLED"] = False
        session.commit()
        return app.test_client()

    @pytest.mark.parametrize("status", [*STATUSES, 409, 410, 418, 422, 451, 503])
    def test_each_status(self, failing, status):
        page = failing.get(f"/fail/{status}", headers={"Accept-Language": "en"})
        told = failing.get(f"/fail/{status}", headers={"Accept-Language": "en", **JSON})
        assert page.status_code == told.status_code == status
        assert told.json["status"] == status
        assert told.json["error"].endswith(".")
        assert told.json["error"] in page.text
        assert "<html" in page.text

    def test_speaks_the_readers_language(self, failing):
        said = {language: failing.get("/fail/404", headers={"Accept-Language": language, **JSON}).json["error"]
                for language in ("en", "zh-CN", "zh-TW")}
        assert len(set(said.values())) == 3

    def test_a_method_an_address_does_not_know_is_told_those_it_does(self, client, school):
        answer = client.get("/logout")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}

    @pytest.mark.parametrize(("encoding", "begins"), [
        ("application/x-www-form-urlencoded", "username="),
        ("multipart/form-data; boundary=cut", '--cut\r\nContent-Disposition: form-data; name="username"\r\n\r\n')])
    def test_a_form_that_is_too_large(self, client, school, encoding, begins):
        answer = client.post("/login", data=begins + "x" * 700_000, content_type=encoding,
                             headers={"Accept-Language": "en"})
        assert answer.status_code == 413
        assert "That is too large." in answer.text

    def test_a_body_that_is_too_large(self, client, school):
        answer = client.post("/login", data=b"x" * 17_000_000, content_type="multipart/form-data; boundary=x",
                             headers={"Accept-Language": "en"})
        assert answer.status_code == 413
        assert "That is too large." in answer.text

    def test_a_body_of_a_kind_nobody_reads(self, failing):
        answer = failing.post("/measure", data=b"<xml/>", content_type="text/xml", headers={"Accept-Language": "en"})
        assert answer.status_code == 415
        assert "not sent in a form that is understood" in answer.text
