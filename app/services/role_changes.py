"""What a change of roles means for people: who gains, who loses, and who notices nothing because of another role."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.errors import ConflictError
from app.models import Employee, Role
from app.models.choices import RowScope
from app.models.types import Kind
from app.permissions import Permission, reaches, widest
from app.services import roles as role_service
from app.services.roles import Matrix


class Outcome(Kind):
    """What a change does to one person."""

    GAINED = "gained", _l("Gain it")
    LOST = "lost", _l("Lose it")
    WIDER = "wider", _l("Reach further")
    NARROWER = "narrower", _l("Reach less far")
    SAME = "same", _l("No difference, because of another role")


@dataclass(frozen=True)
class Change:
    """One change of one role.

    Args:
        role: whose.
        permission: what it grants or no longer grants; None if it is the reach that changes.
        granted: whether it grants the permission from now on.
        before: the reach before, as far as it is the reach that changes.
        after: the reach after.
        people: the active employees with the role, by what it does to them, by name.
    """

    role: Role
    permission: Permission | None
    granted: bool
    before: RowScope
    after: RowScope
    people: dict[Outcome, list[Employee]]


@dataclass(frozen=True)
class Plan:
    """What somebody is about to do to the roles; the fingerprint says whether it is still that."""

    changes: list[Change]
    fingerprint: str


def plan(session: Session, roles: Sequence[Role], wanted: Matrix) -> Plan:
    """Work out what becomes of whom. Nothing is changed.

    Raises:
        ConflictError: nobody would be left to administer.
    """
    role_service.check_someone_would_administer(session, wanted)
    before = role_service.matrix_of(roles)
    changed = [role for role in roles if wanted[role.id] != before[role.id]]
    concerned = _holders(session, changed)
    reach = {person.id: (_reach(person.roles, before), _reach(person.roles, wanted)) for person in concerned}
    changes = [change for role in changed for change in _changes_of(role, before, wanted, concerned, reach)]
    told = [(change.role.id, str(change.permission), [(outcome.value, [person.id for person in people])
                                                      for outcome, people in change.people.items()])
            for change in changes]
    return Plan(changes, role_service.fingerprint(roles, sorted((key, value.scope.value, sorted(value.codes))
                                                                for key, value in wanted.items()), told))


def carry_out(session: Session, wanted: Matrix, shown: str) -> Plan:
    """Change the roles as somebody was shown.

    Args:
        session: where to write.
        wanted: the rights of every role.
        shown: the fingerprint of the plan he agreed to.

    Raises:
        ConflictError: roles, or who has them, were changed meanwhile; or nobody would be left to administer.
    """
    roles = role_service.lock(session)
    check_not_stale({role.id for role in roles} == set(wanted))
    found = plan(session, roles, wanted)
    check_not_stale(found.fingerprint == shown)
    role_service.apply(session, roles, wanted)
    return found


def check_not_stale(fresh: bool) -> None:
    """What somebody was shown is still what there is.

    Raises:
        ConflictError: it is not.
    """
    if not fresh:
        raise ConflictError(_l("Roles were changed meanwhile, so nothing was saved. This is how they stand now."))


def _holders(session: Session, roles: Iterable[Role]) -> list[Employee]:
    """The active employees who have any of the roles, with all their roles, by name."""
    ids = [role.id for role in roles]
    return list(session.scalars(
        select(Employee).where(Employee.active, Employee.roles.any(Role.id.in_(ids)))
        .options(selectinload(Employee.roles)).order_by(Employee.name, Employee.id)
        .execution_options(populate_existing=True)))


_Reach = dict[str, RowScope]


def _reach(roles: Iterable[Role], rights: Matrix) -> _Reach:
    """How far each permission reaches for somebody with these roles."""
    scopes: dict[str, list[RowScope]] = {}
    for role in (each for each in roles if each.id in rights):
        for code in rights[role.id].codes:
            scopes.setdefault(code, []).append(rights[role.id].scope)
    return {code: reach for code, found in scopes.items() if (reach := widest(found)) is not None}


def _changes_of(role: Role, before: Matrix, wanted: Matrix, concerned: Sequence[Employee],
                reach: dict[int, tuple[_Reach, _Reach]]) -> list[Change]:
    """The changes of one role: its reach first, then its permissions in their order."""
    old, new = before[role.id], wanted[role.id]
    people = [person for person in concerned if role in person.roles]

    def change(permission: Permission | None, codes: Collection[str], *, more: bool) -> Change:
        found: dict[Outcome, list[Employee]] = {}
        for person in people if codes else ():
            found.setdefault(_outcome(codes, *reach[person.id], more=more), []).append(person)
        return Change(role, permission, more, old.scope, new.scope, {each: found[each] for each in Outcome
                                                                     if each in found})

    changes = []
    if old.scope != new.scope:
        changes.append(change(None, old.codes & new.codes, more=reaches(new.scope, old.scope)))
    changes += [change(permission, [permission.value], more=permission.value in new.codes)
                for permission in Permission if permission.value in old.codes ^ new.codes]
    return changes


def _outcome(codes: Collection[str], before: _Reach, after: _Reach, *, more: bool) -> Outcome:
    """What becomes of these permissions of one person, looking for more of them or for less."""
    pairs = [(before.get(code), after.get(code)) for code in codes]
    if more and any(old is None and new is not None for old, new in pairs):
        return Outcome.GAINED
    if not more and any(old is not None and new is None for old, new in pairs):
        return Outcome.LOST
    moved = [(old, new) for old, new in pairs if old is not None and new is not None and old != new]
    if any(reaches(new, old) is more for old, new in moved):
        return Outcome.WIDER if more else Outcome.NARROWER
    return Outcome.SAME
