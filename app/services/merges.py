"""Two customers who are the same person become one, with everything both have; and are parted again if they are not.

The one who is merged away leaves no row of his own: whatever referred to him refers to the survivor, and a row of
`merge` keeps the rest. So no list, search or count has to know of him. Undoing puts back what the merge moved and
replaced; what has been added since stays with the survivor.

Locks are taken as everywhere: employees, customers by number, distributions.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.errors import ConflictError, DomainError, NotFoundError
from app.models import Course, Customer, Distribution, Employee, FollowUp, Merge
from app.models.audit import AuditAction, PersonKind
from app.models.choices import DistributionStatus
from app.models.contacts import CONTACT_FIELDS
from app.services import audit, contacts, distributions, hands, limits, merge_record, persons, rule_book
from app.services.merge_record import ABOUT, CLOCK, Values
from app.services.rules import ONE_DAY

SURVIVOR, MERGED = "survivor", "merged"
"""Whose value is taken."""

_MOST_OTHER_CONTACTS = 512


@dataclass(frozen=True)
class Choices:
    """What whoever merges decides.

    Args:
        values: column → whose value is taken, where both have one and they differ; the survivor's if nothing is said.
        holder: who keeps him, where both are with a consultant.
    """

    values: dict[str, str] = field(default_factory=dict)
    holder: str = SURVIVOR


def merge(session: Session, survivor_id: int, merged_id: int, choices: Choices, *, by: Employee, today: dt.date,
          now: dt.datetime) -> Merge:
    """Merge one customer into another.

    He is enrolled if either is. Else a consultant who holds either keeps him; whoever else held one loses him, and that
    holding ends as merged. The clock is the one of the holding that is kept. No consultant holds more than before.

    Raises:
        DomainError: they are one and the same.
        NotFoundError: one of them is not there.
        ConflictError: one was erased or merged away, or there are too many contacts.
    """
    survivor, merged = _lock_both(session, survivor_id, merged_id)
    keeper, moved = _end_one_holding(session, survivor, merged, choices, today=today, now=now)
    before, gone, source = merge_record.values_of(survivor), merge_record.values_of(merged), keeper.source
    after = (_joined(survivor, merged, choices) | {name: getattr(keeper, name) for name in CLOCK}
             | {"date": min(survivor.date, merged.date)})
    courses = [course for course in merged.courses if course not in survivor.courses]
    made = Merge(survivor_id=survivor.id, merged_id=merged.id, employee_id=by.id, merged_at=now, name=merged.name,
                 moved=moved | {"courses": [each.id for each in courses]},
                 kept={"merged": gone, "courses": [course.id for course in merged.courses],
                       "clock": {name: before[name] for name in CLOCK}})
    _take_over(session, survivor, merged, made)
    for name, value in after.items():
        setattr(survivor, name, value)
    survivor.courses.extend(courses)
    session.flush()
    if survivor.is_held(today) and survivor.source is not source:
        distributions.set_clock(session, survivor, not_before=today + ONE_DAY)
    stands = merge_record.values_of(survivor)
    made.kept = {**(made.kept or {}), "replaced": {
        name: [before[name], stands[name]] for name in before if before[name] != stands[name]}}
    made.moved = {**made.moved, "last_row": _last_row(session, survivor.id), "status": stands["status"]}
    session.add(made)
    session.flush()
    _tell(session, made, AuditAction.MERGED)
    return made


def _end_one_holding(session: Session, survivor: Customer, merged: Customer, choices: Choices, *, today: dt.date,
                     now: dt.datetime) -> tuple[Customer, dict[str, Any]]:
    """End what awaits the night, and the holding that is not kept; whose clock is kept, and what is to be noted."""
    for each in (survivor, merged):
        if each.is_public(today):
            distributions.end(session, each, DistributionStatus.RELEASED, today=today, now=now)
    kept = kept_side(survivor, merged, choices, today=today)
    loser, keeper = (merged, survivor) if kept == SURVIVOR else (survivor, merged)
    closed = _open_row(session, loser.id)
    same = closed is not None and loser.consultant_id == keeper.consultant_id
    distributions.end(session, loser, DistributionStatus.MERGED, today=today, now=now, tell=not same)
    session.flush()
    return keeper, {"kept": kept, "closed": closed, "same": same}


def kept_side(survivor: Customer, merged: Customer, choices: Choices, *, today: dt.date) -> str:
    """Whose holding and clock are kept: who enrolled, else who is held; in the pool the later; else as chosen."""
    mine, others = _standing(survivor, today), _standing(merged, today)
    if mine != others:
        return SURVIVOR if mine > others else MERGED
    if survivor.is_public(today) and merged.is_public(today) and survivor.public_on and merged.public_on:
        return MERGED if merged.public_on > survivor.public_on else SURVIVOR
    return choices.holder


def _standing(customer: Customer, today: dt.date) -> int:
    return 3 if customer.is_enrolled else 2 if customer.is_held(today) else 1 if customer.consultant_id else 0


def _lock_both(session: Session, survivor_id: int, merged_id: int) -> tuple[Customer, Customer]:
    """Both, locked so that nobody begins to refer to them either, the lower number first."""
    if survivor_id == merged_id:
        raise DomainError(_l("Choose two different customers."))
    query = (select(Customer).where(Customer.id.in_([survivor_id, merged_id])).order_by(Customer.id)
             .with_for_update().execution_options(populate_existing=True))
    found = {customer.id: customer for customer in session.scalars(query)}
    for wanted in (survivor_id, merged_id):
        if wanted not in found:
            if merge_of(session, wanted) is not None:
                raise ConflictError(_l("One of the two has just been merged into another customer."))
            raise NotFoundError(_l("There is no such customer."))
        persons.check_not_erased(found[wanted])
    return found[survivor_id], found[merged_id]


def _open_row(session: Session, customer_id: int) -> int | None:
    return session.scalar(select(Distribution.id).where(
        Distribution.customer_id == customer_id, Distribution.status == DistributionStatus.FOLLOWING))


def _last_row(session: Session, customer_id: int) -> int:
    return session.scalar(select(func.max(Distribution.id)).where(Distribution.customer_id == customer_id)) or 0


def _joined(survivor: Customer, merged: Customer, choices: Choices) -> Values:
    """What is written about both, and all their contacts."""
    found: Values = {}
    for name in (*ABOUT, *CONTACT_FIELDS):
        mine, others = getattr(survivor, name), getattr(merged, name)
        wanted = others if choices.values.get(name) == MERGED else mine
        found[name] = next((each for each in (wanted, mine, others) if each is not None), None)
    if found["referral_from_id"] in (survivor.id, merged.id):
        found["referral_from_id"] = None
    first = [found[name] for name in CONTACT_FIELDS]
    others = " ".join(dict.fromkeys(each for each in (*survivor.contacts, *merged.contacts) if each not in first))
    if len(others) > _MOST_OTHER_CONTACTS:
        raise ConflictError(_l("Together they have more contacts than one customer can have."))
    return found | {"other_contacts": others or None}


def _take_over(session: Session, survivor: Customer, merged: Customer, made: Merge) -> None:
    """Let everything refer to the survivor, and delete the other's row."""
    if survivor.referral_from_id == merged.id:  # nobody refers himself
        survivor.referral_from_id = None
    session.flush()
    aside = merge_record.set_aside(session, merged.id, survivor.id)
    moved = {f"{column.table.name}.{column.name}": merge_record.move(session, column, merged.id, survivor.id)
             for column in merge_record.references()}
    made.moved = {**made.moved, "rows": {name: ids for name, ids in moved.items() if ids}}
    made.kept = {**(made.kept or {}), "aside": aside}
    session.delete(merged)
    session.flush()
    session.expire_all()


