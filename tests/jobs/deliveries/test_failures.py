"""What cannot be sent: tried again or given up, noted, and no reason to keep others waiting."""

from __future__ import annotations

import datetime as dt
import socket

import pytest

from app import notice_words
from app.models.choices import DeliveryChannel, DeliveryProblem, DeliveryState
from app.services import deliveries
from config import CHANNELS
from tests.jobs.deliveries.channels import KEY, MAIL, WECOM, refuse


class TestWhatCannotBeSent:
    def test_is_given_up_after_the_last_attempt(self, uses, tell, deliver, clock, web, log):
        uses(WECOM)
        tell()
        refuse(WECOM, web, None, times=100)
        pauses = [dt.timedelta(minutes=minutes) for minutes in (2, 8, 32, 128, 512)]
        for pause in pauses:
            assert deliver() == (0, 1)
            clock.advance(seconds=pause.total_seconds() - 1)
            assert deliver() == (0, 0)
            clock.advance(seconds=1)
        assert deliver() == (0, 1)
        (row,) = log()
        assert (row.state, row.attempts, row.answer) == (DeliveryState.GIVEN_UP, deliveries.MOST_ATTEMPTS, "500")
        clock.advance(days=30)
        assert deliver() == (0, 0)
        assert len(web.messages) == deliveries.MOST_ATTEMPTS

    @pytest.mark.parametrize("said", [{"errcode": 93000, "errmsg": f"invalid webhook url {KEY}"}, "<html>log in</html>",
                                      [], {"ok": True}])
    def test_says_so_though_the_other_side_answers_200(self, said, uses, tell, deliver, web, log):
        uses(WECOM)
        tell()
        web.answers.append((200, said))
        assert deliver() == (0, 1)
        (row,) = log()
        assert row.problem is DeliveryProblem.REFUSED
        assert row.answer in ("93000", "200")

    def test_is_no_reason_to_keep_the_others_waiting(self, uses, tell, deliver, web, school):
        uses(WECOM)
        uses(WECOM, who=school.baoyu)
        tell("龙泰")
        tell("虎山", who=school.baoyu)
        refuse(WECOM, web, None)
        assert deliver() == (1, 1)

    def test_for_lack_of_words_keeps_nobody_waiting(self, uses, tell, deliver, school, monkeypatch, log):
        uses(WECOM)
        uses(WECOM, who=school.baoyu)
        tell("龙泰")
        tell("虎山", who=school.baoyu)
        monkeypatch.setattr(notice_words, "sentence", lambda notice: {"虎山": "虎山"}[notice.customer.name])
        assert deliver() == (1, 1)
        assert [row.problem for row in log()] == [DeliveryProblem.ERROR, None]

    @pytest.mark.parametrize("channel", DeliveryChannel, ids=lambda channel: channel.value)
    def test_because_nobody_answers_is_noted_without_a_key(self, channel, uses, tell, deliver, log, app, caplog):
        with socket.socket() as nobody:  # bound, and not listening
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={
                "smtp_url": url.replace("http", "smtp"), **{f"{name}_url": url for name in CHANNELS[1:]}})
            uses(channel)
            tell()
            assert deliver() == (0, 1)
        (row,) = log()
        assert (row.problem, row.answer) == (DeliveryProblem.NO_ANSWER, None)
        assert KEY not in caplog.text
        assert "hush" not in caplog.text

    def test_for_lack_of_an_address_is_given_up_at_once(self, uses, tell, deliver, school, session, log):
        uses(MAIL)
        tell()
        school.sanjiang.email = None
        assert deliver() == (0, 1)
        (row,) = log()
        assert (row.state, row.problem) == (DeliveryState.GIVEN_UP, DeliveryProblem.NO_ADDRESS)

    def test_to_somebody_who_left_is_not_tried(self, uses, tell, deliver, school, web, log, clock):
        uses(WECOM)
        tell()
        refuse(WECOM, web, None)
        deliver()
        school.sanjiang.active = False
        clock.advance(hours=1)
        assert deliver() == (0, 0)
        assert [row.state for row in log()] == [DeliveryState.CANCELLED]

    def test_for_two_days_stays_in_the_panel(self, uses, tell, deliver, clock):
        uses(WECOM)
        tell()
        clock.advance(days=2, seconds=1)
        assert deliver() == (0, 0)

    def test_is_sent_again_when_somebody_says_so(self, uses, tell, deliver, session, clock, web, log):
        uses(WECOM)
        tell()
        refuse(WECOM, web, None)
        deliver()
        assert deliveries.again(session, [row.id for row in log()], now=clock.now()) == 1
        assert deliver() == (1, 0)
        assert deliveries.again(session, [row.id for row in log()], now=clock.now()) == 0  # what was sent stays so


def test_the_log_is_kept_for_ninety_days(uses, tell, deliver, session, clock, log):
    uses(WECOM)
    tell()
    deliver()
    clock.advance(days=89)
    assert deliveries.purge(session, now=clock.now()) == 0
    clock.advance(days=1)
    assert deliveries.purge(session, now=clock.now()) == 1
    session.commit()
    assert log() == []
