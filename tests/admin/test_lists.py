"""The list pages: pages by keyset, what is shown of a row, and what narrows a list."""

from __future__ import annotations

import datetime as dt
import html
import re
from itertools import chain
from urllib.parse import parse_qs, urlsplit

import pytest

from app.admin import lists
from app.admin.base import TableView
from app.admin.lists import Lists, filter_url
from app.models import CalendarDay, Campus, Course, CourseClass, Customer, Leave, NoticeDelivery, SalesRank
from app.models.choices import DeliveryChannel, DepartmentFunction, DistributionStatus, Source
from tests.support.databases import on_both_databases

LEAD = re.compile(r'<td class="col-\w+ lead">(?:<a[^>]*>)?([^<]+)<')
STEP = {rel: re.compile(rf'rel="{rel}" href="([^"]+)"') for rel in ("next", "prev")}
PLACES = (".", "1.", ".1", "1.1.1", "2026-03-02.1", "9999-99-99.1", "9" * 20, "明天.3", "１", "1.1", "1e999999.1",
          "NaN.1", "true.1", "9999-12-31T23:59:59-14:00.1", "2026-03-02T00:00:00.1", "sales.1", "%00.1", "7")
HEADER = re.compile(r'<th scope="col" class="column-header col-([\w-]+)')


def names(page) -> list[str]:
    """What the rows of a list are called, in their order."""
    return LEAD.findall(page.text)


def step(page, rel: str) -> str | None:
    """The address of the next or the previous page."""
    found = STEP[rel].search(page.text)
    return html.unescape(found[1]) if found else None


def walked(browser, address: str, rel: str = "next") -> list[list[str]]:
    """All pages from an address on, by what their rows are called."""
    pages, url = [], address
    while url is not None:
        page = browser.get(url)
        assert page.status_code == 200, url
        pages.append(names(page))
        url = step(page, rel)
        assert len(pages) < 50
    return pages


@pytest.fixture
def small_pages(monkeypatch):
    """Three rows make a page."""
    monkeypatch.setattr(TableView, "page_size", 3)


