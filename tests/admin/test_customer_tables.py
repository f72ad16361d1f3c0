"""The tables of customers, their hands and their follow-ups: what can be entered, changed, and by whom."""

from __future__ import annotations

import datetime as dt

from app.models import Customer, Distribution, FollowUp
from app.models.choices import DistributionStatus, Source
from app.services import enrolments


class TestCustomers:
    def test_entered_by_a_consultant_he_is_theirs(self, login, school, session, clock):
        answer = login("sanjiang").submit("/admin/customer/new/", {
            "name": "新客户", "mobile": "+86 139-0000-1234", "source": 4, "work_status": 1,
            "courses": [school.python.id]})
        assert answer.status_code == 302
        customer = session.query(Customer).one()
        assert (customer.mobile, customer.consultant_id, customer.source) == (
            "13900001234", school.sanjiang.id, Source.BAIDU)
        assert customer.is_held(clock.today())
        assert session.query(Distribution).one().consultant_id == school.sanjiang.id

    def test_entered_by_a_manager_he_goes_to_the_pool(self, login, school, session, clock):
        login("manager").submit("/admin/customer/new/", {"name": "新客户", "qq": "12345678", "source": 1,
                                                         "work_status": 1})
        assert session.query(Customer).one().is_public(clock.today())
        assert session.query(Distribution).count() == 0

    def test_a_contact_is_needed_and_belongs_to_one_customer(self, login, make_customer, session):
        make_customer("老客户", qq="12345678")
        manager = login("manager")
        none = manager.submit("/admin/customer/new/", {"name": "甲", "source": 1, "work_status": 1})
        same = manager.submit("/admin/customer/new/", {"name": "乙", "qq": " １２３４５６７８ ", "source": 1,
                                                       "work_status": 1})
        assert (none.status_code, same.status_code) == (422, 422)
        assert session.query(Customer).count() == 1
        assert "老客户" not in same.text

    def test_a_name_holds_no_number(self, login, school, session):
        for name in ("李15800001111", "李１３９ ０００ １１", "QQ309914417"):
            answer = login("sanjiang").submit("/admin/customer/new/", {"name": name, "qq": "12345678", "source": 1,
                                                                       "work_status": 1})
            assert answer.status_code == 422, name
        assert session.query(Customer).count() == 0

    def test_the_list_says_where_a_customer_stands(self, login, make_customer, school, clock):
        make_customer("龙泰", holder=school.sanjiang, on=clock.today() - dt.timedelta(days=9))
        assert "公海" in login("manager").get("/admin/customer/").text.split("龙泰", 1)[1]

    def test_columns_a_rule_governs_cannot_be_posted(self, login, make_customer, school, session, clock):
        customer = make_customer("龙泰", holder=school.sanjiang, qq="12345678")
        before = (customer.consultant_id, customer.public_on, customer.status, customer.recv_date)
        login("sanjiang").submit(f"/admin/customer/edit/?id={customer.id}", {
            "name": "龙泰泰", "qq": "12345678", "source": 1, "work_status": 1, "consultant": school.baoyu.id,
            "consultant_id": school.baoyu.id, "public_on": "2099-01-01", "status": 1, "recv_date": "2030-01-01",
            "last_consult_date": "2030-01-01", "locked_until": "2030-01-01", "public_as": 5, "id": 77})
        session.refresh(customer)
        assert customer.name == "龙泰泰"
        assert (customer.consultant_id, customer.public_on, customer.status, customer.recv_date) == before

    def test_a_consultant_reaches_only_his_own(self, login, make_customer, school):
        theirs = make_customer("别人的", holder=school.baoyu)
        browser = login("sanjiang")
        assert "别人的" not in browser.get("/admin/customer/").text
        assert browser.get(f"/admin/customer/details/?id={theirs.id}").status_code == 404
        assert browser.get(f"/admin/customer/edit/?id={theirs.id}").status_code == 404
        assert browser.submit(f"/admin/customer/edit/?id={theirs.id}", {"name": "x"}).status_code == 404
        assert browser.submit("/admin/customer/delete/", {"id": theirs.id}).status_code == 403
        assert browser.get("/admin/customer/export/csv/").status_code == 403
        assert browser.submit("/admin/customer/action/", {"action": "assign", "rowid": theirs.id}).status_code != 200

    def test_a_manager_assigns_and_releases_ticked_customers(self, login, make_customer, school, session, clock):
        held = make_customer("甲", holder=school.sanjiang)
        lead = make_customer("乙")
        manager = login("manager")
        page = manager.submit("/admin/customer/action/", {"action": "assign", "rowid": [held.id, lead.id]})
        assert "甲" in page.text
        assert "乙" in page.text
        manager.submit("/admin/customer/assign/", {"customer_id": [held.id, lead.id], "consultant_id": school.baoyu.id,
                                                   "shown": f"{school.sanjiang.id}.1.0.0,0.0.1.0"})
        session.expire_all()
        assert {held.consultant_id, lead.consultant_id} == {school.baoyu.id}
        rows = session.query(Distribution).order_by(Distribution.id).all()
        assert [row.status for row in rows] == [DistributionStatus.TRANSFERRED, DistributionStatus.FOLLOWING,
                                                DistributionStatus.FOLLOWING]
        assert "甲" in manager.submit("/admin/customer/action/", {"action": "release", "rowid": [held.id]}).text
        manager.submit("/admin/customer/release/", {"customer_id": held.id, "shown": f"{school.baoyu.id}.1.0.0"})
        session.refresh(held)
        assert held.is_public(clock.today())

    def test_only_sales_people_can_be_assigned_to_also_by_hand(self, login, make_customer, school, session):
        lead = make_customer("乙")
        login("manager").submit("/admin/customer/assign/", {"customer_id": [lead.id], "shown": "0.0.1.0",
                                                            "consultant_id": school.teacher.id})
        session.refresh(lead)
        assert lead.consultant_id is None

    def test_with_a_history_he_is_kept_without_one_he_can_be_deleted(self, login, make_customer, school, session):
        held, lead = make_customer("甲", holder=school.sanjiang), make_customer("乙")
        manager = login("manager")
        manager.submit("/admin/customer/delete/", {"id": held.id})
        manager.submit("/admin/customer/delete/", {"id": lead.id})
        assert [each.name for each in session.query(Customer)] == ["甲"]

    def test_the_referrer_is_looked_up_among_the_enrolled(self, login, make_customer, school, session, clock):
        enrolled = make_customer("老学员", holder=school.sanjiang)
        enrolments.enrol(session, enrolled.id, today=clock.today(), now=clock.now())
        make_customer("老线索")
        browser = login("sanjiang")
        found = browser.get("/admin/customer/ajax/lookup/?name=referral_from&query=老")
        assert [name for _id, name in found.json] == [f"老学员 (#{enrolled.id})"]
        other = make_customer("随便")
        answer = browser.submit("/admin/customer/new/", {"name": "甲", "qq": "87654321", "source": 2,
                                                         "work_status": 1, "referral_from": other.id})
        assert session.query(Customer).filter_by(qq="87654321", referral_from_id=other.id).count() == 0
        assert answer.status_code == 422


