"""Home: everyone's day, and no number on it that its link does not show."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest

from app.models import CourseClass, Department, Role, SalesRank
from app.models.choices import RowScope
from app.services import desk, floor, my_customers
from app.services.desk import Show
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

TILE = re.compile(r'<(a|div) class="card tile[^"]*"(?: href="([^"]*)")?><b>([\d,.]+)</b><span>([^<]*)</span>')


def tiles_of(client) -> dict[str, tuple[int, str | None]]:
    """The tiles of somebody's home: what is counted, the number, and where it leads."""
    page = client.get("/admin/")
    assert page.status_code == 200
    return {label: (int(number.replace(",", "")), html.unescape(address) if address else None)
            for _tag, address, number, label in TILE.findall(page.text)}


def rows_shown(client, address: str) -> int:
    """How many rows a list has, on all its pages."""
    page = client.get(address)
    assert page.status_code == 200, address
    found = len(re.findall(r"<tr[^>]* data-(?:distribution-id|href|row-id)=", page.text))
    following = re.search(r'rel="next"[^>]*href="([^"]*)"|href="([^"]*)"[^>]*rel="next"', page.text)
    return found if following is None else found + rows_shown(client, html.unescape(following[1] or following[2]))


@pytest.fixture
def busy(session, school, make_customer, make_follow_up, floor, clock):
    """A floor on which everything has happened: claimed, won, lost by both rules, about to fall, due, new."""
    today = clock.today()
    for number in range(3):
        make_customer(f"新{number}", holder=school.sanjiang)
    for number in range(2):
        make_customer(f"今晚{number}", holder=school.sanjiang, on=today - dt.timedelta(days=3))
    due = make_customer("该联系", holder=school.sanjiang, on=today - dt.timedelta(days=2))
    make_follow_up(due, on=today - dt.timedelta(days=1), next_contact_on=today)
    later = make_customer("以后联系", holder=school.sanjiang, on=today - dt.timedelta(days=2))
    make_follow_up(later, on=today - dt.timedelta(days=1), next_contact_on=today + dt.timedelta(days=2))
    again = make_customer("又联系了", holder=school.sanjiang, on=today - dt.timedelta(days=2))
    make_follow_up(again, on=today - dt.timedelta(days=1), next_contact_on=today)
    make_follow_up(again, on=today)
    floor.enrol(make_customer("成了", holder=school.sanjiang))
    make_customer("没跟进", holder=school.sanjiang, on=today - dt.timedelta(days=4))
    floor.night()
    floor.claim(make_customer("抢来的"), by=school.sanjiang)
    floor.release(make_customer("放回去", holder=school.sanjiang))
    make_customer("暴雨的", holder=school.baoyu)
    floor.enrol(make_customer("暴雨成了", holder=school.baoyu))
    session.commit()


