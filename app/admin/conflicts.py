"""Lost updates: a form says what it showed, and saving compares that with the row as it is, behind the row's lock.

What was shown goes along as a MAC for each field, made for this row and this person: it tells nothing of the values,
which may be hidden from him by the time he saves, and nobody can make one up. What does not match, or is missing,
counts as changed. A field that only the others changed becomes theirs in the form that comes back, one that only its
sender changed stays his; where both did, theirs is shown beside his. So saving the form again loses neither.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import abort, current_app, request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import Field, Form

from app import display
from app.admin.guard import viewer
from app.admin.labels import LABELS
from app.errors import ConflictError
from app.extensions import Base, db

SHOWN = "shown"
"""The name under which a form says what it showed."""

_LENGTH = 24


@dataclass(frozen=True)
class LastChange:
    """Who changed something last, in words, and when."""

    who: str
    at: dt.datetime


Teller = Callable[[Collection[str]], Mapping[str, LastChange]]
"""Gives the last change of each of these fields, as far as whoever asks may know."""


@dataclass(frozen=True)
class Difference:
    """A field that was changed since the form was shown.

    Args:
        label: what people call it.
        theirs: what stands there now, in words.
        values: the same as a form posts it.
        both: whether the form changes it too, and to something else.
        change: by whom and when, if that may be known.
    """

    name: str
    label: str
    theirs: str
    values: list[str]
    both: bool
    change: LastChange | None


@dataclass(frozen=True)
class Conflict:
    """Why a form was not saved.

    Args:
        shown: what the form shows that comes back.
        differences: the fields that were changed since, by name.
        gone: the labels of fields it had that it has no longer.
        last: the last of the changes, if that may be known.
    """

    shown: str
    differences: dict[str, Difference]
    gone: list[str]
    last: LastChange | None


class ChangedMeanwhileError(ConflictError):
    """The row is no longer what the form showed; the form's `conflict` says what is different."""

    def __init__(self) -> None:
        super().__init__(_l("This was changed meanwhile, so nothing was saved."))


def lock_row(row: Base) -> None:
    """Keep others from changing a row until the transaction ends, and read it as it is now; 404 if it is gone."""
    model: Any = type(row)
    identity = row.id  # type: ignore[attr-defined]
    with db.session.no_autoflush:
        found = db.session.scalar(select(model.id).where(model.id == identity).with_for_update(key_share=True))
        if found is None:
            abort(404)
        db.session.refresh(row)


def shown(form: Form, row: Any, about: str) -> str:
    """What a form says it shows: at first of the row, and when it comes back whatever it said.

    Args:
        row: what has the form's fields as attributes.
        about: which row of which table it is.
    """
    conflict: Conflict | None = getattr(form, "conflict", None)
    if conflict is not None:
        return conflict.shown
    return request.form.get(SHOWN, "") if request.method == "POST" else _write(_macs(form, row, about))


def check(form: Form, row: Any, about: str, tell: Teller) -> None:
    """Before the form is put into the row, which is locked: whether that is still what the form showed.

    Raises:
        ChangedMeanwhileError: it is not; the form then has the others' changes in the fields its sender left alone.
    """
    said, now = _read(request.form.get(SHOWN, "")), _macs(form, row, about)
    if said == now:
        return
    changed = [name for name, mac in now.items() if not hmac.compare_digest(said.get(name, ""), mac)]
    mine = {name: _mac(about, name, form[name].data) for name in changed}
    different = [name for name in changed if mine[name] != now[name]]
    changes = tell(different)
    found = {name: _difference(form[name], getattr(row, name), changes.get(name), both=mine[name] != said.get(name))
             for name in different}
    for name, each in found.items():
        if not each.both:
            form[name].raw_data = None
            form[name].process_data(getattr(row, name))
    gone = [str(LABELS.get(name, name)) for name in said if name not in now]
    last = max(changes.values(), key=lambda change: change.at, default=None)
    form.conflict = Conflict(_write(now), found, gone, last)
    raise ChangedMeanwhileError


def _difference(of: Field, value: Any, change: LastChange | None, *, both: bool) -> Difference:
    return Difference(of.short_name, str(of.label.text), words(of, value), _as_posted(value), both, change)


def _macs(form: Form, row: Any, about: str) -> dict[str, str]:
    """What each field of the form shows of the row."""
    return {each.short_name: _mac(about, each.short_name, getattr(row, each.short_name)) for each in form
            if hasattr(row, each.short_name)}


def _mac(about: str, name: str, value: Any) -> str:
    """A value as this person is shown it in this field, in a form that cannot be read or made up."""
    key = hashlib.sha256(f"what a form showed {current_app.secret_key!r}".encode()).digest()
    what = json.dumps([about, viewer().id, name, _plain(value)])
    return hmac.new(key, what.encode(), hashlib.sha256).hexdigest()[:_LENGTH]


def _write(macs: Mapping[str, str]) -> str:
    return " ".join(f"{name}:{mac}" for name, mac in sorted(macs.items()))


def _read(text: str) -> dict[str, str]:
    """What a form said, as far as it is of the kind we write."""
    found = {}
    for part in text.split(" "):
        name, _colon, mac = part.partition(":")
        if name.isidentifier() and len(mac) == _LENGTH and mac.isascii():
            found[name] = mac
    return found


def _plain(value: Any) -> Any:
    """The same for values that are the same to people, whether they were read or posted."""
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, str):
        return value.replace("\r\n", "\n") or None
    if isinstance(value, Decimal):
        return str(value.normalize())
    if isinstance(value, Base):
        return value.id  # type: ignore[attr-defined]
    if isinstance(value, (list, set, tuple)):
        return sorted(_plain(each) for each in value)
    return value if isinstance(value, (int, float, type(None))) else str(value)


def _as_posted(value: Any) -> list[str]:
    """A value as a form posts it: nothing of a blank or an empty box."""
    if isinstance(value, (list, set, tuple)):
        return [text for each in value for text in _as_posted(each)]
    if value is None or value is False:
        return []
    if isinstance(value, bool):
        return ["y"]
    return [format(value, "f") if isinstance(value, Decimal) else str(_plain(value))]


def words(of: Field, value: Any) -> str:
    """The value of a field as people read it."""
    if value is None or value in ("", []):
        return "—"
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, (list, set, tuple)):
        return ", ".join(words(of, each) for each in value)
    if isinstance(value, dt.date):
        return display.day(value)
    if isinstance(value, Decimal):
        return display.money(value)
    label: LazyString | str | None = getattr(value, "label", None)
    return str(value if label is None else label)
