"""One's channels and quiet hours on the pages of the own account."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from app.models import AuditEntry, Employee, NoticeChannel, QuietHours
from app.models.choices import DeliveryChannel, NoticeKind
from app.services import notice_preferences, sealing
from app.services.notice_preferences import Choice
from config import CHANNELS
from tests.support.receivers import HTTPReceiver

KEY, SECRET = "0f8e7d6c5b4a3928", "SECa1b2c3d4e5f6"
PAGE, QUIET = "/account/notices", "/account/quiet-hours"


@pytest.fixture
def sanjiang(login):
    browser = login("sanjiang")
    browser.submit("/locale", {"locale": "en"})
    return browser


@pytest.fixture
def web(app):
    """The bots of the school's settings are here."""
    before = app.config["SETTINGS"]
    with HTTPReceiver() as receiver:
        app.config["SETTINGS"] = before.model_copy(update={
            "wecom_url": receiver.url, "dingtalk_url": receiver.url, "feishu_url": receiver.url})
        yield receiver
    app.config["SETTINGS"] = before


@pytest.fixture
def chosen(session):
    def read():
        session.rollback()
        session.expire_all()
        return {row.channel.value: row for row in session.scalars(select(NoticeChannel))}
    return read


def fill(channel, *, key="", kinds=("lost",), digest_at="", **more):
    return {f"{channel}-{name}": value for name, value in {"key": key, "kinds": list(kinds), "digest_at": digest_at,
                                                           **more}.items()}


def test_the_channels_have_the_names_the_configuration_knows():
    assert tuple(DeliveryChannel) == CHANNELS


class TestThePage:
    def test_offers_what_the_school_has(self, sanjiang, app, monkeypatch):
        page = sanjiang.get(PAGE).text
        assert "WeCom bot" in page
        assert "WeChat" not in page  # nobody has entered the service account
        assert sanjiang.submit(f"{PAGE}/wechat", fill("wechat")).status_code == 404
        monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update={"notice_channels": ()}))
        assert "The school has set up no channel." in sanjiang.get(PAGE).text

    def test_says_in_the_account_what_is_used(self, sanjiang):
        sanjiang.submit(f"{PAGE}/feishu", fill("feishu", key=KEY))
        assert "Feishu bot" in sanjiang.get("/account/").text

    def test_with_nothing_ticked_a_channel_is_not_used(self, sanjiang):
        sanjiang.submit(f"{PAGE}/feishu", fill("feishu", key=KEY))
        assert "In use" in sanjiang.get(PAGE).text
        sanjiang.submit(f"{PAGE}/feishu", fill("feishu", kinds=()))
        assert "In use" not in sanjiang.get(PAGE).text
        assert "Feishu bot" not in sanjiang.get("/account/").text

    def test_offers_a_team_only_to_those_who_see_one(self, sanjiang, login, chosen):
        team = [NoticeKind.TEAM_WARNING.value]
        assert f'value="{team[0]}"' not in sanjiang.get(PAGE).text
        assert sanjiang.submit(f"{PAGE}/feishu", fill("feishu", key=KEY, kinds=team)).status_code == 422
        manager = login("manager")
        assert f'value="{team[0]}"' in manager.get(PAGE).text
        manager.submit(f"{PAGE}/feishu", fill("feishu", key=KEY, kinds=team))
        assert chosen()["feishu"].kinds == team

    def test_sends_nobody_without_an_address(self, sanjiang, app, school, session, monkeypatch, chosen):
        monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update={
            "smtp_url": "smtp://127.0.0.1", "mail_from": "crm@school.example"}))
        school.sanjiang.email = None
        session.commit()
        assert "The school knows no address of yours" in sanjiang.get(PAGE).text
        sanjiang.submit(f"{PAGE}/mail", fill("mail"))
        assert chosen() == {}
        school.sanjiang.email = "sanjiang@school.example"
        session.commit()
        sanjiang.submit(f"{PAGE}/mail", fill("mail"))
        assert chosen().keys() == {"mail"}