def _tell(session: Session, made: Merge, action: AuditAction) -> None:
    """The log of both says it."""
    for each, other in ((made.survivor_id, made.merged_id), (made.merged_id, made.survivor_id)):
        audit.event(session, action, table=Customer.__tablename__, row_id=each, person=(PersonKind.CUSTOMER, each),
                    facts={"merge": made.id, "customer": made.survivor_id, "with": other})


# --- who was merged into whom -----------------------------------------------------------------------------------------


def merge_of(session: Session, customer_id: int) -> Merge | None:
    """The merge by which a customer became part of another, if he is still."""
    return session.scalar(select(Merge).where(Merge.merged_id == customer_id, Merge.undone_at.is_(None)))


def merges_into(session: Session, customer_id: int) -> list[Merge]:
    """The merges that made a customer what he is, the last one first."""
    return list(session.scalars(select(Merge).where(Merge.survivor_id == customer_id, Merge.undone_at.is_(None))
                                .order_by(Merge.id.desc())))


def kept_by_the_same(session: Session, customer_id: int) -> set[int]:
    """The holdings of a customer that ended by a merge though their consultant kept him."""
    return {made.moved["closed"] for made in merges_into(session, customer_id) if made.moved.get("same")}


def what_goes_over(session: Session, customer_id: int) -> dict[str, int]:
    """How many holdings, follow-ups and referred customers refer to a customer."""
    return {name: session.scalar(select(func.count()).where(column == customer_id)) or 0 for name, column in (
        ("holdings", Distribution.customer_id), ("follow_ups", FollowUp.customer_id),
        ("referred", Customer.referral_from_id))}


