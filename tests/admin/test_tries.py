"""Who tried what, on the row of a customer in the pool."""

from __future__ import annotations

import datetime as dt
import re

import pytest


@pytest.fixture
def fallen(make_customer, make_follow_up, school, clock):
    """三江's customer who fell into the pool today."""
    today = clock.today()
    customer = make_customer("龙泰", holder=school.sanjiang, on=today - dt.timedelta(days=6), mobile="13900001234")
    make_follow_up(customer, "没人接", on=today - dt.timedelta(days=5))
    make_follow_up(customer, "电话13900001234打不通，下次用微信再联系他一次看看行不行，先这样吧，"
                   "以后再说，反正也不急", on=today - dt.timedelta(days=4))
    return customer


@pytest.fixture
def baoyu(login):
    browser = login("baoyu")
    browser.submit("/locale", {"locale": "en"})
    return browser


def cell(page) -> str:
    """What the row says, without its tags."""
    found = re.search(r'<td class="tried.*?</td>', page.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found.group()).split())


def test_the_row_says_how_many_tried_how_much_and_what_came_of_it(baoyu, fallen):
    said = cell(baoyu.get("/admin/publicpool/"))
    assert said.startswith("1 hand · 2 records 三江, 4 days ago: 电话••••打不通，下次用微信再联系他")
    assert said.endswith("…")


def test_of_a_new_lead_there_is_nothing_to_unfold(baoyu, make_customer):
    make_customer("新线索")
    page = baoyu.get("/admin/publicpool/")
    assert cell(page) == "—"
    assert "data-tries" not in page.text


def test_the_link_opens_a_page_and_for_the_script_the_part_of_it(baoyu, fallen):
    address = f"/admin/publicpool/tries/?id={fallen.id}"
    assert f'href="{address}" data-tries' in baoyu.get("/admin/publicpool/").text
    page, part = baoyu.get(address).text, baoyu.get(f"{address}&part=1").text
    assert "<html" in page
    assert "<html" not in part
    assert part.strip() in page
    for said in ("三江", "No follow-up in time", "2 follow-ups", "打不通", "No plan yet"):
        assert said in part
    assert "13900001234" not in part
    assert len(part) < 2000


def test_whoever_sees_contacts_reads_it_unmasked(login, fallen):
    assert "13900001234" in login("manager").get(f"/admin/publicpool/tries/?id={fallen.id}&part=1").text


@pytest.mark.parametrize(("who", "status"), [("sanjiang", 404), ("baoyu", 200), ("manager", 200), ("tutor", 403)])
def test_it_is_there_for_whoever_finds_him_in_the_pool(login, fallen, who, status):
    assert login(who).get(f"/admin/publicpool/tries/?id={fallen.id}").status_code == status


def test_of_one_who_is_not_in_the_pool_it_does_not_exist(baoyu, make_customer, school):
    held = make_customer("在跟", holder=school.dasha)
    for asked in (f"?id={held.id}", "?id=99999", "?id=abc", ""):
        assert baoyu.get(f"/admin/publicpool/tries/{asked}").status_code in (400, 404), asked


def test_the_list_asks_as_often_with_two_hundred_as_with_twenty(baoyu, make_customer, make_follow_up, school, clock,
                                                                 count_queries):
    """A page has fifty of them; so many rows, so many hands and words."""
    counts = []
    for number in (3, 25):
        for _ in range(number):
            customer = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=8))
            make_follow_up(customer, on=clock.today() - dt.timedelta(days=7))
        baoyu.get("/admin/publicpool/")
        with count_queries() as queries:
            assert baoyu.get("/admin/publicpool/").status_code == 200
        counts.append(queries.count)
    assert counts[0] == counts[1]
