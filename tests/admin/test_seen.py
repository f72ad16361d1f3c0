"""Unmasked views: whose contacts someone has been shown is on record, once for each customer and day."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.models import AuditAction, AuditEntry
from app.models.choices import Source
from app.services import audit, school_settings
from app.services.school_settings import SchoolSettings
from tests.support.databases import on_both_databases

QQ = "309914417"


@pytest.fixture
def seen(session):
    """Who is on record to have seen whose contacts, in order."""
    def read() -> list[tuple[int | None, int | None]]:
        session.commit()
        query = select(AuditEntry.actor_id, AuditEntry.row_id).where(
            AuditEntry.action == AuditAction.SEEN, AuditEntry.table_name == "customer").order_by(AuditEntry.id)
        return [(viewer, customer) for viewer, customer in session.execute(query)]

    return read


@pytest.fixture
def fallen(make_customer, school, clock):
    """三江's customer who fell into the pool today."""
    return make_customer("龙泰", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=4), qq=QQ)


@on_both_databases
class TestAfterTheClaim:
    def test_contacts_are_visible_and_leave_one_entry(self, login, fallen, school, seen):
        browser = login("baoyu")
        for path in ("/admin/publicpool/", f"/admin/publicpool/details/?id={fallen.id}"):
            assert QQ not in browser.get(path).text
        assert seen() == []
        browser.submit("/admin/claim/", {"customer_id": fallen.id})
        for _ in range(3):
            assert QQ in browser.get(f"/admin/customer/details/?id={fallen.id}").text
        assert seen() == [(school.baoyu.id, fallen.id)]

    def test_each_day_and_each_viewer_has_an_entry(self, login, make_customer, school, seen, clock):
        customer = make_customer(holder=school.sanjiang, qq=QQ)
        path = f"/admin/customer/details/?id={customer.id}"
        for who in ("sanjiang", "manager", "sanjiang"):
            assert QQ in login(who).get(path).text
        clock.set("2026-03-02 23:59")
        login("sanjiang").get(path)
        clock.set("2026-03-03 00:00")
        login("sanjiang").get(path)
        assert seen() == [(school.sanjiang.id, customer.id), (school.manager.id, customer.id),
                          (school.sanjiang.id, customer.id)]


class TestEveryScreen:
    @pytest.mark.parametrize("path", [
        "/admin/customer/", "/admin/customer/details/?id={}", "/admin/customer/edit/?id={}",
        "/admin/customer/export/csv/", "/admin/customer/export/xlsx/", "/admin/publicpool/"])
    def test_that_shows_contacts_is_on_record(self, login, fallen, school, seen, path):
        assert login("manager").get(path.format(fallen.id)).status_code == 200
        assert seen() == [(school.manager.id, fallen.id)]

    @pytest.mark.parametrize("path", ["/admin/", "/admin/mycustomers/", "/admin/followup/", "/admin/distribution/",
                                      "/admin/customer/?search=nobody"])
    def test_that_shows_none_is_not(self, login, make_customer, make_follow_up, school, seen, path):
        make_follow_up(make_customer(holder=school.sanjiang))
        assert login("sanjiang").get(path).status_code == 200
        assert seen() == []

    def test_what_is_masked_is_not(self, login, fallen, seen):
        assert login("auditor").get("/admin/customer/").status_code == 200
        assert seen() == []

    def test_the_pool_with_masking_off_is(self, login, fallen, session, school, seen):
        school_settings.save(session, SchoolSettings(mask_contacts=False))
        assert QQ in login("baoyu").get("/admin/publicpool/").text
        assert seen() == [(school.baoyu.id, fallen.id)]

    def test_a_refused_form_is_and_a_saved_one_shows_nothing(self, login, make_customer, school, seen, clock):
        customer = make_customer("甲", holder=school.sanjiang, qq=QQ)
        browser, path = login("sanjiang"), f"/admin/customer/edit/?id={customer.id}"
        form = {"name": "乙", "qq": QQ, "source": Source.SEO.value, "work_status": 1, "shown": browser.shown(path)}
        shown = [(school.sanjiang.id, customer.id)]
        assert seen() == shown
        clock.advance(days=1)
        browser = login("sanjiang")
        assert browser.submit(path, form).status_code == 302
        assert seen() == shown
        refused = browser.submit(path, {**form, "name": ""})
        assert refused.status_code in (409, 422)
        assert QQ in refused.text
        assert seen() == shown * 2


class TestTheCost:
    def test_is_one_query_more_once_recorded_and_two_before_whatever_the_number(
            self, login, make_customer, school, count_queries, monkeypatch):
        browser = login("manager")

        def cost() -> int:
            with count_queries() as queries:
                assert browser.get("/admin/customer/").status_code == 200
            return queries.count

        cost()
        for number in (2, 40):
            for _ in range(number):
                make_customer(holder=school.sanjiang)
            first, again = cost(), cost()
            with monkeypatch.context() as patch:
                patch.setattr(audit, "unseen", lambda *_args, **_kwargs: set())
                without = cost()
            assert (first, again) == (without + 2, without + 1)


class TestIfItCannotBeRecorded:
    @pytest.fixture
    def shown_to_people(self, app, monkeypatch):
        """Errors are answered as they are to people."""
        monkeypatch.setitem(app.config, "TESTING", False)
        monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    @pytest.mark.parametrize("function", ["unseen", "note_seen"])
    @pytest.mark.parametrize("path", ["/admin/customer/", "/admin/customer/details/?id={}",
                                      "/admin/customer/export/csv/"])
    def test_the_answer_does_not_go_out(self, login, make_customer, school, seen, shown_to_people, monkeypatch,
                                        function, path):
        def fail(*_args: object, **_kwargs: object) -> None:
            raise OperationalError("INSERT", {}, Exception("disk full"))

        customer = make_customer("龙泰", holder=school.sanjiang, qq=QQ)
        browser = login("manager")
        monkeypatch.setattr(audit, function, fail)
        answer = browser.get(path.format(customer.id))
        assert answer.status_code == 500
        assert QQ not in answer.text
        assert "龙泰" not in answer.text
        assert "<h1" in answer.text
        assert seen() == []
