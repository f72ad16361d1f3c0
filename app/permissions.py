"""What can be permitted, the built-in roles, and `can(employee, permission)`. Whatever is not granted is refused."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.models import Employee
from app.models.choices import RowScope


class Permission(enum.Enum):
    """One thing a role may permit: its code, as stored, and one sentence for the people who grant it."""

    sentence: LazyString

    def __new__(cls, code: str, sentence: LazyString = "") -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.sentence = sentence
        return member

    DEPARTMENT_READ = "department.read", _l("See departments")
    DEPARTMENT_WRITE = "department.write", _l("Create, change and delete departments")
    EMPLOYEE_READ = "employee.read", _l("See employees")
    EMPLOYEE_WRITE = "employee.write", _l("Create, change and delete employees and their logins")
    ROLE_READ = "role.read", _l("See roles and what they permit")
    ROLE_WRITE = "role.write", _l("Create, change and delete roles")
    CAMPUS_READ = "campus.read", _l("See campuses")
    CAMPUS_WRITE = "campus.write", _l("Create, change and delete campuses")
    COURSE_READ = "course.read", _l("See courses")
    COURSE_WRITE = "course.write", _l("Create, change and delete courses")
    COURSE_CLASS_READ = "courseclass.read", _l("See classes")
    COURSE_CLASS_WRITE = "courseclass.write", _l("Create, change and delete classes")
    CUSTOMER_READ = "customer.read", _l("See customers")
    CUSTOMER_CREATE = "customer.create", _l("Enter new customers")
    CUSTOMER_EDIT = "customer.edit", _l("Change customers")
    CUSTOMER_DELETE = "customer.delete", _l("Delete customers without history")
    CUSTOMER_EXPORT = "customer.export", _l("Export customers")
    CUSTOMER_CONTACTS = "customer.contacts", _l("See the contacts of customers in the Public Pool")
    CUSTOMER_ASSIGN = "customer.assign", _l("Assign and transfer customers to consultants")
    CUSTOMER_RELEASE = "customer.release", _l("Release customers to the Public Pool")
    FOLLOW_UP_READ = "followup.read", _l("See follow-up records")
    FOLLOW_UP_CREATE = "followup.create", _l("Log follow-ups")
    FOLLOW_UP_EXPORT = "followup.export", _l("Export follow-up records")
    DISTRIBUTION_READ = "distribution.read", _l("See who held which customer when")
    DISTRIBUTION_EXPORT = "distribution.export", _l("Export who held which customer when")
    DISTRIBUTION_MEMO = "distribution.memo", _l("Write memos on who held which customer when")
    SALES_RANK_READ = "salesrank.read", _l("See sales ranks")
    SALES_RANK_WRITE = "salesrank.write", _l("Create, change and delete sales ranks")
    POOL_READ = "publicpool.read", _l("See the Public Pool")
    POOL_CLAIM = "publicpool.claim", _l("Claim customers from the Public Pool")
    MY_CUSTOMERS_READ = "mycustomers.read", _l("See the own customers, past and present")
    CONTACT_LOOK_UP = "knowncontact.read", _l("Ask whether a contact is known, and whom to ask about it")
    AUDIT_READ = "audit.read", _l("Search the audit log")
    HISTORY_READ = "history.read", _l("See the history of the records one may open")
    SESSION_READ = "session.read", _l("See who is logged in, from where")
    SESSION_REVOKE = "session.revoke", _l("End other people's sessions and reset their second factor")
    PERSONAL_DATA_EXPORT = "personaldata.export", _l("Export all data of one person")
    PERSONAL_DATA_ERASE = "personaldata.erase", _l("Erase a person's data for good")
    SETTINGS_READ = "settings.read", _l("See the school's settings")
    SETTINGS_WRITE = "settings.write", _l("Change the school's settings")
    JOBS_READ = "jobs.read", _l("See the nightly jobs")
    JOBS_RUN = "jobs.run", _l("Run a nightly job now")


P = Permission

_EVERYTHING = frozenset(Permission)
_READING = frozenset(p for p in Permission if p.value.endswith(".read"))
_FOR_ADMINS = frozenset({P.ROLE_READ, P.JOBS_READ, P.AUDIT_READ, P.SESSION_READ, P.SETTINGS_READ})
_READING_CLASSES = frozenset({P.CAMPUS_READ, P.COURSE_READ, P.COURSE_CLASS_READ})


@dataclass(frozen=True)
class BuiltInRole:
    """A role every school begins with."""

    code: str
    name: LazyString
    scope: RowScope
    permissions: frozenset[Permission]


BUILT_IN_ROLES = (
    BuiltInRole("admin", _l("Admin"), RowScope.ALL, _EVERYTHING),
    BuiltInRole("manager", _l("Manager"), RowScope.ALL, _READING - _FOR_ADMINS | {
        P.COURSE_CLASS_WRITE, P.CUSTOMER_CREATE, P.CUSTOMER_EDIT, P.CUSTOMER_DELETE, P.CUSTOMER_EXPORT,
        P.CUSTOMER_CONTACTS, P.CUSTOMER_ASSIGN, P.CUSTOMER_RELEASE, P.FOLLOW_UP_CREATE, P.FOLLOW_UP_EXPORT,
        P.DISTRIBUTION_EXPORT, P.DISTRIBUTION_MEMO, P.SALES_RANK_WRITE, P.POOL_CLAIM}),
    BuiltInRole("consultant", _l("Consultant"), RowScope.OWN, _READING_CLASSES | {
        P.CUSTOMER_READ, P.CUSTOMER_CREATE, P.CUSTOMER_EDIT, P.CUSTOMER_RELEASE, P.FOLLOW_UP_READ,
        P.FOLLOW_UP_CREATE, P.DISTRIBUTION_READ, P.POOL_READ, P.POOL_CLAIM, P.MY_CUSTOMERS_READ,
        P.CONTACT_LOOK_UP}),
    BuiltInRole("tutor", _l("Tutor"), RowScope.OWN, _READING_CLASSES),
    BuiltInRole("teacher", _l("Teacher"), RowScope.OWN, _READING_CLASSES),
    BuiltInRole("finance", _l("Finance"), RowScope.ALL, _READING_CLASSES),
    BuiltInRole("auditor", _l("Auditor"), RowScope.ALL, _READING),
)

_REACH = {RowScope.OWN: 0, RowScope.DEPARTMENT: 1, RowScope.ALL: 2}


def permission_choices() -> list[tuple[str, LazyString]]:
    """All permissions, for the form of a role."""
    return [(permission.value, permission.sentence) for permission in Permission]


def can(employee: Employee, permission: Permission) -> bool:
    """Whether any role of an active employee grants the permission."""
    return scope_of(employee, permission) is not None


def scope_of(employee: Employee, permission: Permission) -> RowScope | None:
    """How far the permission reaches for this employee: the widest of the roles that grant it; None if none does."""
    if not employee.active:
        return None
    scopes = [role.scope for role in employee.roles
              if any(granted.code == permission.value for granted in role.permissions)]
    return widest(scopes)


def widest(scopes: Iterable[RowScope]) -> RowScope | None:
    """The scope that reaches the most rows; None of none."""
    return max(scopes, key=_REACH.__getitem__, default=None)
