"""Workers that are killed while they send, and several that send at once."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.jobs import deliveries as job
from app.models import NoticeDelivery
from app.models.choices import DeliveryChannel, DeliveryProblem, DeliveryState, NoticeKind
from app.services import deliveries, notices
from app.services.notices import News
from tests.jobs.deliveries.channels import MAIL, WECHAT, WECOM
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases


class Killed(BaseException):
    """The worker dies."""


class TestAWorkerThatIsKilledWhileItSends:
    @pytest.fixture
    def killed(self, monkeypatch, uses, tell, deliver):
        """It has sent 龙泰's notice, and could not note that any more."""
        def die(*_arguments, **_more):
            raise Killed

        def kill(channel):
            uses(channel)
            tell("龙泰")
            with monkeypatch.context() as patched:
                patched.setattr(deliveries, "settle", die)
                with pytest.raises(Killed):
                    deliver()
        return kill

    def test_keeps_others_from_sending_it_until_it_is_dead_for_certain(self, killed, deliver, clock):
        killed(WECOM)
        clock.advance(seconds=deliveries.LEASE.total_seconds() - 1)
        assert deliver() == (0, 0)

    def test_has_it_sent_once_more_and_never_again(self, killed, deliver, clock, came, log):
        killed(WECOM)
        assert [row.state for row in log()] == [DeliveryState.SENDING]
        clock.advance(seconds=deliveries.LEASE.total_seconds())
        assert deliver() == (1, 0)
        clock.advance(days=1)
        assert deliver() == (0, 0)
        assert len(came()) == 2
        (row,) = log()
        assert (row.state, row.attempts) == (DeliveryState.SENT, 2)

    def test_sends_what_can_be_known_for_the_same(self, killed, deliver, clock, web, post):
        killed(MAIL)
        clock.advance(seconds=deliveries.LEASE.total_seconds())
        deliver()
        first, second = post.mails
        assert first["Message-ID"] == second["Message-ID"]

    def test_and_so_does_wechat(self, killed, deliver, clock, web):
        killed(WECHAT)
        clock.advance(seconds=deliveries.LEASE.total_seconds())
        deliver()
        first, second = web.messages
        assert first.json["client_msg_id"] == second.json["client_msg_id"]

    def test_at_each_attempt_is_not_tried_for_ever(self, killed, deliver, clock, web, log, monkeypatch):
        monkeypatch.setattr(deliveries, "MOST_ATTEMPTS", 1)
        killed(WECOM)
        clock.advance(seconds=deliveries.LEASE.total_seconds())
        assert deliver() == (0, 0)
        (row,) = log()
        assert (row.state, row.problem) == (DeliveryState.GIVEN_UP, DeliveryProblem.INTERRUPTED)

    def test_and_lives_after_all_changes_nothing(self, killed, deliver, clock, session, log):
        killed(WECOM)
        clock.advance(seconds=deliveries.LEASE.total_seconds())
        deliver()
        (row,) = log()
        assert not deliveries.settle(session, row.id, 1, now=clock.now(), problem=DeliveryProblem.REFUSED)
        assert [row.state for row in log()] == [DeliveryState.SENT]


class TestTwoWorkers:
    pytestmark = [pytest.mark.race, on_both_databases]

    def at_once(self, app, workers=4):
        def run():
            with app.app_context():
                job.run()
        all_at_once([run] * workers)

    @pytest.fixture
    def waiting(self, session, school, clock, uses):
        """Everybody is told something."""
        staff = [school.sanjiang, school.baoyu, school.dasha, school.manager]
        for who in staff:
            uses(WECOM, who=who)
        notices.give(session, [News(who.id, NoticeKind.TEAM_WARNING, f"warning/{who.id}") for who in staff],
                     now=clock.now())
        session.commit()
        return len(staff)

    def test_send_each_message_once(self, app, waiting, web, log):
        self.at_once(app)
        assert len(web.messages) == waiting
        assert [row.state for row in log()] == [DeliveryState.SENT] * waiting

    def test_would_send_twice_if_they_looked_without_taking(self, app, waiting, web, log, monkeypatch):
        """The negative control: they see the same message before either of them takes it."""
        both = threading.Barrier(2)

        def look(session, now):
            session.rollback()
            with Session(db.engine) as reading:
                found = reading.scalar(select(NoticeDelivery.id).where(NoticeDelivery.next_attempt_at <= now)
                                       .order_by(NoticeDelivery.id).limit(1))
            with suppress(threading.BrokenBarrierError):
                both.wait(timeout=1)
            return session.get(NoticeDelivery, found) if found else None

        with app.app_context():
            deliveries.plan(db.session, now=job.current.now(), clock=job.current.clock(), offered=set(DeliveryChannel),
                            on_step=db.session.commit)
        monkeypatch.setattr(deliveries, "_next_due", look)
        self.at_once(app, workers=2)
        assert len(web.messages) > waiting
