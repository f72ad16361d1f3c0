"""What the working screens tell their script, which asks every few seconds what has changed on the page it shows."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify, request
from flask_babel import format_decimal, ngettext

from app import current, web
from app.admin import notices
from app.services.pool import MOST_ANNOUNCED

MOST_SHOWN = 200


def asked_ids() -> list[int]:
    """The rows that are shown, from the address: `shown=3,5,8`, left out where there are none.

    The asking keeps nobody logged in.
    """
    current.set_unattended()
    asked = request.args.get("shown")
    ids = [] if asked is None else asked.split(",")
    if len(ids) > MOST_SHOWN:
        abort(400)
    return [web.whole_number(each) or abort(400) for each in ids]


def changes(gone: list[dict[str, Any]], arrived: int, counts: dict[str, str]) -> Response:
    """The answer.

    Args:
        gone: rows that are no longer there, each with its `id` and a `sentence` that says why.
        arrived: how many have come.
        counts: the page's numbers by name, as people read them; empty where none has changed.
    """
    said = ngettext("%(number)s new – show", "%(number)s new – show", arrived,
                    number=up_to(arrived, MOST_ANNOUNCED)) if arrived else ""
    return jsonify(gone=gone, arrived=str(said), counts=counts, **notices.beside())


def up_to(number: int, most: int) -> str:
    """A number that was counted no further than `most`, as people read it: "1,000+"."""
    return f"{format_decimal(most)}+" if number > most else str(format_decimal(number))
