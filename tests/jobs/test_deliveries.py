"""Notices leave the panel: by every channel, each once, again when that failed, and not in quiet hours."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import socket
import threading
from contextlib import suppress
from email.header import decode_header, make_header

import pytest
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import notice_words
from app.extensions import db
from app.jobs import deliveries as job
from app.models import Notice, NoticeDelivery
from app.models.choices import DeliveryChannel, DeliveryProblem, DeliveryState, NoticeKind
from app.services import deliveries, notice_preferences, notices
from app.services.notice_preferences import Choice
from app.services.notices import News
from config import CHANNELS
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases
from tests.support.receivers import HTTPReceiver, MailReceiver, Request

KEY, SECRET = "0f8e7d6c5b4a3928", "SECa1b2c3d4e5f6"
BOTS = (DeliveryChannel.WECOM, DeliveryChannel.DINGTALK, DeliveryChannel.FEISHU)
MAIL, WECHAT, WECOM, DINGTALK, FEISHU = DeliveryChannel
REFUSED = {MAIL: "451 later", **dict.fromkeys((WECHAT, *BOTS), (500, "out of order"))}


@pytest.fixture
def web():
    with HTTPReceiver() as receiver:
        yield receiver


@pytest.fixture
def post():
    with MailReceiver() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def configured(app, web, post):
    """The school has all channels, and they lead to the receivers."""
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = before.model_copy(update={
        "smtp_url": post.url, "mail_from": "crm@school.example", "wechat_app_id": "wx1", "wechat_app_secret": "hush",
        "wechat_template_id": "template-1", "wechat_url": web.url, "wecom_url": web.url, "dingtalk_url": web.url,
        "feishu_url": web.url})
    yield
    app.config["SETTINGS"] = before


@pytest.fixture
def uses(session, school, clock, app):
    """Somebody chooses a channel; 三江 unless told otherwise, everything, at once."""
    def choose(channel, *, kinds=tuple(NoticeKind), digest_at=None, who=school.sanjiang, secret=""):
        who.email, who.openid, who.locale = f"{who.username}@school.example", f"openid-of-{who.username}", "en"
        key = KEY if channel in BOTS else ""
        notice_preferences.choose(session, who, channel, Choice(kinds, digest_at, key, secret), now=clock.now(),
                                  secret_key=app.secret_key)
        session.commit()
    return choose


@pytest.fixture
def quiet(session, school):
    def keep(begins, ends):
        notice_preferences.keep_quiet(session, school.sanjiang.id, dt.time(begins), dt.time(ends))
        session.commit()
    return keep


@pytest.fixture
def tell(session, school, clock, make_customer):
    """Somebody is told that he lost a customer of a name; 三江 unless told otherwise."""
    def give(name="龙泰", *, kind=NoticeKind.LOST, who=school.sanjiang):
        customer = make_customer(name, holder=school.dasha)  # who is told so, and uses nothing
        notices.give(session, [News(who.id, kind, f"{kind.value}/{customer.id}/{who.id}", customer.id)],
                     now=clock.now())
        session.commit()
    return give


@pytest.fixture
def deliver(app, session):
    """The job runs; how many messages were sent, and how many not."""
    def run():
        session.commit()
        with app.app_context():
            counts = job.run()
        session.expire_all()
        return counts["sent"], counts["failed"]
    return run


@pytest.fixture
def came(web, post):
    """What has come, as text, whatever way it came."""
    def read():
        mails = [f"{make_header(decode_header(mail['Subject']))}\n{mail.get_payload(decode=True).decode()}"
                 for mail in post.mails]
        return mails + [text_of(request) for request in web.messages]
    return read


@pytest.fixture
def log(session):
    def read():
        session.rollback()
        session.expire_all()
        return list(session.scalars(select(NoticeDelivery).order_by(NoticeDelivery.id)))
    return read


def text_of(request: Request) -> str:
    said = request.json
    if "data" in said:
        return "\n".join(each["value"] for each in said["data"].values())
    return str((said.get("text") or said["content"]).get("content") or said["content"]["text"])


def refuse(channel, web, post, times=1):
    (post.refusals if channel is MAIL else web.answers).extend([REFUSED[channel]] * times)


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


def signature(timestamp: str) -> str:
    """What DingTalk compares: base64 of the HMAC-SHA256 of the milliseconds and the secret, by the secret."""
    digest = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), "sha256").digest()
    return base64.b64encode(digest).decode()


class TestWhatIsSent:
    """To the addresses, in the fields and with the signatures the other sides document."""

    def test_to_wecom(self, uses, tell, deliver, web):
        uses(WECOM)
        tell()
        deliver()
        (request,) = web.requests
        assert (request.path, request.query) == ("/cgi-bin/webhook/send", {"key": KEY})
        assert request.json["msgtype"] == "text"

    def test_to_dingtalk_signed_if_there_is_a_secret(self, uses, tell, deliver, web):
        uses(DINGTALK, secret=SECRET)
        tell()
        deliver()
        (request,) = web.requests
        assert request.path == "/robot/send"
        assert request.query.keys() == {"access_token", "timestamp", "sign"}
        assert request.query["access_token"] == KEY
        assert request.query["sign"] == signature(request.query["timestamp"])

    def test_to_feishu(self, uses, tell, deliver, web):
        uses(FEISHU)
        tell()
        deliver()
        (request,) = web.requests
        assert request.path.rstrip("/") == f"/open-apis/bot/v2/hook/{KEY}"
        assert request.json["msg_type"] == "text"

    def test_to_wechat_as_a_template_message_to_the_openid(self, uses, tell, deliver, web, school):
        uses(WECHAT)
        uses(WECHAT, who=school.baoyu)
        tell()
        tell("虎山", who=school.baoyu)
        assert deliver() == (2, 0)
        token, *messages = web.requests  # which is asked for once
        assert token.json == {"grant_type": "client_credential", "appid": "wx1", "secret": "hush"}
        assert [each.query for each in messages] == [{"access_token": "token-of-the-school"}] * 2
        assert [(each.json["touser"], each.json["template_id"]) for each in messages] == [
            ("openid-of-sanjiang", "template-1"), ("openid-of-baoyu", "template-1")]
        assert all(len(field["value"]) <= 20 for each in messages for field in each.json["data"].values())

    def test_by_mail_from_the_school_to_the_address_it_knows(self, uses, tell, deliver, post):
        uses(MAIL)
        tell()
        deliver()
        (mail,) = post.mails
        assert "crm@school.example" in mail["From"]
        assert "sanjiang@school.example" in mail["To"]
        assert len(mail.get_all("Message-ID")) == 1

    def test_is_as_long_as_the_other_side_takes(self, uses, session, school, clock, deliver, web):
        uses(WECOM)
        notices.give(session, [News(school.sanjiang.id, NoticeKind.LOST, f"lost/{number}") for number in range(300)],
                     now=clock.now())
        deliver()
        (said,) = map(text_of, web.messages)
        lines = said.split("\n")
        assert len(said.encode()) <= 2048
        assert lines[-1] == f"and {300 - lines.count('Customer lost')} more, in the panel"

    def test_is_in_the_language_of_whoever_reads_it(self, uses, tell, deliver, came, school, monkeypatch):
        monkeypatch.setattr(notice_words, "sentence", lambda _notice: gettext("Customer"))
        uses(MAIL)
        tell()
        deliver()
        school.sanjiang.locale = "zh_Hans_CN"
        tell()
        deliver()
        english, chinese = came()
        assert "Customer" in english
        assert "客户" in chinese


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


def test_a_notice_is_in_one_message_by_a_channel_only(uses, tell, deliver, session, school):
    uses(WECOM)
    uses(FEISHU)
    tell()
    assert deliver() == (2, 0)
    assert len(session.scalars(select(Notice).where(Notice.employee_id == school.sanjiang.id)).all()) == 1
    assert deliver() == (0, 0)


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
