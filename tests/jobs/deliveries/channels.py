"""The channels, by name; how the other side of each refuses, and what a message that came to it says."""

from __future__ import annotations

from app.models.choices import DeliveryChannel
from tests.support.receivers import Request

KEY, SECRET = "0f8e7d6c5b4a3928", "SECa1b2c3d4e5f6"
BOTS = (DeliveryChannel.WECOM, DeliveryChannel.DINGTALK, DeliveryChannel.FEISHU)
MAIL, WECHAT, WECOM, DINGTALK, FEISHU = DeliveryChannel
REFUSED = {MAIL: "451 later", **dict.fromkeys((WECHAT, *BOTS), (500, "out of order"))}


def refuse(channel, web, post, times=1):
    (post.refusals if channel is MAIL else web.answers).extend([REFUSED[channel]] * times)


def text_of(request: Request) -> str:
    said = request.json
    if "data" in said:
        return "\n".join(each["value"] for each in said["data"].values())
    return str((said.get("text") or said["content"]).get("content") or said["content"]["text"])
