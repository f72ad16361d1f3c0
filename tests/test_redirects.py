"""Whoever follows a link of ours stays with us: return addresses that lead elsewhere are refused, in every route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask_admin.helpers import is_safe_url

from app import web
from tests.support.redirect_vectors import HARMLESS, HOST, VECTORS

OWN = re.compile(r"(http://localhost)?/(?![/\\])[^\x00-\x1f\x7f\\]*")
LEADS = re.compile(r'(?:href|src|action|formaction|content)="([^"]*)"')


def assert_stays_here(answer, vector: str) -> None:
    """Neither the answer's address nor a link or form on its page leads to another site."""
    assert answer.status_code < 500, repr(vector)
    assert "Refresh" not in answer.headers
    if "Location" in answer.headers:
        assert OWN.fullmatch(answer.location), (vector, answer.location)
    for address in LEADS.findall(answer.text):
        assert HOST not in (urlsplit(address).netloc or ""), (vector, address)
        assert not re.match(r"\s*(javascript|data|vbscript):", address, re.IGNORECASE), (vector, address)


def routes(app) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "csv", rule.rule)
        if "static" not in path and path != "/readyz":
            yield from ((path, method) for method in sorted(rule.methods & {"GET", "POST"}))


def test_there_are_enough_of_them():
    assert len(VECTORS) >= 200


def test_each_is_told_from_a_path_on_this_site():
    assert [vector for vector in VECTORS if web.is_safe_address(vector)] == []
    assert [address for address in HARMLESS if not web.is_safe_address(address)] == []


def test_flask_admin_alone_would_let_some_through(app):
    with app.test_request_context("/"):
        passed = [vector for vector in VECTORS if is_safe_url(vector)]
    assert "http:evil.example" in passed


class TestWhereAddressesAreFollowed:
    """The places that redirect to what they are told, each with every vector, in the address and in the form."""

    @pytest.fixture
    def follow(self, login, school):
        browser, campus = login("admin"), {"id": school.beijing.id, "title": school.beijing.title}

        def ask(address: str):
            yield browser.get("/login", query_string={"next": address})
            yield browser.submit("/locale", {"locale": "en", "next": address})
            yield browser.submit("/admin/campus/edit/", campus, query_string={"id": campus["id"], "url": address})
            yield browser.get("/admin/campus/edit/", query_string={"id": campus["id"], "url": address})

        return ask

    @pytest.mark.fuzz
    def test_none_leads_away(self, follow):
        for vector in VECTORS:
            for answer in follow(vector):
                assert answer.status_code == 400, repr(vector)
                assert_stays_here(answer, vector)

    def test_a_path_of_ours_is_gone_to(self, follow):
        for address in HARMLESS:
            signed_in, chosen, saved, form = follow(address)
            for answer in (signed_in, chosen, saved):
                assert answer.status_code == 302
                assert_stays_here(answer, address)
                assert urlsplit(answer.location).path.startswith("/")
            assert form.status_code == 200
        assert signed_in.location == "/%EF%BC%8Fevil.example"


@pytest.mark.parametrize(("name", "vector"), [("url", "http:evil.example"), ("next", "/\\evil.example")])
def test_every_route_refuses_it_under_both_names_and_by_both_ways(app, login, name, vector):
    browser = login("admin")
    asked = 0
    for path, method in routes(app):
        answers = [browser.open(path, method=method, query_string={name: vector, "id": "1"},
                                data={"csrf_token": browser.csrf_token()} if method == "POST" else None)]
        if method == "POST":
            answers.append(browser.submit(path, {name: vector, "id": "1"}))
        for answer in answers:
            assert answer.status_code == 400, (method, path)
            assert_stays_here(answer, vector)
            asked += 1
    assert asked > 200


def test_the_second_of_two_values_counts_as_well(login):
    assert login("admin").get("/login?next=/admin/&next=//evil.example").status_code == 400


@pytest.mark.fuzz
def test_a_path_that_looks_like_an_address_is_none(app, client, school):
    """Slashes are merged and added by redirects of the router's own."""
    for vector in VECTORS:
        for path in (f"/{vector}", f"/{vector}/..", f"//{HOST}/admin/campus", f"/admin/campus//{vector}"):
            answer = client.get("/", environ_overrides={"PATH_INFO": path.encode().decode("latin-1")})
            assert_stays_here(answer, path)


def test_a_visitor_is_sent_to_the_login_page_and_on_to_where_he_was_going_only_here(app, client, school):
    for path, method in routes(app):
        if method == "GET":
            answer = client.get(path, query_string={"search": "//evil.example", "x": "\r\nLocation: //evil.example"})
            assert_stays_here(answer, path)
            if answer.status_code == 302 and "next=" in answer.location:
                assert_stays_here(client.get(answer.location), path)


@pytest.mark.parametrize("parameters", [
    {"_scheme": "javascript", "_external": "1", "_anchor": "x", "_method": "DELETE"},
    {"_external": "1", "_scheme": "https", "endpoint": "auth.logout"},
    {"self": "1", "export_type": "pdf", "get_url": "1", "model": "x"}])
def test_what_builds_addresses_takes_no_orders_from_them(app, login, make_customer, parameters):
    make_customer()
    browser = login("admin")
    for path, method in routes(app):
        if method == "GET":
            answer = browser.get(path, query_string={**parameters, "id": "1"})
            assert_stays_here(answer, path)
            assert "https://localhost" not in answer.text