class TestAKey:
    def test_is_taken_and_never_shown_again(self, sanjiang, chosen, session, school, app):
        answer = sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY, kinds=["lost", "warning"], digest_at="18:00"))
        assert answer.location == PAGE
        row = chosen()["wecom"]
        assert (row.kinds, row.digest_at) == (["warning", "lost"], dt.time(18))
        assert KEY.encode() not in row.sealed_key
        assert notice_preferences.target(school.sanjiang, DeliveryChannel.WECOM, row, secret_key=app.secret_key) == KEY
        page = sanjiang.get(PAGE).text
        assert KEY not in page
        assert "A key is set and is not shown." in page

    def test_stays_when_it_is_left_empty(self, sanjiang, chosen):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        before = chosen()["wecom"].sealed_key
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", kinds=["gained"]))
        assert (chosen()["wecom"].sealed_key, chosen()["wecom"].kinds) == (before, ["gained"])

    def test_is_in_no_log(self, sanjiang, session, chosen):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        said = [f"{entry.changes} {entry.facts}" for entry in session.scalars(select(AuditEntry).where(
            AuditEntry.table_name == "notice_channel"))]
        assert said
        assert not any(KEY in each or str(chosen()["wecom"].sealed_key) in each for each in said)

    @pytest.mark.parametrize(("channel", "text"), [
        ("wecom", f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"),
        ("dingtalk", f"https://oapi.dingtalk.com/robot/send?access_token={KEY}"),
        ("feishu", f"https://open.feishu.cn/open-apis/bot/v2/hook/{KEY}"),
        ("wecom", f"  https://169.254.169.254/latest?key={KEY} "),
    ])
    def test_is_all_that_is_kept_of_an_address(self, channel, text, sanjiang, chosen, school, app):
        """So no address somebody enters is ever asked: hosts are the configuration's."""
        sanjiang.submit(f"{PAGE}/{channel}", fill(channel, key=text))
        assert notice_preferences.target(school.sanjiang, DeliveryChannel(channel), chosen()[channel],
                                         secret_key=app.secret_key) == KEY

    @pytest.mark.parametrize("text", ["", "../../admin", "http://127.0.0.1/", "a b c d e f g h", "key@evil.example",
                                      "0f8e7d6c?x=1", "短", f"{KEY}/../x", f"{KEY}\n{KEY}", "x" * 200, "{token}12345"])
    def test_that_is_none_is_refused_at_its_field_and_not_repeated(self, text, sanjiang, chosen):
        answer = sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=text))
        assert answer.status_code == 422
        assert 'id="wecom-key-errors"' in answer.text
        assert len(text) < 9 or text not in answer.text
        assert chosen() == {}

    def test_can_be_signed_with_at_dingtalk(self, sanjiang, chosen, school, app):
        sanjiang.submit(f"{PAGE}/dingtalk", fill("dingtalk", key=KEY, secret=SECRET))
        assert notice_preferences.target(school.sanjiang, DeliveryChannel.DINGTALK, chosen()["dingtalk"],
                                         secret_key=app.secret_key) == f"{KEY} {SECRET}"
        assert sanjiang.submit(f"{PAGE}/dingtalk", fill("dingtalk", secret=SECRET)).status_code == 422

    def test_opens_for_its_owner_only(self, sanjiang, chosen, school, app):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        for owner, channel in ((school.baoyu, DeliveryChannel.WECOM), (school.sanjiang, DeliveryChannel.FEISHU)):
            assert notice_preferences.target(owner, channel, chosen()["wecom"], secret_key=app.secret_key) is None
        with pytest.raises(sealing.UnreadableError):
            sealing.unseal(chosen()["wecom"].sealed_key, "second factor", school.sanjiang.id,
                           secret_key=app.secret_key)

    def test_goes_when_the_channel_is_not_used_any_more(self, sanjiang, chosen):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        sanjiang.submit(f"{PAGE}/wecom/stop", {})
        assert chosen() == {}


class TestATest:
    def test_is_sent_at_once(self, sanjiang, web):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        sanjiang.submit(f"{PAGE}/wecom/test", {})
        (request,) = web.requests
        assert "This is how notices reach you." in request.json["text"]["content"]
        assert "Sent." in sanjiang.get(PAGE).text

    def test_says_what_went_wrong_without_the_key(self, sanjiang, web):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        web.answers.append((200, {"errcode": 93000, "errmsg": f"invalid webhook url {KEY}"}))
        sanjiang.submit(f"{PAGE}/wecom/test", {})
        page = sanjiang.get(PAGE).text
        assert "It was not sent: The other side refused it (93000)." in page
        assert KEY not in page

    def test_needs_a_channel_that_is_used(self, sanjiang, web):
        sanjiang.submit(f"{PAGE}/wecom/test", {})
        assert "Choose first what this channel is for" in sanjiang.get(PAGE).text
        assert web.requests == []

    def test_cannot_be_used_to_send_many(self, sanjiang, web):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        for _ in range(7):
            sanjiang.submit(f"{PAGE}/wecom/test", {})
        assert len(web.requests) == 5


class TestQuietHours:
    def test_are_kept_and_given_up(self, sanjiang, session, school):
        sanjiang.submit(QUIET, {"begins": "22:00", "ends": "08:00"})
        hours = session.get(QuietHours, school.sanjiang.id)
        assert (hours.begins, hours.ends) == (dt.time(22), dt.time(8))
        assert 'value="22:00"' in sanjiang.get(PAGE).text
        sanjiang.submit(QUIET, {"begins": "", "ends": ""})
        session.expire_all()
        assert session.get(QuietHours, school.sanjiang.id) is None

    @pytest.mark.parametrize(("begins", "ends"), [("22:00", ""), ("", "08:00"), ("08:00", "08:00"), ("25:00", "08:00")])
    def test_that_are_none_are_refused(self, begins, ends, sanjiang, session):
        assert sanjiang.submit(QUIET, {"begins": begins, "ends": ends}).status_code == 422
        assert session.scalars(select(QuietHours)).all() == []


class TestSomebodyElse:
    def test_has_nothing_to_do_with_it(self, login, sanjiang, chosen):
        sanjiang.submit(f"{PAGE}/wecom", fill("wecom", key=KEY))
        baoyu = login("baoyu")
        baoyu.submit(f"{PAGE}/wecom/stop", {})
        assert chosen().keys() == {"wecom"}

    def test_who_erases_him_erases_his_channels(self, session, school, clock, login, app, make_employee):
        leaver = make_employee("离职", active=False)
        notice_preferences.choose(session, leaver, DeliveryChannel.WECOM, Choice([NoticeKind.LOST], key=KEY),
                                  now=clock.now(), secret_key=app.secret_key)
        session.commit()
        login("admin").submit("/admin/personaldata/erase/", {"kind": "employee", "id": leaver.id,
                                                             "number": leaver.id, "reason": "requested"})
        session.expire_all()
        assert session.get_one(Employee, leaver.id).erased_on is not None
        assert session.scalars(select(NoticeChannel)).all() == []
