"""Roles: changing what they permit, whom that concerns, that somebody can always administer, and who manages whom."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from app.errors import ConflictError, NotAllowedError
from app.models import Employee, Role, employee_role
from app.models.choices import RowScope
from app.permissions import Permission, scope_of
from app.services import employees, role_changes, roles
from app.services.roles import Rights
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

P = Permission

CONSULTANTS = ["baoyu", "dasha", "sanjiang"]
OWN, DEPARTMENT, ALL = RowScope.OWN, RowScope.DEPARTMENT, RowScope.ALL


@pytest.fixture
def make_role(session):
    """A role of the school's own."""
    def make(name: str, scope: RowScope, *permissions: P) -> Role:
        role = Role(name=name, scope=scope, permission_codes=[each.value for each in permissions])
        session.add(role)
        session.commit()
        return role

    return make


@pytest.fixture
def asked(session):
    """The matrix as it stands, with some roles changed: `asked({role: (scope, [more], [less])})`."""
    def ask(changes: dict[Role, tuple[RowScope | None, list[P], list[P]]]):
        wanted = roles.matrix_of(roles.everyone(session))
        for role, (scope, more, less) in changes.items():
            codes = wanted[role.id].codes | {each.value for each in more}
            wanted[role.id] = Rights(scope or role.scope, codes - {each.value for each in less})
        return wanted

    return ask


@pytest.fixture
def plan(session, asked):
    def make(changes):
        return role_changes.plan(session, roles.everyone(session), asked(changes))

    return make


def told(plan) -> list[tuple[str | None, dict[str, list[str]]]]:
    return [(change.permission and change.permission.value,
             {str(outcome): sorted(person.username for person in people) for outcome, people in change.people.items()})
            for change in plan.changes]


class TestWhomAChangeConcerns:
    def test_those_who_gain_and_lose_by_name(self, plan, school):
        found = told(plan({school.roles["consultant"]: (None, [P.CUSTOMER_EXPORT], [P.POOL_CLAIM])}))
        assert found == [("customer.export", {"gained": CONSULTANTS}), ("publicpool.claim", {"lost": CONSULTANTS})]

    def test_nobody_if_another_role_permits_it_as_far(self, plan, session, school):
        school.sanjiang.roles.append(school.roles["manager"])
        session.commit()
        found = plan({school.roles["consultant"]: (None, [P.CUSTOMER_EXPORT], [])})
        assert dict(told(found))["customer.export"] == {"gained": ["baoyu", "dasha"], "same": ["sanjiang"]}

    def test_those_whose_reach_grows_or_shrinks(self, plan, session, school):
        school.dasha.roles.append(school.roles["manager"])
        session.commit()
        wider = dict(told(plan({school.roles["consultant"]: (DEPARTMENT, [], [])})))[None]
        assert wider == {"wider": ["baoyu", "sanjiang"], "same": ["dasha"]}
        narrower = dict(told(plan({school.roles["manager"]: (DEPARTMENT, [], [])})))[None]
        assert narrower == {"narrower": ["dasha", "manager"]}

    def test_a_revoked_permission_may_live_on_with_a_narrower_reach(self, plan, session, school):
        school.sanjiang.roles.append(school.roles["manager"])
        session.commit()
        found = dict(told(plan({school.roles["manager"]: (None, [], [P.CUSTOMER_EDIT])})))["customer.edit"]
        assert found == {"lost": ["manager"], "narrower": ["sanjiang"]}

    def test_not_the_deactivated(self, plan, session, school):
        school.sanjiang.active = False
        session.commit()
        (_code, whom), = told(plan({school.roles["consultant"]: (None, [P.CUSTOMER_EXPORT], [])}))
        assert whom["gained"] == ["baoyu", "dasha"]

    def test_nobody_without_the_role(self, plan, school, make_role):
        (change,) = plan({make_role("空", OWN, P.COURSE_READ): (ALL, [], [])}).changes
        assert (change.before, change.after, change.people) == (OWN, ALL, {})

    def test_costs_the_same_queries_for_few_and_for_many(self, plan, school, make_employee, count_queries, session):
        def cost() -> int:
            session.expire_all()
            with count_queries() as queries:
                plan({school.roles["consultant"]: (None, [P.CUSTOMER_EXPORT], [])})
            return queries.count

        few = cost()
        for _ in range(40):
            make_employee()
        assert cost() == few


