"""Whose contacts have been shown: one entry in the audit log for each customer, viewer and business day."""

from __future__ import annotations

from flask import Flask, Response, g
from sqlalchemy.orm import Session

from app import current, sqlite, trail
from app.admin.guard import viewer
from app.extensions import db
from app.services import audit

REDIRECTS = range(300, 400)


def init_app(app: Flask) -> None:
    """Record after each answer what it shows."""
    app.after_request(_record)


def note(customer_id: int) -> None:
    """Say that this answer shows contacts of a customer."""
    if "seen" not in g:
        g.seen = set()
    g.seen.add(customer_id)


def _record(response: Response) -> Response:
    """Record whom the viewer has not been recorded to have seen today; if that fails the answer does not go out.

    Reading requests cannot write, so it is done in a transaction of its own, and only if there is something to record:
    whoever opens the same page again waits for no writer.
    """
    shown: set[int] = g.pop("seen", set())
    if not shown or response.status_code in REDIRECTS:  # which shows nothing
        return response
    viewer_id = viewer().id  # asked before a transaction that writes is begun
    new = _unseen(db.session, viewer_id, shown)
    if new:
        with trail.apart() as session:
            audit.note_seen(session, viewer_id, new)
    return response


def record_apart() -> None:
    """Record at once what has been noted so far, beside a transaction that is still being read from."""
    shown: set[int] = g.pop("seen", set())
    viewer_id, actor = viewer().id, audit.actor_of(db.session)
    if not shown:
        return
    with sqlite.read_write(), Session(db.engine) as session:
        audit.act_as(session, actor)
        new = _unseen(session, viewer_id, shown)
        if new:
            audit.note_seen(session, viewer_id, new)
        session.commit()


def _unseen(session: Session, viewer_id: int, shown: set[int]) -> set[int]:
    """Those the viewer has not been recorded to have seen today."""
    return audit.unseen(session, viewer_id, shown, since=current.clock().instant(current.today()))
