"""Public Pool and claim, through HTTP."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from app.models import Customer, Distribution
from app.models.choices import DistributionStatus, Source
from tests.support.databases import on_both_databases

JSON = {"Accept": "application/json"}
IDS = re.compile(r'<tr[^>]*data-customer-id="(\d+)"')


def ids_in(page) -> list[int]:
    assert page.status_code == 200
    return [int(found) for found in IDS.findall(page.text)]


@pytest.fixture
def fallen(make_customer, school, clock):
    """三江's customer who fell into the pool today."""
    return make_customer("龙泰", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4),
                         qq="309914417", mobile="13900001234")


class TestWhoSeesWhom:
    def test_a_fallen_customer_is_seen_by_others_not_by_the_former_consultant(self, login, fallen):
        assert ids_in(login("baoyu").get("/admin/publicpool/")) == [fallen.id]
        assert ids_in(login("sanjiang").get("/admin/publicpool/")) == []
        assert login("sanjiang").get(f"/admin/publicpool/details/?id={fallen.id}").status_code == 404

    def test_a_customer_nobody_has_held_is_shown_to_all(self, login, make_customer, school):
        lead = make_customer("新线索")
        for who in ("sanjiang", "baoyu", "dasha"):
            assert ids_in(login(who).get("/admin/publicpool/")) == [lead.id]

    def test_a_held_or_enrolled_customer_is_not_there(self, login, make_customer, school):
        make_customer("在跟", holder=school.sanjiang)
        assert ids_in(login("baoyu").get("/admin/publicpool/")) == []

    def test_newest_fallen_first(self, login, make_customer, school, clock):
        today = clock.today()
        older = make_customer(holder=school.sanjiang, on=today - dt.timedelta(days=9))
        newer = make_customer(holder=school.sanjiang, on=today - dt.timedelta(days=5))
        assert ids_in(login("baoyu").get("/admin/publicpool/")) == [newer.id, older.id]

    def test_further_pages_are_links_and_show_each_customer_once(self, login, make_customer, clock):
        made = [make_customer().id for _ in range(120)]
        browser, path, seen = login("baoyu"), "/admin/publicpool/", []
        while path:
            page = browser.get(path)
            seen += ids_in(page)
            found = re.search(r'<a[^>]*rel="next"[^>]*>', page.text)
            path = re.search(r'href="([^"]*)"', found.group()).group(1).replace("&amp;", "&") if found else None
        assert seen == sorted(made, reverse=True)

    def test_a_page_others_have_emptied_leads_back_to_the_first(self, login, make_customer, clock):
        make_customer()
        page = login("baoyu").get("/admin/publicpool/?after=2020-01-01.1&q=客").text
        assert "没有更多记录了。" in page
        assert 'href="/admin/publicpool/?q=%E5%AE%A2"' in page
        assert "公海中暂无客户" not in page

    def test_tutors_have_no_pool(self, login):
        assert login("tutor").get("/admin/publicpool/").status_code == 403


class TestFilters:
    def test_by_name_source_reason_course_campus_and_days(self, login, make_customer, fallen, school, clock):
        lead = make_customer("王小明", source=Source.BAIDU, courses=[school.python], campus_id=school.beijing.id)
        browser = login("baoyu")

        def shown(query: str) -> list[int]:
            return ids_in(browser.get(f"/admin/publicpool/?{query}"))

        assert shown("q=小明") == [lead.id]
        assert shown(f"source={Source.BAIDU.value}") == [lead.id]
        assert shown("reason=new") == [lead.id]
        assert shown(f"reason={DistributionStatus.NO_FOLLOW_UP.value}") == [fallen.id]
        assert shown(f"course={school.python.id}") == [lead.id]
        assert shown(f"campus={school.beijing.id}") == [lead.id]
        assert shown(f"campus={school.shanghai.id}") == []
        clock.advance(days=2)
        browser = login("baoyu")
        assert shown("days=1") == []
        assert shown("days=3") == [lead.id, fallen.id]

    @pytest.mark.parametrize("query", ["reason=9", "source=99", "source=x", "days=2", "after=1", "after=2026-13-01.1"])
    def test_what_is_not_on_offer_is_refused(self, login, query):
        assert login("baoyu").get(f"/admin/publicpool/?{query}").status_code == 400

    @pytest.mark.parametrize("query", ["course=x", "campus=99999999999999999999", "after=2026-01-01.0"])
    def test_what_no_row_can_be_does_not_exist(self, login, query):
        assert login("baoyu").get(f"/admin/publicpool/?{query}").status_code == 404


