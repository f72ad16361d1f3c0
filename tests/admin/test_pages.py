"""What holds of every page."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask import flash, redirect

from tests.conftest import make_app
from tests.support.screens import screens

SECONDS = re.compile(r"\d\d:\d\d:\d\d")
PARTS_OF_A_SECOND = re.compile(r":\d\d\.\d")


@pytest.fixture
def late_in_a_second(clock, school, make_customer, make_follow_up, session):
    """Something on each screen, and every instant of it has microseconds."""
    clock.advance(seconds=7, microseconds=654321)
    mine = make_customer("龙泰", holder=school.sanjiang, courses=[school.python], mobile="13800001111")
    make_follow_up(mine, "周末来试听", next_contact_on=clock.today())
    make_customer("早掉", holder=school.baoyu, on=clock.today() - dt.timedelta(days=40))
    session.commit()


@pytest.mark.parametrize(("username", "fewest"), [("admin", 30), ("sanjiang", 10)])
def test_no_page_tells_the_second_and_none_has_two_main_actions_in_its_head(
        app, login, late_in_a_second, username, fewest):
    browser = login(username)
    addresses = screens(app, browser)
    assert len(addresses) >= fewest
    for address in addresses:
        page = browser.get(address).text
        assert SECONDS.findall(re.sub(r"<[^>]*>", " ", page)) == [], address
        assert PARTS_OF_A_SECOND.findall(page) == [], address
        head = page.partition('<div class="page-actions">')[2].partition("</div>")[0]
        assert head.count("btn primary") <= 1, address


@pytest.mark.parametrize("path", ["/admin/publicpool/", "/admin/mycustomers/", "/admin/customer/"])
def test_no_search_takes_more_than_is_looked_for(login, late_in_a_second, path):
    """With all that was pasted the address would be too long, and nobody would learn why nothing is found."""
    fields = re.findall(r'<input[^>]*type="search"[^>]*>', login("sanjiang").get(path).text)
    assert fields
    assert all('maxlength="64"' in field for field in fields)


def test_a_sentence_that_is_said_twice_is_shown_once(database_url, clock, school):
    app = make_app(database_url, clock)

    def say() -> object:
        for sentence in ("Done & dusted.", "Something else.", "Done & dusted."):
            flash(sentence, "success")
        return redirect("/login")

    app.add_url_rule("/say", "say", say)
    page = app.test_client().get("/say", follow_redirects=True).text
    assert re.findall(r'<div class="flash [^>]*>\s*<p>(.*?)</p>', page) == ["Done &amp; dusted.", "Something else."]
