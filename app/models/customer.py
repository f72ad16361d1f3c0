"""Customers: the leads, whom they belong to and where they stand on the clock."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.extensions import Base
from app.models.audit import PersonKind
from app.models.campus import Campus
from app.models.choices import (
    CustomerStatus,
    DistributionStatus,
    Education,
    Experience,
    Gender,
    Source,
    WorkStatus,
)
from app.models.contacts import CONTACT_FIELDS, normal_contact
from app.models.course import Course
from app.models.employee import Employee
from app.models.types import PERSONAL, ChoiceType, by_code_point, one_of

customer_course = Table(
    "customer_course",
    Base.metadata,
    Column("customer_id", ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True),
    Column("course_id", ForeignKey("course.id", ondelete="RESTRICT"), primary_key=True, index=True),
)

customer_contact = Table(
    "customer_contact",
    Base.metadata,
    Column("value", by_code_point(64), primary_key=True),
    Column("customer_id", ForeignKey("customer.id", ondelete="CASCADE"), nullable=False, index=True),
    info={"derived": True},
)
"""Whose each contact is, whichever of a customer's it is. Triggers on `customer` keep it; nobody else writes to it."""

_NOT_ENROLLED = text(f"status = {CustomerStatus.NOT_ENROLLED.value}")
_ON_THE_CLOCK = text("public_on IS NOT NULL")  # neither enrolled nor erased, as a constraint says


