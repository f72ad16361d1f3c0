"""Roles: changing what they permit, whom that concerns, and who may manage whom.

Somebody can always administer: after every change at least one active employee who can log in may see and change both
roles and employees. How far that reaches does not matter, for neither belongs to anybody. Whoever takes rights away
holds the lock on the roles while he looks, so two admins who demote each other at the same moment cannot both succeed.

Nobody rises by his own hand. Whoever may change roles can give himself anything, so nothing is kept from him, and the
permission to change roles is the permission to do everything. Whoever may change employees but not roles manages only
people who may no more than he does, and gives only roles that permit no more than he may: he chooses their passwords,
so what they may is his to use. Other people's own rows are not among one's own: to manage somebody, a permission has to
reach all rows, or those of the department both are in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, selectinload

from app.errors import ConflictError, NotAllowedError
from app.models import Employee, Role, RolePermission, employee_role
from app.models.choices import RowScope
from app.permissions import BUILT_IN_ROLES, Permission, can, granted, reaches, scope_of

ADMINISTRATION = (Permission.ROLE_READ, Permission.ROLE_WRITE, Permission.EMPLOYEE_READ, Permission.EMPLOYEE_WRITE)
"""What one person must have to give back what was taken away: the screens open to who may see."""

_KNOWN = frozenset(permission.value for permission in Permission)
_NOBODY_LEFT = _l("Nobody who can log in would be left to change roles and employees.")


@dataclass(frozen=True)
class Rights:
    """What a role permits, by the permissions' codes, and how far that reaches."""

    scope: RowScope
    codes: frozenset[str]


Matrix = Mapping[int, Rights]
"""The rights of every role, by its id."""


def everyone(session: Session) -> list[Role]:
    """All roles, the built-in ones first."""
    return list(session.scalars(select(Role).order_by(Role.id)))


def matrix_of(roles: Iterable[Role]) -> dict[int, Rights]:
    """What the roles permit, as far as this version knows the permissions."""
    return {role.id: Rights(role.scope, _KNOWN.intersection(role.permission_codes)) for role in roles}


def fingerprint(roles: Iterable[Role], *more: object) -> str:
    """A text that differs as soon as any of this does: what somebody was shown against what there is."""
    shown = [(role.id, role.name, role.scope.value, role.permission_codes) for role in roles]
    return hashlib.sha256(repr((shown, more)).encode()).hexdigest()


def lock(session: Session) -> list[Role]:
    """Keep others from changing roles, and rights from being taken away, until the transaction ends.

    Called before anything is changed: the roles are read again behind the lock. Locks are taken on roles first, then on
    employees, customers and distributions.
    """
    with session.no_autoflush:
        session.execute(select(Role.id).order_by(Role.id).with_for_update(key_share=True))
        return list(session.scalars(select(Role).order_by(Role.id).options(selectinload(Role.permissions))
                                    .execution_options(populate_existing=True)))


def apply(session: Session, roles: Iterable[Role], wanted: Matrix) -> None:
    """Let the roles, which are locked, permit what is wanted. Codes this version does not know stay as they are.

    Raises:
        ConflictError: nobody would be left to administer.
    """
    for role in roles:
        rights = wanted.get(role.id)
        if rights is not None:
            role.scope = rights.scope
            role.permission_codes = [*rights.codes, *(set(role.permission_codes) - _KNOWN)]
    session.flush()
    check_someone_administers(session)


def delete(session: Session, role: Role) -> None:
    """Delete a role of the school's own that nobody has.

    Raises:
        ConflictError: it is built in, or somebody has it.
    """
    if role.code is not None:
        raise ConflictError(_l("The built-in roles are kept."))
    lock(session)
    number = session.scalar(select(func.count()).select_from(employee_role).where(employee_role.c.role_id == role.id))
    if number:
        raise ConflictError(_l("%(number)s employees have this role: give them another one first.", number=number))
    session.delete(role)
    session.flush()
    check_someone_administers(session)