class TestCarryingOut:
    def test_changes_what_people_may(self, session, plan, asked, school):
        change = {school.roles["consultant"]: (DEPARTMENT, [P.CUSTOMER_EXPORT], [P.POOL_CLAIM])}
        role_changes.carry_out(session, asked(change), plan(change).fingerprint)
        session.commit()
        assert scope_of(school.sanjiang, P.CUSTOMER_EXPORT) is DEPARTMENT
        assert scope_of(school.sanjiang, P.POOL_CLAIM) is None

    @pytest.mark.parametrize("meanwhile", ["permission", "scope", "name", "another role", "new role", "holder"])
    def test_is_refused_if_anything_shown_has_changed(self, session, plan, asked, school, make_role, meanwhile):
        change = {school.roles["consultant"]: (None, [P.CUSTOMER_EXPORT], [])}
        wanted, shown = asked(change), plan(change).fingerprint
        if meanwhile == "permission":
            school.roles["consultant"].permission_codes = ["course.read"]
        elif meanwhile == "scope":
            school.roles["consultant"].scope = ALL
        elif meanwhile == "name":
            school.roles["consultant"].name = "别的"
        elif meanwhile == "another role":
            school.roles["tutor"].permission_codes = []
        elif meanwhile == "new role":
            make_role("新", OWN)
        else:
            school.tutor.roles.append(school.roles["consultant"])
        session.commit()
        with pytest.raises(ConflictError):
            role_changes.carry_out(session, wanted, shown)

    def test_is_refused_for_another_change_than_the_one_shown(self, session, plan, asked, school):
        shown = plan({school.roles["consultant"]: (None, [P.CUSTOMER_EXPORT], [])}).fingerprint
        with pytest.raises(ConflictError):
            role_changes.carry_out(session, asked({school.roles["consultant"]: (None, [P.ROLE_WRITE], [])}), shown)

    def test_keeps_codes_this_version_does_not_know(self, session, plan, asked, school):
        role = school.roles["tutor"]
        role.permission_codes = [*role.permission_codes, "moon.read"]
        session.commit()
        change = {role: (None, [P.CUSTOMER_READ], [])}
        role_changes.carry_out(session, asked(change), plan(change).fingerprint)
        assert {"moon.read", "customer.read", "campus.read"} <= set(role.permission_codes)


class TestSomebodyCanAlwaysAdminister:
    @pytest.mark.parametrize("taken", [P.ROLE_WRITE, P.ROLE_READ, P.EMPLOYEE_WRITE, P.EMPLOYEE_READ])
    def test_the_last_role_that_permits_it_keeps_it(self, session, plan, asked, school, taken):
        change = {school.roles["admin"]: (None, [], [taken])}
        with pytest.raises(ConflictError):
            plan(change)
        with pytest.raises(ConflictError):
            roles.apply(session, roles.lock(session), asked(change))

    def test_two_roles_of_one_person_together_will_do(self, session, plan, school, make_role):
        personnel = make_role("人事", ALL, P.EMPLOYEE_WRITE)
        school.admin.roles.append(personnel)
        session.commit()
        assert plan({school.roles["admin"]: (None, [], [P.EMPLOYEE_WRITE])}).changes

    def test_two_persons_with_half_of_it_each_will_not(self, session, plan, school, make_role):
        personnel = make_role("人事", ALL, P.EMPLOYEE_WRITE)
        school.manager.roles.append(personnel)
        session.commit()
        with pytest.raises(ConflictError):
            plan({school.roles["admin"]: (None, [], [P.EMPLOYEE_WRITE])})

    @pytest.mark.parametrize("useless", ["inactive", "without a password", "never logged in"])
    def test_who_cannot_log_in_does_not_count(self, session, school, clock, useless):
        school.manager.roles.append(school.roles["admin"])
        if useless == "inactive":
            school.manager.active = False
        elif useless == "never logged in":
            school.manager.one_time_until = clock.now() + dt.timedelta(days=7)
        else:
            school.manager.password_hash = None
        school.admin.roles = []
        session.flush()
        with pytest.raises(ConflictError) as refused:
            roles.check_someone_administers(session, field="roles")
        assert refused.value.field == "roles"

    def test_the_last_admin_is_not_deleted(self, session, school):
        with pytest.raises(ConflictError):
            employees.delete(session, school.admin, school.admin)

    def test_one_of_two_is(self, session, school, make_employee):
        second = make_employee(role="admin", department=1007)
        employees.delete(session, school.admin, second)
        session.commit()
        assert session.get(Employee, second.id) is None


class TestDeletingARole:
    def test_not_a_built_in_one(self, session, school):
        with pytest.raises(ConflictError):
            roles.delete(session, school.roles["auditor"])

    def test_not_while_somebody_has_it(self, session, school, make_role):
        role = make_role("人事", ALL)
        school.tutor.roles.append(role)
        session.commit()
        with pytest.raises(ConflictError):
            roles.delete(session, role)
        school.tutor.roles.remove(role)
        session.commit()
        roles.delete(session, role)
        session.commit()
        assert session.scalar(select(Role).where(Role.name == "人事")) is None


