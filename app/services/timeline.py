"""The timeline of a customer: every holding, follow-up and change of hands, in order."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import AssignmentEntry, Customer, Distribution, FollowUp
from app.models.choices import DistributionStatus, Origin
from app.services import assignment_ledger, contacts, merges

_BEGAN: dict[Origin, LazyString] = {
    Origin.CLAIM: _l("Claimed from the Public Pool"),
    Origin.ASSIGNMENT: _l("Assigned"),
    Origin.ENTRY: _l("Entered as an own lead"),
    Origin.IMPORT: _l("Imported"),
    Origin.TRANSFER: _l("Transferred in"),
    Origin.REINSTATED: _l("Back after the enrolment was undone"),
}
ENDED: dict[DistributionStatus, tuple[LazyString, str]] = {
    DistributionStatus.ENROLLED: (_l("Enrolled"), "good"),
    DistributionStatus.NO_FOLLOW_UP: (_l("Fell into the Public Pool: no follow-up in time"), "warn"),
    DistributionStatus.NO_DEAL: (_l("Fell into the Public Pool: not won in time"), "bad"),
    DistributionStatus.RELEASED: (_l("Released to the Public Pool"), "warn"),
    DistributionStatus.TRANSFERRED: (_l("Transferred to someone else"), "info"),
    DistributionStatus.MERGED: (_l("Ended by a merge: another consultant keeps the customer"), "info"),
}
"""How a holding ended: in words, and how it looks."""

_KEPT_BY_THE_SAME = _l("Ended by a merge: the same consultant keeps the customer")
_NOBODY_LEFT = _l("Assigned to nobody: into the Public Pool")


@dataclass(frozen=True)
class Event:
    """One line of the timeline.

    Args:
        at: the instant it is sorted and shown by.
        kind: `distribution_began`, `distribution_ended`, `not_assigned` or `follow_up`.
        title: what happened.
        who: whose hand it was.
        text: what was said, masked for those who may not see the contacts.
        tone: how it looks: info, good, warn or bad.
        row: the follow-up or holding it tells of.
        assigned: the line of the ledger that says why it was him, or nobody, if he was assigned automatically.
    """

    at: dt.datetime
    kind: str
    title: LazyString
    who: str
    text: str | None = None
    tone: str = "info"
    row: FollowUp | Distribution | None = None
    assigned: AssignmentEntry | None = None


@dataclass(frozen=True)
class Timeline:
    """What happened to a customer, newest first, and the hands he went through, first to last."""

    events: list[Event]
    hands: list[Distribution]


def of(session: Session, customer: Customer, *, clock: Clock, today: dt.date, masked: bool,
       holding: Distribution | None = None) -> Timeline:
    """The timeline of a customer.

    Args:
        masked: hide contacts in notes.
        holding: only what happened up to the end of this holding, for the consultant who lost the customer then.
    """
    holdings = list(session.scalars(select(Distribution).where(Distribution.customer_id == customer.id)
                                    .options(joinedload(Distribution.consultant))))
    holdings.sort(key=lambda row: (row.is_open, row.created_at, row.id))  # of two who were merged they interlace
    records = list(session.scalars(select(FollowUp).where(FollowUp.customer_id == customer.id)
                                   .order_by(FollowUp.id.desc()).options(joinedload(FollowUp.consultant))))
    lines = assignment_ledger.of_customer(session, customer.id)
    if holding is not None:
        end = _end(holding, customer, clock, today)
        holdings = [row for row in holdings if row.id <= holding.id]
        records = [record for record in records if end is None or (
            record.at <= end and record.saved_on <= clock.business_date(end))]
        lines = [line for line in lines if end is None or line.at <= end]
    same = _kept_by_the_same(session, holdings)
    events = [_follow_up(record, customer, masked) for record in records]
    events += [Event(line.at, "not_assigned", _NOBODY_LEFT, "", tone="warn", assigned=line)
               for line in lines if line.distribution_id is None]
    why = {line.distribution_id: line for line in lines}
    for row in reversed(holdings):
        events += reversed(_holding(row, customer, clock, today, why.get(row.id), same=same))
    return Timeline(sorted(events, key=lambda event: event.at, reverse=True), holdings)


def _follow_up(record: FollowUp, customer: Customer, masked: bool) -> Event:
    note = contacts.masked_note(record.note, customer) if masked else record.note
    return Event(record.at, "follow_up", record.intent.label, record.consultant.name, note, row=record)


def _holding(row: Distribution, customer: Customer, clock: Clock, today: dt.date,
             assigned: AssignmentEntry | None, *, same: set[int]) -> list[Event]:
    """The beginning of a holding and, if it is over, its end."""
    events = [Event(row.created_at, "distribution_began", _BEGAN[row.origin], row.consultant.name, row=row,
                    assigned=assigned)]
    end, status = _end(row, customer, clock, today), _status(row, customer, today)
    if end is not None and status in ENDED:
        title, tone = (_KEPT_BY_THE_SAME, "info") if row.id in same else ENDED[status]
        events.append(Event(end, "distribution_ended", title, row.consultant.name, tone=tone))
    return events


def how_ended(session: Session, row: Distribution, today: dt.date) -> LazyString | None:
    """How a holding ended, in words; None if it goes on."""
    if row.id in _kept_by_the_same(session, [row]):
        return _KEPT_BY_THE_SAME
    known = ENDED.get(row.status_shown(today))
    return known[0] if known else None


def _kept_by_the_same(session: Session, rows: list[Distribution]) -> set[int]:
    """Which holdings of a customer ended by a merge after which their consultant had him still."""
    ended = next((row for row in rows if row.status is DistributionStatus.MERGED), None)
    return set() if ended is None else merges.kept_by_the_same(session, ended.customer_id)


def _status(row: Distribution, customer: Customer, today: dt.date) -> DistributionStatus:
    awaiting_the_night = row.is_open and customer.is_public(today) and customer.public_as is not None
    return customer.public_as if awaiting_the_night and customer.public_as is not None else row.status


def _end(row: Distribution, customer: Customer, clock: Clock, today: dt.date) -> dt.datetime | None:
    """When a holding ended; None if it has not.

    A fall is at 00:00 of its day, whenever the night wrote it down; an end that somebody brought about at its instant.
    """
    ended_on = customer.public_on if row.is_open and customer.is_public(today) else row.ended_on
    if ended_on is None:
        return None
    fell = _status(row, customer, today) in (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL)
    return clock.instant(ended_on) if fell or row.closed_at is None else row.closed_at