class TestAConsultantsDay:
    def test_counts_what_is_his(self, busy, school, session, clock):
        counts = desk.counts(session, school.sanjiang.id, today=clock.today())
        assert counts == {Show.FOLLOWING: 9, Show.FALLING: 2, Show.DUE: 1, Show.NEW: 6, Show.PLANNED: 1, Show.WON: 1,
                          Show.LOST: 1, Show.CLAIMED: 1}
        assert counts[Show.DUE] == my_customers.number_due(session, school.sanjiang.id, today=clock.today())

    @pytest.mark.parametrize("locale", ["en"])
    def test_leads_to_exactly_the_rows_it_counts(self, busy, login, locale):
        sanjiang = login("sanjiang")
        sanjiang.submit("/locale", {"locale": locale})
        found = tiles_of(sanjiang)
        assert {label: number for label, (number, _address) in found.items()} == {
            "Falling tonight": 2, "Contacts due": 1, "New to me": 6, "Following up": 9, "Won this month": 1,
            "Lost this month": 1, "Claimed this month": 1}
        for label, (number, address) in found.items():
            assert rows_shown(sanjiang, address) == number, label

    def test_a_number_among_the_parts_leads_to_the_rows_it_counts_or_nowhere(self, busy, login, make_customer,
                                                                            make_follow_up, school, session, clock):
        day = dt.timedelta(days=1)
        missed = make_customer("失约了", holder=school.sanjiang, on=clock.today() - 2 * day)
        make_follow_up(missed, on=clock.today() - 2 * day, next_contact_on=clock.today() - day)
        for number in range(7):
            due = make_customer(f"今天联系{number}", holder=school.sanjiang, on=clock.today() - day)
            make_follow_up(due, on=clock.today() - day, next_contact_on=clock.today())
        session.commit()
        sanjiang = login("sanjiang")
        sanjiang.submit("/locale", {"locale": "en"})
        page = sanjiang.get("/admin/").text
        parts = page[page.index('data-part="today"'):page.index('id="pool-title"')]
        assert "missed 1" in parts
        links = re.findall(r'<a [^>]*href="(/admin/mycustomers/[^"]*)"[^>]*>([^<]*\d[^<]*)<', parts)
        assert len(links) >= 2
        for address, text in links:
            assert rows_shown(sanjiang, html.unescape(address)) == int(re.search(r"\d+", text)[0]), text

    def test_before_the_night_has_run_it_counts_whom_he_has_lost_already(self, login, make_customer, school, clock):
        make_customer("没跟进", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4))
        sanjiang = login("sanjiang")
        sanjiang.submit("/locale", {"locale": "en"})
        number, address = tiles_of(sanjiang)["Lost this month"]
        assert number == rows_shown(sanjiang, address) == 1

    def test_names_whom_he_loses_whom_to_contact_and_who_is_new(self, busy, login):
        page = login("sanjiang").get("/admin/").text
        for name in ("今晚0", "今晚1", "该联系", "新0", "抢来的"):
            assert name in page
        for name in ("暴雨的", "没跟进<", "放回去"):
            assert name not in page

    def test_tells_what_he_promised_what_he_may_and_who_gave_him_whom(self, busy, login, floor, make_customer, school,
                                                                    session):
        floor.rules(holding_limit=9)
        session.commit()
        manager, given = login("manager"), make_customer("主管给的")
        with_room = make_customer(holder=school.dasha)
        floor.rules(holding_limit=10)
        manager.submit("/admin/record/assign/", {"customer_id": given.id, "consultant_id": school.sanjiang.id})
        sanjiang = login("sanjiang")
        sanjiang.submit("/locale", {"locale": "en"})
        page = " ".join(re.sub(r"<[^>]*>", " ", sanjiang.get("/admin/").text).split())
        assert "What I promised" in page
        assert "以后联系" in page[page.index("What I promised"):page.index("Contacts due", page.index("What I"))]
        assert "by 主管" in page
        assert "10 / 10" in page[page.index("My limits"):]
        assert "Room again on" in page
        assert with_room.name not in page

    def test_shows_the_month_day_by_day(self, busy, school, session, clock):
        days = {day.day: day for day in desk.month(session, school.sanjiang.id, today=clock.today())}
        assert list(days) == [dt.date(2026, 3, 1), dt.date(2026, 3, 2)]
        today = days[clock.today()]
        assert (today.won, today.lost, today.claimed, today.follow_ups) == (1, 1, 1, 1)
        assert days[dt.date(2026, 3, 1)].follow_ups == 3

    def test_the_pool_is_counted_as_he_may_claim_it(self, busy, login, school):
        page = login("sanjiang").get("/admin/").text
        for code, number in re.findall(r'publicpool/\?reason=(\w+)">[^<]*</a> <span class="num">(\d+)<', page):
            shown = login("sanjiang").get(f"/admin/publicpool/?reason={code}").text
            assert shown.count("data-customer-id=") == int(number)

    def test_asks_as_often_whatever_there_is(self, login, make_customer, school, count_queries):
        sanjiang = login("sanjiang")

        def queries() -> int:
            with count_queries() as counted:
                sanjiang.get("/admin/")
            return counted.count

        make_customer(holder=school.sanjiang)
        queries()
        few = queries()
        for _ in range(8):
            make_customer(holder=school.sanjiang)
        assert queries() == few

    def test_a_part_that_does_not_exist_is_refused(self, login):
        assert login("sanjiang").get("/admin/mycustomers/?show=nonsense").status_code == 400


