"""The application with a limit as one would write it first: counted in a transaction before the claim's own.

The negative control of the race against a limit. If that race ends at the limit here too, it proves nothing.
"""

from __future__ import annotations

import datetime as dt
import time

from flask import Flask
from sqlalchemy.orm import Session

import app as gonghai
from app.extensions import db
from app.models import Employee
from app.services import claims, limits, rule_book
from app.services.claims import Claim, Refusal

_limit_of, _claim = limits.room_from, claims.claim


def create_app() -> Flask:
    """The application, but for the limit."""
    limits.room_from = lambda *_arguments: None  # type: ignore[assignment]
    claims.claim = claim
    return gonghai.create_app()


def claim(session: Session, customer_id: int, claimant_id: int, *, today: dt.date, now: dt.datetime) -> Claim:
    """Count what he holds; then claim, a transaction later."""
    session.rollback()
    with Session(db.engine) as reading:
        rules = rule_book.rules_of(reading, reading.get_one(Employee, claimant_id))
        day = _limit_of(reading, claimant_id, rules, today)
    if day is not None:
        return Claim(customer_id, Refusal.HOLDING_LIMIT, possible_on=day)
    time.sleep(0.05)  # holds the gap between the look and the claim open, so that the control fails every time
    return _claim(session, customer_id, claimant_id, today=today, now=now)
