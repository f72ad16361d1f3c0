"""The same contact entered by several people at the same moment: one customer has it, in whichever fields it stood."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import select, text

from app.models import Customer, customer_contact
from app.services import customers
from app.services.customers import KnownContactError
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases

pytestmark = [pytest.mark.race, on_both_databases]

ROUNDS = 12
FIELDS = ("qq", "mobile", "wechat")
MIXED = [("mobile", "wechat"), ("wechat", "qq"), ("qq", "mobile"), ("mobile", "mobile")]


def enter(arena, contacts: dict[str, str]) -> str:
    """A lead comes in, in a transaction of its own."""
    with arena.session() as session:
        try:
            customers.enter(session, Customer(name="客户", **contacts), holder_id=None, today=arena.clock.today(),
                            now=arena.clock.now())
            session.commit()
        except KnownContactError:
            return "known"
        return "entered"


def owners(arena) -> Counter[str]:
    """How many customers each contact has."""
    with arena.session() as session:
        return Counter(contact for customer in session.scalars(select(Customer)) for contact in set(customer.contacts))


def race(arena) -> list[list[str]]:
    """In each round two people enter the same contact at once, in the same field or in two."""
    found = []
    for number in range(ROUNDS):
        contact, fields = f"{13_800_000_000 + number}", MIXED[number % len(MIXED)]
        found.append(all_at_once([partial(enter, arena, {field: contact}) for field in fields]))
    return found


def test_one_of_two_people_has_it_and_the_other_is_told_that_he_is_known(arena):
    arena.open(1)
    assert {tuple(sorted(answers)) for answers in race(arena)} == {("entered", "known")}
    assert set(owners(arena).values()) == {1}
    with arena.session() as session:
        kept = set(session.scalars(select(customer_contact.c.value)))
    assert kept == set(owners(arena))


def test_nobody_waits_in_a_circle_for_several_contacts(arena):
    """Three people enter the same three contacts, each in another order."""
    arena.open(1)
    for number in range(ROUNDS):
        values = [f"{100_000_000 + 10 * number + each}" for each in range(3)]
        answers = all_at_once([partial(enter, arena, dict(zip(FIELDS, values[turn:] + values[:turn], strict=True)))
                               for turn in range(3)])
        assert Counter(answers) == {"entered": 1, "known": 2}
    assert set(owners(arena).values()) == {1}


def test_over_http_the_second_one_reads_that_he_is_known_and_not_whose_he_is(arena, serve):
    arena.open(6)
    everyone = arena.log_everyone_in(serve())
    for number in range(2):
        contact = f"{13_900_000_000 + number}"
        answers = all_at_once([partial(person.post, "/admin/customer/new/", {
            "name": "龙泰", FIELDS[place % 3]: contact, "source": "1", "work_status": "1", "goes_to": "me",
            "csrf_token": person.token}) for place, person in enumerate(everyone)])
        assert Counter(answer.status for answer in answers) == {302: 1, 422: len(everyone) - 1}
        winner = next(f"顾问{place}" for place, answer in enumerate(answers) if answer.status == 302)
        refused = [answer.body for answer in answers if answer.status == 422]
        assert all('href="/admin/knowncontact/"' in page and winner not in page for page in refused)
    assert set(owners(arena).values()) == {1}


@contextmanager
def without_triggers(arena):
    """Nothing but the unique columns, as it was before there was a table of contacts."""
    sqlite = arena.engine.dialect.name == "sqlite"
    with arena.engine.begin() as connection:
        made = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND "
                                       "tbl_name = 'customer'")).all() if sqlite else []
        for name, _sql in made:
            connection.execute(text(f"DROP TRIGGER {name}"))
        if not sqlite:
            connection.execute(text("ALTER TABLE customer DISABLE TRIGGER USER"))
    try:
        yield
    finally:
        with arena.engine.begin() as connection:
            connection.execute(text("DELETE FROM customer"))
            for _name, sql in made:
                connection.exec_driver_sql(sql)
            if not sqlite:
                connection.execute(text("ALTER TABLE customer ENABLE TRIGGER USER"))


def test_the_negative_control_takes_a_contact_in_twice(arena, monkeypatch):
    """The same race with a check in a transaction before the entry's own: it must be caught."""
    arena.open(1)
    check = customers.check_contacts

    def checked_before(session, customer):
        check(session, customer)
        session.commit()

    monkeypatch.setattr(customers, "check_contacts", checked_before)
    with without_triggers(arena):
        race(arena)
        assert max(owners(arena).values()) > 1