class TestHistoryTables:
    def test_distributions_are_never_created_or_deleted_by_hand(self, login, make_customer, school, session):
        make_customer(holder=school.sanjiang)
        row = session.query(Distribution).one()
        session.commit()
        admin = login("admin")
        for path in ("new/", "delete/"):
            assert admin.submit(f"/admin/distribution/{path}", {"id": row.id}).status_code == 403
        admin.submit(f"/admin/distribution/edit/?id={row.id}", {"memo": "好客户", "status": 2, "consultant_id": 1,
                                                                "ended_on": "2026-01-01"})
        session.expire_all()
        assert (row.memo, row.status, row.consultant_id) == ("好客户", DistributionStatus.FOLLOWING,
                                                            school.sanjiang.id)

    def test_a_consultant_sees_his_own_rows(self, login, make_customer, school):
        make_customer("我的客户甲", holder=school.sanjiang)
        make_customer("他的客户乙", holder=school.baoyu)
        text = login("sanjiang").get("/admin/distribution/").text
        assert "我的客户甲" in text
        assert "他的客户乙" not in text

    def test_a_follow_up_is_changed_by_its_author_on_the_same_day_only(self, login, make_customer, make_follow_up,
                                                                       school, clock, session):
        record = make_follow_up(make_customer(holder=school.sanjiang))
        path = f"/admin/followup/edit/?id={record.id}"
        browser = login("sanjiang")
        browser.submit(path, {"note": "改了", "intent": 2})
        session.refresh(record)
        assert record.note == "改了"
        assert login("manager").submit(path, {"note": "主管改", "intent": 2}).status_code == 403
        clock.advance(days=1)
        assert login("sanjiang").submit(path, {"note": "次日改", "intent": 2}).status_code == 403
        assert browser.submit("/admin/followup/delete/", {"id": record.id}, follow_redirects=True).status_code == 200
        assert session.query(FollowUp).one().note == "改了"

    def test_a_follow_up_entered_in_the_table_moves_the_clock(self, login, make_customer, school, clock, session):
        customer = make_customer(holder=school.sanjiang, on=clock.today() - dt.timedelta(days=2))
        before = customer.public_on
        answer = login("sanjiang").submit("/admin/followup/new/", {"customer": customer.id, "note": "聊了",
                                                                   "intent": 1})
        assert answer.status_code == 302
        session.refresh(customer)
        assert customer.public_on == before + dt.timedelta(days=2)

    def test_whoever_lost_the_customer_leaves_the_record_as_it_is(self, login, make_customer, make_follow_up, school,
                                                                  session, clock):
        customer = make_customer(holder=school.sanjiang, qq="309914417")
        record = make_follow_up(customer, "QQ309914417")
        browser = login("sanjiang")
        browser.submit("/admin/mycustomers/release/", {"customer_id": customer.id})
        page = browser.get(f"/admin/followup/edit/?id={record.id}")
        assert page.status_code == 403
        assert "309914417" not in page.text
        assert browser.submit(f"/admin/followup/edit/?id={record.id}", {"note": "x", "intent": 1}).status_code == 403

    def test_one_on_someone_elses_customer_is_refused(self, login, make_customer, school, session):
        theirs = make_customer(holder=school.baoyu)
        login("sanjiang").submit("/admin/followup/new/", {"customer": theirs.id, "note": "聊了", "intent": 1})
        assert session.query(FollowUp).count() == 0
