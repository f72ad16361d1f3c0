"""What can be permitted: every permission is told to people, asked by somebody, and counted across roles."""

from __future__ import annotations

import ast
import re

import pytest

from app.models import Employee, Role
from app.models.choices import RowScope
from app.permissions import BUILT_IN_ROLES, Action, Permission, Subject, assume, by_subject, can, scope_of
from config import ROOT

P = Permission

OWN, DEPARTMENT, ALL = RowScope.OWN, RowScope.DEPARTMENT, RowScope.ALL


def role(scope: RowScope, *permissions: Permission) -> Role:
    return Role(scope=scope, permission_codes=[permission.value for permission in permissions])


def someone(*roles: Role, active: bool = True) -> Employee:
    return Employee(roles=list(roles), active=active)


class TestEveryPermission:
    @pytest.mark.parametrize("permission", Permission, ids=str)
    def test_has_a_sentence_a_subject_and_an_action(self, permission):
        assert str(permission.sentence)
        assert str(permission.subject.label)
        assert str(permission.action.label)
        assert permission.value == f"{permission.subject}.{permission.action}"
        assert len(permission.value) <= 64

    def test_has_a_sentence_of_its_own(self):
        assert len({str(permission.sentence) for permission in Permission}) == len(Permission)

    def test_stands_once_in_the_matrix(self):
        shown = [permission for _subject, permissions in by_subject() for permission in permissions]
        assert sorted(shown, key=list(Permission).index) == list(Permission)

    def test_makes_use_of_every_subject_and_action(self):
        assert {permission.subject for permission in Permission} == set(Subject)
        assert {permission.action for permission in Permission} == set(Action)

    def test_is_asked_for_by_a_screen_or_a_service(self):
        asked = _asked_for()
        assert [str(each) for each in Permission if each not in asked] == []

    def test_is_held_by_the_admin(self):
        admin = next(built_in for built_in in BUILT_IN_ROLES if built_in.code == "admin")
        assert admin.permissions == set(Permission)
        assert admin.scope is ALL


def _asked_for() -> set[Permission]:
    """The permissions that code outside the enumeration names, and templates ask for by their codes."""
    found = set()
    for file in (ROOT / "app").rglob("*.py"):
        if file.name != "permissions.py":
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in (
                        "Permission", "P") and node.attr in Permission.__members__:
                    found.add(Permission[node.attr])
    codes = {code for file in (ROOT / "app/templates").rglob("*.html")
             for code in re.findall(r"allowed\('([a-z.]+)'\)", file.read_text())}
    return found | {Permission(code) for code in codes}


class TestReach:
    def test_nothing_without_a_role_that_grants_it(self):
        assert scope_of(someone(), Permission.CUSTOMER_READ) is None
        assert not can(someone(role(ALL, Permission.COURSE_READ)), Permission.CUSTOMER_READ)

    def test_is_the_widest_of_the_roles_that_grant_it(self):
        person = someone(role(OWN, Permission.CUSTOMER_READ), role(DEPARTMENT, Permission.CUSTOMER_READ),
                         role(ALL, Permission.COURSE_READ))
        assert scope_of(person, Permission.CUSTOMER_READ) is DEPARTMENT

    def test_nothing_once_inactive(self):
        assert not can(someone(role(ALL, *Permission), active=False), Permission.CUSTOMER_READ)


class TestLookingAsARole:
    def test_is_what_the_role_permits(self):
        admin = someone(role(ALL, *Permission))
        assume(admin, role(OWN, Permission.CUSTOMER_READ))
        assert scope_of(admin, Permission.CUSTOMER_READ) is OWN
        assert [each for each in Permission if can(admin, each)] == [Permission.CUSTOMER_READ]

    def test_is_never_more_than_ones_own(self):
        person = someone(role(DEPARTMENT, Permission.CUSTOMER_READ, Permission.ROLE_WRITE))
        assume(person, role(ALL, *Permission))
        assert scope_of(person, Permission.CUSTOMER_READ) is DEPARTMENT
        assert {each for each in Permission if can(person, each)} == {Permission.ROLE_WRITE, Permission.CUSTOMER_READ}

    def test_is_nothing_for_the_inactive(self):
        gone = someone(role(ALL, *Permission), active=False)
        assume(gone, role(ALL, *Permission))
        assert not any(can(gone, each) for each in Permission)
