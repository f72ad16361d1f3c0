"""My Customers, through HTTP."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from app.models import Customer, Distribution, FollowUp
from app.models.choices import CustomerStatus, DistributionStatus, Intent
from app.services import enrolments

ROWS = re.compile(r"<tr[^>]*data-distribution-id[^>]*>")


def rows_in(page) -> list[dict[str, int]]:
    assert page.status_code == 200
    return [{name: int(value) for name, value in re.findall(r'data-([a-z-]+)="(\d+)"', row)}
            for row in ROWS.findall(page.text)]


@pytest.fixture
def mine(make_customer, school):
    """三江's customer, received today."""
    return make_customer("周婷", holder=school.sanjiang, courses=[school.python], qq="309914417")


class TestTheList:
    def test_all_my_holdings_newest_first_past_ones_included(self, login, make_customer, school, clock, session):
        today = clock.today()
        lost = make_customer("丢了", holder=school.sanjiang, on=today - dt.timedelta(days=9))
        won = make_customer("赢了", holder=school.sanjiang, on=today - dt.timedelta(days=2))
        enrolments.enrol(session, won.id, today=today, now=clock.now())
        held = make_customer("在跟", holder=school.sanjiang)
        make_customer("别人的", holder=school.baoyu)
        rows = rows_in(login("sanjiang").get("/admin/mycustomers/"))
        assert [(row["customer-id"], row["status"]) for row in rows] == [(held.id, 1), (won.id, 2), (lost.id, 3)]

    def test_chips_show_one_status(self, login, make_customer, mine, school, clock):
        lost = make_customer("丢了", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=9))
        browser = login("sanjiang")
        assert [r["customer-id"] for r in rows_in(browser.get("/admin/mycustomers/?status=1"))] == [mine.id]
        assert [r["customer-id"] for r in rows_in(browser.get("/admin/mycustomers/?status=3"))] == [lost.id]
        assert browser.get("/admin/mycustomers/?status=8").status_code == 400

    def test_a_status_nobody_has_gets_no_chip_but_where_it_is_asked_for(self, login, mine):
        browser = login("sanjiang")
        merged = f'data-count="status-{DistributionStatus.MERGED.value}"'
        assert f'data-count="status-{DistributionStatus.FOLLOWING.value}"' in browser.get("/admin/mycustomers/").text
        assert merged not in browser.get("/admin/mycustomers/").text
        assert merged in browser.get(f"/admin/mycustomers/?status={DistributionStatus.MERGED.value}").text

    def test_a_page_with_no_rows_left_leads_back_to_the_first(self, login, mine):
        page = login("sanjiang").get("/admin/mycustomers/?status=1&after=2020-01-01.1").text
        assert 'href="/admin/mycustomers/?status=1"' in page.split('class="card empty"')[1]

    def test_whom_i_lose_next_stands_above(self, login, make_customer, school, clock):
        make_customer("今晚掉", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=3))
        page = login("sanjiang").get("/admin/mycustomers/")
        assert "今晚掉" in page.text.split("data-distribution-id")[0]

    def test_a_page_costs_the_same_queries_at_20_and_at_200_rows(self, login, make_customer, school, count_queries):
        browser = login("sanjiang")

        def cost() -> int:
            with count_queries() as queries:
                assert browser.get("/admin/mycustomers/").status_code == 200
            return queries.count

        for _ in range(20):
            make_customer(holder=school.sanjiang, courses=[school.python])
        cost()
        few = cost()
        for _ in range(180):
            make_customer(holder=school.sanjiang, courses=[school.python, school.linux])
        assert cost() == few


class TestFollowUp:
    def test_logging_one_pushes_the_deadline(self, login, make_customer, school, clock, session):
        customer = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=3))
        assert customer.public_on == clock.today() + dt.timedelta(days=1)
        answer = login("sanjiang").submit("/admin/mycustomers/follow-up/", {
            "customer_id": customer.id, "note": "周末来试听", "intent": Intent.TWO_WEEKS.value,
            "next_contact_on": (clock.today() + dt.timedelta(days=2)).isoformat()})
        assert answer.status_code == 302
        session.refresh(customer)
        assert customer.public_on == clock.today() + dt.timedelta(days=4)
        record = session.query(FollowUp).one()
        assert (record.note, record.intent) == ("周末来试听", Intent.TWO_WEEKS)

    def test_the_former_consultant_is_refused_one_minute_after_midnight(self, login, make_customer, school, clock,
                                                                      session):
        customer = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=3))
        browser = login("sanjiang")
        clock.set((clock.today() + dt.timedelta(days=1)).isoformat() + "T00:01")
        answer = browser.submit("/admin/mycustomers/follow-up/", {"customer_id": customer.id, "note": "还在吗"},
                                follow_redirects=True)
        assert "公海" in answer.text
        assert session.query(FollowUp).count() == 0

    def test_someone_elses_customer_does_not_exist(self, login, make_customer, school, session):
        theirs = make_customer(holder=school.baoyu)
        answer = login("sanjiang").submit("/admin/mycustomers/follow-up/", {"customer_id": theirs.id, "note": "嗨"})
        assert answer.status_code == 404
        assert session.query(FollowUp).count() == 0

    @pytest.mark.parametrize("wrong", [{"note": "  "}, {"next_contact_on": "2020-01-01"}])
    def test_a_refusal_says_why_and_changes_nothing(self, login, mine, session, wrong):
        answer = login("sanjiang").submit("/admin/mycustomers/follow-up/", {
            "customer_id": mine.id, "note": "好", **wrong}, follow_redirects=True)
        assert 'class="flash' in answer.text or "alert" in answer.text
        assert session.query(FollowUp).count() == 0

    @pytest.mark.parametrize("wrong", [{"intent": "9"}, {"intent": "x"}, {"next_contact_on": "soon"}])
    def test_nonsense_is_400(self, login, mine, wrong):
        answer = login("sanjiang").submit("/admin/mycustomers/follow-up/", {"customer_id": mine.id, "note": "好",
                                                                            **wrong})
        assert answer.status_code == 400


