"""Login sessions: what begins, keeps and ends them."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from sqlalchemy import select

from app.models import LoginSession
from app.models.choices import SessionEnd
from app.services import sessions
from app.services.school_settings import SchoolSettings
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

SETTINGS = SchoolSettings(session_idle_minutes=30, session_hours=8)


@pytest.fixture
def begin(session, clock):
    """`begin(school.sanjiang)` logs him in somewhere and gives the session and its token."""
    def begin(employee, address="192.0.2.7"):
        login = sessions.begin(session, employee, now=clock.now(), address=address, user_agent="Firefox, Linux")
        session.commit()
        return login, employee.session_token

    return begin


class TestBeginning:
    def test_gives_a_new_token_each_time_and_keeps_none(self, begin, school):
        (one, first), (other, second) = begin(school.sanjiang), begin(school.sanjiang)
        assert first != second
        assert len(first) >= 43  # 256 bits
        assert one.token_hash == hashlib.sha256(first.encode()).hexdigest()
        assert second not in repr(vars(other))

    def test_keeps_where_and_when(self, begin, school, clock):
        login, _ = begin(school.sanjiang)
        assert (login.address, login.user_agent) == ("192.0.2.7", "Firefox, Linux")
        assert login.created_at == login.last_seen_at == clock.now()


class TestFinding:
    def test_takes_one_query_with_all_that_is_permitted(self, begin, session, school, count_queries):
        login_id, token = begin(school.sanjiang)[0].id, school.sanjiang.session_token
        session.expunge_all()
        with count_queries() as queries:
            found = sessions.of_token(session, token)
            assert found.id == login_id
            assert any(role.permission_codes for role in found.employee.roles)
            assert found.employee.department.title
        assert queries.count == 1, queries

    def test_needs_the_token_and_not_its_hash(self, begin, session, school):
        login, token = begin(school.sanjiang)
        assert sessions.of_token(session, token) is login
        for wrong in ("", token[:-1], login.token_hash, "龙"):
            assert sessions.of_token(session, wrong) is None


class TestLife:
    def test_ends_when_nobody_used_it_for_so_many_minutes(self, begin, school, clock):
        login, _ = begin(school.sanjiang)
        clock.advance(minutes=29, seconds=59)
        assert sessions.dead_as(login, now=clock.now(), settings=SETTINGS) is None
        clock.advance(seconds=1)
        assert sessions.dead_as(login, now=clock.now(), settings=SETTINGS) is SessionEnd.IDLE

    def test_ends_after_so_many_hours_however_much_it_is_used(self, begin, school, clock, session):
        login, _ = begin(school.sanjiang)
        for _hour in range(8 * 3):
            assert sessions.dead_as(login, now=clock.now(), settings=SETTINGS) is None
            clock.advance(minutes=20)
            sessions.touch(session, login.id, now=clock.now())
            session.commit()
        assert sessions.dead_as(login, now=clock.now(), settings=SETTINGS) is SessionEnd.EXPIRED

    def test_ends_with_the_account(self, begin, school, clock):
        login, _ = begin(school.sanjiang)
        school.sanjiang.active = False
        assert sessions.dead_as(login, now=clock.now(), settings=SETTINGS) is SessionEnd.DEACTIVATED

    def test_is_touched_once_a_minute(self, begin, school, clock):
        login, _ = begin(school.sanjiang)
        clock.advance(seconds=59)
        assert not sessions.is_touch_due(login, now=clock.now())
        clock.advance(seconds=1)
        assert sessions.is_touch_due(login, now=clock.now())

    def test_is_not_touched_back_to_life(self, begin, school, clock, session):
        login, _ = begin(school.sanjiang)
        sessions.end(login, SessionEnd.REVOKED, now=clock.now())
        session.commit()
        clock.advance(minutes=5)
        sessions.touch(session, login.id, now=clock.now())
        session.commit()
        assert login.last_seen_at < clock.now()


class TestEnding:
    def test_is_for_good_and_keeps_its_first_reason(self, begin, school, clock):
        login, _ = begin(school.sanjiang)
        sessions.end(login, SessionEnd.LOGGED_OUT, now=clock.now())
        ended_at = login.ended_at
        clock.advance(minutes=1)
        sessions.end(login, SessionEnd.REVOKED, now=clock.now())
        assert (login.ended_as, login.ended_at) == (SessionEnd.LOGGED_OUT, ended_at)
        assert sessions.dead_as(login, now=clock.now(), settings=SETTINGS) is SessionEnd.LOGGED_OUT

    def test_of_all_spares_the_one_named_and_other_people(self, begin, school, clock, session):
        mine, other = begin(school.sanjiang)[0], begin(school.sanjiang)[0]
        hers = begin(school.baoyu)[0]
        assert sessions.end_all(session, school.sanjiang, SessionEnd.REVOKED, now=clock.now(), but=mine) == 1
        session.commit()
        assert [login.ended_as for login in (mine, other, hers)] == [None, SessionEnd.REVOKED, None]
        assert sessions.end_all(session, school.sanjiang, SessionEnd.ROLES_CHANGED, now=clock.now()) == 1
        assert other.ended_as is SessionEnd.REVOKED

    def test_by_itself_is_written_down(self, begin, school, clock, session):
        expired = begin(school.sanjiang)[0]
        clock.advance(hours=7, minutes=50)
        sessions.touch(session, expired.id, now=clock.now())
        idle = begin(school.sanjiang)[0]
        clock.advance(minutes=31)
        alive = begin(school.sanjiang)[0]
        assert sessions.end_overdue(session, now=clock.now(), settings=SETTINGS) == 2
        session.commit()
        assert [login.ended_as for login in (expired, idle, alive)] == [SessionEnd.EXPIRED, SessionEnd.IDLE, None]
        assert sessions.end_overdue(session, now=clock.now(), settings=SETTINGS) == 0

    def test_is_forgotten_in_the_end(self, begin, school, clock, session):
        ended, alive = begin(school.sanjiang)[0], begin(school.sanjiang)[0]
        sessions.end(ended, SessionEnd.LOGGED_OUT, now=clock.now())
        session.commit()
        alive_id = alive.id
        assert sessions.purge(session, clock.now()) == 0
        assert sessions.purge(session, clock.now() + dt.timedelta(seconds=1)) == 1
        session.commit()
        assert session.scalars(select(LoginSession.id)).all() == [alive_id]


class TestTheList:
    def test_shows_what_lives_the_last_used_first(self, begin, school, clock, session):
        begin(school.sanjiang)
        clock.advance(minutes=40)
        older, newer = begin(school.sanjiang)[0], begin(school.sanjiang)[0]
        gone = begin(school.sanjiang)[0]
        sessions.end(gone, SessionEnd.REVOKED, now=clock.now())
        begin(school.baoyu)
        clock.advance(minutes=2)
        sessions.touch(session, older.id, now=clock.now())
        session.commit()
        assert list(sessions.live_of(session, school.sanjiang, now=clock.now(), settings=SETTINGS)) == [older, newer]
