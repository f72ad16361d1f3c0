"""The command palette: what each person finds, and that nothing hidden can be found out by it."""

from __future__ import annotations

import datetime as dt

import pytest

from app.models import CourseClass
from app.models.audit import PersonKind
from app.models.choices import ErasureReason, RowScope
from app.permissions import Permission
from app.services import erasure, palette
from tests.support.databases import on_both_databases

pytestmark = on_both_databases
PATH = "/admin/palette/"


@pytest.fixture
def find(login):
    """`find("sanjiang", "周")` gives what that person finds: {title of the group: [titles]}."""
    browsers = {}

    def ask(who: str, typed: str = "", recent: str = "") -> dict[str, list[str]]:
        browser = browsers.setdefault(who, login(who))
        answer = browser.get(PATH, query_string={"q": typed} if typed else {"recent": recent},
                             headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        return {group["title"]: [entry["title"] for entry in group["entries"]] for group in answer.json["groups"]}

    return ask


@pytest.fixture
def floor_of_four(make_customer, school, clock):
    """One 三江 holds, one 暴雨 holds, one 三江 has lost to the pool, one nobody has held; all called 周."""
    lost_on = clock.today() - dt.timedelta(days=9)
    return {"mine": make_customer("周一", holder=school.sanjiang, mobile="13800138000"),
            "hers": make_customer("周二", holder=school.baoyu, mobile="13900139000"),
            "lost": make_customer("周三", holder=school.sanjiang, on=lost_on, mobile="13700137000"),
            "lead": make_customer("周四")}


class TestCustomers:
    def test_a_consultant_finds_his_own_and_whom_he_may_claim(self, find, floor_of_four):
        assert find("sanjiang", "周") == {"Customers": ["周四", "周一"]}
        assert find("dasha", "周") == {"Customers": ["周四", "周三"]}

    def test_a_manager_finds_all(self, find, floor_of_four):
        assert find("manager", "周")["Customers"] == ["周四", "周三", "周二", "周一"]

    def test_whoever_sees_no_customers_finds_none(self, find, floor_of_four):
        assert find("teacher", "周") == {}

    def test_each_opens_where_it_may_be_opened_and_says_where_he_stands(self, login, floor_of_four):
        browser = login("sanjiang")
        answer = browser.get(PATH, query_string={"q": "周"}, headers={"Accept-Language": "en"})
        lead, mine = answer.json["groups"][0]["entries"]
        assert (lead["note"], mine["note"]) == ("In the Public Pool · today", "三江 · 4 days left")
        for entry in (lead, mine):
            assert entry["title"] in browser.get(entry["url"]).text

    def test_contacts_find_only_customers_whose_contacts_are_shown(self, find, floor_of_four):
        assert find("sanjiang", "13800138000") == {"Customers": ["周一"]}
        assert find("manager", "13900139") == {"Customers": ["周二"]}
        for who in ("sanjiang", "dasha"):
            assert find(who, "13900139000") == find(who, "13700137") == find(who, "10000000000") == {}

    def test_every_word_narrows(self, find, floor_of_four, make_customer, school):
        make_customer("周一一", holder=school.sanjiang)
        assert find("sanjiang", "周一 13800138000") == {"Customers": ["周一"]}

    def test_signs_of_the_search_itself_are_only_signs(self, find, floor_of_four):
        assert find("manager", "%") == find("manager", "_") == find("manager", "\\") == {}

    def test_an_erased_customer_is_not_found(self, find, floor_of_four, session, clock):
        lead = floor_of_four["lead"]
        erasure.erase(session, (PersonKind.CUSTOMER, lead.id), ErasureReason.REQUESTED, today=clock.today(),
                      now=clock.now())
        session.commit()
        assert find("manager", lead.name) == find("manager", recent=f"customer-{lead.id}") == {}


class TestAmongMany:
    """Of the newest any part of a name or contact finds, of the others its beginning."""

    @pytest.fixture(autouse=True)
    def _of_four(self, floor_of_four, make_customer, school, monkeypatch):
        monkeypatch.setattr(palette, "NEWEST", 2)
        for _new in range(2):
            make_customer("新人周", holder=school.sanjiang)

    @pytest.mark.parametrize(("typed", "found"), [
        ("周一", ["周一"]), ("一", []), ("周一 138", ["周一"]), ("周一 139", []), ("13800", ["周一"]), ("38000", []),
        ("新", ["新人周"] * 2), ("人", ["新人周"] * 2), ("周", ["新人周", "新人周", "周四", "周三", "周二", "周一"])])
    def test_is_found_by(self, find, typed, found):
        assert find("manager", typed).get("Customers", []) == found

    def test_a_hidden_contact_does_not_find_by_its_beginning_either(self, find):
        assert find("dasha", "139") == find("dasha", "13700137000") == {}
        assert find("dasha", "周三") == {"Customers": ["周三"]}

    @pytest.mark.parametrize("typed", ["\ud7ff", "\U0010ffff", "周\U0010ffff", "é", "'", "%"])
    def test_any_sign_may_be_typed(self, find, typed):
        assert find("manager", typed) == {}


class TestTheRest:
    @pytest.fixture
    def a_class(self, session, school):
        found = CourseClass(campus=school.beijing, course=school.python, semester=3, price=1, capacity=30,
                            start_date=dt.date(2026, 4, 1), teachers=[school.teacher], tutor=school.tutor)
        session.add(found)
        session.commit()
        return found

    @pytest.mark.parametrize("typed", ["Python", "python 3", "Python全栈(3期)", "3期", "北京 Python"])
    def test_a_class_is_found_as_people_call_it(self, find, a_class, typed):
        assert find("sanjiang", typed)["Classes"] == [str(a_class)]

    def test_a_class_of_another_semester_is_not(self, find, a_class):
        assert "Classes" not in find("sanjiang", "Python 4")

    def test_courses_and_people_are_found_by_those_who_may_see_them(self, find, school):
        assert find("manager", "三江") == {"Employees": ["三江"]}
        assert find("manager", "sanj") == {"Employees": ["三江"]}
        assert find("sanjiang", "三江") == {}
        assert find("teacher", school.linux.name) == {"Courses": [school.linux.name]}

    def test_as_a_role_one_finds_what_the_role_sees(self, login, school, floor_of_four):
        browser = login("admin")
        browser.submit("/admin/matrix/view-as/", {"role_id": school.roles["teacher"].id})
        assert browser.get(PATH, query_string={"q": "周"}).json == {"groups": []}

    def test_the_reach_of_a_department_ends_with_it(self, find, floor_of_four, session, school):
        role = school.roles["consultant"]
        role.scope = RowScope.DEPARTMENT
        role.permission_codes = [code for code in role.permission_codes if code != Permission.POOL_READ.value]
        session.commit()
        same = school.sanjiang.department_code == school.baoyu.department_code
        assert find("sanjiang", "周") == {"Customers": ["周二", "周一"] if same else ["周一"]}


class TestRecentlyOpened:
    def test_in_the_order_they_were_opened(self, find, floor_of_four, school):
        mine, lead = floor_of_four["mine"].id, floor_of_four["lead"].id
        recent = f"customer-{mine},course-{school.python.id},customer-{lead}"
        assert find("sanjiang", recent=recent) == {"Recently opened": ["周一", school.python.name, "周四"]}

    def test_whoever_may_no_longer_open_one_is_not_told_of_it(self, find, floor_of_four):
        recent = f"customer-{floor_of_four['hers'].id},customer-{floor_of_four['lost'].id}"
        assert find("sanjiang", recent=recent) == {}

    @pytest.mark.parametrize("recent", ["", "customer", "customer-x", "customer-99999999999", "nothing-1", ",,-,"])
    def test_nonsense_finds_nothing(self, find, recent):
        assert find("manager", recent=recent) == {}


class TestTheCost:
    def test_is_no_more_for_many_than_for_one_and_at_most_eight_are_shown(self, login, make_customer, school,
                                                                          count_queries):
        browser = login("manager")

        def cost() -> tuple[int, int]:
            with count_queries() as queries:
                found = browser.get(PATH, query_string={"q": "客户"}).json["groups"]
            return queries.count, sum(len(group["entries"]) for group in found)

        make_customer(holder=school.sanjiang)
        cost()
        few, _one = cost()
        for number in range(20):
            make_customer(holder=(school.sanjiang, school.baoyu, None)[number % 3])
        many, shown = cost()
        assert (many <= few, shown) == (True, 8)

    def test_a_visitor_is_asked_to_log_in(self, client, school):
        assert client.get(PATH, headers={"Accept": "application/json"}).status_code == 401
