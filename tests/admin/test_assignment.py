"""The screen of automatic assignment: the round, who comes next, who is paused, the ledger and the picture."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.models import AssignmentEntry, AssignmentRound, Role
from app.models.choices import AssignmentStrategy, RowScope
from app.services import school_settings
from tests.support.databases import on_both_databases

PAGE = "/admin/assignment/"


@pytest.fixture
def manager(login):
    found = login("manager")
    found.submit("/locale", {"locale": "en"})
    return found


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def part(page: str, heading: str) -> str:
    """A section's words, from its heading's id to its end."""
    return text_of(page.split(f'id="{heading}"', 1)[1].split(">", 1)[1].split("</section>", 1)[0])


class TestTheRound:
    def test_is_shown_with_what_is_spent_and_who_is_next(self, manager, ranks, lead):
        lead()
        lead()
        assert part(manager.get(PAGE).text, "round-title") == (
            "Round 1 2 / 6 2 / 6 三江 (spent) 暴雨 (spent) 大傻 next 暴雨 大傻 大傻")

    def test_shows_the_next_one_where_ranks_have_changed(self, manager, ranks, lead, session):
        lead()
        assert "by the ranks as they are now" not in manager.get(PAGE).text
        ranks["dasha"].num = 1
        session.commit()
        assert part(manager.get(PAGE).text, "round-title").endswith("by the ranks as they are now 三江 暴雨 大傻 暴雨")

    def test_tells_who_gets_the_next_ten_leads_and_starts_nothing(self, manager, ranks, session):
        told = part(manager.get(PAGE).text, "next-title")
        a, b, c = "大傻", "暴雨", "三江"
        assert re.findall(r"(\S+) round (\d+), slot (\d+)", told) == [
            (name, str(1 + place // 6), str(1 + place % 6)) for place, name in enumerate([c, b, a, b, a, a] * 2)][:10]
        assert session.query(AssignmentRound).count() == 0

    def test_leaves_out_who_is_passed_over(self, manager, ranks, session):
        ranks["dasha"].paused = True
        session.commit()
        told = re.findall(r"(\S+) round", part(manager.get(PAGE).text, "next-title"))
        assert told[:4] == ["三江", "暴雨", "暴雨", "三江"]

    def test_says_that_nobody_is_left(self, manager):
        page = text_of(manager.get(PAGE).text)
        assert "Nobody is left: leads go to the Public Pool." in page
        assert "Nobody has a slot, so every lead goes to the Public Pool." in page
        assert "Nobody has a rank yet." in page


class TestPausing:
    def test_counts_with_the_next_lead_and_ends_likewise(self, manager, ranks, lead, session):
        rank = ranks["sanjiang"]
        answer = manager.submit("/admin/assignment/pause/", {"id": str(rank.id), "paused": "1"}, follow_redirects=True)
        assert "三江 is passed over from now on." in answer.text
        assert lead().consultant.name == "暴雨"
        manager.submit("/admin/assignment/pause/", {"id": str(rank.id), "paused": "0"})
        session.expire_all()
        assert rank.paused is False

    @pytest.mark.parametrize(("fields", "status"), [
        ({"paused": "1"}, 404), ({"id": "x", "paused": "1"}, 404), ({"id": "1"}, 400),
        ({"id": "1", "paused": "2"}, 400)])
    def test_asks_for_whom_and_which_way(self, manager, ranks, fields, status):
        assert manager.submit("/admin/assignment/pause/", fields).status_code == status

    def test_of_a_rank_that_is_gone_is_told(self, manager):
        answer = manager.submit("/admin/assignment/pause/", {"id": "77", "paused": "1"}, headers={
            "Accept": "application/json"})
        assert answer.status_code == 404
        assert answer.json["error"] == "This consultant has no rank any more."

    def test_is_not_for_the_auditor_who_sees_it(self, login, ranks):
        auditor = login("auditor")
        assert "/admin/assignment/pause/" not in auditor.get(PAGE).text
        answer = auditor.submit("/admin/assignment/pause/", {"id": str(ranks["dasha"].id), "paused": "1"})
        assert answer.status_code == 403


class TestTheStrategy:
    def test_is_chosen_by_who_may_change_the_settings(self, login, ranks, session, school, make_customer):
        admin = login("admin")
        admin.submit("/locale", {"locale": "en"})
        assert admin.submit("/admin/assignment/strategy/", {"strategy": "2"}).status_code == 302
        assert school_settings.load(session).assignment_strategy is AssignmentStrategy.FEWEST_OPEN
        make_customer(holder=school.sanjiang)
        told = part(admin.get(PAGE).text, "next-title")
        assert re.findall(r"(\S+) holds (\d)", told)[:4] == [("暴雨", "0"), ("大傻", "0"), ("三江", "1"), ("暴雨", "1")]
        admin.submit("/admin/customer/new/", {"name": "新客", "qq": "300000000", "source": "1", "work_status": "1",
                                              "goes_to": "assignment"})
        entry = session.scalars(select(AssignmentEntry)).one()
        assert (entry.consultant.name, entry.open_customers, entry.slot) == ("暴雨", 0, None)
        assert "Fewest open customers: 0" in text_of(admin.get(PAGE).text)

    def test_stays_when_other_settings_are_saved(self, login, session):
        admin = login("admin")
        admin.submit("/admin/assignment/strategy/", {"strategy": "2"})
        page = admin.get("/admin/settings/").text
        shown = re.search(r'name="shown" value="([^"]*)"', page)[1]
        answer = admin.submit("/admin/settings/", {
            "shown": shown, "mask_contacts": "y", "session_idle_minutes": "31", "session_hours": "12",
            "shortest_password": "12", "lead_retention_months": "0", "leaver_retention_months": "0",
            "session_retention_days": "90", "opening_hour": "9"})
        assert answer.status_code == 302
        assert school_settings.load(session).assignment_strategy is AssignmentStrategy.FEWEST_OPEN

    @pytest.mark.parametrize("strategy", ["", "0", "3", "round"])
    def test_is_one_of_those_there_are(self, login, strategy):
        assert login("admin").submit("/admin/assignment/strategy/", {"strategy": strategy}).status_code == 400

    def test_is_not_a_manager_s_to_choose(self, manager):
        assert "/admin/assignment/strategy/" not in manager.get(PAGE).text
        assert manager.submit("/admin/assignment/strategy/", {"strategy": "2"}).status_code == 403


class TestTheLedger:
    def test_says_of_each_lead_who_got_it_and_why(self, manager, ranks, lead, session):
        ranks["sanjiang"].paused = True
        session.commit()
        lead("龙泰")
        page = text_of(manager.get(PAGE).text)
        assert "龙泰 暴雨 Slot 2 of 6 in round 1 · Passed over: 三江 (paused)" in page
        for rank in ranks.values():
            rank.paused = True
        session.commit()
        lead("王林")
        assert "王林 Public Pool Nobody was left · Passed over: 大傻 (paused)" in text_of(manager.get(PAGE).text)

    def test_is_narrowed_to_a_consultant_and_paged(self, manager, ranks, lead, school):
        entries = [lead() for _ in range(40)]
        first = manager.get(PAGE).text
        shown = re.findall(r'<td class="name first[^>]*><a [^>]*>(客户\d+)</a>', first)
        assert shown == [entry.customer.name for entry in entries[:-31:-1]]
        following = re.search(r'rel="next" href="([^"]*)"', first)[1]
        rest = manager.get(following).text
        assert re.findall(r">(客户\d+)</a>", rest) == [entry.customer.name for entry in entries[9::-1]]
        his = manager.get(f"{PAGE}?consultant={school.sanjiang.id}").text
        assert re.findall(r">(客户\d+)</a>", his) == [
            entry.customer.name for entry in reversed(entries) if entry.consultant is school.sanjiang]

    def test_names_customers_only_to_who_may_see_them(self, login, ranks, lead, session, school):
        role = Role(name="只看分配", scope=RowScope.OWN)
        role.permission_codes = ["salesrank.read"]
        session.add(role)
        school.tutor.roles = [role]
        session.commit()
        entry = lead("龙泰")
        page = login("tutor").get(PAGE).text
        assert "龙泰" not in page
        assert f"#{entry.customer_id}" in page

    def test_costs_the_same_queries_however_long_it_is(self, manager, ranks, lead, count_queries):
        counts = []
        for number in (2, 12):
            for _ in range(number):
                lead()
            with count_queries() as queries:
                manager.get(PAGE)
            counts.append(queries.count)
        assert counts[0] == counts[1]

    def test_draws_what_everyone_got_beside_his_share(self, manager, ranks, lead):
        for _ in range(14):
            lead()
        page = manager.get(PAGE).text
        rows = re.findall(r'data-short="([^"]*)">[^<]*</th><td [^>]*data-number="(\d+)">[^<]*</td><td [^>]*'
                          r'data-number="(\d+)"', page)
        assert rows == [("三江", "3", "2"), ("暴雨", "5", "5"), ("大傻", "6", "7")]
        assert "In 30 days 14 leads were assigned. Farthest from the own share is 大傻: 6" in page


class TestWhyHim:
    def test_stands_in_the_customer_s_timeline(self, manager, ranks, lead, session):
        ranks["sanjiang"].paused = True
        session.commit()
        page = text_of(manager.get(f"/admin/customer/details/?id={lead().customer_id}").text)
        assert "暴雨 Assigned Slot 2 of 6 in round 1 · Passed over: 三江 (paused)" in page

    def test_names_nobody_else_to_a_consultant(self, login, ranks, lead, session):
        ranks["sanjiang"].paused = True
        session.commit()
        entry = lead()
        baoyu = login("baoyu")
        baoyu.submit("/locale", {"locale": "en"})
        page = text_of(baoyu.get(f"/admin/customer/details/?id={entry.customer_id}").text)
        assert "Slot 2 of 6 in round 1 · Passed over: 1" in page
        assert "三江" not in page

    def test_is_told_of_a_lead_nobody_could_be_given(self, manager, lead):
        page = text_of(manager.get(f"/admin/customer/details/?id={lead().customer_id}").text)
        assert "Assigned to nobody: into the Public Pool Nobody has a slot" in page


@on_both_databases
def test_ranks_are_bounded_so_that_a_round_can_be_shown(login, session, school):
    manager = login("manager")
    form = {"consultant": str(school.dasha.id), "weight": "1"}
    assert manager.submit("/admin/salesrank/new/", {**form, "num": "101"}).status_code == 422
    assert manager.submit("/admin/salesrank/new/", {**form, "num": "100"}).status_code == 302
