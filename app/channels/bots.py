"""The bots of WeCom, DingTalk and Feishu, through apprise.

Its plugins build and sign the messages. They count every 200 as sent and keep to themselves what went wrong; so what
they call `requests` is here `Judged`, which looks at the answer.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import requests
from apprise import AppriseAsset
from apprise.plugins import dingtalk, feishu, wecombot
from apprise.plugins.base import NotifyBase

from app.channels import http
from app.channels.message import Message, SendError
from app.models.choices import DeliveryChannel, DeliveryProblem
from config import Settings

NAME = "Gonghai"
"""Begins every message of a bot: a group sees who speaks, and DingTalk can ask for a word that is always there."""

ASSET = AppriseAsset(app_id=NAME, app_desc=NAME, app_url="", http_redirects=False)
MOST_BYTES = {DeliveryChannel.WECOM: 1900, DeliveryChannel.DINGTALK: 15_000, DeliveryChannel.FEISHU: 15_000}
"""How long a message may be; WeCom takes 2048 bytes with the title."""


class Judged:
    """What the plugins use of `requests`."""

    codes = requests.codes
    RequestException = requests.RequestException
    post = staticmethod(http.post)


for module in (dingtalk, feishu, wecombot):
    module.requests = Judged


class DingTalk(dingtalk.NotifyDingTalk):
    """Signs in plain base64: the plugin percent-encodes it, and then `requests` does so again."""

    def get_signature(self) -> tuple[str, str]:
        timestamp, signature = super().get_signature()
        return timestamp, unquote(signature)


def send_to_bot(settings: Settings, channel: DeliveryChannel, key: str, message: Message) -> None:
    """Let a bot say something.

    Args:
        key: of DingTalk with the secret it signs with behind a space, if it has one.

    Raises:
        SendError: it was not taken.
    """
    plugin = _plugin(settings, channel, key)
    if not plugin.notify(title=f"{NAME}: {message.title}", body=message.body(MOST_BYTES[channel])):
        raise SendError(DeliveryProblem.ERROR)


def _plugin(settings: Settings, channel: DeliveryChannel, key: str) -> NotifyBase:
    token, _blank, secret = key.partition(" ")
    common: dict[str, Any] = {"asset": ASSET, "cto": http.PATIENCE[0], "rto": http.PATIENCE[1]}
    if channel is DeliveryChannel.WECOM:
        wecom = wecombot.NotifyWeComBot(key=token, **common)
        wecom.api_url = f"{settings.wecom_url}/cgi-bin/webhook/send?key={wecom.key}"
        return wecom
    if channel is DeliveryChannel.DINGTALK:
        ding = DingTalk(token=token, secret=secret or None, **common)
        ding.notify_url = f"{settings.dingtalk_url}/robot/send?access_token={{token}}"
        return ding
    bot = feishu.NotifyFeishu(token=token, **common)
    bot.notify_url = f"{settings.feishu_url}/open-apis/bot/v2/hook/{{token}}"
    return bot
