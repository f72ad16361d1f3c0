"""Admins at the same moment: one matrix wins, and they never lock everyone out between them."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from app.errors import ConflictError, DomainError
from app.models import Employee, Role
from app.permissions import Permission
from app.services import employees, logins, role_changes, roles
from app.services.roles import Rights
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases

pytestmark = pytest.mark.race

ROUNDS = 10


@pytest.fixture
def two_admins(arena):
    """The ids of two employees who may both administer, and nobody else."""
    arena.open(1)
    with arena.session() as session:
        admins = session.scalars(select(Employee).where(Employee.username.in_(["admin", "manager"]))).all()
        role = session.scalars(select(Role).where(Role.code == "admin")).one()
        for admin in admins:
            admin.roles = [role]
        session.commit()
        return [admin.id for admin in admins]


def administrators(arena) -> int:
    with arena.session() as session:
        return len(session.scalars(select(Employee.id).where(
            Employee.active, Employee.one_time_until.is_(None), Employee.roles.any(Role.code == "admin"))).all())


def promote_again(arena, ids) -> None:
    with arena.session() as session:
        role = session.scalars(select(Role).where(Role.code == "admin")).one()
        for admin in session.scalars(select(Employee).where(Employee.id.in_(ids))):
            admin.roles, admin.active, admin.one_time_until = [role], True, None
        session.commit()


def demote(arena, actor_id: int, other_id: int, *, how: str) -> bool:
    """What the panel does when one admin takes the other's rights away."""
    with arena.session() as session:
        actor, other = session.get(Employee, actor_id), session.get(Employee, other_id)
        if actor is None or other is None:
            return False
        tutor = session.scalars(select(Role).where(Role.code == "tutor")).one()
        try:
            if how == "delete":
                employees.delete(session, actor, other)
            elif how == "give a one-time password":
                employees.begin_change(session, actor, other, roles=other.roles, department=other.department)
                logins.hand_out_one_time_password(session, other, now=arena.clock.now())
                session.flush()
                roles.check_someone_administers(session)
            else:
                wanted = other.roles if how == "deactivate" else [tutor]
                employees.begin_change(session, actor, other, roles=wanted, department=other.department)
                other.roles, other.active = list(wanted), how != "deactivate"
                session.flush()
                roles.check_someone_administers(session)
            session.commit()
            return True
        except DomainError:
            session.rollback()
            return False


@on_both_databases
@pytest.mark.parametrize("how", ["demote", "deactivate", "give a one-time password"])
def test_of_two_who_demote_each_other_exactly_one_succeeds(arena, two_admins, how):
    first, second = two_admins
    for _ in range(ROUNDS):
        done = all_at_once([lambda: demote(arena, first, second, how=how),
                            lambda: demote(arena, second, first, how=how)])
        assert sorted(done) == [False, True]
        assert administrators(arena) == 1
        promote_again(arena, two_admins)


@on_both_databases
def test_of_two_who_delete_each_other_exactly_one_succeeds(arena, two_admins):
    first, second = two_admins
    done = all_at_once([lambda: demote(arena, first, second, how="delete"),
                        lambda: demote(arena, second, first, how="delete")])
    assert sorted(done) == [False, True]
    assert administrators(arena) == 1


@on_both_databases
def test_one_takes_it_from_the_role_and_the_other_from_the_person(arena, two_admins):
    """Whichever comes second is refused: what is left permits one of them everything."""
    first, second = two_admins
    with arena.session() as session:
        codes = [permission.value for permission in Permission]
        session.add(Role(name="另一", permission_codes=codes))
        session.flush()
        session.get_one(Employee, first).roles = [session.scalars(select(Role).where(Role.name == "另一")).one()]
        session.commit()
        everyone = roles.everyone(session)
        wanted = roles.matrix_of(everyone)
        built_in = next(role.id for role in everyone if role.code == "admin")
        wanted[built_in] = Rights(wanted[built_in].scope, frozenset())
        shown = role_changes.plan(session, everyone, wanted).fingerprint

    def empty_the_role() -> bool:
        with arena.session() as session:
            try:
                role_changes.carry_out(session, wanted, shown)
                session.commit()
                return True
            except ConflictError:
                session.rollback()
                return False

    done = all_at_once([empty_the_role, lambda: demote(arena, second, first, how="demote")])
    assert sorted(done) == [False, True]
    with arena.session() as session:
        roles.check_someone_administers(session)


@on_both_databases
def test_of_two_matrices_one_wins(arena):
    arena.open(1)
    with arena.session() as session:
        consultant = session.scalars(select(Role.id).where(Role.code == "consultant")).one()

    def save(codes: frozenset[str], gate: threading.Barrier) -> bool:
        with arena.session() as session:
            found = roles.everyone(session)
            wanted = roles.matrix_of(found)
            wanted[consultant] = Rights(wanted[consultant].scope, codes)
            shown = role_changes.plan(session, found, wanted).fingerprint
            session.rollback()
            gate.wait(60)
            try:
                role_changes.carry_out(session, wanted, shown)
                session.commit()
                return True
            except ConflictError:
                session.rollback()
                return False

    for number in range(ROUNDS):
        first = {Permission.COURSE_READ.value, list(Permission)[number].value}
        wishes = [frozenset(first | {Permission.JOBS_READ.value}), frozenset(first | {Permission.JOBS_RUN.value})]
        gate = threading.Barrier(2)
        done = all_at_once([lambda codes=codes, gate=gate: save(codes, gate) for codes in wishes])
        assert sorted(done) == [False, True]
        with arena.session() as session:
            stored = roles.matrix_of(roles.everyone(session))[consultant].codes
            assert stored == wishes[done.index(True)]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_without_the_lock_they_lock_everyone_out(arena, two_admins, monkeypatch):
    """The negative control: the same race, each looking before the other has committed.

    On SQLite a transaction that writes is alone from its first statement on, lock or no lock.
    """
    looked = threading.Barrier(2)
    first, second = two_admins
    check = roles.check_someone_administers

    def look_and_wait(session, field=None):
        check(session, field)
        looked.wait(60)

    monkeypatch.setattr(roles, "lock", roles.everyone)
    monkeypatch.setattr(roles, "check_someone_administers", look_and_wait)
    done = all_at_once([lambda: demote(arena, first, second, how="demote"),
                        lambda: demote(arena, second, first, how="demote")])
    assert done == [True, True]
    assert administrators(arena) == 0