class TestMasking:
    def test_contacts_are_hidden_in_the_list_the_record_and_the_notes_until_the_claim(
            self, login, make_customer, make_follow_up, school, clock):
        start = clock.today() - dt.timedelta(days=4)
        customer = make_customer("龙泰", holder=school.sanjiang, on=start, qq="309914417", mobile="13900001234",
                                 wechat="longtai_2018")
        make_follow_up(customer, "加了微信 longtai_2018,电话139 0000 1234,QQ:３０９９１４４１７", on=start)
        browser = login("baoyu")
        pages = ["/admin/publicpool/", f"/admin/publicpool/details/?id={customer.id}",
                 f"/admin/followup/?customer={customer.id}"]
        for path in pages:
            text = browser.get(path).text
            assert "龙泰" in text
            for secret in ("309914417", "13900001234", "139 0000 1234", "longtai", "３０９"):
                assert secret not in text, (path, secret)

        browser.submit("/admin/claim/", {"customer_id": customer.id})
        record = browser.get(f"/admin/customer/details/?id={customer.id}").text
        assert "309914417" in record
        assert "longtai_2018" in record

    def test_whatever_people_wrote_elsewhere_is_hidden_too(self, login, make_customer, school, clock):
        customer = make_customer("周婷", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4),
                                 wechat="wx_canary_77", company="call 13911112222", salary="wx_canary_77")
        for who in ("baoyu", "auditor"):
            text = login(who).get(f"/admin/publicpool/details/?id={customer.id}").text
            assert "周婷" in text
            assert "13911112222" not in text
            assert "wx_canary_77" not in text

    def test_the_pools_search_learns_nothing_of_contacts(self, login, fallen):
        assert ids_in(login("baoyu").get("/admin/publicpool/?q=3099")) == []

    def test_a_manager_sees_them(self, login, fallen):
        assert "309914417" in login("manager").get("/admin/publicpool/").text

    def test_follow_ups_cannot_be_searched_by_what_they_hide(self, login, make_follow_up, make_customer, school, clock):
        start = clock.today() - dt.timedelta(days=4)
        customer = make_customer("龙泰", holder=school.sanjiang, on=start)
        make_follow_up(customer, "电话13900001234", on=start)
        assert "龙泰" not in login("baoyu").get("/admin/followup/?search=1390000").text


