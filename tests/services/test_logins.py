"""From a password to a session, and from one password to the next."""

from __future__ import annotations

import datetime as dt

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from app.errors import ConflictError, DomainError, NotAllowedError
from app.models import AuditAction, AuditEntry
from app.models.choices import SessionEnd
from app.services import logins, passwords, sessions
from tests.support.databases import on_both_databases
from tests.support.people import PASSWORD

pytestmark = on_both_databases

CHOSEN = "龙泰欠我三顿火锅和一碗小面"


@pytest.fixture
def enter(session, clock):
    def enter(employee, password=PASSWORD):
        entered = logins.enter(session, employee, password, now=clock.now(), address="192.0.2.7", user_agent="Firefox")
        session.commit()
        return sessions.of_token(session, entered.session_token)

    return enter


@pytest.fixture
def change(session, clock):
    def change(login, present, chosen):
        employee = logins.change_password(session, login, present, chosen, now=clock.now(), shortest=12)
        session.commit()
        return sessions.of_token(session, employee.session_token)

    return change


class TestEntering:
    def test_begins_a_session(self, enter, school, clock):
        login = enter(school.sanjiang)
        assert login.employee is school.sanjiang
        assert (login.address, login.user_agent, login.created_at) == ("192.0.2.7", "Firefox", clock.now())

    @pytest.mark.parametrize("change", [{"active": False}, {"password_hash": "another"}, {"password_hash": None}])
    def test_is_refused_when_the_account_changed_since_the_password_was_verified(self, enter, school, session, app,
                                                                               change):
        verified = school.sanjiang
        session.expunge(verified)
        session.execute(type(verified).__table__.update().values(change))
        session.commit()
        with pytest.raises(NotAllowedError):
            enter(verified)


class TestChanging:
    def test_ends_all_other_sessions_and_goes_on_under_a_new_token(self, enter, change, school):
        here, there = enter(school.sanjiang), enter(school.sanjiang)
        after = change(here, PASSWORD, CHOSEN)
        assert {here.ended_as, there.ended_as} == {SessionEnd.PASSWORD_CHANGED}
        assert after not in (here, there)
        assert after.ended_as is None
        assert passwords.verify(school.sanjiang, CHOSEN)

    def test_keeps_the_second_factor_that_was_given(self, enter, change, school, session, clock):
        here = enter(school.sanjiang)
        here.second_factor_at = clock.now()
        session.commit()
        assert change(here, PASSWORD, CHOSEN).second_factor_at == clock.now()

    @pytest.mark.parametrize(("present", "chosen", "field"), [
        ("not the password", CHOSEN, "present"), (None, CHOSEN, "present"), (PASSWORD, "short", "chosen"),
        (PASSWORD, "sanjiang2026", "chosen"), (PASSWORD, "password1234", "chosen")])
    def test_needs_the_present_one_and_a_good_one(self, enter, change, school, session, present, chosen, field):
        here = enter(school.sanjiang)
        with pytest.raises(DomainError) as refusal:
            change(here, present, chosen)
        session.rollback()
        assert refusal.value.field == field
        assert here.ended_as is None
        assert passwords.verify(school.sanjiang, PASSWORD)


