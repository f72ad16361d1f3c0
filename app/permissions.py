"""What can be permitted, the built-in roles, and `can(employee, permission)`. Whatever is not granted is refused."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.models import Employee, Role
from app.models.choices import RowScope
from app.models.types import Kind


class Subject(Kind):
    """The table or screen a permission is about: the first part of its code, in the order people read them."""

    PUBLIC_POOL = "publicpool", _l("Public Pool")
    MY_CUSTOMERS = "mycustomers", _l("My Customers")
    CUSTOMER = "customer", _l("Customers")
    FOLLOW_UP = "followup", _l("Follow-up records")
    KNOWN_CONTACT = "knowncontact", _l("Known contacts")
    DISTRIBUTION = "distribution", _l("Distribution")
    SALES_RANK = "salesrank", _l("Sales ranks")
    LEAVE = "leave", _l("Leave")
    COURSE_CLASS = "courseclass", _l("Classes")
    COURSE = "course", _l("Courses")
    CAMPUS = "campus", _l("Campuses")
    DEPARTMENT = "department", _l("Departments")
    EMPLOYEE = "employee", _l("Employees")
    ROLE = "role", _l("Roles")
    SESSION = "session", _l("Sessions")
    AUDIT = "audit", _l("Audit log")
    HISTORY = "history", _l("History of records")
    PERSONAL_DATA = "personaldata", _l("Personal data")
    SAVED_VIEW = "savedview", _l("Saved views")
    SETTINGS = "settings", _l("School settings")
    JOBS = "jobs", _l("Nightly jobs")
    NOTICE_DELIVERY = "noticedelivery", _l("Delivery log")


class Action(Kind):
    """What is done to the subject: the second part of a permission's code."""

    READ = "read", _l("See")
    WRITE = "write", _l("Maintain")
    CREATE = "create", _l("Create")
    EDIT = "edit", _l("Edit")
    DELETE = "delete", _l("Delete")
    EXPORT = "export", _l("Export")
    CONTACTS = "contacts", _l("Contacts")
    ASSIGN = "assign", _l("Assign")
    RELEASE = "release", _l("Release")
    LOCK = "lock", _l("Lock")
    MERGE = "merge", _l("Merge")
    MEMO = "memo", _l("Memo")
    CLAIM = "claim", _l("Claim")
    REQUEST = "request", _l("Request")
    APPROVE = "approve", _l("Approve")
    REVOKE = "revoke", _l("End")
    ERASE = "erase", _l("Erase")
    SHARE = "share", _l("Share")
    RUN = "run", _l("Run now")


class Permission(enum.Enum):
    """One thing a role may permit: its code, as stored, and one sentence for the people who grant it.

    A code is "subject.action"; both parts stand above.
    """

    sentence: LazyString

    def __new__(cls, code: str, sentence: LazyString = "") -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.sentence = sentence
        return member

    @property
    def subject(self) -> Subject:
        return Subject(self.value.partition(".")[0])

    @property
    def action(self) -> Action:
        return Action(self.value.partition(".")[2])

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
    CUSTOMER_CONTACTS = "customer.contacts", _l("See the contacts of customers one does not hold")
    CUSTOMER_ASSIGN = "customer.assign", _l("Assign and transfer customers to consultants")
    CUSTOMER_RELEASE = "customer.release", _l("Release customers to the Public Pool")
    CUSTOMER_LOCK = "customer.lock", _l("Keep customers from falling for a time, as far as the pool rules allow it")
    CUSTOMER_MERGE = "customer.merge", _l("Merge two customers who are the same person, and undo it")
    FOLLOW_UP_READ = "followup.read", _l("See follow-up records")
    FOLLOW_UP_CREATE = "followup.create", _l("Log follow-ups")
    FOLLOW_UP_EXPORT = "followup.export", _l("Export follow-up records")
    DISTRIBUTION_READ = "distribution.read", _l("See who held which customer when")
    DISTRIBUTION_EXPORT = "distribution.export", _l("Export who held which customer when")
    DISTRIBUTION_MEMO = "distribution.memo", _l("Write memos on who held which customer when")
    SALES_RANK_READ = "salesrank.read", _l("See sales ranks")
    SALES_RANK_WRITE = "salesrank.write", _l("Create, change and delete sales ranks")
    LEAVE_READ = "leave.read", _l("See who is on leave")
    LEAVE_REQUEST = "leave.request", _l("Ask for leave, and withdraw what was not decided yet")
    LEAVE_APPROVE = "leave.approve", _l("Approve, decline and enter others’ leave")
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
    VIEW_SHARE = "savedview.share", _l("Share views of lists with everybody, and change those others shared")
    SETTINGS_READ = "settings.read", _l("See the school's settings")
    SETTINGS_WRITE = "settings.write", _l("Change the school's settings")
    JOBS_READ = "jobs.read", _l("See the nightly jobs")
    JOBS_RUN = "jobs.run", _l("Run a nightly job now")
    DELIVERY_READ = "noticedelivery.read", _l("See what was sent to whom outside of the panel, and what failed")
    DELIVERY_RUN = "noticedelivery.run", _l("Let what could not be sent be sent again")