class TestClaim:
    @on_both_databases
    def test_the_winner_has_the_customer_and_a_row(self, login, fallen, school, session, clock):
        answer = login("baoyu").submit("/admin/claim/", {"customer_id": fallen.id}, headers=JSON)
        assert (answer.status_code, answer.json) == (200, {"won": [fallen.id], "lost": []})
        session.refresh(fallen)
        assert (fallen.consultant_id, fallen.recv_date) == (school.baoyu.id, clock.today())
        rows = session.query(Distribution).filter_by(customer_id=fallen.id).order_by(Distribution.id).all()
        assert [(row.consultant_id, row.status) for row in rows] == [
            (school.sanjiang.id, DistributionStatus.NO_FOLLOW_UP), (school.baoyu.id, DistributionStatus.FOLLOWING)]

    def test_the_loser_is_told_that_someone_else_was_first(self, login, fallen):
        login("baoyu").submit("/admin/claim/", {"customer_id": fallen.id})
        answer = login("dasha").submit("/admin/claim/", {"customer_id": fallen.id}, headers=JSON)
        assert answer.status_code == 409
        assert answer.json == {"won": [], "lost": [{"id": fallen.id, "reason": "taken"}]}

    def test_a_page_that_stays_asks_for_words_too(self, login, fallen, make_customer):
        free, form = make_customer(), {"customer_id": [fallen.id], "words": "1"}
        assert login("baoyu").submit("/admin/claim/", form, headers=JSON).json["sentence"] == "跟进成功!"
        answer = login("dasha").submit("/admin/claim/", form | {"customer_id": [fallen.id, free.id]}, headers=JSON)
        assert answer.json["lost"] == [{"id": fallen.id, "reason": "taken", "sentence": "已经被跟进了"}]
        assert "1" in answer.json["sentence"]

    def test_people_read_it_in_words(self, login, fallen):
        winner, loser = login("baoyu"), login("dasha")
        assert "跟进成功!" in winner.submit("/admin/claim/", {"customer_id": fallen.id}, follow_redirects=True).text
        assert "已经被跟进了" in loser.submit("/admin/claim/", {"customer_id": fallen.id}, follow_redirects=True).text

    def test_names_of_customers_who_were_never_in_the_pool_are_not_told(self, login, make_customer, school):
        theirs = make_customer("秘密客户", holder=school.dasha)
        enrolled = make_customer("秘密学员", holder=school.dasha)
        answer = login("baoyu").submit("/admin/claim/", {"customer_id": [theirs.id, enrolled.id]},
                                       follow_redirects=True)
        assert "秘密" not in answer.text

    def test_every_refusal_has_its_reason(self, login, fallen, make_customer, school):
        mine = make_customer("我的", holder=school.sanjiang)
        theirs = make_customer("他的", holder=school.baoyu)
        answer = login("sanjiang").submit("/admin/claim/", {
            "customer_id": [str(fallen.id), str(mine.id), str(theirs.id), "99999"]}, headers=JSON)
        assert answer.status_code == 409
        assert {each["id"]: each["reason"] for each in answer.json["lost"]} == {
            fallen.id: "former_consultant", mine.id: "not_public", theirs.id: "taken", 99999: "not_found"}

    def test_several_are_won_or_lost_each_on_its_own(self, login, make_customer, school):
        first, second = make_customer("甲"), make_customer("乙")
        taken = make_customer("丙", holder=school.dasha)
        answer = login("baoyu").submit("/admin/claim/", {
            "customer_id": [str(second.id), str(taken.id), str(first.id)]}, headers=JSON)
        assert answer.json == {"won": [first.id, second.id], "lost": [{"id": taken.id, "reason": "taken"}]}

    @pytest.mark.parametrize("who", ["admin", "manager", "tutor", "auditor"])
    def test_who_does_not_sell_sees_no_button_and_gets_403(self, login, fallen, who):
        browser = login(who)
        assert browser.submit("/admin/claim/", {"customer_id": fallen.id}, headers=JSON).status_code == 403
        if who in ("admin", "manager", "auditor"):
            page = browser.get("/admin/publicpool/")
            assert ids_in(page) == [fallen.id]
            assert 'action="/admin/claim/"' not in page.text

    @pytest.mark.parametrize("ids", [[], ["x"], ["-1"], ["99999999999999999999"], ["9" * 5000], ["1\0"], ["１"]])
    def test_hand_made_nonsense_is_refused_in_words(self, login, ids):
        answer = login("baoyu").submit("/admin/claim/", {"customer_id": ids}, headers=JSON)
        assert answer.status_code == 400
        assert answer.json["error"]

    def test_a_get_claims_nothing(self, login, fallen, session):
        assert login("baoyu").get(f"/admin/claim/?customer_id={fallen.id}").status_code == 405
        assert session.get(Customer, fallen.id).consultant_id != 0