@pytest.fixture
def a_dozen(make_customer, school, session, clock):
    """Twelve customers: some share a day, some have none because they enrolled."""
    for number in range(12):
        customer = make_customer(f"客{number:02}", holder=school.sanjiang, on=clock.today())
        customer.public_on = clock.today() + dt.timedelta(days=1 + number // 3)
    for customer in session.query(Customer).filter(Customer.name.in_(["客02", "客07", "客11"])):
        customer.status, customer.public_on = 1, None
    session.commit()


class TestPages:
    @on_both_databases
    @pytest.mark.parametrize("query", ["", "sort=name", "sort=name&desc=1", "sort=public_on", "sort=public_on&desc=1",
                                       "sort=date", "sort=recv_date&desc=1", "flt_source=1", "search=客"])
    def test_further_pages_show_every_row_once_and_in_order(self, login, a_dozen, small_pages, query):
        admin = login("admin")
        whole = names(admin.get(f"/admin/customer/?{query}&page_size=50"))
        pages = walked(admin, f"/admin/customer/?{query}")
        assert list(chain(*pages)) == whole
        assert [len(page) for page in pages] == [3, 3, 3, 3]
        assert sorted(whole) == [f"客{number:02}" for number in range(12)]

    @on_both_databases
    @pytest.mark.parametrize("query", ["sort=public_on", "sort=public_on&desc=1", "sort=name", ""])
    def test_the_way_back_shows_the_same_pages(self, login, a_dozen, small_pages, query):
        admin = login("admin")
        there = walked(admin, f"/admin/customer/?{query}")
        url = f"/admin/customer/?{query}"
        while step(admin.get(url), "next"):
            url = step(admin.get(url), "next")
        assert walked(admin, url, "prev") == there[::-1]

    @on_both_databases
    @pytest.mark.parametrize("direction", ["", "&desc=1"])
    def test_rows_without_a_value_come_last_on_either_database(self, login, a_dozen, direction):
        listed = names(login("admin").get(f"/admin/customer/?sort=public_on{direction}"))
        assert set(listed[-3:]) == {"客02", "客07", "客11"}

    def test_a_row_that_came_meanwhile_moves_nothing(self, login, a_dozen, small_pages, make_customer):
        admin = login("admin")
        first = admin.get("/admin/customer/")
        before = names(admin.get(step(first, "next")))
        make_customer("后来")
        assert names(admin.get(step(first, "next"))) == before
        assert names(admin.get("/admin/customer/"))[0] == "后来"

    @on_both_databases
    def test_what_is_no_place_in_a_list_is_refused_and_never_breaks_it(self, app, login):
        """Every place in some order of each list, and some place in every order."""
        admin = login("admin")
        with app.app_context():
            columns = {view.endpoint: list(view._sortable_columns) for view in app.extensions["admin"][0]._views
                       if isinstance(view, Lists)}
        assert len(columns) >= 12
        for endpoint, several in columns.items():
            for number in range(max(len(PLACES), len(several))):
                address = f"/admin/{endpoint}/?sort={several[number % len(several)]}"
                place = PLACES[number % len(PLACES)]
                assert admin.get(f"{address}&after={place}").status_code in (200, 400), (address, place)
                if number < len(several):
                    assert admin.get(f"{address}&after=x").status_code == 400
                    assert admin.get(f"{address}&before=1.x").status_code == 400

    @pytest.mark.parametrize("column", ["qq", "mobile", "wechat", "status", "consultant", "password_hash"])
    def test_nobody_sorts_by_what_is_hidden_or_not_sortable(self, login, a_dozen, column):
        admin = login("admin")
        plain = names(admin.get("/admin/customer/"))
        assert names(admin.get(f"/admin/customer/?sort={column}")) == plain
        assert admin.get(f"/admin/customer/?sort={column}&after=1380000.5").status_code == 400

    def test_addresses_with_the_number_of_a_page_still_answer(self, login, a_dozen, small_pages):
        admin = login("admin")
        pages = walked(admin, "/admin/customer/")
        second = admin.get("/admin/customer/?page=1")
        assert names(second) == pages[1]
        assert names(admin.get(step(second, "next"))) == pages[2]
        assert names(admin.get(step(second, "prev"))) == pages[0]
        assert names(admin.get("/admin/customer/?page=2&sort=0")) == [f"客{number:02}" for number in (6, 7, 8)]
        assert "First page" in admin.get("/admin/customer/?page=77", headers={"Accept-Language": "en"}).text

    @pytest.mark.parametrize("number", [0, 3, 4])
    def test_rows_are_counted_up_to_a_bound(self, login, make_customer, monkeypatch, number):
        monkeypatch.setattr(lists, "MOST_COUNTED", 3)
        for _ in range(number):
            make_customer()
        page = login("admin").get("/admin/customer/").text
        assert re.search(r'data-said="[^"]*?([\d+]+)[^"\d+]*"', page)[1] == ("3+" if number > 3 else str(number))


class TestRows:
    def test_the_first_column_is_the_way_to_the_record(self, login, make_customer):
        customer = make_customer("龙泰")
        page = login("admin").get("/admin/customer/?sort=name").text
        assert re.search(rf'<td class="col-name lead"><a href="/admin/customer/details/\?id={customer.id}&amp;', page)

    def test_whoever_comes_back_from_a_record_is_where_he_was(self, login, a_dozen, small_pages):
        admin = login("admin")
        second = step(admin.get("/admin/customer/?search=客"), "next")
        link = html.unescape(re.search(r'lead"><a href="([^"]+)"', admin.get(second).text)[1])
        (back,) = parse_qs(urlsplit(link).query)["url"]
        assert names(admin.get(back)) == names(admin.get(second))

    def test_a_table_without_rows_says_what_it_is_for_and_what_to_do(self, login, school):
        admin = login("admin")
        page = admin.get("/admin/courseclass/", headers={"Accept-Language": "en"}).text
        assert "The runs of the courses" in page
        assert page.count("/admin/courseclass/new/") == 2
        assert login("tutor").get("/admin/courseclass/").text.count("/admin/courseclass/new/") == 0

    def test_a_list_that_is_narrowed_to_nothing_offers_to_show_all(self, login, make_customer):
        make_customer("龙泰")
        admin = login("admin")
        page = admin.get("/admin/customer/?search=无此人&flt_source=4")
        assert names(page) == []
        assert 'href="/admin/customer/"' in page.text.split('class="card empty"')[1]


class TestColumns:
    def columns(self, page) -> list[str]:
        return HEADER.findall(page.text)

    def test_each_person_chooses_columns_and_their_order_for_each_table(self, login, make_customer):
        make_customer("龙泰", source=Source.BAIDU)
        manager = login("manager")
        usual = self.columns(manager.get("/admin/customer/"))
        manager.submit("/admin/savedview/columns/", {"list": "customer", "query": "", "order": [
            "name", "source", "id", "status"], "column": ["status", "source"]})
        assert self.columns(manager.get("/admin/customer/")) == ["name", "source", "status"]
        assert "百度推广" in manager.get("/admin/customer/").text.split("<tbody>")[1]
        assert self.columns(login("admin").get("/admin/customer/")) == usual
        manager.submit("/admin/savedview/columns/", {"list": "customer", "query": "", "reset": "1"})
        assert self.columns(manager.get("/admin/customer/")) == usual

    def test_the_arrows_move_a_column_without_a_script(self, login, make_customer):
        make_customer("龙泰")
        manager = login("manager")
        form = {"list": "customer", "query": "search=x", "order": ["name", "status", "mobile", "source"],
                "column": ["status", "mobile", "source"]}
        answer = manager.submit("/admin/savedview/columns/", {**form, "up": "source"})
        assert answer.location == "/admin/customer/?search=x"
        assert self.columns(manager.get("/admin/customer/")) == ["name", "status", "source", "mobile"]
        manager.submit("/admin/savedview/columns/", {**form, "down": "status"})
        assert self.columns(manager.get("/admin/customer/")) == ["name", "mobile", "status", "source"]

    def test_only_what_the_list_offers_can_be_chosen_and_its_name_always_stays(self, login, make_customer):
        make_customer("龙泰")
        admin = login("admin")
        admin.submit("/admin/savedview/columns/", {"list": "employee", "query": "", "order": [
            "password_hash", "username", "openid", "second_factor"], "column": [
            "password_hash", "second_factor", "username"]})
        assert self.columns(admin.get("/admin/employee/")) == ["name", "username"]
        assert self.columns(admin.get("/admin/employee/?columns=password_hash,email,__class__")) == ["name", "email"]
        assert "argon2" not in admin.get("/admin/employee/?columns=password_hash").text

    @on_both_databases
    def test_every_column_on_offer_can_be_shown(self, app, login, make_customer, make_follow_up, school, session,
                                                clock):
        friend = make_customer("介绍人", holder=school.sanjiang)
        customer = make_customer("龙泰", holder=school.sanjiang, campus=school.beijing, referral_from=friend,
                                 courses=[school.python])
        make_follow_up(customer)
        day = dt.date(2026, 5, 9)
        session.add_all([
            SalesRank(consultant=school.sanjiang, num=1, weight=1), CalendarDay(day=day, name="校庆"),
            Leave(employee=school.sanjiang, first_on=day, last_on=day),
            NoticeDelivery(employee=school.sanjiang, channel=DeliveryChannel.MAIL, created_at=clock(), due_at=clock()),
            CourseClass(campus=school.beijing, course=school.python, semester=1, price=1, capacity=1, memo="备注",
                        start_date=day)])
        session.commit()
        admin = login("admin")
        with app.app_context():
            offered = {view.endpoint: view.offered_columns for view in app.extensions["admin"][0]._views
                       if isinstance(view, Lists)}
        assert len(offered) >= 12
        for endpoint, columns in offered.items():
            page = admin.get(f"/admin/{endpoint}/?columns={','.join(columns)}")
            assert self.columns(page) == [column.replace(".", "-") for column in columns], endpoint

    def test_more_columns_cost_the_same_queries_at_any_length(self, login, make_customer, school, count_queries):
        admin = login("admin")
        address = "/admin/customer/?columns=campus,referral_from,courses,consultant&page_size=200"

        def cost() -> int:
            admin.get(address)
            with count_queries() as queries:
                assert admin.get(address).status_code == 200
            return queries.count

        friend = make_customer("介绍人")
        for _ in range(5):
            make_customer(campus=school.beijing, referral_from=friend)
        few = cost()
        for number in range(30):
            make_customer(campus=school.beijing, referral_from=make_customer(f"友{number}"))
        assert cost() == few

    def test_contacts_stay_hidden_in_columns_one_adds(self, login, make_customer, school, clock):
        make_customer("龙泰", holder=school.baoyu, on=clock.today() - dt.timedelta(days=9), wechat="longtai-secret")
        page = login("auditor").get("/admin/customer/?columns=wechat,qq,mobile").text
        assert "龙泰" in page
        assert "longtai-secret" not in page


class TestFilters:
    @on_both_databases
    @pytest.mark.parametrize(("standing", "expected"), [
        ("following", {"甲", "乙"}), ("falling", {"乙"}), ("pool", {"丙", "丁"}), ("enrolled", {"戊"})])
    def test_customers_by_where_they_stand(self, login, make_customer, school, clock, floor, session, standing,
                                           expected):
        make_customer("甲", holder=school.sanjiang)
        make_customer("乙", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=3))
        make_customer("丙", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4))
        make_customer("丁")
        floor.enrol(make_customer("戊", holder=school.sanjiang))
        session.commit()
        assert set(names(login("admin").get(f"/admin/customer/?flt_standing={standing}"))) == expected

    @on_both_databases
    def test_holdings_by_the_status_they_are_shown_with(self, login, make_customer, school, clock):
        make_customer("甲", holder=school.sanjiang)
        make_customer("乙", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4))  # the night is not yet
        admin = login("admin")
        for status, expected in ((DistributionStatus.FOLLOWING, ["甲"]), (DistributionStatus.NO_FOLLOW_UP, ["乙"]),
                                 (DistributionStatus.NO_DEAL, [])):
            assert names(admin.get(f"/admin/distribution/?flt_status={status.value}")) == expected

    @on_both_databases
    def test_follow_ups_whose_next_contact_is_due_are_the_last_of_customers_still_held(
            self, login, make_customer, school, clock, floor, session):
        today = clock.today()
        held, again, lost = (make_customer(name, holder=school.sanjiang) for name in ("甲", "乙", "丙"))
        for customer in (held, again, lost):
            floor.follow_up(customer, school.sanjiang, next_contact_on=today)
        floor.follow_up(again, school.sanjiang, next_contact_on=today + dt.timedelta(days=9))
        floor.release(lost)
        session.commit()
        assert names(login("admin").get("/admin/followup/?flt_contact=due")) == ["甲"]

    @on_both_databases
    def test_classes_by_whether_they_run(self, login, session, school, clock):
        today = clock.today()
        for semester, begins, ends in ((1, -90, -1), (2, -9, None), (3, -9, 9), (4, 5, 90)):
            session.add(CourseClass(campus=school.beijing, course=school.python, semester=semester, price=1, capacity=1,
                                    start_date=today + dt.timedelta(days=begins),
                                    graduate_date=None if ends is None else today + dt.timedelta(days=ends)))
        session.commit()
        admin = login("admin")
        listed = {standing: {name[-3] for name in names(admin.get(f"/admin/courseclass/?flt_standing={standing}"))}
                  for standing in ("upcoming", "running", "over")}
        assert listed == {"upcoming": {"4"}, "running": {"2", "3"}, "over": {"1"}}

    @on_both_databases
    def test_employees_by_role_and_whether_they_left(self, login, school, session):
        school.dasha.active = False
        session.commit()
        admin = login("admin")
        assert names(admin.get("/admin/employee/?flt_active=0")) == ["大傻"]
        assert set(names(admin.get(f"/admin/employee/?flt_role={school.roles['consultant'].id}"))) >= {"三江", "暴雨"}

    def test_a_chip_switches_its_filter_on_and_off_and_leaves_the_search_alone(self, login, make_customer):
        make_customer("龙泰")
        admin = login("admin")

        def chips(address: str) -> list[tuple[str, bool]]:
            text = admin.get(address).text.split('class="chips')[1].split("</div>")[0]
            return [(html.unescape(url), bool(on)) for url, on in re.findall(r'href="([^"]+)"( aria-current)?', text)]

        off = chips("/admin/customer/?search=龙")
        assert ("/admin/customer/?flt_standing=pool&search=%E9%BE%99", False) in off
        on = chips("/admin/customer/?flt_standing=pool&search=龙")
        assert [url for url, active in on if active] == ["/admin/customer/?search=%E9%BE%99"]
        assert len(on) == len(off)

    def test_whatever_narrows_a_list_stands_above_it_and_can_be_taken_off(self, login, make_customer, make_follow_up,
                                                                          school):
        customer = make_customer("龙泰", holder=school.sanjiang)
        make_follow_up(customer)
        page = login("admin").get(f"/admin/followup/?customer={customer.id}&flt_intent=1&flt_saved_on_from=2026-01-01",
                                  headers={"Accept-Language": "en"}).text
        chips = page.split('class="chips')[1].split("</div>")[0]
        assert re.findall(r"</span>([^<]+)<span", chips) == [f"Customer: #{customer.id}", "Intent: No plan yet",
                                                             "Saved on: from Jan 1, 2026"]

    def test_a_filter_there_is_not_is_left_out_with_a_word(self, login, make_customer):
        make_customer("龙泰")
        for query in ("flt_shoe_size=44", "flt0_99=1", "flt_=1"):
            page = login("admin").get(f"/admin/customer/?{query}", headers={"Accept-Language": "en"})
            assert "There is no such filter here any more" in page.text
            assert names(page) == ["龙泰"]

    def test_old_addresses_by_the_place_of_a_filter_mean_the_same(self, login, make_customer):
        make_customer("龙泰", source=Source.BAIDU)
        make_customer("周婷", source=Source.SEO)
        assert names(login("admin").get(f"/admin/customer/?flt0_1={Source.SEO.value}")) == ["周婷"]

    def test_every_quick_filter_of_every_list_is_one_it_has(self, app, login):
        admin = login("admin")
        with app.test_request_context():
            addresses = [filter_url(view.endpoint, **each.filters()) for view in app.extensions["admin"][0]._views
                         if isinstance(view, Lists) for each in view.quick_filters]
        assert len(addresses) > 20
        for address in addresses:
            page = admin.get(address).text
            assert 'aria-current="true">' in page.split('class="chips')[1], address
            assert 'class="flash' not in page, address


