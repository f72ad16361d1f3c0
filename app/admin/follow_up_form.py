"""What a follow-up's form says, wherever it stands."""

from __future__ import annotations

import datetime as dt

from flask import abort, request

from app import web
from app.models.choices import Intent


def intent() -> Intent:
    """The intent in the form; what is not on offer is a mistake of whoever wrote the form (400)."""
    asked = request.form.get("intent") or str(Intent.NO_PLAN.value)
    return next((each for each in Intent if str(each.value) == asked), None) or abort(400)


def next_contact() -> dt.date | None:
    """The day of the next contact in the form; None if it was left out."""
    return web.posted_day("next_contact_on")