class TestCost:
    def test_a_page_costs_the_same_queries_at_20_and_at_200_customers(
            self, login, make_customer, make_follow_up, school, clock, count_queries):
        browser = login("baoyu")

        def cost() -> int:
            with count_queries() as queries:
                assert browser.get("/admin/publicpool/").status_code == 200
            return queries.count

        start = clock.today() - dt.timedelta(days=4)
        for _ in range(20):
            make_follow_up(make_customer(holder=school.sanjiang, on=start, courses=[school.python]), on=start)
        cost()
        few = cost()
        for _ in range(180):
            make_customer(holder=school.sanjiang, on=start, courses=[school.python, school.linux])
        assert cost() == few


class TestWhatHasChanged:
    """The page asks every few seconds, with the ids it shows."""

    @pytest.fixture
    def changes(self, login):
        def ask(who: str, *shown: int, **others):
            browser = login(who) if isinstance(who, str) else who
            answer = browser.get("/admin/publicpool/changes/", headers=JSON,
                                 query_string=({"shown": ",".join(map(str, shown))} if shown else {}) | others)
            assert answer.status_code == 200, answer.text
            return answer.json

        return ask

    def test_nothing_costs_nothing(self, changes, fallen):
        assert changes("baoyu", fallen.id) == {"gone": [], "arrived": "", "counts": {}}

    def test_one_claimed_by_someone_else_is_gone_with_a_word(self, changes, login, fallen):
        login("dasha").submit("/admin/claim/", {"customer_id": fallen.id})
        said = changes(login("baoyu"), fallen.id)
        (gone,) = said["gone"]
        assert gone["id"] == fallen.id
        assert "大傻" not in gone["sentence"]
        assert said["counts"]["reason-"] == "0"

    def test_who_has_him_is_told_only_to_those_who_may_know(self, changes, login, fallen):
        login("dasha").submit("/admin/claim/", {"customer_id": fallen.id})
        assert "大傻" in changes("manager", fallen.id)["gone"][0]["sentence"]
        assert "大傻" not in changes("auditor", fallen.id)["gone"][0]["sentence"]

    def test_one_assigned_to_someone_is_gone_too(self, changes, floor, fallen, school, session):
        floor.assign(fallen, to=school.dasha)
        session.commit()
        told = {who: changes(who, fallen.id)["gone"][0]["sentence"] for who in ("baoyu", "dasha", "manager")}
        assert len(set(told.values())) == 3
        assert "大傻" in told["manager"]

    def test_ids_that_were_never_in_the_pool_for_me_tell_nothing(self, changes, make_customer, floor, school, clock,
                                                                session):
        """Held all along, enrolled, my own, my own once and claimed from me, and none at all: all read the same."""
        held, mine = make_customer(holder=school.dasha), make_customer(holder=school.sanjiang)
        enrolled = make_customer(holder=school.dasha)
        floor.enrol(enrolled)
        once_mine = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4))
        floor.claim(once_mine, by=school.baoyu)
        session.commit()
        ids = [held.id, mine.id, enrolled.id, once_mine.id, 99_999]
        gone = changes("sanjiang", *ids)["gone"]
        assert [each["id"] for each in gone] == sorted(ids)
        assert len({each["sentence"] for each in gone}) == 1

    def test_a_claim_of_long_ago_is_no_news(self, changes, floor, fallen, school, clock, session):
        floor.claim(fallen, by=school.dasha)
        session.commit()
        today = changes("baoyu", fallen.id)["gone"][0]["sentence"]
        clock.advance(days=2)
        assert changes("baoyu", fallen.id)["gone"][0]["sentence"] != today

    def test_who_has_come_since_is_counted(self, changes, login, make_customer, fallen, school, floor, session):
        browser = login("baoyu")
        released = make_customer(holder=school.dasha)
        floor.release(released)
        session.commit()
        assert "1" in changes(browser, fallen.id)["arrived"]
        make_customer("新线索")
        assert "2" in changes(browser, fallen.id)["arrived"]
        assert changes(browser, fallen.id, reason="4")["arrived"] == ""
        assert "1" in changes(browser, fallen.id, q="新线索")["arrived"]

    def test_whoever_belongs_to_another_page_has_not_come_to_this_one(self, changes, login, make_customer, clock):
        today = clock.today()
        older = make_customer(on=today - dt.timedelta(days=1))
        newer = make_customer()
        browser = login("baoyu")
        assert changes(browser, newer.id, until=f"{today}.{newer.id}")["arrived"] == ""
        assert changes(browser, older.id, after=f"{today}.{newer.id}")["arrived"] == ""
        assert changes(browser, older.id)["arrived"] != ""

    @pytest.mark.parametrize("shown", ["x", "1,,2", "-1", "1;2", "9" * 5000, ",".join(["1"] * 201)])
    def test_nonsense_is_refused(self, login, shown):
        assert login("baoyu").get(f"/admin/publicpool/changes/?shown={shown}", headers=JSON).status_code == 400

    def test_asking_keeps_nobody_logged_in(self, changes, login, fallen, clock):
        browser = login("baoyu")
        for _ in range(3):
            clock.advance(minutes=50)
            answer = browser.get(f"/admin/publicpool/changes/?shown={fallen.id}", headers=JSON)
        assert answer.status_code == 401
        assert answer.json["error"]

    def test_it_costs_the_same_queries_for_one_row_and_for_fifty(self, login, make_customer, changes, count_queries,
                                                                 floor, school):
        browser = login("baoyu")
        made = [make_customer() for _ in range(51)]
        ids = [each.id for each in made]
        until = f"{made[-1].public_on}.{ids[-1]}"  # nobody has come to this page, be it shown in part or in whole

        def cost(number: int) -> int:
            with count_queries() as queries:
                changes(browser, *ids[:number], until=until)
            return queries.count

        cost(1)
        assert cost(50) == cost(1)
        for customer_id in ids:
            floor.claim(customer_id, by=school.dasha)
        assert cost(50) == cost(1)