def one_with(session: Session, customer_id: int) -> set[int]:
    """The numbers of those who were ever taken to be the same person as a customer, undone or not."""
    rows = session.execute(select(Merge.survivor_id, Merge.merged_id).where(
        or_(Merge.survivor_id == customer_id, Merge.merged_id == customer_id)))
    return {each for row in rows for each in row} - {customer_id}


# --- undoing ----------------------------------------------------------------------------------------------------------


def undo(session: Session, merge_id: int, *, by: Employee, today: dt.date, now: dt.datetime) -> Merge:
    """Make two of one again: what the merge moved and replaced is as it was, what was added since stays.

    A holding that ended by the merge goes on; its customer falls tomorrow at the earliest. Its consultant is told, and
    so is whoever has one of the two no longer. What something kept names and is gone by now is left out.

    Raises:
        NotFoundError: there is no such merge.
        ConflictError: something has happened since that would make a lie of it, or the consultant can take nobody.
    """
    made = session.get(Merge, merge_id)
    if made is None:
        raise NotFoundError(_l("There is no such merge."))
    closed = made.moved["closed"]
    holder = _lock_former_holder(session, closed)
    survivor = distributions.lock_customer(session, made.survivor_id)
    session.refresh(made, with_for_update=True)
    _check_undoable(session, made, survivor)
    if holder is not None:
        rule_book.lock(session)
        limits.check_room(session, holder, rule_book.rules_of(session, holder), today=today)
    kept: Any = made.kept
    keeper_id = survivor.consultant_id if _standing(survivor, today) > 1 else None
    merged = _part(session, survivor, made, kept)
    rows = made.moved["rows"]
    for column in merge_record.references():
        merge_record.move(session, column, survivor.id, merged.id, rows.get(f"{column.table.name}.{column.name}", []))
    merge_record.put_back(session, kept["aside"])
    session.expire_all()
    loser, other = (merged, survivor) if made.moved["kept"] == SURVIVOR else (survivor, merged)
    if holder is not None:
        row = session.get_one(Distribution, closed)
        distributions.reopen(session, loser, row, today=today)
        hands.regained(session, row, made.id, now=now)
    if other.is_held(today) and "source" in kept["replaced"]:
        distributions.set_clock(session, other, not_before=today + ONE_DAY)
    if keeper_id is not None:
        for each in (survivor, merged):
            if each.consultant_id != keeper_id or _standing(each, today) < 2:
                hands.parted(session, each.id, keeper_id, made.id, now=now)
    made.undone_at, made.undone_by_id, made.name, made.kept = now, by.id, None, None
    session.flush()
    _tell(session, made, AuditAction.MERGE_UNDONE)
    return made


