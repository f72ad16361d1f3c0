"""Merging from a customer's page and from the list: what is shown, done, undone, and to whom."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from app.admin import history
from app.models import AuditEntry, Customer, Merge
from app.models.audit import AuditAction

DO, UNDO = "/admin/merge/merge/", "/admin/merge/undo/"


@pytest.fixture
def two(school, make_customer):
    return (make_customer("龙泰", holder=school.sanjiang, qq="8866123", company="一厂"),
            make_customer("龙太", holder=school.baoyu, mobile="13800000002", company="二厂"))


@pytest.fixture
def manager(login):
    return login("manager")


@pytest.fixture
def in_english(manager):
    manager.submit("/locale", {"locale": "en"})


def compare(one, other) -> str:
    return f"/admin/merge/?customer={one.id}&other={other.id}"


@pytest.fixture
def merged(session, manager, two):
    one, other = two
    shown = manager.get(compare(one, other)).text.partition('name="shown" value="')[2].partition('"')[0]
    gone = other.id
    answer = manager.submit(DO, {"customer_id": one.id, "merged_id": gone, "shown": shown, "value-company": "merged",
                                 "holder": "merged"})
    assert answer.status_code == 302
    session.expire_all()
    return one, gone


class TestThePreview:
    def test_shows_both_and_asks_where_they_differ(self, manager, two):
        page = manager.get(compare(*two)).text
        assert all(text in page for text in ("一厂", "二厂", "8866123", "13800000002", "三江", "暴雨"))
        assert page.count('name="value-company"') == page.count('name="holder"') == 2
        assert 'name="value-mobile"' not in page

    def test_is_reached_from_the_list_by_ticking_two(self, manager, two):
        one, other = two
        answer = manager.submit("/admin/customer/action/", {"action": "merge", "rowid": [one.id, other.id]})
        assert answer.location.endswith(compare(one, other))
        answer = manager.submit("/admin/customer/action/", {"action": "merge", "rowid": [one.id]})
        assert "merge" not in answer.location

    def test_is_reached_from_his_page_by_those_who_may(self, login, manager, two):
        address = f"/admin/merge/?customer={two[0].id}"
        assert address in manager.get(f"/admin/customer/details/?id={two[0].id}").text
        assert address not in login("sanjiang").get(f"/admin/customer/details/?id={two[0].id}").text

    @pytest.mark.parametrize("typed", ["龙太", "13800000002", "#{id}"])
    def test_finds_the_other_by_name_contact_and_number(self, manager, two, typed):
        query = urlencode({"customer": two[0].id, "search": typed.format(id=two[1].id)})
        page = manager.get(f"/admin/merge/?{query}").text
        assert f"other={two[1].id}" in page

    def test_offers_those_of_the_same_name(self, manager, make_customer):
        one, other = make_customer("王芳"), make_customer("王芳")
        assert f"other={other.id}" in manager.get(f"/admin/merge/?customer={one.id}").text

    ENDS = "that holding ends as merged"

    @pytest.mark.usefixtures("in_english")
    def test_says_that_a_holding_ends_only_where_one_does(self, session, manager, two, school, floor):
        assert self.ENDS in manager.get(compare(*two)).text
        floor.enrol(two[0])
        assert self.ENDS in manager.get(compare(*two)).text
        floor.enrol(two[1])
        page = manager.get(compare(*two)).text
        assert 'name="holder"' in page
        assert self.ENDS not in page

    @pytest.mark.usefixtures("in_english")
    def test_says_of_nobody_that_he_loses_whom_he_keeps(self, manager, school, make_customer):
        one, other = make_customer(holder=school.sanjiang), make_customer(holder=school.sanjiang)
        assert self.ENDS not in manager.get(compare(one, other)).text

    def test_shows_the_further_contacts_which_are_all_kept(self, session, manager, two):
        two[0].other_contacts, two[1].other_contacts = "13800000008", "13800000009"
        session.commit()
        page = manager.get(compare(*two)).text
        assert "13800000008" in page
        assert "13800000009" in page
        assert 'name="value-other_contacts"' not in page

    @pytest.mark.usefixtures("in_english")
    def test_says_of_each_cell_who_stays(self, manager, two):
        page = manager.get(compare(*two)).text
        assert f'data-label="Stays · 龙泰 #{two[0].id}"' in page
        assert f'data-label="Becomes part of this customer · 龙太 #{two[1].id}"' in page

    def test_of_one_with_himself_is_not_there(self, manager, two):
        assert manager.get(compare(two[0], two[0])).status_code == 404


class TestMerging:
    def test_does_as_chosen_and_leads_links_to_the_survivor(self, manager, merged):
        one, gone = merged
        assert (one.company, one.consultant.name, one.mobile) == ("二厂", "暴雨", "13800000002")
        for address in (f"/admin/customer/details/?id={gone}", f"/admin/record/?id={gone}",
                        f"/admin/publicpool/details/?id={gone}", f"/admin/publicpool/tries/?id={gone}",
                        f"/admin/customer/edit/?id={gone}"):
            assert manager.get(address).location.endswith(f"/admin/customer/details/?id={one.id}")
        page = manager.get(f"/admin/customer/details/?id={one.id}").text
        assert f"/admin/merge/details/?customer={one.id}" in page

    def test_leads_nobody_to_a_customer_he_does_not_find(self, login, merged):
        assert login("sanjiang").get(f"/admin/customer/details/?id={merged[1]}").status_code == 302  # once his
        assert login("dasha").get(f"/admin/customer/details/?id={merged[1]}").status_code == 404

    def test_is_asked_again_where_one_has_changed_meanwhile(self, session, manager, two, make_follow_up):
        one, other = two
        shown = manager.get(compare(one, other)).text.partition('name="shown" value="')[2].partition('"')[0]
        make_follow_up(one)
        answer = manager.submit(DO, {"customer_id": one.id, "merged_id": other.id, "shown": shown})
        assert answer.location.endswith(compare(one, other))
        assert session.scalars(select(Merge)).all() == []

    @pytest.mark.usefixtures("in_english")
    def test_in_a_second_window_is_told_of_the_first_and_led_to_the_survivor(self, manager, merged):
        one, gone = merged
        page = f"/admin/customer/details/?id={one.id}"
        answer = manager.submit(DO, {"customer_id": one.id, "merged_id": gone, "shown": "1"})
        assert answer.location.endswith(page)
        assert "has just been merged into another customer" in manager.get(page).text
        answer = manager.get(f"/admin/merge/?customer={gone}&other={one.id}")
        assert answer.location.endswith(page)

    def test_is_in_the_audit_log_in_words(self, app, session, merged):
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.MERGED).order_by(
            AuditEntry.id)).first()
        with app.test_request_context(), force_locale("en"):
            assert history.facts(entry) == [("Merge", f"#{session.scalar(select(Merge.id))}"),
                                            ("Stays", f"#{merged[0].id}"), ("Merged with", f"#{merged[1]}")]

    def test_is_told_with_what_was_replaced(self, manager, merged):
        page = manager.get(f"/admin/merge/details/?customer={merged[0].id}").text
        assert all(text in page for text in ("龙太", "一厂", "二厂"))


class TestUndoing:
    def test_makes_two_of_them_again(self, session, manager, merged):
        one, gone = merged
        number = session.scalar(select(Merge.id))
        assert manager.submit(UNDO, {"customer_id": one.id, "merge_id": number}).status_code == 302
        session.expire_all()
        again = session.get_one(Customer, gone)
        assert (one.company, one.consultant.name) == ("一厂", "三江")
        assert (again.company, again.consultant.name) == ("二厂", "暴雨")
        assert manager.get(f"/admin/customer/details/?id={gone}").status_code == 200

    def test_twice_is_said_politely(self, session, manager, merged):
        number = session.scalar(select(Merge.id))
        form = {"customer_id": merged[0].id, "merge_id": number}
        manager.submit(UNDO, form)
        assert manager.submit(UNDO, form).status_code == 302
        assert session.query(Customer).count() == 2

    def test_says_why_not(self, session, manager, merged, floor):
        floor.enrol(merged[0])
        answer = manager.submit(UNDO, {"customer_id": merged[0].id, "merge_id": session.scalar(select(Merge.id))})
        assert answer.status_code == 302
        assert session.query(Customer).count() == 1


def test_somebody_who_sees_no_contacts_merges_nobody(session, login, two, school):
    codes = school.roles["manager"].permission_codes
    school.roles["manager"].permission_codes = [code for code in codes if code != "customer.contacts"]
    session.commit()
    assert login("manager").get(compare(*two)).status_code == 404


def test_the_other_contacts_are_shown_with_the_contacts_and_hidden_with_them(session, login, school, make_customer,
                                                                              clock):
    customer = make_customer("龙泰", holder=school.sanjiang, mobile="13800000001")
    customer.other_contacts = "13800000002"
    session.commit()
    assert "13800000002" in login("sanjiang").get(f"/admin/customer/details/?id={customer.id}").text
    clock.advance(days=5)
    assert "13800000002" not in login("dasha").get(f"/admin/publicpool/details/?id={customer.id}").text