class TestNumbers:
    def test_counting_stops_where_nobody_looks_any_more(self, login, make_customer, monkeypatch):
        for place in ("app.services.counting.ENOUGH", "app.admin.public_pool.ENOUGH", "app.admin.menu.COUNTED"):
            monkeypatch.setattr(place, 3)
        for _ in range(3):
            make_customer()
        browser = login("baoyu")
        assert 'data-count="reason-new">3<' in browser.get("/admin/publicpool/").text
        make_customer()
        page = browser.get("/admin/publicpool/").text
        assert 'data-count="reason-new">3+<' in page
        assert 'data-count="menu-publicpool">3+<' in page

    def test_the_filters_in_force_are_named_and_can_be_taken_off_one_by_one(self, login, make_customer, school):
        make_customer("王小明", source=Source.BAIDU, courses=[school.python])
        make_customer("王五")
        browser = login("baoyu")
        page = browser.get(f"/admin/publicpool/?q=王&course={school.python.id}&source={Source.BAIDU.value}")
        assert len(ids_in(page)) == 1
        chosen = re.search(r'<ul class="chosen".*?</ul>', page.text, re.DOTALL).group()
        links = re.findall(r'class="tag removable" href="([^"]*)"', chosen)
        assert len(links) == 3
        without_the_search = next(link for link in links if "q=" not in link).replace("&amp;", "&")
        assert len(ids_in(browser.get(without_the_search))) == 1


class TestTheRecordsOfOneCustomer:
    def test_say_whose_they_are_to_those_who_may_read_one(self, login, make_customer, make_follow_up, school, clock):
        start = clock.today() - dt.timedelta(days=4)
        fallen = make_customer("龙泰", holder=school.sanjiang, on=start)
        held = make_customer("周婷", holder=school.sanjiang)
        make_follow_up(fallen, on=start)
        make_follow_up(held)
        browser = login("baoyu")

        def heading(customer: Customer) -> str:
            page = browser.get(f"/admin/followup/?customer={customer.id}")
            return re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL).group(1)

        assert "龙泰" in heading(fallen)
        assert "周婷" not in heading(held)
