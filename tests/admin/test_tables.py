"""The tables' screens: each opens and costs as much at few rows as at many; classes; exports."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from python_calamine import CalamineWorkbook

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
from app.models.choices import DepartmentFunction, Source
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