HR_MAY = (P.EMPLOYEE_READ, P.EMPLOYEE_WRITE, P.DEPARTMENT_READ, P.COURSE_READ, P.CAMPUS_READ, P.COURSE_CLASS_READ)


class TestWhoManagesWhom:
    """何蕊 of personnel may change employees, but not roles."""

    @pytest.fixture
    def hr(self, make_role):
        return make_role("人事", ALL, *HR_MAY)

    @pytest.fixture
    def herui(self, session, make_employee, hr):
        person = make_employee("何蕊", department=1007)
        person.roles = [hr]
        session.commit()
        return person

    @staticmethod
    def change(session, actor, employee, **changed):
        employees.begin_change(session, actor, employee, roles=changed.get("roles", employee.roles),
                               department=changed.get("department", employee.department))

    def test_she_manages_who_may_no_more_than_she(self, session, herui, school):
        self.change(session, herui, school.tutor)
        assert roles.may_manage(herui, school.teacher)

    @pytest.mark.parametrize("who", ["admin", "manager", "sanjiang", "auditor"])
    def test_she_does_not_manage_who_may_more(self, session, herui, school, who):
        person = getattr(school, who)
        with pytest.raises(NotAllowedError) as refused:
            self.change(session, herui, person)
        assert person.name in str(refused.value)
        with pytest.raises(NotAllowedError):
            employees.delete(session, herui, person)
        assert not roles.may_manage(herui, person)

    def test_she_does_not_take_over_a_deactivated_admin(self, session, herui, make_employee):
        with pytest.raises(NotAllowedError):
            self.change(session, herui, make_employee(role="admin", active=False))

    @pytest.mark.parametrize("role", ["admin", "manager", "consultant", "auditor"])
    def test_she_gives_nobody_a_role_that_permits_more_not_even_herself(self, session, herui, school, role):
        for whom in (herui, school.tutor):
            with pytest.raises(NotAllowedError) as refused:
                self.change(session, herui, whom, roles=[*whom.roles, school.roles[role]])
            assert refused.value.field == "roles"
        with pytest.raises(NotAllowedError):
            employees.begin_change(session, herui, None, roles=[school.roles[role]],
                                   department=school.departments[1001])

    def test_she_gives_roles_that_permit_no_more(self, session, herui, school, hr):
        employees.begin_change(session, herui, None, roles=[school.roles["tutor"], hr],
                               department=school.departments[1002])

    def test_a_wider_reach_is_more(self, session, herui, school, hr, make_role):
        hr.scope = DEPARTMENT
        session.commit()
        colleague = make_role("同部门", DEPARTMENT, P.COURSE_READ)
        employees.begin_change(session, herui, None, roles=[colleague], department=school.departments[1007])
        with pytest.raises(NotAllowedError):
            employees.begin_change(session, herui, None, roles=[make_role("全部", ALL, P.COURSE_READ)],
                                   department=school.departments[1007])

    def test_the_rows_of_another_department_are_not_hers(self, session, herui, school, hr):
        hr.scope = DEPARTMENT
        session.commit()
        with pytest.raises(NotAllowedError):
            self.change(session, herui, school.tutor)
        with pytest.raises(NotAllowedError):
            self.change(session, herui, herui, department=school.departments[1001])

    def test_somebody_elses_own_rows_are_not_hers(self, session, herui, school, hr):
        hr.scope = OWN
        session.commit()
        with pytest.raises(NotAllowedError):
            self.change(session, herui, school.tutor)
        self.change(session, herui, herui)

    def test_who_may_change_roles_manages_everybody(self, session, herui, hr, school):
        hr.permission_codes = [*hr.permission_codes, P.ROLE_WRITE.value]
        session.commit()
        self.change(session, herui, school.admin, roles=[school.roles["admin"], hr])
        self.change(session, herui, herui, roles=[school.roles["admin"]])

    def test_who_lost_the_right_meanwhile_has_lost_it(self, session, school, make_employee):
        second = make_employee(role="admin", department=1007)
        session.execute(employee_role.delete().where(employee_role.c.employee_id == second.id))
        set_committed_value(second, "roles", [school.roles["admin"]])  # as read before another admin took it away
        with pytest.raises(NotAllowedError):
            self.change(session, second, school.admin)


class TestRescue:
    def test_gives_the_admin_role_everything_again(self, session, school):
        school.roles["admin"].permission_codes = ["course.read"]
        school.roles["admin"].scope = OWN
        session.commit()
        roles.restore_admin(session)
        session.commit()
        assert scope_of(school.admin, P.ROLE_WRITE) is ALL
        roles.check_someone_administers(session)


