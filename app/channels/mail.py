"""Mail, through apprise: by its message and its connection, which here tells what went wrong."""

from __future__ import annotations

import smtplib
from email import message_from_string
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from apprise.plugins.email import NotifyEmail
from apprise.plugins.email.smtp import SMTP_DEFAULT_PORTS, AppriseSMTPController, SMTPSecureMode

from app.channels.bots import ASSET, NAME
from app.channels.message import Message, SendError
from app.models.choices import DeliveryProblem
from config import Settings

MODES = {"smtp": SMTPSecureMode.INSECURE, "smtp+starttls": SMTPSecureMode.STARTTLS, "smtps": SMTPSecureMode.SSL}
PATIENCE = 10
"""Seconds to wait for each answer of the mail server."""

MOST_BYTES = 50_000


class SchoolMail(NotifyEmail):
    """A mail whose Message-ID is that of the message, so that one sent twice can be told from two."""

    def __init__(self, message_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._message_id = message_id

    def send(self, body: str, title: str = "", **_more: Any) -> bool:
        with AppriseSMTPController(host=self.smtp_host, port=self.port, secure_mode=self.secure_mode, user=self.user,
                                   password=self.password, socket_connect_timeout=PATIENCE) as server:
            for mail in self.prepare_emails(subject=title, body=body, from_addr=self.from_addr, to=self.targets,
                                            smtp_host=self.smtp_host, notify_format="text"):
                parsed = message_from_string(mail.body)
                parsed.replace_header("Message-ID", self._message_id)
                if not server.sendmail(self.from_addr[1], mail.to_addrs, parsed.as_string()):
                    return False
        return True


def send_mail(settings: Settings, address: str, message: Message) -> None:
    """Send a mail.

    Raises:
        SendError: it was not taken.
    """
    server = urlsplit(settings.smtp_url)
    mail = SchoolMail(f"<{message.key}@{settings.mail_from.partition('@')[2]}>", asset=ASSET, targets=[address],
                      from_addr=f"{NAME} <{settings.mail_from}>", **_server(server))
    try:
        taken = mail.notify(title=message.title, body=message.body(MOST_BYTES))
    except smtplib.SMTPResponseException as error:
        raise SendError(DeliveryProblem.REFUSED, str(error.smtp_code)) from None
    except (smtplib.SMTPException, OSError):
        raise SendError(DeliveryProblem.NO_ANSWER) from None
    if not taken:
        raise SendError(DeliveryProblem.REFUSED)


def _server(server: SplitResult) -> dict[str, Any]:
    mode = MODES[server.scheme]
    return {"host": server.hostname, "smtp_host": server.hostname, "port": server.port or SMTP_DEFAULT_PORTS[mode],
            "secure_mode": mode, "user": unquote(server.username or "") or None,
            "password": unquote(server.password or "") or None}
