"""The tables' screens: what can be entered, changed, deleted and exported, and what is refused."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.admin import export
from app.models import (
    Campus,
    Course,
    CourseClass,
    Customer,
    Department,
    Distribution,
    Employee,
    FollowUp,
    Role,
    SalesRank,
)
from app.models.choices import DepartmentFunction, DistributionStatus, Source
from app.services import enrolments
from tests.support.client import one_time_password_in
from tests.support.databases import on_both_databases

TABLES = {"campus": Campus, "course": Course, "courseclass": CourseClass, "customer": Customer,
          "department": Department, "distribution": Distribution, "employee": Employee, "followup": FollowUp,
          "role": Role, "salesrank": SalesRank}
ENDPOINTS = tuple(TABLES)


@pytest.fixture
def a_class(session, school):
    found = CourseClass(campus=school.beijing, course=school.python, semester=3, price=19800, capacity=30,
                        start_date=dt.date(2026, 4, 1), teachers=[school.teacher], tutor=school.tutor)
    session.add(found)
    session.commit()
    return found


def class_form(school, **changed):
    return {"campus": school.beijing.id, "course": school.python.id, "semester": 5, "price": "19800",
            "capacity": 30, "start_date": "2026-04-01", "teachers": [school.teacher.id], "tutor": school.tutor.id,
            **changed}


class TestEveryTable:
    @on_both_databases
    @pytest.mark.parametrize("endpoint", ENDPOINTS)
    def test_lists_details_forms_and_exports_open_for_an_admin(self, login, endpoint, a_class, make_customer,
                                                               make_follow_up, school, session):
        make_follow_up(make_customer("龙泰", holder=school.sanjiang))
        session.add(SalesRank(consultant=school.sanjiang, num=3, weight=1))
        session.commit()
        row = session.query(TABLES[endpoint]).first().id
        admin = login("admin")
        listed = admin.get(f"/admin/{endpoint}/")
        assert listed.status_code == 200
        assert admin.get(f"/admin/{endpoint}/details/?id={row}").status_code == 200
        assert admin.get(f"/admin/{endpoint}/?search=龙&page=3&sort=1&desc=1").status_code == 200
        forms = {"distribution": ["edit"], "followup": ["new"]}.get(endpoint, ["new", "edit"])
        for form in forms:
            assert admin.get(f"/admin/{endpoint}/{form}/?id={row}").status_code == 200, form
        for kind in ("csv", "xlsx"):
            assert admin.get(f"/admin/{endpoint}/export/{kind}/").status_code == 200

    @pytest.mark.parametrize("endpoint", ENDPOINTS)
    @pytest.mark.parametrize("query", ["page=-1", "page=999999999999", "page=x", "sort=-5", "sort=99", "page_size=-1",
                                       "page_size=99999999", "flt0_0=zzz", "flt0_99=1", "flt0_0=99999999999999999999",
                                       "search=%25%27%22%5C_", "search=" + "x" * 5000])
    def test_hand_made_addresses_are_answered_in_words(self, login, endpoint, query):
        assert login("admin").get(f"/admin/{endpoint}/?{query}").status_code in (200, 400, 404)

    def test_filters_left_empty_do_nothing(self, login, make_customer):
        make_customer("甲")
        page = login("admin").get("/admin/customer/?flt0_0=&flt1_5=&flt2_6=")
        assert "甲" in page.text
        assert 'class="flash' not in page.text

    @on_both_databases
    @pytest.mark.parametrize("row", ["abc", "0", "-1", "1,2", "99999999999999999999", "2147483647", "", "%00", "１"])
    def test_a_row_that_cannot_be_does_not_exist(self, login, row):
        admin = login("admin")
        for endpoint in ENDPOINTS:
            assert admin.get(f"/admin/{endpoint}/details/?id={row}").status_code in (302, 400, 404), endpoint
            assert admin.get(f"/admin/{endpoint}/edit/?id={row}").status_code in (302, 400, 404), endpoint

    @pytest.mark.parametrize("endpoint", ENDPOINTS)
    def test_a_list_costs_the_same_queries_at_20_and_at_200_rows(self, login, endpoint, session, school, make_customer,
                                                                 make_follow_up, make_employee, count_queries):
        admin = login("admin")

        def grow(number: int, start: int) -> None:
            for each in range(start, start + number):
                consultant = make_employee(f"顾问{each}", username=f"consultant{each}")
                make_follow_up(make_customer(f"客户{each}", holder=consultant, courses=[school.python]))
                session.add_all([
                    SalesRank(consultant=consultant, num=1, weight=1), Course(name=f"课程{each}"),
                    Campus(title=f"校区{each}"), Role(name=f"角色{each}", permission_codes=["course.read"]),
                    Department(code=5000 + each, title=f"部门{each}", function=DepartmentFunction.OTHER),
                    CourseClass(campus=school.beijing, course=school.python, semester=each + 10, price=1, capacity=1,
                                start_date=dt.date(2026, 1, 1), teachers=[school.teacher], tutor=school.tutor)])
            session.commit()

        def cost() -> int:
            with count_queries() as queries:
                assert admin.get(f"/admin/{endpoint}/?page_size=200").status_code == 200
            return queries.count

        grow(20, 0)
        cost()  # the first view of contacts is recorded, which costs a query more
        few = cost()
        grow(180, 20)
        cost()
        assert cost() == few


def test_a_list_of_which_some_rows_may_be_changed_costs_the_same_queries_at_5_and_at_25_rows(
        login, session, school, make_customer, make_employee, count_queries):
    """Who reads everyone's customers and changes his own."""
    both = make_employee("两职", username="both")
    both.roles.append(school.roles["auditor"])
    session.commit()
    for _ in range(5):
        make_customer(holder=both)
    browser = login("both")

    def shown() -> tuple[int, int]:
        with count_queries() as queries:
            page = browser.get("/admin/customer/")
        assert page.status_code == 200
        return queries.count, page.text.count("/admin/customer/edit/?id=")

    shown()
    few, links = shown()
    assert links > 0
    for _ in range(10):
        make_customer(holder=both)
        make_customer(holder=school.sanjiang)
    shown()
    assert shown() == (few, links * 3)


