"""The tables of departments, employees and roles: what can be entered, changed and deleted."""

from __future__ import annotations

from sqlalchemy import select

from app.models import Department, Employee, Role
from app.models.choices import DepartmentFunction
from tests.support.client import one_time_password_in
from tests.support.databases import on_both_databases


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
