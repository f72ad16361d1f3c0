"""What somebody chose, and what he has read by then, decides what is sent."""

from __future__ import annotations

import datetime as dt

from app.models.choices import DeliveryState, NoticeKind
from app.services import notice_preferences, notices
from tests.jobs.deliveries.channels import FEISHU, MAIL, WECOM, refuse, text_of


class TestWhatSomebodyChose:
    def test_decides_what_comes_by_which_channel(self, uses, tell, deliver, post, web):
        uses(MAIL, kinds=[NoticeKind.REMINDER])
        uses(WECOM, kinds=[NoticeKind.LOST])
        tell("龙泰", kind=NoticeKind.REMINDER)
        tell("虎山", kind=NoticeKind.LOST)
        tell("凤鸣", kind=NoticeKind.GAINED)
        assert deliver() == (2, 0)
        assert "龙泰" in post.mails[0].get_payload(decode=True).decode()
        assert "虎山" in text_of(*web.messages)

    def test_can_be_a_digest_at_an_hour(self, uses, tell, deliver, came, clock):
        uses(FEISHU, digest_at=dt.time(18, 30))
        clock.set("2026-03-02 18:31")
        tell("龙泰")
        deliver()
        for at in ("2026-03-02 23:59", "2026-03-03 09:00", "2026-03-03 18:29"):
            clock.set(at)
            tell(at[-5:])
            assert deliver() == (0, 0)
        clock.set("2026-03-03 18:30")
        assert deliver() == (1, 0)
        (said,) = came()
        assert "4 notices" in said
        assert "龙泰" in said

    def test_counts_for_what_waits_too(self, uses, tell, deliver, clock):
        uses(WECOM, digest_at=dt.time(18, 30))
        tell()
        assert deliver() == (0, 0)
        uses(WECOM)
        assert deliver() == (1, 0)

    def test_does_not_reach_back(self, uses, tell, deliver, clock):
        tell()
        clock.advance(minutes=1)
        uses(WECOM)
        assert deliver() == (0, 0)

    def test_to_stop_stops_what_waits(self, uses, tell, deliver, session, school, log, web, clock):
        uses(WECOM)
        tell()
        refuse(WECOM, web, None)
        deliver()
        notice_preferences.stop(session, school.sanjiang.id, WECOM)
        clock.advance(hours=1)
        assert deliver() == (0, 0)
        assert [row.state for row in log()] == [DeliveryState.CANCELLED]

    def test_is_bound_by_what_the_school_offers(self, uses, tell, deliver, app, log):
        uses(WECOM)
        app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"notice_channels": ("mail",)})
        tell()
        assert deliver() == (0, 0)
        assert log() == []


class TestWhatWasRead:
    def test_in_the_panel_is_not_sent(self, uses, tell, deliver, session, school, clock, quiet, log, came):
        uses(WECOM)
        quiet(9, 10)
        tell("龙泰")
        deliver()
        notices.mark_read(session, school.sanjiang.id, now=clock.now())
        clock.advance(hours=2)
        assert deliver() == (0, 0)
        assert [row.state for row in log()] == [DeliveryState.READ]
        assert came() == []

    def test_by_then_is_left_out_of_the_message(self, uses, tell, deliver, session, school, clock, quiet, came):
        uses(WECOM)
        quiet(9, 10)
        tell("龙泰")
        notices_read = notices.mark_read(session, school.sanjiang.id, now=clock.now())
        tell("虎山")
        deliver()
        clock.advance(hours=2)
        assert (notices_read, deliver()) == (1, (1, 0))
        assert "龙泰" not in came()[0]