class TestAManagersFloor:
    def test_is_what_the_window_is_called(self, login, school):
        for username, title in (("manager", "The floor"), ("sanjiang", "My day"), ("finance", "Home")):
            browser = login(username)
            browser.submit("/locale", {"locale": "en"})
            assert f"<title>{title} ·" in browser.get("/admin/").text

    def test_counts_everyone(self, busy, login, session):
        manager = login("manager")
        manager.submit("/locale", {"locale": "en"})
        found = tiles_of(manager)
        assert {label: number for label, (number, _address) in found.items()} == {
            "Falling tonight": 2, "Contacts overdue": 0, "New, not followed up": 7, "Fell last night": 2,
            "Following up": 10, "Won this month": 2, "Lost this month": 1, "Follow-ups today": 1}
        for label, (number, address) in found.items():
            assert rows_shown(manager, address) == number, label

    def test_every_number_of_a_desk_and_of_last_night_leads_to_the_rows_it_counts(self, busy, login, school):
        manager = login("manager")
        page = manager.get("/admin/").text
        desks, night = page[page.index('id="desks"'):], page[page.index('id="fell-title"'):page.index('id="desks"')]
        ahead = page[page.index('id="next-title"'):page.index('id="fell-title"')]
        numbers = re.findall(r'<td class="num[^>]*><a href="([^"]*)">([\d,]+)</a>', desks)
        reasons = re.findall(r'<a class="badge[^"]*" href="([^"]*)">[^<]*<span class="num">(\d+)<', night)
        nights = re.findall(r'<a class="chip" href="([^"]*)">[^<]*<span class="num">(\d+)<', ahead)
        assert len(numbers) >= 10
        assert len(reasons) == 2
        assert len(nights) >= 2
        for address, number in [*numbers, *reasons, *nights]:
            assert rows_shown(manager, html.unescape(address)) == int(number), address

    def test_names_whom_we_lose_and_what_fell_last_night_each_with_his_page(self, busy, login):
        manager = login("manager")
        page = manager.get("/admin/").text
        night = page[page.index('id="fell-title"'):page.index('id="desks"')]
        for name in ("没跟进", "放回去"):
            (address,) = re.findall(rf'<a href="([^"]*)">{name}</a>', night)
            assert manager.get(html.unescape(address)).status_code == 200
        assert "今晚0</a>" in page[page.index('id="next-title"'):page.index('id="fell-title"')]

    def test_has_every_consultant_in_a_table_that_can_be_sorted(self, busy, login, session, school):
        session.add(SalesRank(consultant=school.dasha, num=5, weight=1))
        session.commit()
        manager = login("manager")

        def names(by: str) -> list[str]:
            return re.findall(r'class="first bare-cell name"[^>]*>([^<]+)<', manager.get(f"/admin/?by={by}").text)

        assert names("falling")[0] == "三江"
        assert names("slots")[0] == "大傻"
        assert set(names("won")[:2]) == {"三江", "暴雨"}
        assert sorted(names("nonsense")) == sorted(names("held"))

    def test_shows_where_customers_come_from_and_go(self, busy, session, clock):
        today = clock.today()
        ended = floor.ended(session, since=today - dt.timedelta(days=29))
        assert sum(ended.values()) == 4
        assert sum(floor.received(session, since=today - dt.timedelta(days=29)).values()) == 14

    def test_of_a_department_has_that_departments_people_and_customers_only(self, busy, login, session, school,
                                                                           make_employee, make_customer):
        other = session.query(Department).filter_by(code=1005).one()
        head = Role(name="部门经理", scope=RowScope.DEPARTMENT)
        head.permission_codes = ["customer.assign", "customer.read", "distribution.read"]
        session.add(head)
        boss = make_employee("部门头", department=1005, username="boss")
        boss.roles = [head]
        theirs = make_employee("那边的", department=1005)
        session.commit()
        make_customer("那边的客户", holder=theirs)
        browser = login("boss")
        browser.submit("/locale", {"locale": "en"})
        found = tiles_of(browser)
        assert found["Following up"][0] == 2  # with 暴雨's, who works there too
        assert found["Won this month"][0] == 1
        for label, (number, address) in found.items():
            assert address is None or rows_shown(browser, address) == number, label
        page = browser.get("/admin/").text
        assert "那边的" in page
        assert "三江" not in page
        assert other.title in page

    def test_asks_as_often_whatever_the_number_of_consultants(self, login, make_employee, make_customer, count_queries):
        manager = login("manager")

        def queries() -> int:
            with count_queries() as counted:
                assert manager.get("/admin/").status_code == 200
            return counted.count

        queries()
        few = queries()
        for _ in range(5):
            make_customer(holder=make_employee())
        assert queries() == few

    def test_what_is_drawn_is_in_a_table_with_a_caption_and_a_sentence(self, busy, login):
        page = login("manager").get("/admin/").text
        figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
        assert len(figures) == 2
        for figure in figures:
            assert "<figcaption>" in figure
            assert re.search(r"aria-describedby=\"(chart-[\w-]+)\".*id=\"\1\"", figure, re.DOTALL)
            heads, rows = figure.count("data-tone="), figure.count("<tr><th scope=\"row\"")
            assert figure.count("data-number=") == heads * rows > 0


