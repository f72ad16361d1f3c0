"""A school with all channels, which lead to receivers of ours; what is told, sent and come."""

from __future__ import annotations

import datetime as dt
from email.header import decode_header, make_header

import pytest
from sqlalchemy import select

from app.jobs import deliveries as job
from app.models import NoticeDelivery
from app.models.choices import NoticeKind
from app.services import notice_preferences, notices
from app.services.notice_preferences import Choice
from app.services.notices import News
from tests.jobs.deliveries.channels import BOTS, KEY, text_of
from tests.support.receivers import HTTPReceiver, MailReceiver


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