class TestOtherSteps:
    def test_release_gives_the_customer_back(self, login, mine, session, clock):
        login("sanjiang").submit("/admin/mycustomers/release/", {"customer_id": mine.id})
        session.refresh(mine)
        assert mine.is_public(clock.today())
        assert session.query(Distribution).one().status == DistributionStatus.RELEASED

    def test_a_course_is_removed_with_one_click(self, login, mine, school, session):
        login("sanjiang").submit("/admin/mycustomers/cancel-course/",
                                 {"customer_id": mine.id, "course_id": school.python.id})
        session.refresh(mine)
        assert mine.courses == []


    def test_courses_of_a_customer_one_has_lost_stay(self, login, make_customer, school, session, clock):
        lost = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=9), courses=[school.python])
        answer = login("sanjiang").submit("/admin/mycustomers/cancel-course/", {
            "customer_id": lost.id, "course_id": school.python.id}, headers={"Accept": "application/json"})
        assert answer.status_code == 409
        session.refresh(lost)
        assert lost.courses == [school.python]

    def test_a_program_that_asks_for_json_is_refused_with_a_4xx(self, login, mine, clock):
        browser = login("sanjiang")
        browser.submit("/admin/mycustomers/release/", {"customer_id": mine.id})
        for path in ("release", "follow-up"):
            answer = browser.submit(f"/admin/mycustomers/{path}/", {"customer_id": mine.id, "note": "x"},
                                    headers={"Accept": "application/json"})
            assert answer.status_code == 409, path
            assert answer.json["error"]

    def test_a_script_that_stays_on_the_page_is_told_in_words(self, login, mine, school):
        browser, as_json = login("sanjiang"), {"Accept": "application/json"}
        form = {"customer_id": mine.id, "course_id": school.python.id, "note": "聊了"}
        said = [browser.submit(f"/admin/mycustomers/{path}/", form, headers=as_json).json
                for path in ("follow-up", "cancel-course", "release")]
        assert all(answer["said"] for answer in said)
        page = browser.get("/admin/mycustomers/").text
        assert not any(answer["said"] in page for answer in said)  # once is enough

    def test_and_a_refusal_names_its_field(self, login, mine):
        answer = login("sanjiang").submit("/admin/mycustomers/follow-up/", {"customer_id": mine.id, "note": " "},
                                          headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json["field"]) == (400, "note")

    @pytest.mark.parametrize("identity", ["9" * 5000, "99999999999", "٣", "1e3", ""])
    def test_an_id_no_row_can_have_is_404(self, login, identity):
        browser = login("sanjiang")
        for path in ("release", "follow-up", "cancel-course"):
            answer = browser.submit(f"/admin/mycustomers/{path}/", {"customer_id": identity, "note": "x"})
            assert answer.status_code == 404, path


class TestPastCustomers:
    @pytest.fixture
    def past(self, make_customer, make_follow_up, school, clock, session):
        """三江 lost him, 暴雨 has him now and followed up."""
        start = clock.today() - dt.timedelta(days=9)
        customer = make_customer("龙泰", holder=school.sanjiang, on=start, qq="309914417", company="秘密公司")
        make_follow_up(customer, "三江聊的,QQ309914417", on=start)
        from app.services import claims

        claims.claim(session, customer.id, school.baoyu.id, today=clock.today(), now=clock.now())
        session.commit()
        make_follow_up(customer, "暴雨聊的")
        return customer

    def test_name_dates_and_the_timeline_up_to_the_end_but_no_contacts(self, login, past, session, school):
        row = session.query(Distribution).filter_by(consultant_id=school.sanjiang.id).one()
        page = login("sanjiang").get(f"/admin/mycustomers/details/?id={row.id}")
        assert page.status_code == 200
        assert "龙泰" in page.text
        assert "三江聊的" in page.text
        for hidden in ("暴雨聊的", "309914417", "秘密公司"):
            assert hidden not in page.text

    def test_it_ends_with_the_own_fall_not_with_who_came_after_on_the_same_day(self, login, make_customer, school,
                                                                              session, clock):
        from app.services import claims

        customer = make_customer("周婷", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4))
        claims.claim(session, customer.id, school.baoyu.id, today=clock.today(), now=clock.now())
        session.commit()
        row = session.query(Distribution).filter_by(consultant_id=school.sanjiang.id).one()
        text = login("sanjiang").get(f"/admin/mycustomers/details/?id={row.id}").text
        assert "三天未跟进" in text
        assert "暴雨" not in text

    def test_the_customers_own_page_does_not_exist_for_the_former_consultant(self, login, past):
        assert login("sanjiang").get(f"/admin/customer/details/?id={past.id}").status_code == 404

    def test_someone_elses_holding_does_not_exist(self, login, past, session, school):
        row = session.query(Distribution).filter_by(consultant_id=school.baoyu.id).one()
        assert login("sanjiang").get(f"/admin/mycustomers/details/?id={row.id}").status_code == 404

    def test_an_enrolled_customer_stays_with_his_consultant(self, login, mine, session, clock):
        enrolments.enrol(session, mine.id, today=clock.today(), now=clock.now())
        session.commit()
        assert mine.status == CustomerStatus.ENROLLED
        page = login("sanjiang").get(f"/admin/customer/details/?id={mine.id}")
        assert "309914417" in page.text
        assert session.get(Customer, mine.id) is not None