class TestEveryoneElse:
    def test_nobodys_home_is_empty(self, login, school, session):
        for person in school.everyone:
            main = login(person.username).get("/admin/").text.partition('<main')[2]
            assert "card" in main, person.username

    def test_an_auditor_reads_what_was_refused(self, login, school):
        tutor = login("tutor")
        tutor.get("/admin/customer/")
        auditor = login("auditor")
        auditor.submit("/locale", {"locale": "en"})
        page = auditor.get("/admin/").text
        assert "/admin/customer/" in page.partition("refused-title")[2]
        number, address = tiles_of(auditor)["Refused today"]
        assert number == 1
        assert auditor.get(address).text.count("/admin/audit/details/?id=") >= 1

    def test_an_admin_sees_how_the_house_is(self, login, school):
        admin = login("admin")
        admin.submit("/locale", {"locale": "en"})
        page = admin.get("/admin/").text
        for said in ("Last night", "Sessions in use", "The rules", "3 days to follow up, 15 to win", "Refused lately"):
            assert said in page, said

    def test_a_teacher_and_a_tutor_find_their_own_classes(self, login, school, session, clock):
        mine = CourseClass(campus=school.beijing, course=school.python, semester=3, price=1, capacity=9,
                           start_date=clock.today(), teachers=[school.teacher], tutor=school.tutor)
        others = CourseClass(campus=school.beijing, course=school.linux, semester=4, price=1, capacity=9,
                             start_date=clock.today(), teachers=[])
        session.add_all([mine, others])
        session.commit()
        for username in ("teacher", "tutor"):
            page = login(username).get("/admin/").text
            assert str(mine) in page
            assert str(others) not in page
        assert str(others) in login("finance").get("/admin/").text

    def test_without_a_role_it_says_so(self, login, make_employee, session):
        nobody = make_employee("没角色", department=1000, username="nobody")
        nobody.roles = []
        session.commit()
        assert 'class="card empty"' in login("nobody").get("/admin/").text