class TestOneTimePasswords:
    def hand_out(self, session, employee, clock):
        password = logins.hand_out_one_time_password(session, employee, now=clock.now())
        session.commit()
        return password

    def test_end_all_sessions_and_the_old_password(self, enter, school, session, clock):
        login = enter(school.sanjiang)
        self.hand_out(session, school.sanjiang, clock)
        assert login.ended_as is SessionEnd.PASSWORD_CHANGED
        assert not passwords.verify(school.sanjiang, PASSWORD)

    def test_work_once(self, enter, school, session, clock):
        password = self.hand_out(session, school.sanjiang, clock)
        assert passwords.verify(school.sanjiang, password)
        enter(school.sanjiang, password)
        assert not passwords.verify(school.sanjiang, password)
        assert school.sanjiang.one_time_until is not None

    def test_work_for_a_week(self, enter, school, session, clock):
        password = self.hand_out(session, school.sanjiang, clock)
        clock.advance(days=7, seconds=-1)
        enter(school.sanjiang, password)
        password = self.hand_out(session, school.sanjiang, clock)
        clock.advance(days=7)
        with pytest.raises(DomainError):
            enter(school.sanjiang, password)

    def test_are_followed_by_one_of_ones_own_without_asking_for_the_present_one(self, enter, change, school, session,
                                                                             clock):
        login = enter(school.sanjiang, self.hand_out(session, school.sanjiang, clock))
        assert change(login, None, CHOSEN).ended_as is None
        assert school.sanjiang.one_time_until is None
        assert passwords.verify(school.sanjiang, CHOSEN)

    def test_are_not_for_whoever_cannot_log_in(self, school, session, clock):
        school.sanjiang.active = False
        with pytest.raises(ConflictError, match="cannot log in"):
            self.hand_out(session, school.sanjiang, clock)

    def test_are_stored_nowhere(self, school, session, clock):
        password = self.hand_out(session, school.sanjiang, clock)
        assert school.sanjiang.password_hash.startswith("$argon2id$")
        assert school.sanjiang.one_time_until == clock.now() + dt.timedelta(days=7)
        row = session.execute(type(school.sanjiang).__table__.select()).mappings().all()
        assert password not in str(row)


class TestTheAuditLog:
    def actions(self, session, employee):
        return [entry.action for entry in session.scalars(select(AuditEntry).where(
            AuditEntry.person_id == employee.id, AuditEntry.action != AuditAction.UPDATED,
            AuditEntry.action != AuditAction.CREATED).order_by(AuditEntry.id))]

    def test_tells_of_logins_changes_and_ends(self, enter, change, school, session, clock):
        login = change(enter(school.sanjiang), PASSWORD, CHOSEN)
        sessions.end(login, SessionEnd.LOGGED_OUT, now=clock.now())
        logins.hand_out_one_time_password(session, school.sanjiang, now=clock.now())
        logins.note_failure(session, "sanjiang")
        session.commit()
        assert self.actions(session, school.sanjiang) == [
            AuditAction.LOGGED_IN, AuditAction.PASSWORD_CHANGED, AuditAction.SESSION_ENDED, AuditAction.LOGGED_OUT,
            AuditAction.ONE_TIME_PASSWORD, AuditAction.LOGIN_FAILED]

    def test_has_what_a_login_writes_as_the_employees_own(self, enter, school, session, clock):
        password = logins.hand_out_one_time_password(session, school.sanjiang, now=clock.now())
        session.commit()
        last = session.scalar(select(func.max(AuditEntry.id)))
        enter(school.sanjiang, password)
        written = session.scalars(select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id)).all()
        assert {entry.action for entry in written} == {AuditAction.UPDATED, AuditAction.LOGGED_IN}
        assert {entry.actor_id for entry in written} == {school.sanjiang.id}
        school.baoyu.name = "another's"
        session.commit()
        assert session.scalars(select(AuditEntry.actor_id).order_by(AuditEntry.id.desc()).limit(1)).one() is None

    def test_keeps_no_name_that_is_nobodys(self, school, session):
        logins.note_failure(session, "my password, in the wrong field")
        session.commit()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == AuditAction.LOGIN_FAILED)).one()
        assert (entry.person_id, entry.facts, entry.row_id) == (None, None, None)


def test_a_hash_of_weaker_parameters_is_renewed_at_the_login(enter, school, session):
    school.sanjiang.password_hash = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    session.commit()
    before = school.sanjiang.password_hash
    enter(school.sanjiang)
    assert school.sanjiang.password_hash != before
    assert passwords.verify(school.sanjiang, PASSWORD)
