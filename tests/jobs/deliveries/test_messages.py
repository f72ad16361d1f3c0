"""What is sent, as the other side of each channel documents it, and in whose language."""

from __future__ import annotations

import base64
import hmac

from flask_babel import gettext

from app import notice_words
from app.models.choices import NoticeKind
from app.services import notices
from app.services.notices import News
from tests.jobs.deliveries.channels import DINGTALK, FEISHU, KEY, MAIL, SECRET, WECHAT, WECOM, text_of


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
