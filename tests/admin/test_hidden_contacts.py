"""Whoever may not see a customer's contacts reads them nowhere, and no question gives them away piece by piece.

The same school stands twice, with other contacts: whatever such a person opens, searches, sorts, filters, exports or
tries must answer the same in both.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

import pytest
from sqlalchemy import update

from app.models import Customer, Distribution, FollowUp, Role
from app.models.choices import RowScope
from app.permissions import Permission
from tests.support.pages import parameters_on, walk
from tests.support.reading import text_of
from tests.support.sizes import FULL_SIZE

pytestmark = pytest.mark.fuzz

PERSONAL = {Permission.CUSTOMER_CONTACTS, Permission.PERSONAL_DATA_EXPORT, Permission.PERSONAL_DATA_ERASE}
VIEWERS = ("sanjiang", "overseer")
"""A past holder, and one who may do all but see contacts."""

MORE_VIEWERS = (("sqlite", "baoyu"), ("sqlite", "auditor"), ("sqlite", "colleague"),
                ("postgresql", "overseer")) if FULL_SIZE else ()
"""Another consultant, one who only reads, one who may do all but see contacts in the holders' department, and the
other database."""

OF_THE_VIEWERS_OWN_DOINGS = re.compile(r"/account/|/admin/((session|audit)/|\?|$)")
"""What lists his logins and acts, the second time one more; it is looked through for contacts like everything else."""

LISTS = ("publicpool", "mycustomers", "customer", "followup", "distribution")


@dataclass(frozen=True)
class Contacts:
    """A customer's contacts, and a few pieces of them one might guess."""

    qq: str
    mobile: str
    wechat: str

    @property
    def pieces(self) -> tuple[str, ...]:
        return (self.mobile, self.mobile[:3], self.mobile[3:7], self.mobile[-4:], self.qq, self.qq[:4], self.qq[4:8],
                self.wechat, self.wechat[:6], self.wechat[-4:], f"+86 {self.mobile[:3]} {self.mobile[3:7]}")


ONE = (Contacts("7358461927", "13974628515", "xqzvk_7w"), Contacts("8246190735", "18653907241", "zjtwq-9v"))
OTHER = (Contacts("9490165803", "19612093346", "mzgkx_3j"), Contacts("5217308946", "13308274659", "avlgk-4q"))


@pytest.fixture
def customers(session, school, make_customer, make_follow_up, floor, clock):
    """One in the pool by way of 三江's hands, one nobody has held, one 大傻 holds and one enrolled with him."""
    today = clock.today()
    fallen = make_customer("龙泰", holder=school.sanjiang, on=today - dt.timedelta(days=10))
    make_follow_up(fallen, "记下了", on=today - dt.timedelta(days=9))
    lead = make_customer("马超")
    held = make_customer("周婷", holder=school.dasha)
    make_follow_up(held, "记下了", next_contact_on=today)
    enrolled = make_customer("王林", holder=school.dasha)
    floor.enrol(enrolled)
    return [fallen, lead, held, enrolled]


@pytest.fixture
def people(session, school, make_employee):
    """The two who may do everything but see contacts, beside the cast."""
    for name, scope in (("colleague", RowScope.DEPARTMENT), ("overseer", RowScope.ALL)):
        role = Role(name=name, scope=scope, permission_codes=[p.value for p in Permission if p not in PERSONAL])
        session.add(role)
        session.flush()
        make_employee(name, username=name).roles = [role]
    session.commit()


def give(session, customers, contacts: tuple[Contacts, Contacts]) -> None:
    """Write contacts into the customers, and into every text about them; the second one's into two of them."""
    for customer, own in zip(customers, (contacts[0], contacts[1], *contacts), strict=True):
        mark = f"{customer.id}" if customer in customers[2:] else ""
        said = f"电话{own.mobile}{mark},QQ {own.qq}{mark},微信{own.wechat}{mark}"
        session.execute(update(Customer).where(Customer.id == customer.id).values(
            qq=own.qq + mark, mobile=own.mobile + mark, wechat=own.wechat + mark, company=f"微信{own.wechat}{mark}",
            salary=f"{own.mobile}{mark}", major=f"QQ{own.qq}{mark}", graduation_school=f"尾号{own.mobile[-4:]}{mark}"))
        session.execute(update(FollowUp).where(FollowUp.customer_id == customer.id).values(note=said))
        session.execute(update(Distribution).where(Distribution.customer_id == customer.id).values(memo=said))
    session.commit()


def questions(app, browser, customers) -> Iterator[str]:
    """Addresses a curious person opens: every page there are links to, the rows by number, and every list searched,
    sorted and filtered for pieces of both kinds of contacts.
    """
    opened, parameters = [], defaultdict(set)
    for visit in walk(app, browser, each=1):
        opened.append(visit.address)
        for _method, address, names in parameters_on(visit.page):
            parameters[urlsplit(address).path] |= names
    yield from opened
    yield from _questions_by_number(customers)
    yield from _searches(parameters)


