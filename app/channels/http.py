"""Asking servers that answer in JSON, and judging what they answer."""

from __future__ import annotations

from typing import Any

import requests

from app.channels.message import SendError
from app.models.choices import DeliveryProblem

PATIENCE = (5.0, 10.0)
"""Seconds to wait for a connection, and for an answer."""

CODES = ("errcode", "code")
"""What the codes of WeChat, WeCom and DingTalk, and of Feishu, are called; 0 is good."""


def post(url: str, **kwargs: Any) -> requests.Response:
    """Send something that has to be taken: the answer says so, or it was not.

    These servers answer 200 also to what they refuse, and so does a proxy that wants somebody to log in.

    Raises:
        SendError: it was not taken.
    """
    answer, said = _answer(url, kwargs)
    code = next((said[name] for name in CODES if name in said), None)
    if code != 0:
        raise SendError(DeliveryProblem.REFUSED, str(answer.status_code if code is None else code))
    return answer


def ask(url: str, name: str, payload: dict[str, Any]) -> str:
    """Ask for something.

    Args:
        name: what it is called in the answer.

    Raises:
        SendError: it was not given.
    """
    answer, said = _answer(url, {"json": payload, "timeout": PATIENCE, "allow_redirects": False})
    if not isinstance(said.get(name), str):
        raise SendError(DeliveryProblem.REFUSED, str(said.get("errcode", answer.status_code)))
    return str(said[name])


def _answer(url: str, kwargs: dict[str, Any]) -> tuple[requests.Response, dict[str, Any]]:
    try:
        answer = requests.post(url, **kwargs)  # noqa: S113 - whoever asks says how long to wait
    except requests.RequestException:
        raise SendError(DeliveryProblem.NO_ANSWER) from None  # it names the address, and so the key
    if answer.status_code != requests.codes.ok:
        raise SendError(DeliveryProblem.REFUSED, str(answer.status_code))
    try:
        said = answer.json()
    except ValueError:
        said = {}
    return answer, said if isinstance(said, dict) else {}