class TestDepartments:
    def test_code_and_title_come_back_as_errors_at_their_fields(self, login, school, session):
        answer = login("admin").submit("/admin/department/new/", {"code": 1001, "title": "x" * 17,
                                                                  "function": "sales"})
        assert answer.status_code == 422
        assert session.query(Department).filter_by(code=1001).count() == 1
        assert "16" in answer.text

    @on_both_databases
    def test_a_code_that_is_taken_is_said_at_the_field(self, login, school, session):
        answer = login("admin").submit("/admin/department/new/", {"code": 1001, "title": "又一个", "function": "sales"})
        assert answer.status_code == 422
        assert "已被占用" in answer.text

    @on_both_databases
    def test_one_with_people_in_it_is_kept(self, login, school, session):
        department = school.departments[1001]
        answer = login("admin").submit("/admin/department/delete/", {"id": department.id}, follow_redirects=True)
        assert "保留" in answer.text
        assert session.get(Department, department.id) is not None

    def test_one_whose_people_hold_customers_stays_a_sales_department(self, login, school, make_customer, session):
        make_customer(holder=school.sanjiang)
        department = school.departments[1001]
        login("admin").submit(f"/admin/department/edit/?id={department.id}",
                              {"code": 1001, "title": "销售部", "function": "other"})
        session.refresh(department)
        assert department.function == DepartmentFunction.SALES


class TestEmployees:
    def form(self, school, **changed):
        return {"name": "新人", "username": "newcomer", "department": school.departments[1001].id,
                "roles": [school.roles["consultant"].id], "active": "y", **changed}

    def test_a_new_employee_can_log_in_with_the_password_the_admin_was_shown(self, login, client, school):
        answer = login("admin").submit("/admin/employee/new/", self.form(school))
        assert answer.status_code == 200
        assert client.login("newcomer", one_time_password_in(answer.text)).status_code == 302

    def test_one_who_may_not_log_in_is_entered_without_a_password(self, login, school, session):
        admin = login("admin")
        answer = admin.submit("/admin/employee/new/", {**self.form(school), "active": ""})
        assert answer.status_code == 302
        hired = session.scalars(select(Employee).where(Employee.username == "newcomer")).one()
        assert hired.password_hash is None
        offered = admin.get("/admin/employee/").text.split("/admin/employee/one-time-password/")[1:]
        assert offered
        assert not any(f'name="id" value="{hired.id}"' in each.partition("</form>")[0] for each in offered)
        refused = admin.submit("/admin/employee/one-time-password/", {"id": hired.id})
        assert refused.status_code == 409
        assert "data-one-time-password" not in refused.text

    def test_a_refused_one_gets_no_password(self, login, school, session):
        answer = login("admin").submit("/admin/employee/new/", self.form(school, username="sanjiang"))
        assert answer.status_code == 422
        assert "data-one-time-password" not in answer.text

    def test_nobody_types_the_password_of_another(self, login, client, school, session):
        admin = login("admin")
        assert 'name="password"' not in admin.get("/admin/employee/new/").text
        before = school.sanjiang.password_hash
        admin.submit(f"/admin/employee/edit/?id={school.sanjiang.id}", {
            **self.form(school, name="三江", username="sanjiang"), "password": "typed by the admin",
            "password_hash": "typed by the admin", "one_time_until": "2030-01-01"})
        session.refresh(school.sanjiang)
        assert (school.sanjiang.password_hash, school.sanjiang.one_time_until) == (before, None)

    def test_the_password_is_nowhere_to_be_seen(self, login, school):
        admin = login("admin")
        for path in ("", f"details/?id={school.sanjiang.id}", f"edit/?id={school.sanjiang.id}", "export/csv/"):
            assert "argon2" not in admin.get(f"/admin/employee/{path}").get_data(as_text=True)

    def test_who_holds_customers_is_neither_deactivated_nor_moved_out_of_sales(self, login, school, make_customer,
                                                                              session):
        make_customer(holder=school.sanjiang)
        base = {"name": "三江", "username": "sanjiang", "roles": [school.roles["consultant"].id]}
        path = f"/admin/employee/edit/?id={school.sanjiang.id}"
        login("admin").submit(path, {**base, "department": school.departments[1001].id})
        login("admin").submit(path, {**base, "department": school.departments[1000].id, "active": "y"})
        session.refresh(school.sanjiang)
        assert school.sanjiang.active
        assert school.sanjiang.department_code == 1001

    def test_who_has_a_history_is_not_deleted(self, login, school, make_customer, session):
        make_customer(holder=school.sanjiang)
        login("admin").submit("/admin/employee/delete/", {"id": school.sanjiang.id})
        assert session.get(Employee, school.sanjiang.id) is not None


