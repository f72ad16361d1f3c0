"""Whose turn it is as one would write it first: read, then write. The negative control of the race for turns."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from app.models import AssignmentRound
from app.models.choices import AssignmentStrategy
from app.services import assignment
from app.services.assignment_rounds import Rounds, Turn


def naive_deal(session: Session, strategy: AssignmentStrategy, *, today: dt.date, now: dt.datetime) -> Turn:
    """Read in one transaction, write in the next."""
    rounds = assignment.dealing(session, strategy, today=today)
    session.commit()
    turn = rounds.turn({})
    after = rounds.after(turn)
    assert isinstance(after, Rounds)
    session.merge(AssignmentRound(id=after.number, slots=list(after.slots), position=after.position, started_at=now))
    return turn
