"""Notices leave the panel: by every channel, each once, again when that failed, and not in quiet hours."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.models import Notice
from app.models.choices import DeliveryChannel, DeliveryProblem, DeliveryState
from tests.jobs.deliveries.channels import FEISHU, WECOM, refuse


@pytest.mark.parametrize("channel", DeliveryChannel, ids=lambda channel: channel.value)
class TestEachChannel:
    def test_takes_a_notice_once(self, channel, uses, tell, deliver, came, log):
        uses(channel)
        tell("龙泰")
        assert deliver() == (1, 0)
        assert deliver() == (0, 0)
        (said,) = came()
        assert "龙泰" in said
        assert "Customer lost" in said
        (row,) = log()
        assert (row.state, row.channel, row.attempts, row.problem) == (DeliveryState.SENT, channel, 1, None)

    def test_is_tried_again_when_it_failed_and_not_before_it_is_time(self, channel, uses, tell, deliver, came, log,
                                                                      web, post, clock):
        uses(channel)
        tell("龙泰")
        refuse(channel, web, post)
        assert deliver() == (0, 1)
        (row,) = log()
        assert (row.state, row.problem) == (DeliveryState.RETRYING, DeliveryProblem.REFUSED)
        clock.advance(seconds=119)
        assert deliver() == (0, 0)
        clock.advance(seconds=1)
        assert deliver() == (1, 0)
        (row,) = log()
        assert (row.state, row.attempts, row.problem) == (DeliveryState.SENT, 2, None)
        assert "龙泰" in came()[-1]

    def test_is_silent_in_quiet_hours_and_tells_all_in_one_afterwards(self, channel, uses, tell, deliver, came, quiet,
                                                                      clock):
        uses(channel)
        quiet(22, 8)
        clock.set("2026-03-02 22:00")
        for name, hours in (("龙泰", 1), ("虎山", 2), ("凤鸣", 6)):
            tell(name)
            assert deliver() == (0, 0)
            clock.advance(hours=hours)
        clock.set("2026-03-03 07:59")
        assert deliver() == (0, 0)
        clock.set("2026-03-03 08:00")
        assert deliver() == (1, 0)
        (said,) = came()
        assert "3 notices" in said
        assert "龙泰" in said


def test_a_notice_is_in_one_message_by_a_channel_only(uses, tell, deliver, session, school):
    uses(WECOM)
    uses(FEISHU)
    tell()
    assert deliver() == (2, 0)
    assert len(session.scalars(select(Notice).where(Notice.employee_id == school.sanjiang.id)).all()) == 1
    assert deliver() == (0, 0)