def check_someone_administers(session: Session, field: str | None = None) -> None:
    """After rights were taken away behind the lock: somebody is left who can give them back.

    Raises:
        ConflictError: nobody is; with the field that took the last one away.
    """
    permitting = {permission: select(RolePermission.role_id).where(RolePermission.code == permission.value)
                  for permission in ADMINISTRATION}
    if not _someone_administers(session, permitting):
        raise ConflictError(_NOBODY_LEFT, field=field)


def check_someone_would_administer(session: Session, wanted: Matrix) -> None:
    """The same of a matrix that is not stored.

    Raises:
        ConflictError: nobody would be left to administer.
    """
    permitting = {permission: [role_id for role_id, rights in wanted.items() if permission.value in rights.codes]
                  for permission in ADMINISTRATION}
    if not _someone_administers(session, permitting):
        raise ConflictError(_NOBODY_LEFT)


def _someone_administers(session: Session, permitting: Mapping[Permission, Collection[int] | Select[int]]) -> bool:
    """Whether an active employee has roles for all of administration, given which roles permit it.

    Only one with a password of his own choice counts: a one-time password may run out unused.
    """
    return bool(session.scalar(select(exists().where(
        Employee.active, Employee.password_hash.is_not(None), Employee.one_time_until.is_(None),
        *(Employee.roles.any(Role.id.in_(role_ids)) for role_ids in permitting.values())))))


def may_manage(actor: Employee, employee: Employee) -> bool:
    """Whether the actor may change this employee, as far as it depends on what both may do."""
    return _beyond(actor, employee.roles, employee.department_code, oneself=employee is actor) is None


def check_may_manage(actor: Employee, employee: Employee) -> None:
    """Before an employee is changed, given a new password, logged out, deactivated or deleted by another.

    Raises:
        NotAllowedError: he may do more than the actor, who may not change roles.
    """
    beyond = _beyond(actor, employee.roles, employee.department_code, oneself=employee is actor)
    if beyond is not None:
        raise NotAllowedError(_l("%(name)s may do what you may not (%(what)s): this is for somebody who may "
                                 "change roles.", name=employee.name, what=beyond.sentence))


def check_may_give(actor: Employee, roles: Iterable[Role], *, to: Employee | None, department_code: int) -> None:
    """Before an employee, or a new one, has these roles in that department from now on.

    Called before the employee is changed: the actor may be he.

    Raises:
        NotAllowedError: they permit more than the actor may, who may not change roles.
    """
    beyond = _beyond(actor, roles, department_code, oneself=to is actor)
    if beyond is not None:
        raise NotAllowedError(_l("These roles permit what you may not, or further than you may: %(what)s.",
                                 what=beyond.sentence), field="roles")


def _beyond(actor: Employee, roles: Iterable[Role], department_code: int, *, oneself: bool) -> Permission | None:
    """The first permission of these roles that goes beyond what the actor may; None if none does."""
    if can(actor, Permission.ROLE_WRITE):
        return None
    held = list(roles)
    codes = {code for role in held for code in role.permission_codes}
    together = department_code == actor.department_code
    for permission in (each for each in Permission if each.value in codes):
        theirs = granted(held, permission)
        if theirs is not None and not _covers(scope_of(actor, permission), theirs, together=together, oneself=oneself):
            return permission
    return None


def _covers(mine: RowScope | None, theirs: RowScope, *, together: bool, oneself: bool) -> bool:
    """Whether my reach holds all that theirs does."""
    if mine is None or not reaches(mine, theirs):
        return False
    if mine is RowScope.ALL or (oneself and theirs is RowScope.OWN):
        return True
    return mine is RowScope.DEPARTMENT and together


def restore_admin(session: Session) -> Role:
    """The built-in role of admins, permitting everything again, whatever became of it."""
    built_in = next(each for each in BUILT_IN_ROLES if each.code == "admin")
    role = session.scalars(select(Role).where(Role.code == built_in.code)).one()
    role.scope = built_in.scope
    role.permission_codes = [permission.value for permission in built_in.permissions]
    session.flush()
    return role
