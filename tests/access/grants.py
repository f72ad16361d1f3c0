"""What each role permits, by hand (domain, section 6): never read from the code under test.

A new permission is entered here with the built-in roles that have it; the admin has every one. A test compares this
table with the built-in roles the application begins with.
"""

from __future__ import annotations

from functools import cache

from app.permissions import Permission

P = Permission

GRANTED: dict[P, str] = {
    P.DEPARTMENT_READ: "manager auditor",
    P.DEPARTMENT_WRITE: "",
    P.EMPLOYEE_READ: "manager auditor",
    P.EMPLOYEE_WRITE: "",
    P.ROLE_READ: "auditor",
    P.ROLE_WRITE: "",
    P.CAMPUS_READ: "manager consultant tutor teacher finance auditor",
    P.CAMPUS_WRITE: "",
    P.COURSE_READ: "manager consultant tutor teacher finance auditor",
    P.COURSE_WRITE: "",
    P.COURSE_CLASS_READ: "manager consultant tutor teacher finance auditor",
    P.COURSE_CLASS_WRITE: "manager",
    P.CUSTOMER_READ: "manager consultant auditor",
    P.CUSTOMER_CREATE: "manager consultant",
    P.CUSTOMER_EDIT: "manager consultant",
    P.CUSTOMER_DELETE: "manager",
    P.CUSTOMER_EXPORT: "manager",
    P.CUSTOMER_CONTACTS: "manager",
    P.CUSTOMER_ASSIGN: "manager",
    P.CUSTOMER_RELEASE: "manager consultant",
    P.CUSTOMER_LOCK: "manager consultant",
    P.CUSTOMER_MERGE: "manager",
    P.FOLLOW_UP_READ: "manager consultant auditor",
    P.FOLLOW_UP_CREATE: "manager consultant",
    P.FOLLOW_UP_EXPORT: "manager",
    P.DISTRIBUTION_READ: "manager consultant auditor",
    P.DISTRIBUTION_EXPORT: "manager",
    P.DISTRIBUTION_MEMO: "manager",
    P.SALES_RANK_READ: "manager auditor",
    P.SALES_RANK_WRITE: "manager",
    P.LEAVE_READ: "manager consultant auditor",
    P.LEAVE_REQUEST: "manager consultant",
    P.LEAVE_APPROVE: "manager",
    P.POOL_READ: "manager consultant auditor",
    P.POOL_CLAIM: "manager consultant",
    P.MY_CUSTOMERS_READ: "manager consultant auditor",
    P.CONTACT_LOOK_UP: "manager consultant auditor",
    P.AUDIT_READ: "auditor",
    P.HISTORY_READ: "manager auditor",
    P.SESSION_READ: "auditor",
    P.SESSION_REVOKE: "",
    P.PERSONAL_DATA_EXPORT: "",
    P.PERSONAL_DATA_ERASE: "",
    P.VIEW_SHARE: "manager",
    P.SETTINGS_READ: "auditor",
    P.SETTINGS_WRITE: "",
    P.JOBS_READ: "auditor",
    P.JOBS_RUN: "",
    P.DELIVERY_READ: "auditor",
    P.DELIVERY_RUN: "",
}

BUILT_IN = ("admin", "manager", "consultant", "tutor", "teacher", "finance", "auditor")
ROLES = (*BUILT_IN, "everything", "all but contacts")


@cache
def permissions_of(role: str) -> frozenset[P]:
    """What a role permits."""
    if role in ("admin", "everything"):
        return frozenset(P)
    if role == "all but contacts":
        return frozenset(P) - {P.CUSTOMER_CONTACTS}
    return frozenset(permission for permission, roles in GRANTED.items() if role in roles.split())
