"""Delivery of notices outside of the panel, as a job: every minute, and whenever notices were given."""

from __future__ import annotations

import logging

from flask import current_app
from flask_babel import force_locale, ngettext

from app import current, notice_words
from app.channels import Channels, Message, SendError
from app.extensions import db
from app.jobs.context import job_context
from app.models.choices import DeliveryChannel, DeliveryProblem
from app.services import deliveries, notice_preferences
from app.services.deliveries import Attempt

log = logging.getLogger(__name__)

Counts = dict[str, int]
"""How many messages were sent, and how many were not."""


def run() -> Counts:
    """Send whatever is due. Any number of workers may do so at once."""
    with job_context():
        offered = {DeliveryChannel(name) for name in current.settings().offered_channels}
        deliveries.plan(db.session, now=current.now(), clock=current.clock(), offered=offered,
                        on_step=db.session.commit)
        channels, counts = Channels(current.settings()), {"sent": 0, "failed": 0}
        while (attempt := _claim(offered)) is not None:
            counts["sent" if _send(channels, attempt) else "failed"] += 1
        if any(counts.values()):
            log.info("deliveries: %(sent)d messages sent, %(failed)d not", counts)
        return counts


def _claim(offered: set[DeliveryChannel]) -> Attempt | None:
    attempt = deliveries.claim(db.session, now=current.now(), clock=current.clock(), offered=offered)
    if attempt is None:
        db.session.commit()
    return attempt


def _send(channels: Channels, attempt: Attempt) -> bool:
    """Send one message; True if it was taken. The claim is committed before anything leaves."""
    target = notice_preferences.target(attempt.employee, attempt.channel, attempt.preference,
                                       secret_key=str(current_app.secret_key))
    message, language = _in_words(attempt), _language(attempt)
    db.session.commit()
    problem: DeliveryProblem | None = None
    answer = None
    try:
        if not target:
            raise SendError(DeliveryProblem.NO_ADDRESS)
        if message is None:
            raise SendError(DeliveryProblem.ERROR)
        with force_locale(language):  # a channel says how many notices it had no room for
            channels.send(attempt.channel, target, message)
    except SendError as error:
        problem, answer = error.problem, error.answer
    if not deliveries.settle(db.session, attempt.delivery_id, attempt.number, now=current.now(), problem=problem,
                             answer=answer):
        log.warning("delivery %d was given up for dead before it ended", attempt.delivery_id)
    db.session.commit()
    return problem is None


def _in_words(attempt: Attempt) -> Message | None:
    """The message, or None if there are no words for it, which must not keep the others waiting."""
    try:
        return message_of(attempt)
    except Exception:
        log.exception("delivery %d cannot be put into words", attempt.delivery_id)
        return None


def _language(attempt: Attempt) -> str:
    return attempt.employee.locale or current.settings().default_locale


def message_of(attempt: Attempt) -> Message:
    """What is said, in the language of the person."""
    with force_locale(_language(attempt)):
        lines = tuple(notice_words.sentence(each) for each in attempt.notices)
        number = len(lines)
        title = str(attempt.notices[0].kind.label) if number == 1 else ngettext(
            "%(num)d notice", "%(num)d notices", number)
        return Message(attempt.key, title, lines)