def _lock_former_holder(session: Session, closed: int | None) -> Employee | None:
    """Whose holding the merge has ended, locked."""
    consultant_id = None if closed is None else session.scalar(
        select(Distribution.consultant_id).where(Distribution.id == closed))
    return None if consultant_id is None else distributions.lock_holder(session, consultant_id)


def _check_undoable(session: Session, made: Merge, survivor: Customer) -> None:
    """Whether what the merge says of both is still so."""
    if made.is_undone or made.kept is None:
        raise ConflictError(_l("This merge has been undone already."))
    if made.survivor_id != survivor.id or session.scalar(select(exists().where(
            Merge.survivor_id == survivor.id, Merge.undone_at.is_(None), Merge.id > made.id))):
        raise ConflictError(_l("%(name)s has been merged again since: undo that first.", name=survivor.name))
    if survivor.status != made.moved["status"]:
        raise ConflictError(_l("%(name)s has enrolled since, or the enrolment was undone: that cannot be parted.",
                               name=survivor.name))
    if made.moved["kept"] == MERGED and _last_row(session, survivor.id) != made.moved["last_row"]:
        raise ConflictError(_l("%(name)s has changed hands since the merge: that cannot be parted.",
                               name=survivor.name))
    gone = made.kept["merged"]
    theirs = [gone[name] for name in CONTACT_FIELDS if gone[name]] + (gone["other_contacts"] or "").split()
    if any(session.scalar(select(exists().where(contacts.belongs_to(each), Customer.id != survivor.id)))
           for each in theirs):
        raise ConflictError(_l("One of the contacts belongs to another customer by now."))


def _part(session: Session, survivor: Customer, made: Merge, kept: dict[str, Any]) -> Customer:
    """Give each his own columns and courses; the survivor keeps what was written since."""
    gone, replaced = kept["merged"], kept["replaced"]
    stands = merge_record.values_of(survivor)
    befores, afters = ({name: pair[side] for name, pair in replaced.items()} for side in (0, 1))
    afters = _of_today(session, made, afters)
    own = {name: before for name, before in befores.items() if name not in CLOCK and stands[name] == afters[name]}
    if made.moved["kept"] == MERGED:
        gone = gone | {name: stands[name] for name in CLOCK}
        own |= kept["clock"]
    merged_contacts = {*(gone[name] for name in CONTACT_FIELDS), *(gone["other_contacts"] or "").split()}
    for name in CONTACT_FIELDS:
        if own.get(name, stands[name]) in merged_contacts:
            own[name] = replaced.get(name, [None])[0]
    first = [own.get(name, stands[name]) for name in CONTACT_FIELDS]
    if not any(first):
        raise ConflictError(_l("%(name)s would be left without a contact.", name=survivor.name))
    others = [each for each in (stands["other_contacts"] or "").split()
              if each not in merged_contacts and each not in first]
    referrer = {name: own.pop(name) for name in ("referral_from_id",) if name in own}  # it may be the other
    merge_record.put(survivor, _of_today(session, made, own) | {"other_contacts": " ".join(others) or None})
    survivor.courses = [course for course in survivor.courses if course.id not in made.moved["courses"]]
    session.flush()
    merged = Customer(id=made.merged_id)
    merge_record.put(merged, _of_today(session, made, gone))
    merged.courses = list(session.scalars(select(Course).where(Course.id.in_(kept["courses"])).order_by(Course.id)))
    session.add(merged)
    session.flush()
    merge_record.put(survivor, _of_today(session, made, referrer))
    return merged


def _of_today(session: Session, undone: Merge, values: Values) -> Values:
    """Kept columns without what is gone by now; who was merged away is the one he became part of."""
    found = dict(values)
    referrer_id = found.get("referral_from_id")
    while referrer_id not in (None, undone.merged_id) and (made := merge_of(session, referrer_id)) is not None:
        referrer_id = found["referral_from_id"] = made.survivor_id
    return found | dict.fromkeys(merge_record.gone(session, found))