class Customer(Base):
    """A lead. `other_contacts` are further ones, with a blank between: a contact in normal form holds none.

    `public_on` is the one truth of the clock: the customer is public when not enrolled and public_on <= today.
    `public_as` is the status the present holding will end with; NULL for a lead nobody has held. `consultant` stays
    the last one while the customer is public (S2). These, the dates and the status change only through services.
    """

    __tablename__ = "customer"
    __person__ = (PersonKind.CUSTOMER, "id")
    __table_args__ = (
        one_of("gender", Gender),
        one_of("education", Education),
        one_of("experience", Experience),
        one_of("work_status", WorkStatus),
        one_of("source", Source),
        one_of("status", CustomerStatus),
        CheckConstraint("public_as IN (3, 4, 5)", name="public_as_known"),
        CheckConstraint("(qq IS NULL AND mobile IS NULL AND wechat IS NULL) = (erased_on IS NOT NULL)",
                        name="has_a_contact_until_erased"),
        CheckConstraint("referral_from_id <> id", name="not_own_referrer"),
        CheckConstraint("(status = 1 OR erased_on IS NOT NULL) = (public_on IS NULL)",
                        name="enrolled_or_erased_is_outside_the_clock"),
        Index("ix_customer_public_on", "public_on", "id",
              postgresql_where=_ON_THE_CLOCK, sqlite_where=_ON_THE_CLOCK),
        Index("ix_customer_public_as", "public_as", "public_on", "id",
              postgresql_where=_NOT_ENROLLED, sqlite_where=_NOT_ENROLLED),
        Index("ix_customer_consultant_id", "consultant_id", "public_on"),
        *(Index(f"ix_customer_{name}", name, "id") for name in ("date", "recv_date", "last_consult_date")),
        {"sqlite_autoincrement": True},  # an id names one person for good, as on PostgreSQL
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(by_code_point(16), index=True, info=PERSONAL)
    qq: Mapped[str | None] = mapped_column(by_code_point(64), unique=True, info=PERSONAL)
    mobile: Mapped[str | None] = mapped_column(by_code_point(64), unique=True, info=PERSONAL)
    wechat: Mapped[str | None] = mapped_column(by_code_point(64), unique=True, info=PERSONAL)
    other_contacts: Mapped[str | None] = mapped_column(by_code_point(512), info=PERSONAL)
    gender: Mapped[Gender | None] = mapped_column(ChoiceType(Gender), info=PERSONAL)
    education: Mapped[Education | None] = mapped_column(ChoiceType(Education), info=PERSONAL)
    graduation_school: Mapped[str | None] = mapped_column(String(64), info=PERSONAL)
    major: Mapped[str | None] = mapped_column(String(64), info=PERSONAL)
    experience: Mapped[Experience | None] = mapped_column(ChoiceType(Experience), info=PERSONAL)
    work_status: Mapped[WorkStatus] = mapped_column(ChoiceType(WorkStatus), default=WorkStatus.EMPLOYED)
    company: Mapped[str | None] = mapped_column(String(64), info=PERSONAL)
    salary: Mapped[str | None] = mapped_column(String(64), info=PERSONAL)
    source: Mapped[Source] = mapped_column(ChoiceType(Source), default=Source.QQ_GROUP)
    referral_from_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id", ondelete="RESTRICT"), index=True)
    campus_id: Mapped[int | None] = mapped_column(ForeignKey("campus.id", ondelete="RESTRICT"), index=True)
    status: Mapped[CustomerStatus] = mapped_column(ChoiceType(CustomerStatus), default=CustomerStatus.NOT_ENROLLED)
    consultant_id: Mapped[int | None] = mapped_column(ForeignKey("employee.id", ondelete="RESTRICT"))
    date: Mapped[dt.date]
    recv_date: Mapped[dt.date | None]
    last_consult_date: Mapped[dt.date]
    public_on: Mapped[dt.date | None]
    public_as: Mapped[DistributionStatus | None] = mapped_column(ChoiceType(DistributionStatus))
    locked_until: Mapped[dt.date | None]
    erased_on: Mapped[dt.date | None]

    referral_from: Mapped[Customer | None] = relationship(remote_side=[id])
    campus: Mapped[Campus | None] = relationship()
    consultant: Mapped[Employee | None] = relationship()
    courses: Mapped[list[Course]] = relationship(secondary=customer_course, order_by=Course.id)

    @validates(*CONTACT_FIELDS)
    def _normal_contact(self, field: str, value: str | None) -> str | None:
        return normal_contact(field, value)

    @property
    def contacts(self) -> tuple[str, ...]:
        """All his contacts."""
        return (*filter(None, (getattr(self, field) for field in CONTACT_FIELDS)), *(self.other_contacts or "").split())

    @property
    def is_enrolled(self) -> bool:
        return self.status == CustomerStatus.ENROLLED

    def is_public(self, today: dt.date) -> bool:
        """Whether anyone but the former consultant may claim the customer."""
        return self.public_on is not None and not self.is_enrolled and self.public_on <= today

    def is_held(self, today: dt.date) -> bool:
        """Whether a consultant holds the customer on the clock: not enrolled, not public."""
        return (self.consultant_id is not None and not self.is_enrolled
                and self.public_on is not None and self.public_on > today)

    def belongs_to(self, employee_id: int, today: dt.date) -> bool:
        """Whether the customer is this consultant's own: held by him, or enrolled with him."""
        return self.consultant_id == employee_id and (self.is_enrolled or self.is_held(today))

    def belongs_to_someone(self, today: dt.date) -> bool:
        """Whether the customer is some consultant's own."""
        return self.consultant_id is not None and self.belongs_to(self.consultant_id, today)

    def belongs_to_department(self, code: int, today: dt.date) -> bool:
        """Whether one of the department's people holds the customer, or has him enrolled."""
        return (self.consultant is not None and self.consultant.department_code == code
                and self.belongs_to(self.consultant.id, today))

    def days_left(self, today: dt.date) -> int | None:
        """How many days until the customer falls into the pool; None outside the clock."""
        return (self.public_on - today).days if self.is_held(today) and self.public_on else None

    def days_in_pool(self, today: dt.date) -> int:
        """For how many days the customer has been public; 0 if he is not."""
        return (today - self.public_on).days if self.is_public(today) and self.public_on else 0

    def __str__(self) -> str:
        return self.name
