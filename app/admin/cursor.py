"""Further pages by keyset: the address holds the last row's date and id."""

from __future__ import annotations

import datetime as dt

from flask import abort, request

from app import web
from app.admin.base import row_id


def read(name: str = "after") -> tuple[dt.date, int] | None:
    """Where the asked-for page begins, or what else the address says of a place in the list; None for the first."""
    text = request.args.get(name, "")
    if not text:
        return None
    day, _dot, identity = text.partition(".")
    try:
        return dt.date.fromisoformat(day), row_id(identity)
    except ValueError:
        abort(400)


def write(after: tuple[dt.date, int] | None) -> str | None:
    """The address parameter for the next page; None if there is none."""
    return None if after is None else f"{after[0].isoformat()}.{after[1]}"


def same_page(**changed: str | int | None) -> str:
    """The present address with some parameters changed or, if None, taken out."""
    return address(str(request.endpoint), **changed)


def first_page() -> str | None:
    """The address of the same list from its beginning; None if this is it."""
    return same_page(after=None) if request.args.get("after") else None


def address(endpoint: str, **changed: str | int | None) -> str:
    """The address of another view with the parameters of the present one, some of them changed or taken out."""
    kept = {key: value for key, value in request.args.items() if value}
    kept.update({key: str(value) for key, value in changed.items() if value is not None})
    for key, value in changed.items():
        if value is None:
            kept.pop(key, None)
    return web.address(endpoint, **kept)
