"""The screens of the pool rules: what holds, the preview of a change, saving it, and what follows."""

from __future__ import annotations

import re
from functools import partial
from html import unescape

import pytest
from sqlalchemy import select

from app.models import BackgroundTask, CalendarDay, PoolRule
from app.models.choices import Calendar, RuleLevel, Source, TaskKind
from app.services import pool_rules, recomputation, rule_book
from app.services.pool_rules import BOUNDS, SCHOOL, Scope
from app.services.rules import DEFAULTS

PATH = "/admin/poolrules/"


def shown_at(browser, scope="school"):
    """What the form of a scope says it shows."""
    return browser.shown(f"{PATH}edit/?scope={scope}")


def words(html):
    """A page as it is read."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.split('id="main"')[1])).split())


def send(browser, step, scope="school", *, shown=None, **said):
    """Send the form as a browser does; the school fills in every field."""
    school = {name: getattr(DEFAULTS, name) for name in SCHOOL.names} if scope == "school" else {}
    sent = {**school, **said}
    fields = {name: getattr(value, "value", value) for name, value in sent.items()}
    return browser.submit(f"{PATH}edit/?scope={scope}", {
        "step": step, "shown": shown_at(browser, scope) if shown is None else shown, **fields}, follow_redirects=True)


@pytest.fixture
def admin(login):
    return in_english(login("admin"))


def in_english(browser):
    """The same browser, which asks for English."""
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return browser


@pytest.fixture
def save(admin):
    """Saves the rules of a scope as the admin does, having just opened the form."""
    return partial(send, admin, "save")


class TestWhatHolds:
    def test_is_said_in_words_with_0_as_what_it_means(self, admin):
        text = admin.get(PATH).text
        for said in ("3 days", "15 days", "any number", "until somebody else has had the customer", "Every day"):
            assert said in text

    def test_names_what_departments_and_sources_have_otherwise(self, admin, session, floor):
        for scope, said in ((Scope(department_code=1005), {"follow_up_days": 9}),
                            (Scope(source=Source.REFERRAL), {"deal_days": 44})):
            pool_rules.save(session, scope, said)
        session.commit()
        text = words(admin.get(PATH).text)
        assert "课程顾问 Term to follow up 9 days" in text
        assert "Internal referral Term to win the customer 44 days" in text

    def test_shows_the_holidays_and_make_up_days_ahead_in_the_readers_language(self, admin, clock, save):
        save(calendar=Calendar.CHINA)
        clock.set("2026-02-02 09:00")
        browser = admin
        text = browser.get(PATH, headers={"Accept-Language": "zh-CN"}).text
        assert "春节" in text
        assert "2月14日" in text  # a Saturday that is worked

    def test_costs_the_same_however_many_have_rules_of_their_own(self, admin, session, count_queries):
        admin.get(PATH)
        with count_queries() as before:
            admin.get(PATH)
        for source in list(Source)[:8]:
            pool_rules.save(session, Scope(source=source), {"follow_up_days": 9})
        session.commit()
        with count_queries() as after:
            admin.get(PATH)
        assert after.count <= before.count + 3  # the history names them


class TestTheForm:
    @pytest.mark.parametrize("name", sorted(BOUNDS))
    @pytest.mark.parametrize("wrong", ["least - 1", "most + 1", "", "viele"])
    def test_refuses_what_is_out_of_bounds_at_its_field(self, admin, session, name, wrong):
        least, most = BOUNDS[name]
        value = {"least - 1": least - 1, "most + 1": most + 1}.get(wrong, wrong)
        for step in ("preview", "save"):
            page = send(admin, step, **{name: value})
            assert page.status_code == 422
            assert f'id="{name}-errors"' in page.text
        assert session.scalar(select(PoolRule.id)) is None

    def test_says_in_an_empty_field_what_is_inherited(self, admin, save):
        save(follow_up_days=7, calendar=Calendar.TAIWAN)
        text = admin.get(f"{PATH}edit/?scope=department-1001").text
        assert 'placeholder="7"' in text
        assert "As the school: Working days in Taiwan" in text
        assert 'name="warn_days"' in text
        assert 'name="warn_days"' not in admin.get(f"{PATH}edit/?scope=source-3").text

    @pytest.mark.parametrize("scope", ["department-1000", "department-77", "source-99", "nobody", ""])
    def test_there_is_none_of_what_can_have_no_rules(self, admin, scope):
        assert admin.get(f"{PATH}edit/", query_string={"scope": scope}).status_code == 404
        assert send(admin, "save", scope, shown="").status_code == 404


class TestThePreview:
    def test_tells_what_would_come_of_it_and_saves_nothing(self, login, session, school, clock, make_customer):
        for _customer in range(3):
            make_customer(holder=school.baoyu)
        clock.advance(days=2)
        text = words(send(in_english(login("admin")), "preview", follow_up_days=1).text)
        assert "Term to follow up 3 days → 1 day" in text
        assert "暴雨 课程顾问 3 0 → 3 3 0" in text
        assert "Of 0 enrolments" in text
        assert session.scalar(select(PoolRule.id)) is None
        assert not recomputation_was_noted(session)

    def test_shows_what_would_have_become_of_the_enrolments_of_the_last_year(self, login, school, clock, floor,
                                                                             make_customer):
        customer = make_customer(holder=school.sanjiang)
        clock.advance(days=3)
        floor.enrol(customer)
        text = words(send(in_english(login("admin")), "preview", follow_up_days=1).text)
        assert "Of 1 enrolment" in text
        assert "cut off by the term to follow up 0 1" in text

    def test_leads_back_to_the_numbers_as_they_were_typed(self, admin):
        page = send(admin, "back", follow_up_days=11)
        assert 'value="11"' in page.text


class TestSaving:
    def test_stores_what_was_previewed_and_says_that_the_clocks_follow(self, save, session):
        page = save(follow_up_days=5, deal_days=20)
        assert "The rules are saved" in page.text
        assert "will within the hour" in page.text  # no Redis here: the catch-up does it
        book = rule_book.load(session)
        assert (book.school.follow_up_days, book.school.deal_days) == (5, 20)
        assert recomputation.is_owed(session)
        assert session.scalar(select(BackgroundTask.id)) is None

    def test_an_empty_field_of_a_department_is_as_the_school_has_it(self, save, session):
        save("department-1001", follow_up_days=9, calendar=Calendar.HONG_KONG)
        [row] = session.scalars(select(PoolRule))
        assert (row.level, row.department_code, row.follow_up_days, row.deal_days, row.calendar) == (
            RuleLevel.DEPARTMENT, 1001, 9, None, Calendar.HONG_KONG)
        save("department-1001")
        session.expire_all()
        assert session.scalar(select(PoolRule.id)) is None

    def test_loses_nobodys_change(self, admin, login, session):
        seen = shown_at(admin)
        other = in_english(login("admin"))
        send(other, "save", follow_up_days=4)
        page = send(admin, "save", shown=seen, follow_up_days=6, deal_days=30)
        assert page.status_code == 409
        assert "now stored: 4" in page.text
        assert 'value="30"' in page.text
        session.expire_all()
        assert rule_book.load(session).school.follow_up_days == 4

    def test_takes_a_source_no_further_than_its_terms(self, save, session):
        save("source-2", follow_up_days=8, holding_limit=1)
        [row] = session.scalars(select(PoolRule))
        assert (row.follow_up_days, row.holding_limit) == (8, None)

    def test_is_told_in_the_history_in_words(self, admin, save):
        save(follow_up_days=5, holding_limit=100)
        save("source-2", deal_days=30)
        save("source-2")
        text = words(admin.get(PATH).text)
        for told in ("管理员", "The whole school", "Term to follow up 3 days → 5 days",
                      "Customers held at most any number → 100", "Internal referral",
                      "Term to win the customer 30 days → as the school"):
            assert told in text


@pytest.mark.queue
class TestTheRecomputation:
    def test_is_handed_to_a_worker_and_shown_with_its_progress(self, served, session, make_customer, school):
        make_customer(holder=school.sanjiang)
        admin = in_english(served("admin"))
        page = send(admin, "save", follow_up_days=5)
        assert "Waiting for a worker" in page.text
        task = session.scalar(select(BackgroundTask))
        assert (task.kind, task.subject, task.total) == (TaskKind.RECOMPUTATION, "poolrules", 1)
        state = admin.get(f"{PATH}state/").json
        assert (state["over"], state["total"]) == (False, 1)
        assert f'<a class="btn" href="{PATH}">' in admin.get("/admin/tasks/").text

    def test_of_a_person_with_too_many_tasks_is_left_to_the_catch_up(self, served, session):
        admin = in_english(served("admin"))
        for days in (4, 5, 6, 7):
            send(admin, "save", follow_up_days=days)
        assert rule_book.load(session).school.follow_up_days == 7
        assert session.query(BackgroundTask).count() == 3


class TestTheSchoolsOwnDays:
    DAY = {"day": "2026-03-09", "name": "校庆"}

    def test_are_followed_by_a_recomputation(self, admin, session):
        for address, sent in (("new/", self.DAY), ("edit/?id=1", {**self.DAY, "works": "y"}), ("delete/", {"id": 1})):
            mark = session.scalar(select(recomputation.Setting.value).where(
                recomputation.Setting.key == recomputation.CHANGED))
            page = admin.submit(f"/admin/calendarday/{address}", sent, follow_redirects=True)
            assert "within the hour" in page.text
            session.rollback()
            assert session.scalar(select(recomputation.Setting.value).where(
                recomputation.Setting.key == recomputation.CHANGED)) != mark

    def test_there_is_one_of_a_date(self, admin, session):
        admin.submit("/admin/calendarday/new/", self.DAY)
        page = admin.submit("/admin/calendarday/new/", self.DAY)
        assert page.status_code == 422
        assert "taken already" in page.text
        assert session.query(CalendarDay).count() == 1

    def test_are_named_among_the_days_ahead(self, admin, save):
        save(calendar=Calendar.CHINA)
        admin.submit("/admin/calendarday/new/", self.DAY)
        assert "校庆" in admin.get(PATH).text


def recomputation_was_noted(session) -> bool:
    return session.scalar(select(recomputation.Setting.value).where(
        recomputation.Setting.key == recomputation.CHANGED)) is not None
