"""Whose is what, and what the school's own rules answer about rows that are there (domain, sections 2, 3 and 6)."""

from __future__ import annotations

from typing import Any

from app.models.choices import RowScope
from tests.access.doors import Answer
from tests.access.grants import P
from tests.access.people import Person
from tests.access.world import (
    ENROLLED,
    HELD,
    PUBLIC,
    CustomerRow,
    FollowUpRow,
    HoldingRow,
    LeaveRow,
    OwnedRow,
    TaskRow,
    ViewRow,
    department_of,
)

REFUSED = Answer(302)
"""A rule of the school said no: back to the page, with a sentence, and nothing changed."""


def within(scope: RowScope | None, person: Person, owner: str | None) -> bool:
    """Everybody's, those of the department's people, or the own."""
    return {RowScope.ALL: True, RowScope.DEPARTMENT: department_of(owner) == person.department,
            RowScope.OWN: owner == person.username, None: False}[scope]


def belongs(person: Person, customer: CustomerRow) -> bool:
    """A consultant's own: held by me, or enrolled with me. A customer in the pool is nobody's."""
    return customer.state != PUBLIC and customer.consultant == person.username


def belongs_to_department(person: Person, customer: CustomerRow) -> bool:
    """Held by, or enrolled with, a consultant of the department."""
    return customer.state != PUBLIC and department_of(customer.consultant) == person.department


def at_home(person: Person, customer: CustomerRow) -> bool:
    """The own, and for whoever sees the floor those of its consultants, in the pool too: the home says who fell."""
    scope = person.narrowest(P.CUSTOMER_ASSIGN, P.CUSTOMER_READ, P.DISTRIBUTION_READ)
    consultants = {RowScope.ALL: True, RowScope.DEPARTMENT: department_of(customer.consultant) == person.department}
    return belongs(person, customer) or (scope is not None and consultants.get(scope, False))


def in_pool(person: Person, customer: CustomerRow) -> bool:
    """Public customers whose last consultant isn't me."""
    return customer.state == PUBLIC and customer.consultant != person.username


def had(person: Person, customer: CustomerRow) -> bool:
    """Mine, now or once: My Customers names past ones too."""
    return person.username in (customer.consultant, *customer.past)


def found_somewhere(person: Person, customer: CustomerRow) -> bool:
    """Among the customers, in the pool, or among those he had."""
    return (customer_reached(person.scope(P.CUSTOMER_READ), person, customer)
            or (person.may(P.POOL_READ) and in_pool(person, customer))
            or (person.may(P.MY_CUSTOMERS_READ) and had(person, customer)))


def as_he_is_now(person: Person, customer: CustomerRow) -> bool:
    """Among the customers or in the pool; of a past one he sees what was."""
    return (customer_reached(person.scope(P.CUSTOMER_READ), person, customer)
            or (person.may(P.POOL_READ) and in_pool(person, customer)))


def customer_reached(scope: RowScope | None, person: Person, customer: CustomerRow) -> bool:
    """All, those of the department, or the own; customers in the pool are found in the pool."""
    return {RowScope.ALL: True, RowScope.DEPARTMENT: belongs_to_department(person, customer),
            RowScope.OWN: belongs(person, customer), None: False}[scope]


def holding_reached(scope: RowScope | None, person: Person, holding: HoldingRow) -> bool:
    """All, those of consultants of the department, or the own."""
    return within(scope, person, holding.consultant)


def follow_up_reached(scope: RowScope | None, person: Person, record: FollowUpRow) -> bool:
    """Records written by me (by the department), about customers of mine (of the department), and, for whoever may
    see the pool, about the customers in it."""
    if scope in (RowScope.ALL, None):
        return scope is RowScope.ALL
    if person.may(P.POOL_READ) and in_pool(person, record.customer):
        return True
    if scope is RowScope.DEPARTMENT:
        return (department_of(record.author) == person.department
                or belongs_to_department(person, record.customer))
    return record.author == person.username or belongs(person, record.customer)


def may_be_followed_up(person: Person, customer: CustomerRow) -> bool:
    """By the present consultant, or by a manager (of the department) who sees contacts, while he is held."""
    scope = person.narrowest(P.FOLLOW_UP_CREATE, P.CUSTOMER_CONTACTS)
    managed = customer.state == HELD and (
        scope is RowScope.ALL
        or (scope is RowScope.DEPARTMENT and department_of(customer.consultant) == person.department))
    return belongs(person, customer) or managed


def sees_contacts(person: Person, customer: CustomerRow) -> bool:
    """His own customers', and others' as far as the permission reaches; in the pool they are masked."""
    return belongs(person, customer) or customer_reached(person.scope(P.CUSTOMER_CONTACTS), person, customer)


def opens_views(person: Person) -> bool:
    """The views are those of a list he may open."""
    return person.may(P.COURSE_READ)


def sees_view(person: Person, view: ViewRow) -> bool:
    """His own and the shared ones."""
    return view.shared or view.owner == person.username


# --- rules of the school about rows that are there -------------------------------------------------------------------


def changed_by_its_author_today(person: Person, record: FollowUpRow) -> Answer | None:
    """By the author, the same day, while he may see what it says."""
    if not sees_contacts(person, record.customer) or record.author != person.username or not record.today:
        return Answer(403)
    return None