def _questions_by_number(customers) -> Iterator[str]:
    for customer in customers:
        for screen, function in (("customer", "details"), ("customer", "edit"), ("publicpool", "details"),
                                 ("mycustomers", "details"), ("followup", "details"), ("distribution", "edit"),
                                 ("record", "state")):
            yield f"/admin/{screen}/{function}/?id={customer.id}"


def _searches(parameters) -> Iterator[str]:
    pieces = [piece for contacts in (*ONE, *OTHER) for piece in contacts.pieces]
    for number, path in enumerate(f"/admin/{name}/" for name in LISTS):
        names = sorted({"search", "q", "query", "name", "mobile", "customer", *parameters[path]})
        for place, name in enumerate(names):
            yield f"{path}?{name}={quote(pieces[(number + 7 * place) % len(pieces)])}"
        for piece in ONE[0].pieces[:8:2]:
            yield f"{path}?search={quote(piece)}&q={quote(piece)}"
        for column in range(8):
            yield f"{path}?sort={column}&desc={column % 2}"
    for piece in ONE[0].pieces:
        yield f"/admin/palette/?q={quote(piece)}"
    for piece in ONE[0].pieces[::3]:
        yield f"/admin/customer/ajax/lookup/?name=referral_from&query={quote(piece)}"
        yield f"/admin/followup/ajax/lookup/?name=customer&query={quote(piece)}"


def attempts(customers) -> Iterator[tuple[str, dict[str, object]]]:
    """What such a person may try to do and is refused, or asks before it is done."""
    for customer in customers:
        yield "/admin/mycustomers/release/", {"customer_id": customer.id}
        yield "/admin/mycustomers/follow-up/", {"customer_id": customer.id, "note": ""}
        yield "/admin/mycustomers/cancel-course/", {"customer_id": customer.id, "course_id": "999"}
        yield "/admin/customer/action/", {"action": "assign", "rowid": customer.id}
        yield f"/admin/customer/edit/?id={customer.id}", {"name": "", "mobile": "1"}
        yield f"/admin/distribution/edit/?id={customer.id}", {"memo": "字" * 300}
        yield "/admin/claim/", {"customer_id": "999999"}


def heard_by(app, login, who: str, customers, asked: list[str] | None = None) -> dict[str, str]:
    """Every answer someone gets, by question. The same questions as before, if these are given."""
    browser = login(who)
    heard = {address: text_of(browser.get(address)) for address in asked or list(questions(app, browser, customers))
             if not address.startswith("POST")}
    for path, form in attempts(customers):
        heard[f"POST {path} {form}"] = text_of(browser.submit(path, form, follow_redirects=True))
    return heard


def pieces_in(text: str, contacts: tuple[Contacts, ...], asked: str) -> set[str]:
    """The pieces of contacts, four signs long, that a text shows and the question did not say itself."""
    shown = unicodedata.normalize("NFKC", text)
    for term in {value for _name, value in parse_qsl(urlsplit(asked).query)}:
        for echo in (term, quote(term), quote_plus(term)):
            shown = shown.replace(echo, "")
    return {value[at:at + 4] for own in contacts for value in (own.mobile, own.qq, own.wechat)
            for at in range(len(value) - 3) if value[at:at + 4] in shown}


def leaks(app, login, session, who: str, customers, asked: list[str] | None = None) -> list[str]:
    """What someone reads of contacts hidden from him, or can tell by comparing answers; nothing if they are hidden."""
    give(session, customers, ONE)
    first = heard_by(app, login, who, customers, asked)
    found = [f"{who} reads {pieces} at {asked}" for asked, text in first.items()
             if (pieces := pieces_in(text, ONE, asked))]
    give(session, customers, OTHER)
    second = heard_by(app, login, who, customers, list(first))
    return found + [f"{who} can tell contacts apart by {asked}" for asked in first
                    if first[asked] != second[asked] and not OF_THE_VIEWERS_OWN_DOINGS.match(asked)]


class TestHiddenContacts:
    @pytest.mark.parametrize(("backend", "who"), [*(("sqlite", who) for who in VIEWERS), *MORE_VIEWERS],
                             indirect=["backend"])
    def test_are_read_nowhere_and_found_out_by_no_question(self, app, login, session, customers, people, who):
        assert leaks(app, login, session, who, customers) == []

    def test_are_there_for_whoever_may_see_them(self, app, login, session, customers, people):
        """The questions find what there is to find."""
        asked = [*_questions_by_number(customers), *_searches(defaultdict(set))]
        assert len(leaks(app, login, session, "manager", customers, asked)) > 100
