"""The application with the assignment as one would write it first: read whose turn it is, then write. The negative
control of the race for turns.
"""

from __future__ import annotations

import datetime as dt

from flask import Flask
from sqlalchemy.orm import Session

import app as gonghai
from app.models import AssignmentRound
from app.models.choices import AssignmentStrategy
from app.services import assignment
from app.services.assignment_rounds import Rounds, Turn


def create_app() -> Flask:
    """The application, but for whose turn it is."""
    assignment._deal = naive_deal
    return gonghai.create_app()


def naive_deal(session: Session, strategy: AssignmentStrategy, *, today: dt.date, now: dt.datetime) -> Turn:
    """Read in one transaction, write in the next."""
    rounds = assignment.dealing(session, strategy, today=today)
    session.commit()
    turn = rounds.turn({})
    after = rounds.after(turn)
    assert isinstance(after, Rounds)
    session.merge(AssignmentRound(id=after.number, slots=list(after.slots), position=after.position,
                                  started_at=now))
    return turn