P = Permission

_EVERYTHING = frozenset(Permission)
_READING = frozenset(p for p in Permission if p.value.endswith(".read"))
_FOR_ADMINS = frozenset({P.ROLE_READ, P.JOBS_READ, P.AUDIT_READ, P.SESSION_READ, P.SETTINGS_READ,
                          P.DELIVERY_READ})
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
        P.CUSTOMER_CONTACTS, P.CUSTOMER_ASSIGN, P.CUSTOMER_RELEASE, P.CUSTOMER_LOCK, P.CUSTOMER_MERGE,
        P.FOLLOW_UP_CREATE, P.FOLLOW_UP_EXPORT, P.DISTRIBUTION_EXPORT, P.DISTRIBUTION_MEMO, P.SALES_RANK_WRITE,
        P.LEAVE_REQUEST, P.LEAVE_APPROVE, P.POOL_CLAIM, P.VIEW_SHARE}),
    BuiltInRole("consultant", _l("Consultant"), RowScope.OWN, _READING_CLASSES | {
        P.CUSTOMER_READ, P.CUSTOMER_CREATE, P.CUSTOMER_EDIT, P.CUSTOMER_RELEASE, P.CUSTOMER_LOCK, P.FOLLOW_UP_READ,
        P.FOLLOW_UP_CREATE, P.DISTRIBUTION_READ, P.LEAVE_READ, P.LEAVE_REQUEST, P.POOL_READ, P.POOL_CLAIM,
        P.MY_CUSTOMERS_READ, P.CONTACT_LOOK_UP}),
    BuiltInRole("tutor", _l("Tutor"), RowScope.OWN, _READING_CLASSES),
    BuiltInRole("teacher", _l("Teacher"), RowScope.OWN, _READING_CLASSES),
    BuiltInRole("finance", _l("Finance"), RowScope.ALL, _READING_CLASSES),
    BuiltInRole("auditor", _l("Auditor"), RowScope.ALL, _READING),
)

_REACH = {RowScope.OWN: 0, RowScope.DEPARTMENT: 1, RowScope.ALL: 2}


def by_subject() -> list[tuple[Subject, list[Permission]]]:
    """All permissions as the matrix shows them: grouped by subject, in the order given above."""
    return [(subject, [permission for permission in Permission if permission.subject is subject])
            for subject in Subject]


def permission_choices() -> list[tuple[str, LazyString]]:
    """All permissions, by code, with their sentences."""
    return [(permission.value, permission.sentence) for permission in Permission]


def can(employee: Employee, permission: Permission) -> bool:
    """Whether any role of an active employee grants the permission."""
    return scope_of(employee, permission) is not None


def scope_of(employee: Employee, permission: Permission) -> RowScope | None:
    """How far the permission reaches for this employee: the widest of the roles that grant it; None if none does.

    While he looks as a role (see `assume`) it reaches as far as that role does, and never further than his own.
    """
    if not employee.active:
        return None
    own = granted(employee.roles, permission)
    if employee.assumed_role is None or own is None:
        return own
    assumed = granted([employee.assumed_role], permission)
    return None if assumed is None else min(own, assumed, key=_REACH.__getitem__)


def assume(employee: Employee, role: Role) -> None:
    """From here on, and as long as this object lives, the employee may only what the role permits and he may anyway."""
    employee.assumed_role = role


def granted(roles: Iterable[Role], permission: Permission) -> RowScope | None:
    """How far the widest of the roles that grant the permission reaches; None if none does."""
    return widest(role.scope for role in roles if role.permits(permission.value))


def widest(scopes: Iterable[RowScope]) -> RowScope | None:
    """The scope that reaches the most rows; None of none."""
    return max(scopes, key=_REACH.__getitem__, default=None)


def scope_of_all(employee: Employee, *permissions: Permission) -> RowScope | None:
    """How far several permissions reach that are all needed for one thing: as far as the narrowest of them.

    Whoever reads everything in one role and edits his own in another edits his own.
    """
    scopes = [scope for permission in permissions if (scope := scope_of(employee, permission)) is not None]
    return min(scopes, key=_REACH.__getitem__) if len(scopes) == len(permissions) else None


def reaches(scope: RowScope, other: RowScope) -> bool:
    """Whether one scope reaches at least as many rows as another."""
    return _REACH[scope] >= _REACH[other]