class TestAddressesForOtherScreens:
    def test_are_made_of_names_and_values(self, app, login, make_customer, school, clock):
        make_customer("龙泰", source=Source.BAIDU, campus=school.beijing, holder=school.sanjiang)
        make_customer("周婷", source=Source.BAIDU)
        with app.test_request_context():
            address = filter_url("customer", search="龙", sort="name", source=Source.BAIDU, campus=school.beijing,
                                 public_on_from=clock.today(), consultant=school.sanjiang)
            active = filter_url("department", function=DepartmentFunction.SALES)
        assert names(login("admin").get(address)) == ["龙泰"]
        assert active == "/admin/department/?flt_function=sales"

    def test_of_a_filter_or_list_there_is_not_cannot_be_made(self, app):
        with app.test_request_context():
            for endpoint, filters in (("customer", {"shoe_size": 44}), ("shoes", {})):
                with pytest.raises(KeyError):
                    filter_url(endpoint, **filters)


class TestSearch:
    def test_is_a_form_that_keeps_what_else_narrows_the_list(self, login, make_customer):
        make_customer("龙泰")
        page = login("admin").get("/admin/customer/?flt_source=1&sort=name&desc=1").text
        form = page.split('role="search"')[1].split("</form>")[0]
        assert dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) == {
            "flt_source": "1", "sort": "name", "desc": "1", "search": ""}

    def test_small_tables_find_what_is_typed(self, login, session):
        session.add_all([Course(name="钢琴"), Course(name="小提琴"), Campus(title="西山")])
        session.commit()
        assert set(names(login("admin").get("/admin/course/?search=琴"))) == {"钢琴", "小提琴"}
