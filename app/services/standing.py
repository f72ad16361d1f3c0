"""Where customers, holdings, follow-ups and classes stand on a day: conditions by which lists are narrowed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from app.models import CourseClass, Customer, Distribution, FollowUp
from app.models.choices import CustomerStatus, DistributionStatus
from app.services import pool

WARN_DAYS = 1
"""A customer who falls within so many days is about to fall."""


def customers(today: dt.date) -> dict[str, ColumnElement[bool]]:
    """Conditions on a customer: held, about to fall, in the pool, enrolled."""
    return {"following": pool.is_held(today), "falling": pool.about_to_fall(today, WARN_DAYS),
            "pool": pool.is_public(today), "enrolled": Customer.status == CustomerStatus.ENROLLED}


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
