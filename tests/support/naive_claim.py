"""The application with the claim as one would write it first: read, then write. The negative control of the races.

If the harness finds one winner a customer here too, the harness proves nothing.
"""

from __future__ import annotations

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import update
from sqlalchemy.orm import Session

import app as gonghai
from app import current
from app.extensions import db
from app.models import Customer, Distribution
from app.models.choices import DistributionStatus, Origin
from app.services import distributions
from app.services.audit import AUDITED
from app.services.rules import fall


def create_app() -> Flask:
    """The application, but for the claim."""
    made = gonghai.create_app()
    claim_rule = next(rule for rule in made.url_map.iter_rules() if rule.rule == "/admin/claim/")
    made.view_functions[claim_rule.endpoint] = claim
    return made


def claim() -> ResponseReturnValue:
    """Look whether the customer is public; if so, take him, a transaction later."""
    if not current_user.is_authenticated:
        abort(403)
    claimant_id, customer_id = current_user.id, int(request.form["customer_id"])
    db.session.rollback()
    if naive_claim(db.session(), customer_id, claimant_id):
        return jsonify(won=[customer_id], lost=[])
    return jsonify(won=[], lost=[{"id": customer_id, "reason": "taken"}]), 409


def naive_claim(session: Session, customer_id: int, claimant_id: int) -> bool:
    """Read in one transaction, write in the next."""
    today, now = current.today(), current.now()
    customer = session.get_one(Customer, customer_id)
    free = customer.is_public(today) and customer.consultant_id != claimant_id
    public_on, public_as = customer.public_on, customer.public_as
    session.commit()
    if not free:
        return False
    end = fall(today, today)
    distributions.close_as_the_night(session, customer_id, public_on=public_on, public_as=public_as, now=now)
    session.execute(update(Customer).where(Customer.id == customer_id).values(
        consultant_id=claimant_id, recv_date=today, last_consult_date=today,
        public_on=end.public_on, public_as=end.public_as).execution_options(**AUDITED))
    session.add(Distribution(consultant_id=claimant_id, customer_id=customer_id, started_on=today,
                             status=DistributionStatus.FOLLOWING, origin=Origin.CLAIM, created_at=now))
    session.commit()
    return True