class TestRoles:
    def test_built_in_roles_are_kept(self, login, school, session):
        login("admin").submit("/admin/role/delete/", {"id": school.roles["auditor"].id})
        assert session.get(Role, school.roles["auditor"].id) is not None


class TestClasses:
    def test_a_class_is_shown_as_course_and_semester(self, login, a_class):
        assert "Python全栈(3期)" in login("admin").get("/admin/courseclass/").text

    def test_teachers_and_tutors_come_from_the_right_departments_also_by_hand(self, login, school, session):
        admin = login("admin")
        for wrong in ({"teachers": [school.sanjiang.id]}, {"tutor": school.teacher.id}, {"tutor": "999"}):
            assert admin.submit("/admin/courseclass/new/", class_form(school, **wrong)).status_code == 422, wrong
        assert session.query(CourseClass).count() == 0
        assert admin.submit("/admin/courseclass/new/", class_form(school)).status_code == 302

    @on_both_databases
    @pytest.mark.parametrize("wrong", [{"price": "-1"}, {"graduate_date": "2026-03-01"}, {"semester": "0"},
                                       {"semester": "99999999999"}, {"price": "1e30"}, {"price": "NaN"},
                                       {"price": "sNaN"}, {"price": "0.001"}, {"price": "1e-999999"},
                                       {"capacity": "-3"}, {"start_date": ""}, {"start_date": "tomorrow"},
                                       {"campus": "99"}, {"memo": "字" * 257}])
    def test_what_cannot_be_is_refused_at_its_field(self, login, school, session, wrong):
        assert login("admin").submit("/admin/courseclass/new/", class_form(school, **wrong)).status_code == 422
        assert session.query(CourseClass).count() == 0

    @on_both_databases
    def test_the_same_semester_twice_is_refused(self, login, school, a_class, session):
        assert login("admin").submit("/admin/courseclass/new/", class_form(school, semester=3)).status_code == 422
        assert session.query(CourseClass).count() == 1

    def test_a_teacher_who_moved_stays_with_his_class(self, login, school, a_class, session):
        school.teacher.department_code = 1001
        session.commit()
        answer = login("admin").submit(f"/admin/courseclass/edit/?id={a_class.id}", class_form(school, semester=4))
        assert answer.status_code == 302
        session.refresh(a_class)
        assert (a_class.semester, a_class.teachers) == (4, [school.teacher])


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
        admin = login("admin")
        for path in ("new/", "delete/"):
            assert admin.submit(f"/admin/distribution/{path}", {"id": 1}).status_code == 403
        admin.submit("/admin/distribution/edit/?id=1", {"memo": "好客户", "status": 2, "consultant_id": 1,
                                                        "ended_on": "2026-01-01"})
        row = session.query(Distribution).one()
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


class TestExports:
    def test_csv_opens_in_excel_with_chinese_and_without_formulas(self, login, make_customer):
        make_customer("=cmd|calc", qq="12345678")
        answer = login("manager").get("/admin/customer/export/csv/")
        assert answer.data.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert "姓名" in rows[0]
        assert "'=cmd|calc" in rows[1]

    def test_xlsx_holds_dates_as_dates_and_texts_as_texts(self, login, make_customer, clock):
        make_customer("+86看起来像公式", qq="012345678")
        answer = login("manager").get("/admin/customer/export/xlsx/")
        rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
        assert "'+86看起来像公式" in rows[1]
        assert "012345678" in rows[1]
        assert clock.today() in rows[1]

    def test_what_is_too_much_is_refused_rather_than_cut_short(self, login, make_customer, monkeypatch):
        make_customer("甲")
        make_customer("乙")
        monkeypatch.setattr(export, "LARGEST", 1)
        answer = login("manager").get("/admin/customer/export/csv/")
        assert answer.status_code == 409
        assert "甲" not in answer.get_data(as_text=True)

    def test_the_export_obeys_filters_and_rights(self, login, make_customer, school):
        make_customer("甲", source=Source.BAIDU)
        make_customer("乙", source=Source.SEO)
        manager = login("manager")
        listed = manager.get("/admin/customer/").text
        assert "甲" in listed
        text = manager.get(f"/admin/customer/export/csv/?flt0_1={Source.SEO.value}").get_data(as_text=True)
        assert "乙" in text
        assert "甲" not in text
        assert login("finance").get("/admin/customer/export/csv/").status_code == 403
