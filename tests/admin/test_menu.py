"""The menu beside every screen."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from app.admin.menu import COUNTED, counted
from app.admin.public_pool import PublicPoolView
from app.services import my_customers, pool

JSON = {"Accept": "application/json"}
GROUP = re.compile(r'<p class="group"[^>]*>(.*?)</p>')


def menu_of(page: str) -> str:
    return page.partition('<nav aria-label="Main menu">')[2].partition("</nav>")[0]


def entries(page: str) -> dict[str, str]:
    """What the menu says beside each screen's title."""
    lines = re.findall(r"<li><a [^>]*>(.*?)</a></li>", menu_of(page), re.DOTALL)
    title_and_count = re.compile(r'([^<]+?)(?: <span class="count"[^>]*>(.*?)</span>)?$', re.DOTALL)
    found = (title_and_count.match(line.strip()) for line in lines)
    return {line[1].strip(): line[2] or "" for line in found}


@pytest.fixture
def read(login):
    def read(username: str, path: str = "/admin/") -> str:
        return login(username).get(path, headers={"Accept-Language": "en"}).text

    return read


def test_groups_screens_by_what_people_do(read):
    assert GROUP.findall(menu_of(read("admin"))) == ["Sell", "Teach", "People", "Reports", "Settings"]
    assert next(iter(entries(read("sanjiang")))) == "Home"


def test_has_no_group_without_a_screen_to_open(read):
    page = read("sanjiang")
    assert "People" not in GROUP.findall(menu_of(page))
    assert "Employees" not in entries(page)


def test_marks_the_screen_one_is_on(read):
    for path in ("/admin/publicpool/", "/admin/publicpool/?q=x"):
        assert re.findall(r'aria-current="page">([\w ]+?)\s*<', menu_of(read("sanjiang", path))) == ["Public Pool"]


class TestCounts:
    @pytest.fixture
    def customers(self, make_customer, school, clock, session):
        for number in range(3):
            make_customer(f"公海{number}")
        make_customer("三江以前的", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=30))
        for number in range(2):
            make_customer(f"三江的{number}", holder=school.sanjiang)
        make_customer("暴雨的", holder=school.baoyu)
        session.commit()

    def test_are_of_those_one_could_claim_and_those_one_follows_up(self, read, customers):
        assert entries(read("sanjiang"))["Public Pool"] == "3"
        assert entries(read("sanjiang"))["My Customers"] == "2"
        assert entries(read("baoyu"))["Public Pool"] == "4"
        assert entries(read("baoyu"))["My Customers"] == "1"

    def test_of_none_are_not_shown(self, read, school):
        assert entries(read("sanjiang"))["My Customers"] == ""

    def test_stop_at_a_thousand(self):
        assert [counted(number) for number in (0, 1, COUNTED, COUNTED + 1)] == ["", "1", "999", "999+"]

    def test_read_no_more_rows_than_they_show(self, session, make_customer, school, clock):
        for number in range(4):
            make_customer(f"公海{number}")
            make_customer(f"三江的{number}", holder=school.sanjiang)
        session.commit()
        for most, found in ((3, 3), (4, 4), (9, 4)):
            assert pool.count(session, school.sanjiang.id, today=clock.today(), most=most) == found
            assert my_customers.number_held(session, school.sanjiang.id, today=clock.today(), most=most) == found

    def test_are_asked_once_a_page_and_not_for_an_answer_to_a_script(self, login, customers, monkeypatch):
        asked = []
        monkeypatch.setattr(PublicPoolView, "menu_count", lambda view: asked.append(view) or "")
        browser = login("sanjiang")
        browser.csrf_token()
        asked.clear()
        browser.get("/admin/mycustomers/")
        assert len(asked) == 1
        asked.clear()
        for answer in (browser.get("/nothing", headers=JSON),
                       browser.submit("/admin/claim/", {"customer_id": 99999}, headers=JSON)):
            assert answer.is_json
        assert asked == []
