"""What a browser does with every screen: it asks nobody else, is given all it asks for, and has nothing to complain."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser

STRICT = re.compile(
    r"default-src 'none'; script-src 'nonce-[\w-]{20,}'; style-src 'nonce-[\w-]{20,}'; img-src 'self' data:; "
    r"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    r"require-trusted-types-for 'script'; trusted-types gonghai")
"""To be loosened by nobody in passing."""


@pytest.mark.parametrize(("username", "fewest"), [("admin", 50), ("sanjiang", 20)])
def test_every_screen_is_quiet_and_keeps_to_itself(demo, visit, username, fewest):
    visitor = visit(username)
    page = visitor.page
    addresses = demo.screens(username)
    for address in addresses:
        answer = page.goto(address)
        assert answer.status == 200, address
        assert STRICT.fullmatch(answer.headers["content-security-policy"]), address
        assert page.evaluate("document.documentElement.classList.contains('js')"), f"no script on {address}"
        assert page.evaluate("document.styleSheets.length"), f"no style on {address}"
    assert len(addresses) >= fewest
    assert visitor.complaints == []
    assert visitor.asked_elsewhere == []
    assert visitor.missed == []


def test_whatever_it_did_would_be_noticed(visit):
    visitor = visit("sanjiang")
    visitor.page.evaluate("""() => {
        console.warn("a warning");
        fetch("/nowhere").catch(() => 0);
        fetch("http://127.0.0.1:1/leads").catch(() => 0);
        document.body.append(Object.assign(document.createElement("img"), {src: "http://127.0.0.1:1/picture"}));
    }""")
    visitor.page.wait_for_timeout(300)
    complaints = " ".join(visitor.complaints)
    for said in ("a warning", "VIOLATION connect-src", "VIOLATION img-src"):
        assert said in complaints
    assert [line.rpartition(" ")[2] for line in visitor.missed] == ["404"]


def test_asking_elsewhere_would_be_noticed(visit):
    """On a page whose policy lets it: ours does not even ask."""
    visitor = visit()
    visitor.page.route("**/login", lambda route: route.fulfill(content_type="text/html", body=(
        '<link rel="icon" href="data:,"><img src="http://127.0.0.1:1/picture">')))
    visitor.page.goto("/login")
    assert [line.rpartition(" ")[2] for line in visitor.asked_elsewhere] == ["http://127.0.0.1:1/picture"]