def deleted_by_its_author_today(person: Person, record: FollowUpRow) -> Answer | None:
    return REFUSED if changed_by_its_author_today(person, record) else None


def memo_that_is_shown(person: Person, holding: HoldingRow) -> Answer | None:
    """A memo may quote a contact: whoever sees it masked cannot write it."""
    return None if sees_contacts(person, holding.customer) else Answer(403)


def without_history(_person: Person, customer: CustomerRow) -> Answer | None:
    """A lead nobody had can be deleted; history is kept."""
    return REFUSED if customer.consultant else None


def held(_person: Person, customer: CustomerRow) -> Answer | None:
    """Only a held customer can be released."""
    return None if customer.state == HELD else REFUSED


def public(_person: Person, customer: CustomerRow) -> Answer | None:
    """Only a customer of the pool is dealt out."""
    return None if customer.state == PUBLIC else REFUSED


def own_and_held(person: Person, customer: CustomerRow) -> Answer | None:
    return None if belongs(person, customer) and customer.state == HELD else REFUSED


def own(person: Person, customer: CustomerRow) -> Answer | None:
    return None if belongs(person, customer) else REFUSED


def followed_up_here(person: Person, customer: CustomerRow) -> Answer | None:
    """By whoever may write on him; on the others a sentence says why not."""
    return None if may_be_followed_up(person, customer) else REFUSED


def within_reach(permission: P, condition: Any = lambda _customer: True) -> Any:
    """His own, or one within the reach of the permission; on the others a sentence says why not."""
    def rule(person: Person, customer: CustomerRow) -> Answer | None:
        scope = person.narrowest(P.CUSTOMER_READ, permission)
        mine = belongs(person, customer) or customer_reached(scope, person, customer)
        return None if mine and condition(customer) else REFUSED
    return rule


def assigned_from_his_page(person: Person, customer: CustomerRow) -> Answer | None:
    """Beyond the reach of the permission there is nobody to assign."""
    if not customer_reached(person.narrowest(P.CUSTOMER_READ, P.CUSTOMER_ASSIGN), person, customer):
        return Answer(404)
    return assignable_to_dasha(person, customer)


def assignable_to_dasha(_person: Person, customer: CustomerRow) -> Answer | None:
    """An enrolled customer stays with his consultant, and nobody is given what he has."""
    return REFUSED if customer.state == ENROLLED or (customer.state, customer.consultant) == (HELD, "dasha") else None


def not_enrolled(_person: Person, customer: CustomerRow) -> Answer | None:
    """There is nobody to move; one that the consultant has already is refused in the order's line."""
    return REFUSED if customer.state == ENROLLED else None


def merges(person: Person, customer: CustomerRow) -> bool:
    """Within the reach of merging, and where contacts are seen."""
    return all(customer_reached(person.narrowest(P.CUSTOMER_READ, needed), person, customer)
               for needed in (P.CUSTOMER_MERGE, P.CUSTOMER_CONTACTS))


def hands_over(person: Person, leaver: OwnedRow) -> bool:
    """All, those of the department, or the own."""
    return within(person.narrowest(P.CUSTOMER_READ, P.CUSTOMER_ASSIGN), person, leaver.owner)


def sees_order(person: Person, order: OwnedRow) -> bool:
    """His own; all for whoever moves all customers."""
    return order.owner == person.username or person.narrowest(P.CUSTOMER_READ, P.CUSTOMER_ASSIGN) is RowScope.ALL


def goes_on_with_his_own(person: Person, order: OwnedRow) -> Answer | None:
    """And only while he may do himself what was ordered."""
    mine = order.owner == person.username and person.narrowest(P.CUSTOMER_READ, P.CUSTOMER_RELEASE)
    return None if mine else Answer(403)


def claimed_once(person: Person, customer: CustomerRow) -> Answer | None:
    """Won out of the pool by anyone but the last consultant; else 409 with the reason."""
    return None if in_pool(person, customer) else Answer(409)


def changed_by_whom_it_is_for(person: Person, view: ViewRow) -> Answer | None:
    """By its author, and a shared one by whoever may share."""
    if view.owner != person.username and not person.may(P.VIEW_SHARE):
        return REFUSED
    return None


def own_and_asked_for(person: Person, leave: LeaveRow) -> Answer | None:
    """Withdrawn by whoever asked for it, while nobody has decided."""
    return None if leave.owner == person.username and not leave.approved else REFUSED


def others(person: Person, leave: LeaveRow) -> Answer | None:
    """Nobody decides on his own."""
    return REFUSED if leave.owner == person.username else None


def others_asked_for(person: Person, leave: LeaveRow) -> Answer | None:
    """What is approved is not approved again."""
    return REFUSED if leave.approved else others(person, leave)


def live_or_past(_person: Person, holding: HoldingRow) -> Answer | None:
    """What is still mine has its page among the customers; a past one is shown up to the day it ended."""
    return Answer(302) if holding.live else None


def owns(person: Person, task: TaskRow) -> bool:
    """Everybody sees his own tasks and notices, and nobody sees another's."""
    return task.owner == person.username


def signed_in_already(person: Person, _row: Any) -> Answer | None:
    return Answer(302) if person.signed_in else None