class TestWhatHasChanged:
    """The page asks every few seconds, with the holdings on it that went on."""

    JSON = {"Accept": "application/json"}

    @pytest.fixture
    def row_of(self, session):
        return lambda customer: session.query(Distribution).filter_by(customer_id=customer.id).order_by(
            Distribution.id).first().id

    @pytest.fixture
    def changes(self, login):
        browser = login("sanjiang")

        def ask(*shown: int, **others):
            answer = browser.get("/admin/mycustomers/changes/", headers=self.JSON,
                                 query_string=({"shown": ",".join(map(str, shown))} if shown else {}) | others)
            assert answer.status_code == 200, answer.text
            return answer.json

        return ask

    def test_nothing_costs_nothing(self, changes, mine, row_of):
        assert changes(row_of(mine)) == {"gone": [], "arrived": "", "counts": {}}

    def test_one_who_fell_was_released_or_given_to_another_is_gone_with_a_word(
            self, changes, make_customer, school, floor, row_of, session, clock):
        fell = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4))
        released, given = make_customer(holder=school.sanjiang), make_customer(holder=school.sanjiang)
        floor.release(released)
        floor.assign(given, to=school.baoyu)
        session.commit()
        rows = [row_of(each) for each in (fell, released, given)]
        said = changes(*rows)
        assert [each["id"] for each in said["gone"]] == sorted(rows)
        assert len({each["sentence"] for each in said["gone"]}) == 3
        assert said["counts"]["status-1"] == "0"

    def test_one_who_enrolled_stays_mine(self, changes, mine, floor, row_of, session):
        floor.enrol(mine)
        session.commit()
        assert changes(row_of(mine))["gone"] == []

    def test_others_holdings_read_like_ones_that_do_not_exist(self, changes, make_customer, school, floor, row_of,
                                                             session, clock):
        theirs = make_customer(holder=school.baoyu, on=clock.today() - dt.timedelta(days=9))
        assert changes(row_of(theirs), 99_999)["gone"] == []

    def test_whom_i_was_given_since_is_counted(self, changes, mine, make_customer, school, floor, row_of, session):
        given = make_customer("刚分来的", holder=school.baoyu)
        floor.assign(given, to=school.sanjiang)
        session.commit()
        assert "1" in changes(row_of(mine))["arrived"]
        assert changes(row_of(mine), status="3")["arrived"] == ""
        assert changes(row_of(mine), q="周婷")["arrived"] == ""

    def test_a_past_holding_of_today_is_no_arrival(self, changes, make_customer, school, floor, session):
        floor.release(make_customer(holder=school.sanjiang))
        session.commit()
        assert changes()["arrived"] == ""

    @pytest.mark.parametrize("shown", ["x", "1,,2", ",".join(["1"] * 201)])
    def test_nonsense_is_refused(self, login, shown):
        assert login("sanjiang").get(f"/admin/mycustomers/changes/?shown={shown}",
                                     headers=self.JSON).status_code == 400


class TestWhomILoseNext:
    def test_a_card_says_where_a_follow_up_does_not_help(self, login, make_customer, make_follow_up, school, clock):
        today = clock.today()
        late = make_customer("快满期", holder=school.sanjiang, on=today - dt.timedelta(days=14))
        for days in (11, 8, 5, 2, 0):
            make_follow_up(late, on=today - dt.timedelta(days=days))
        make_customer("没跟进", holder=school.sanjiang, on=today - dt.timedelta(days=2))
        browser = login("sanjiang")
        browser.post("/locale", data={"locale": "en", "csrf_token": browser.csrf_token()})
        cards = dict(re.findall(r'<li class="card[^"]*">\s*<h3><a[^>]*>([^<]+)</a>(.*?)</li>',
                                browser.get("/admin/mycustomers/").text, re.DOTALL))
        assert "a follow-up does not move this date" in cards["快满期"]
        assert "a follow-up does not move this date" not in cards["没跟进"]
