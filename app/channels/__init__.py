"""The ways out of the panel: each takes a message to one person, or says why not.

Mail and bots go through apprise. Where a message goes is the school's configuration; of a person there are only keys
and addresses, so nobody can make this server ask another one. What goes wrong is told in codes: texts of the other
side, and of libraries, may repeat keys.
"""

from __future__ import annotations

import logging

from app.channels.bots import send_to_bot
from app.channels.mail import send_mail
from app.channels.message import Message, SendError
from app.channels.wechat import WeChat
from app.models.choices import DeliveryChannel, DeliveryProblem
from config import Settings

__all__ = ["Channels", "Message", "SendError"]

log = logging.getLogger(__name__)

logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it writes down keys and addresses


class Channels:
    """The channels as the school has configured them. One serves for several messages: it keeps WeChat's token."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wechat = WeChat(settings)

    def send(self, channel: DeliveryChannel, target: str, message: Message) -> None:
        """Send a message, and wait until the other side has taken it: some seconds at most.

        Args:
            target: the mail address, the openid, or the key of the bot.

        Raises:
            SendError: it was not taken, or nobody knows.
        """
        try:
            if channel is DeliveryChannel.MAIL:
                send_mail(self._settings, target, message)
            elif channel is DeliveryChannel.WECHAT:
                self._wechat.send(target, message)
            else:
                send_to_bot(self._settings, channel, target, message)
        except SendError:
            raise
        except Exception as error:
            log.error("%s: %s", channel.value, type(error).__name__)  # its text may hold the key
            raise SendError(DeliveryProblem.ERROR) from None
