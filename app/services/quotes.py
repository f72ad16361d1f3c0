"""Contacts of one customer in what people wrote about others: "also ask his friend on 138 …".

What is found is a whole contact with at least seven characters and a digit among them, in whatever case and with gaps,
dashes or dots between its characters. Shorter ones and words cannot be told from other text; names are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.extensions import Base
from app.models.audit import AuditAction, PersonKind
from app.models.contacts import CONTACT_FIELDS
from app.services import audit, contacts, persons
from app.services.audit import AUDITED

SHORTEST = 7
CHUNK = 5000

_FEW = 20
"""So many contacts the database looks for by itself; for more of them every text is read once."""

_GAPS = " -_.·"
_NOT_IN_A_RUN = re.compile(r"[\W_]+")
_RUN = re.compile(rf"[0-9a-z]{{{SHORTEST},}}")


@dataclass(frozen=True)
class Quote:
    """A row about one customer that has contacts of others in it."""

    model: type[Base]
    row_id: int
    customer_id: int
    contacts: frozenset[str]


def find(session: Session, wanted: Collection[str], *, pause: Callable[[], None] = lambda: None) -> list[Quote]:
    """The rows with any of these contacts in a text somebody wrote, the customers' own rows included.

    Args:
        pause: called after every few thousand rows.
    """
    known = {run: contact for contact in wanted if _is_telling(run := _compact(contact))}
    if not known:
        return []
    return [quote for model in persons.tables_about(PersonKind.CUSTOMER) if _texts(model)
            for quote in _in_table(session, model, known, pause)]


def mask(session: Session, quote: Quote) -> None:
    """Take the contacts out of a row whose customer is locked. The log says so without repeating them."""
    texts = _texts(quote.model)
    row = session.execute(select(*texts).where(_id(quote.model) == quote.row_id)).one_or_none()
    if row is None:
        return
    masked = {column.key: without for column, text in zip(texts, row, strict=True)
              if text and (without := contacts.without(text, quote.contacts)) != text}
    if masked:
        session.execute(update(quote.model).where(_id(quote.model) == quote.row_id).values(**masked)
                        .execution_options(synchronize_session="fetch", **AUDITED))
        audit.event(session, AuditAction.UPDATED, table=quote.model.__tablename__, row_id=quote.row_id,
                    person=(PersonKind.CUSTOMER, quote.customer_id), facts={"masked": sorted(masked)})


def _in_table(session: Session, model: type[Base], known: dict[str, str], pause: Callable[[], None]) -> Iterator[Quote]:
    texts, last_id, full = _texts(model), 0, True
    while full:
        rows = session.execute(
            select(_id(model), persons.owner(model).label("of"), *texts)
            .where(_id(model) > last_id, _prefilter(texts, known)).order_by(_id(model)).limit(CHUNK)).all()
        for row_id, customer_id, *said in rows:
            found = frozenset(contact for text in said if text for contact in _quoted(text, known))
            if found:
                yield Quote(model, row_id, customer_id, found)
        full, last_id = len(rows) == CHUNK, rows[-1][0] if rows else last_id
        pause()


def _texts(model: type[Base]) -> list[InstrumentedAttribute[Any]]:
    """The columns people write what they like in."""
    return [getattr(model, name) for name, column in persons.columns(model, "personal").items()
            if isinstance(column.type, String) and name not in CONTACT_FIELDS]


def _id(model: type[Base]) -> InstrumentedAttribute[int]:
    found: InstrumentedAttribute[int] = model.id  # type: ignore[attr-defined]
    return found


def _prefilter(texts: list[InstrumentedAttribute[Any]], known: dict[str, str]) -> ColumnElement[bool]:
    if len(known) > _FEW:
        return true()
    return or_(*(and_(text.is_not(None), _bare(text).contains(run)) for text in texts for run in known))


def _bare(text: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """As _compact, as far as databases can."""
    bare = func.lower(text)
    for gap in _GAPS:
        bare = func.replace(bare, gap, "")
    return bare


def _compact(text: str) -> str:
    return _NOT_IN_A_RUN.sub("", contacts.folded(text).lower())


def _is_telling(run: str) -> bool:
    return _RUN.fullmatch(run) is not None and any(sign.isdigit() for sign in run)


def _quoted(text: str, known: dict[str, str]) -> set[str]:
    """The known contacts in a text: pieces of it are looked up, so that their number does not matter."""
    lengths = {len(run) for run in known}
    return {known[piece] for run in _RUN.findall(_compact(text)) for length in lengths
            for begin in range(len(run) - length + 1) if (piece := run[begin:begin + length]) in known}
