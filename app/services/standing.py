"""Where customers, holdings, follow-ups and classes stand on a day: conditions by which lists are narrowed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from app.models import CourseClass, Customer, Distribution, FollowUp
from app.models.choices import CustomerStatus, DistributionStatus
from app.services import my_customers, pool
from app.services.rules import ONE_DAY

TONIGHT = 1
"""Who falls within so many days falls at the end of this one."""

LOST = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL)
"""What the rules of the pool end a holding with."""


def customers(today: dt.date) -> dict[str, ColumnElement[bool]]:
    """Conditions on a customer: held, about to fall, to be called since, never called, in the pool, enrolled."""
    return {"following": pool.is_held(today), "falling": pool.about_to_fall(today, TONIGHT),
            "overdue": is_overdue(today), "untouched": is_untouched(today),
            "pool": pool.is_public(today), "enrolled": Customer.status == CustomerStatus.ENROLLED}


def is_overdue(today: dt.date) -> ColumnElement[bool]:
    """Held, and was to be contacted before today."""
    return and_(pool.is_held(today), my_customers.is_due(Customer.id, today - ONE_DAY))


def is_untouched(today: dt.date) -> ColumnElement[bool]:
    """Held, and his consultant has not followed him up since he has him."""
    return and_(pool.is_held(today), ~exists().where(
        FollowUp.customer_id == Customer.id, FollowUp.consultant_id == Customer.consultant_id,
        FollowUp.saved_on >= Customer.recv_date))


def fell_last_night(today: dt.date) -> ColumnElement[bool]:
    """A holding that went into the pool last night, whether the night has written it down or not.

    What was released is of yesterday and today: whoever looks in the morning would not hear of it otherwise.
    """
    fell = and_(Distribution.status.in_(LOST), Distribution.ended_on == today)
    awaits_the_night = and_(
        Distribution.status == DistributionStatus.FOLLOWING, Distribution.customer_id.in_(
            select(Customer.id).where(pool.is_public(today), Customer.public_on == today, Customer.public_as.in_(LOST))
            .correlate(None)))  # by indexes, of each part
    released = and_(Distribution.status == DistributionStatus.RELEASED,
                    Distribution.ended_on.in_((today - ONE_DAY, today)))
    return or_(fell, awaits_the_night, released)


def holding_is_shown_as(status: DistributionStatus, today: dt.date) -> ColumnElement[bool]:
    """A holding is shown with this status: as `Distribution.status_shown`, in the database."""
    awaiting_the_night = and_(Distribution.status == DistributionStatus.FOLLOWING, Distribution.customer.has(
        and_(pool.is_public(today), Customer.public_as.is_not(None))))
    awaiting_it = and_(Distribution.status == DistributionStatus.FOLLOWING, Distribution.customer.has(
        and_(pool.is_public(today), Customer.public_as == status)))
    return or_(and_(Distribution.status == status, not_(awaiting_the_night)), awaiting_it)


def contact_is_due(today: dt.date) -> ColumnElement[bool]:
    """A follow-up is the last one of a customer in his present holding, and its next contact is due by today."""
    other = FollowUp.__table__.alias("other")
    last = (select(func.max(other.c.id)).where(other.c.customer_id == FollowUp.customer_id)
            .correlate(FollowUp.__table__).scalar_subquery())
    return and_(FollowUp.next_contact_on <= today, FollowUp.id == last,
                FollowUp.customer.has(and_(pool.is_held(today), FollowUp.saved_on >= Customer.recv_date)))


def classes(today: dt.date) -> dict[str, ColumnElement[bool]]:
    """Conditions on a class: not begun, under way, over."""
    return {"upcoming": CourseClass.start_date > today,
            "running": and_(CourseClass.start_date <= today,
                            or_(CourseClass.graduate_date.is_(None), CourseClass.graduate_date >= today)),
            "over": CourseClass.graduate_date < today}
