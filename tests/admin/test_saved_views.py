"""Saved views: kept under a name, shared or private, opened by default, and never more than one may see."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import select

from app.models import AuditEntry, ListChoice, SavedView
from app.models.audit import PersonKind
from app.models.choices import ErasureReason, Source
from app.services import erasure, saved_views
from tests.admin.test_lists import HEADER, names
from tests.support.databases import on_both_databases

QUERY = f"flt_source={Source.BAIDU.value}&search=%E5%AE%A2&sort=name&desc=1"


def tabs(page) -> dict[str, str]:
    """The views above a list, by name, with their addresses."""
    above = page.text.split('class="views"')[1].split("</nav>")[0]
    found = re.findall(r'<a href="([^"]+)"(?: aria-current="page")?>([^<]+?)\s*<', above)
    return {name: html.unescape(url) for url, name in found}


def save(browser, name: str = "百度来的", **changed):
    form = {"list": "customer", "query": QUERY, "name": name, **changed}
    return browser.submit("/admin/savedview/", {key: value for key, value in form.items() if value is not None})


@pytest.fixture
def some_customers(make_customer):
    for number in range(3):
        make_customer(f"客{number}", source=Source.BAIDU)
        make_customer(f"客{number}乙", source=Source.SEO)
    make_customer("别人", source=Source.BAIDU)


@on_both_databases
class TestOnesOwn:
    def test_keeps_filters_search_order_and_columns_under_a_name(self, login, some_customers):
        manager = login("manager")
        answer = save(manager, query=f"{QUERY}&columns=source,name")
        page = manager.get(answer.location)
        assert names(page) == ["客2", "客1", "客0"]
        assert HEADER.findall(page.text) == ["name", "source"]
        assert tabs(manager.get("/admin/customer/")) == {"全部": "/admin/customer/", "百度来的": answer.location}
        assert "百度来的" not in manager.get("/admin/course/").text

    def test_is_nobody_elses(self, login, some_customers, session):
        save(login("manager"))
        view = session.scalars(select(SavedView)).one()
        admin = login("admin")
        assert "百度来的" not in admin.get("/admin/customer/").text
        for step in ("update", "delete", "open-with"):
            answer = admin.submit(f"/admin/savedview/{step}/", {"list": "customer", "id": view.id, "name": "x"})
            assert answer.status_code == 404

    def test_is_renamed_brought_up_to_date_and_deleted(self, login, some_customers, session):
        manager = login("manager")
        save(manager)
        view_id = session.scalars(select(SavedView.id)).one()
        form = {"list": "customer", "id": view_id, "query": f"view={view_id}&search=x"}
        assert manager.submit("/admin/savedview/update/", {**form, "name": "另一个"}).location.endswith(
            f"search=x&view={view_id}")
        assert (session.get(SavedView, view_id).name, session.get(SavedView, view_id).search) == ("另一个", "客")
        offer = 'name="content"'
        assert offer in manager.get(f"/admin/customer/?view={view_id}&search=x").text
        assert offer not in manager.get(tabs(manager.get("/admin/customer/"))["另一个"]).text
        manager.submit("/admin/savedview/update/", {**form, "name": "另一个", "content": "1"})
        session.expire_all()
        view = session.get(SavedView, view_id)
        assert (view.filters, view.search, view.sort) == ({}, "x", None)
        assert manager.submit("/admin/savedview/delete/", form).location == "/admin/customer/?search=x"
        session.expire_all()
        assert session.get(SavedView, view_id) is None

    @pytest.mark.parametrize("name", ["", "   ", "字" * 33, "百度来的", " 百度来的 "])
    def test_needs_a_name_of_its_own(self, login, some_customers, session, name):
        manager = login("manager")
        save(manager)
        assert save(manager, name).status_code == 302
        assert 'class="flash error"' in manager.get("/admin/customer/").text
        assert session.scalars(select(SavedView.name)).all() == ["百度来的"]

    def test_there_are_only_so_many(self, login, session, monkeypatch):
        monkeypatch.setattr(saved_views, "MOST", 2)
        manager = login("manager")
        for number in range(4):
            save(manager, f"第{number}个")
        assert len(session.scalars(select(SavedView)).all()) == 2


class TestSharedOnes:
    def test_are_there_for_everybody_who_may_open_the_list(self, login, some_customers):
        save(login("manager"), shared="1")
        assert "百度来的" in tabs(login("sanjiang").get("/admin/customer/"))
        assert login("tutor").get("/admin/customer/").status_code == 403

    def test_show_each_what_he_may_see(self, login, make_customer, school):
        make_customer("客一", source=Source.BAIDU, holder=school.sanjiang)
        make_customer("客二", source=Source.BAIDU, holder=school.baoyu)
        save(login("manager"), shared="1")
        sanjiang = login("sanjiang")
        url = tabs(sanjiang.get("/admin/customer/"))["百度来的"]
        assert names(sanjiang.get(url)) == ["客一"]

    def test_are_shared_only_by_whoever_may(self, login, some_customers, session):
        sanjiang = login("sanjiang")
        assert 'name="shared"' not in sanjiang.get("/admin/customer/").text
        save(sanjiang, shared="1")
        assert session.scalars(select(SavedView)).all() == []
        save(sanjiang)
        view_id = session.scalars(select(SavedView.id)).one()
        sanjiang.submit("/admin/savedview/update/", {"list": "customer", "id": view_id, "name": "新", "shared": "1"})
        session.expire_all()
        assert not session.get(SavedView, view_id).shared

    def test_are_changed_by_their_author_or_whoever_may_share(self, login, some_customers, session):
        save(login("manager"), shared="1")
        view_id = session.scalars(select(SavedView.id)).one()
        form = {"list": "customer", "id": view_id, "name": "改了", "shared": "1"}
        sanjiang = login("sanjiang")
        sanjiang.submit("/admin/savedview/update/", form)
        sanjiang.submit("/admin/savedview/delete/", form)
        session.expire_all()
        assert session.get(SavedView, view_id).name == "百度来的"
        login("admin").submit("/admin/savedview/update/", form)
        session.expire_all()
        assert session.get(SavedView, view_id).name == "改了"

    def test_of_a_list_one_may_not_open_are_out_of_reach(self, login, some_customers, session):
        save(login("manager"), shared="1")
        view_id = session.scalars(select(SavedView.id)).one()
        tutor = login("tutor")
        for step in ("", "update/", "delete/", "open-with/", "columns/"):
            for screen, status in (("customer", 403), ("course", 404), ("nothing", 404)):
                answer = tutor.submit(f"/admin/savedview/{step}", {"list": screen, "id": view_id, "name": "我的"})
                expected = 302 if screen == "course" and step in ("", "columns/") else status
                assert answer.status_code == expected, (step, screen)


class TestTheOneAListOpensWith:
    def open_with(self, browser, view_id: int, **changed):
        return browser.submit("/admin/savedview/open-with/", {"list": "customer", "query": f"view={view_id}",
                                                              "id": view_id, **changed})

    def test_is_there_when_only_the_list_is_asked_for(self, login, some_customers, session):
        manager = login("manager")
        save(manager, on="1")
        answer = manager.get("/admin/customer/")
        assert answer.status_code == 302
        assert names(manager.get(answer.location)) == ["客2", "客1", "客0"]
        everything = tabs(manager.get(answer.location))["全部"]
        assert len(names(manager.get(everything))) == 7
        self.open_with(manager, session.scalars(select(SavedView.id)).one())
        assert manager.get("/admin/customer/").status_code == 200

    def test_is_each_persons_own_choice(self, login, some_customers, session):
        save(login("manager"), shared="1")
        view_id = session.scalars(select(SavedView.id)).one()
        sanjiang = login("sanjiang")
        self.open_with(sanjiang, view_id, on="1")
        assert sanjiang.get("/admin/customer/").status_code == 302
        assert login("manager").get("/admin/customer/").status_code == 200

    @pytest.mark.parametrize("end", ["deleted", "no longer shared"])
    def test_may_go_away(self, login, some_customers, session, end):
        manager, sanjiang = login("manager"), login("sanjiang")
        save(manager, shared="1")
        view_id = session.scalars(select(SavedView.id)).one()
        self.open_with(sanjiang, view_id, on="1")
        step = "delete" if end == "deleted" else "update"
        manager.submit(f"/admin/savedview/{step}/", {"list": "customer", "id": view_id, "name": "私"})
        assert sanjiang.get("/admin/customer/").status_code == 200


class TestWhatIsStored:
    def test_is_checked_when_it_is_opened(self, login, some_customers, session, school):
        session.add(SavedView(employee_id=school.manager.id, screen="customer", name="旧的", sort="shoe_size",
                              filters={"shoe_size": "44", "source": "nonsense"}, columns=["name", "gone", "source"]))
        session.commit()
        manager = login("manager")
        page = manager.get(tabs(manager.get("/admin/customer/"))["旧的"], headers={"Accept-Language": "en"})
        assert page.status_code == 200
        assert "There is no such filter here any more" in page.text
        assert HEADER.findall(page.text) == ["name", "source"]
        assert len(names(page)) == 7

    def test_is_only_what_the_list_has(self, login, session):
        save(login("manager"), query="flt_shoe_size=44&flt_source=x&sort=qq&columns=password_hash&search=a%00b&_x=1")
        view = session.scalars(select(SavedView)).one()
        assert (view.filters, view.sort, view.columns, view.search) == ({}, None, ["name"], "ab")

    def test_stands_in_the_audit_log_but_not_what_was_searched_for(self, login, session, school):
        save(login("manager"), query="search=%E9%BE%99%E6%B3%B0")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.table_name == "saved_view")).one()
        assert (entry.actor_id, entry.person_kind, entry.person_id) == (
            school.manager.id, PersonKind.EMPLOYEE, school.manager.id)
        assert "龙泰" not in str(entry.changes)
        page = login("admin").get("/admin/audit/?flt_table_name=saved_view").text
        assert "百度来的" in page
        assert "龙泰" not in page

    @pytest.mark.parametrize(("search", "left"), [("龙泰", None), ("13800138000", None), ("0013800", None),
                                                  ("来自 龙泰 的", None), ("周婷", "周婷"), ("138", "138")])
    def test_forgets_a_search_for_somebody_who_is_erased(self, login, session, school, make_customer, clock, search,
                                                         left):
        customer = make_customer("龙泰", mobile="13800138000")
        session.add(SavedView(employee_id=school.manager.id, screen="customer", name="找人", filters={}, search=search))
        session.commit()
        erasure.erase(session, (PersonKind.CUSTOMER, customer.id), ErasureReason.REQUESTED, today=clock.today(),
                      now=clock.now())
        session.commit()
        assert session.scalars(select(SavedView)).one().search == left

    def test_goes_with_its_author(self, login, session, school, clock, make_employee):
        leaver = make_employee("走人", username="leaver")
        view = SavedView(employee_id=leaver.id, screen="customer", name="我的", filters={}, shared=True)
        session.add(view)
        session.flush()
        session.add_all([ListChoice(employee_id=leaver.id, screen="customer", columns=["name"]),
                         ListChoice(employee_id=school.manager.id, screen="customer", saved_view_id=view.id)])
        leaver.active = False
        session.commit()
        erasure.erase(session, (PersonKind.EMPLOYEE, leaver.id), ErasureReason.REQUESTED, today=clock.today(),
                      now=clock.now())
        session.commit()
        assert session.scalars(select(SavedView)).all() == []
        assert login("manager").get("/admin/customer/").status_code == 200
