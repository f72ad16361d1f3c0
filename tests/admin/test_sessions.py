"""The screen of sessions: who is logged in, and ending it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import AuditAction, AuditEntry, Employee, LoginSession, Role
from app.models.choices import RowScope
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

CLASSES = ("campus.read", "course.read", "courseclass.read")


@pytest.fixture
def ids(session, login):
    """三江 and 暴雨 are logged in."""
    login("sanjiang")
    login("baoyu")
    return list(session.scalars(select(LoginSession.id).order_by(LoginSession.id)))


def revoke(browser, *ids):
    return browser.submit("/admin/session/action/", {"action": "revoke", "rowid": list(ids)})


def number_ended(session) -> int:
    session.rollback()
    return len(session.scalars(select(LoginSession).where(LoginSession.ended_at.is_not(None))).all())


def test_shows_who_is_logged_in_and_of_one_person_when_asked(login, ids, school):
    admin = login("admin")
    everyone = admin.get("/admin/session/").text
    assert "三江" in everyone
    assert "暴雨" in everyone
    one = admin.get(f"/admin/session/?employee={school.baoyu.id}").text
    assert "三江" not in one
    assert "暴雨" in one
    assert f"/admin/session/?employee={school.baoyu.id}" in admin.get(
        f"/admin/employee/details/?id={school.baoyu.id}").text
    assert admin.get("/admin/session/?employee=x").status_code == 404


def test_tells_the_live_from_the_dead(login, ids, session, clock):
    clock.advance(hours=3)
    admin = login("admin")
    assert "三江" not in admin.get("/admin/session/?flt0_0=1").text
    assert "三江" in admin.get("/admin/session/?flt0_0=0").text


def test_shows_no_token(login, ids, session):
    hashes = session.scalars(select(LoginSession.token_hash)).all()
    page = login("admin").get("/admin/session/").text
    assert not [each for each in hashes if each in page]


def test_ends_the_ticked_ones(login, ids, session):
    assert revoke(login("admin"), *ids).status_code == 302
    assert number_ended(session) == 2


def test_is_for_admins_and_to_look_at_for_auditors(login, ids, session):
    for username, status in (("manager", 403), ("sanjiang", 403), ("tutor", 403), ("auditor", 200)):
        browser = login(username)
        assert browser.get("/admin/session/").status_code == status
        revoke(browser, *ids)
    assert number_ended(session) == 0


def test_reaches_as_far_as_the_role(login, ids, school, session):
    role = school.roles["manager"]
    role.permission_codes = [*role.permission_codes, "session.read", "session.revoke"]
    role.scope = RowScope.DEPARTMENT
    school.manager.department = school.departments[1001]  # 三江's, and not 暴雨's
    session.commit()
    manager = login("manager")
    page = manager.get("/admin/session/").text
    assert "三江" in page
    assert "暴雨" not in page
    revoke(manager, *ids)
    assert number_ended(session) == 1


def test_who_may_only_look_ends_nothing(login, ids, school, session):
    role = school.roles["manager"]
    role.permission_codes = [*role.permission_codes, "session.read"]
    session.commit()
    manager = login("manager")
    assert manager.get("/admin/session/").status_code == 200
    revoke(manager, *ids)
    assert number_ended(session) == 0


def test_nobody_logs_out_who_may_more_than_he(login, ids, make_employee, school, session):
    """All the ticked, or none; and the attempt is recorded."""
    guard = Role(name="门卫", scope=RowScope.ALL, permission_codes=["session.read", "session.revoke", *CLASSES])
    person = make_employee("何蕊", department=1007, username="herui")
    person.roles = [guard]
    session.commit()
    herui = login("herui")
    for username in ("admin", "tutor"):
        login(username)
    of = dict(session.execute(select(Employee.username, LoginSession.id).join(LoginSession.employee)).all())
    session.rollback()
    for ticked in (["admin"], ["tutor", "admin"], ["sanjiang"]):
        assert revoke(herui, *(of[username] for username in ticked)).status_code == 403
    assert number_ended(session) == 0
    assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.REFUSED)).all()) == 3
    session.rollback()
    assert revoke(herui, of["tutor"]).status_code == 302
    assert number_ended(session) == 1
    assert revoke(login("admin"), of["herui"], of["sanjiang"]).status_code == 302
    assert number_ended(session) == 3


def test_has_no_way_to_make_change_delete_or_export_one(login, ids):
    admin = login("admin")
    for path in ("new/", f"edit/?id={ids[0]}", "export/csv/"):
        assert admin.get(f"/admin/session/{path}").status_code in (403, 404)
    assert admin.submit("/admin/session/delete/", {"id": ids[0]}).status_code == 403
