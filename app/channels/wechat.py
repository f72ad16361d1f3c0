"""WeChat: template messages of the school's service account, to whoever follows it, by his openid."""

from __future__ import annotations

from app.channels import http
from app.channels.message import Message
from config import Settings

LONGEST_VALUE = 20
"""So many characters a field of a template takes."""


class WeChat:
    """The service account. Its token is asked for once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token: str | None = None

    def send(self, openid: str, message: Message) -> None:
        """Send a message. WeChat itself drops one that comes again within ten minutes.

        Raises:
            SendError: it was not taken.
        """
        settings = self._settings
        if self._token is None:
            self._token = http.ask(f"{settings.wechat_url}/cgi-bin/stable_token", "access_token", {
                "grant_type": "client_credential", "appid": settings.wechat_app_id,
                "secret": settings.wechat_app_secret})
        values = {settings.wechat_title_field: message.title, settings.wechat_text_field: message.lines[0]}
        http.post(f"{settings.wechat_url}/cgi-bin/message/template/send", params={"access_token": self._token},
                  json={"touser": openid, "template_id": settings.wechat_template_id, "client_msg_id": message.key,
                        "data": {name: {"value": _cut(value)} for name, value in values.items()}},
                  timeout=http.PATIENCE, allow_redirects=False)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE - 1]}…"
