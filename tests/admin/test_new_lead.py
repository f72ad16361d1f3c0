"""Entering a lead: for oneself, by assignment, to a certain consultant, or into the pool."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import AssignmentEntry, Customer, Distribution, SalesRank
from app.models.choices import Origin
from tests.support.pages import Page


@pytest.fixture
def ranks(session, school):
    session.add_all([SalesRank(consultant=school.baoyu, num=1, weight=2),
                     SalesRank(consultant=school.dasha, num=2, weight=1)])
    session.commit()


def offered(client) -> list[str]:
    page = Page(client.get("/admin/customer/new/").text, "/admin/customer/new/")
    return next(form.fields["goes_to"] for form in page.forms if "goes_to" in form.fields)


@pytest.fixture
def enter(session):
    """`enter(client, "assignment")` enters a lead and gives how he began, with whom."""
    def send(client, goes_to: str | None, **fields: str) -> tuple[str | None, Origin | None]:
        number = session.query(Customer).count()
        form = {"name": f"新客{number}", "qq": f"{300_000_000 + number}", "source": "1", "work_status": "1", **fields}
        answer = client.submit("/admin/customer/new/", form if goes_to is None else {**form, "goes_to": goes_to})
        assert answer.status_code == 302, answer.text[:2000]
        customer = session.scalars(select(Customer).order_by(Customer.id.desc())).first()
        row = session.scalars(select(Distribution).where(Distribution.customer_id == customer.id)).one_or_none()
        return (row.consultant.username, row.origin) if row else (None, None)

    return send


class TestWhatIsOffered:
    def test_a_consultant_keeps_his_lead_has_him_assigned_or_gives_him_to_the_pool(self, login):
        assert offered(login("sanjiang")) == ["me", "assignment", "pool"]

    def test_who_may_assign_names_a_consultant_too(self, login, school):
        assert offered(login("manager")) == ["assignment", "pool", *(
            str(each.id) for each in sorted(school.consultants, key=lambda each: each.name))]

    def test_nobody_is_asked_when_a_customer_is_edited(self, login, school, make_customer):
        customer = make_customer(holder=school.sanjiang)
        assert "goes_to" not in login("manager").get(f"/admin/customer/edit/?id={customer.id}").text


class TestALead:
    def test_is_the_consultants_own_unless_he_says_otherwise(self, login, enter):
        sanjiang = login("sanjiang")
        assert enter(sanjiang, None) == enter(sanjiang, "me") == ("sanjiang", Origin.ENTRY)

    def test_of_one_who_cannot_hold_customers_goes_to_the_pool_unless_he_says_otherwise(self, login, enter):
        manager = login("manager")
        assert enter(manager, None) == enter(manager, "pool") == (None, None)

    def test_is_assigned_in_turn_whoever_enters_him(self, login, enter, ranks, session):
        manager, sanjiang = login("manager"), login("sanjiang")
        found = [enter(who, "assignment") for who in (manager, sanjiang, manager, sanjiang)]
        assert found == [(name, Origin.ASSIGNMENT) for name in ("baoyu", "dasha", "dasha", "baoyu")]
        assert session.query(AssignmentEntry).count() == 4

    def test_goes_to_the_consultant_a_manager_names(self, login, enter, school, session):
        assert enter(login("manager"), str(school.dasha.id)) == ("dasha", Origin.ASSIGNMENT)
        assert session.query(AssignmentEntry).count() == 0  # nobody's turn came

    @pytest.mark.parametrize("goes_to", ["dasha", "me and dasha", ""])
    def test_goes_to_nobody_who_is_not_offered(self, login, session, school, goes_to):
        sent = str(school.dasha.id) if goes_to == "dasha" else goes_to
        answer = login("sanjiang").submit("/admin/customer/new/", {
            "name": "新客", "qq": "300000000", "source": "1", "work_status": "1", "goes_to": sent})
        assert answer.status_code == 422
        assert session.query(Customer).count() == 0

    def test_that_is_known_spends_nobodys_turn(self, login, enter, ranks):
        manager = login("manager")
        assert enter(manager, "assignment", qq="399999999")[0] == "baoyu"
        refused = manager.submit("/admin/customer/new/", {"name": "又来", "qq": "399999999", "source": "1",
                                                         "work_status": "1", "goes_to": "assignment"})
        assert refused.status_code == 422
        assert enter(manager, "assignment")[0] == "dasha"


class TestWhatIsSaid:
    def test_names_the_consultant_to_who_may_assign_and_to_nobody_else(self, login, enter, ranks):
        manager, sanjiang = login("manager"), login("sanjiang")
        enter(manager, "assignment")
        assert "暴雨" in manager.get("/account/").text
        enter(sanjiang, "assignment")
        page = sanjiang.get("/account/").text
        assert "大傻" not in page
        assert "新客1" in page

    def test_leads_whoever_goes_on_editing_another_s_lead_back_to_his_list(self, login, enter, ranks, session):
        sanjiang = login("sanjiang")
        answer = sanjiang.submit("/admin/customer/new/", {
            "name": "新客", "qq": "300000000", "source": "1", "work_status": "1", "goes_to": "assignment",
            "_continue_editing": "1"})
        assert answer.headers["Location"] == "/admin/customer/"


class TestCustomersOfThePool:
    def act(self, client, *ids):
        return client.submit("/admin/customer/action/", {"action": "deal", "rowid": list(ids)}, follow_redirects=True)

    def test_are_dealt_out_when_they_are_ticked(self, login, ranks, make_customer, session):
        ids = [make_customer().id for _ in range(3)]
        page = self.act(login("manager"), *ids)
        assert page.status_code == 200
        assert "暴雨 1" in page.text
        assert "大傻 2" in page.text
        assert [row.consultant.username for row in session.scalars(select(Distribution).order_by(
            Distribution.customer_id))] == ["baoyu", "dasha", "dasha"]

    def test_stay_there_if_nobody_is_left(self, login, make_customer, session):
        self.act(login("manager"), make_customer().id)
        assert session.query(Distribution).count() == 0
        assert session.scalars(select(AssignmentEntry)).one().consultant is None

    def test_are_the_only_ones(self, login, ranks, make_customer, school, session):
        held, public = make_customer(holder=school.sanjiang), make_customer()
        self.act(login("manager"), held.id, public.id)
        assert {row.customer_id: row.consultant.username for row in session.scalars(select(Distribution))} == {
            held.id: "sanjiang", public.id: "baoyu"}

    def test_are_dealt_out_by_who_may_assign_only(self, login, ranks, make_customer, school):
        mine = make_customer(holder=school.sanjiang)
        assert self.act(login("sanjiang"), mine.id).status_code == 403
