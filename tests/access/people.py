"""Who knocks: the named cast, a visitor, someone who was deactivated, and people with roles of the school's own."""

from __future__ import annotations

from dataclasses import dataclass

from app.models.choices import RowScope
from app.permissions import Permission
from tests.access.grants import ROLES, permissions_of

OWN, DEPARTMENT, ALL = RowScope.OWN, RowScope.DEPARTMENT, RowScope.ALL
_REACH = (OWN, DEPARTMENT, ALL)
SALES_DEPARTMENTS = {1001, 1005}


@dataclass(frozen=True)
class Person:
    """Somebody at the door.

    Args:
        roles: names out of `grants.ROLES`, each with how far it reaches.
        department: the code of the department; None for a visitor.
        active: whether the account still works; who is not active knocks with the session he had.
    """

    username: str
    department: int | None
    roles: tuple[tuple[str, RowScope], ...] = ()
    active: bool = True

    @property
    def signed_in(self) -> bool:
        return self.department is not None and self.active

    @property
    def in_sales(self) -> bool:
        return self.department in SALES_DEPARTMENTS

    def scope(self, permission: Permission) -> RowScope | None:
        """How far a permission reaches for this person: by the widest of the roles that grant it."""
        scopes = [scope for role, scope in self.roles if permission in permissions_of(role)]
        return max(scopes, key=_REACH.index, default=None)

    def may(self, permission: Permission) -> bool:
        return self.scope(permission) is not None

    def narrowest(self, *permissions: Permission) -> RowScope | None:
        """How far permissions reach that are all needed for one thing."""
        scopes = [self.scope(permission) for permission in permissions]
        return None if None in scopes else min(scopes, key=_REACH.index)

    def __str__(self) -> str:
        return self.username


CAST = (
    Person("admin", 1007, (("admin", ALL),)),
    Person("manager", 1007, (("manager", ALL),)),
    Person("sanjiang", 1001, (("consultant", OWN),)),
    Person("baoyu", 1005, (("consultant", OWN),)),
    Person("dasha", 1001, (("consultant", OWN),)),
    Person("tutor", 1002, (("tutor", OWN),)),
    Person("teacher", 1003, (("teacher", OWN),)),
    Person("finance", 1006, (("finance", ALL),)),
    Person("auditor", 1007, (("auditor", ALL),)),
)
"""As in tests.support.people: one for each built-in role, and the three consultants."""

OTHERS = (
    Person("team_lead", 1001, (("consultant", DEPARTMENT),)),
    Person("head_of_sales", 1001, (("manager", DEPARTMENT),)),
    Person("own_everything", 1005, (("everything", OWN),)),
    Person("team_everything", 1005, (("all but contacts", DEPARTMENT),)),
    Person("two_roles", 1001, (("consultant", OWN), ("auditor", ALL))),
    Person("not_in_sales", 1000, (("consultant", OWN),)),
    Person("no_role", 1001),
    Person("deactivated", 1001, (("consultant", OWN),), active=False),
)
"""What a school makes of the matrix: the same permissions with another reach, two roles at once, none at all."""

VISITOR = Person("visitor", None)

EVERYONE = (VISITOR, *CAST, *OTHERS)
BY_NAME = {person.username: person for person in EVERYONE}


def custom_roles() -> dict[str, tuple[str, RowScope]]:
    """The roles `OTHERS` have, by the name under which the school keeps them."""
    return {f"{role} ({scope})": (role, scope) for person in OTHERS for role, scope in person.roles}


assert all(role in ROLES for person in EVERYONE for role, _scope in person.roles)
