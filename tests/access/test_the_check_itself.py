"""The check can fail: what must never be is hung into an application of its own, and reported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import abort
from flask_admin import BaseView, expose

from app.admin.customers import CustomerView
from app.admin.guard import GuardedView
from app.extensions import db
from app.models import Campus, Customer
from tests.access.checks import Doorkeeper, Report, gone, needed_by_view, planned, undeclared
from tests.access.doors import Door, Opens, by_query
from tests.access.expectations import CUSTOMERS, DOORS
from tests.access.grants import P
from tests.access.people import BY_NAME, EVERYONE, VISITOR
from tests.conftest import make_app
from tests.support.clock import SettableClock

SANJIANG, TUTOR = BY_NAME["sanjiang"], BY_NAME["tutor"]


class OpenView(BaseView):
    """Flask-Admin's own base: open to everyone."""

    @expose("/")
    def index(self) -> str:
        return "come in"


class UnfilteredView(CustomerView):
    """A table whose rows belong to nobody."""

    group = None

    def row_filter(self, *_: object) -> None:
        return None


class CarelessView(GuardedView):
    """Writes first, and refuses then."""

    needs = {"index_view": P.COURSE_READ}

    @expose("/")
    def index_view(self) -> str:
        return ""

    @expose("/write/", methods=("POST",))
    def write(self) -> None:
        """Not declared in `needs`."""

    def _handle_view(self, name: str, **_kwargs: object) -> None:
        if name == "write":
            db.session.add(Campus(title="漏网之鱼"))
            db.session.commit()
            abort(403)


@pytest.fixture
def careless(doorkeeper: Doorkeeper) -> Iterator[Doorkeeper]:
    """The same school and sessions, served by an application with holes in it."""
    app = make_app(doorkeeper.engine.url.render_as_string(hide_password=False), SettableClock())
    admin = app.extensions["admin"][0]
    admin.add_view(OpenView(endpoint="open"))
    admin.add_view(UnfilteredView(Customer, endpoint="unfiltered"))
    admin.add_view(CarelessView(endpoint="careless"))
    other = doorkeeper.in_front_of(app)
    yield other
    other.close()


def reported(doorkeeper: Doorkeeper, door: Door) -> str:
    report = Report()
    doorkeeper.go_through(door, report, (VISITOR, TUTOR, SANJIANG))
    return str(report) if report.wrong else ""


class TestIsReported:
    def test_a_route_nobody_declared(self, careless):
        sentences = "\n".join(undeclared(careless.app))
        assert "GET /admin/open/ is not declared" in sentences
        assert "POST /admin/unfiltered/edit/ is not declared" in sentences
        assert "/admin/customer/" not in sentences

    def test_a_declared_route_that_is_gone(self, careless):
        extra = [*DOORS, Door("GET", "/admin/castle/", P.JOBS_READ)]
        assert gone(careless.app, extra) == [
            "GET /admin/castle/ is declared in tests/access/expectations.py, but there is no such route"]

    def test_a_view_without_a_guard(self, careless):
        told = reported(careless, Door("GET", "/admin/open/", P.CUSTOMER_READ))
        assert "by visitor, none: expected 302, got 200" in told
        assert "by tutor, none: expected 403, got 200" in told
        assert "by sanjiang" not in told

    def test_single_rows_without_a_filter(self, careless):
        told = reported(careless, Door("GET", "/admin/unfiltered/details/", P.CUSTOMER_READ, table="customer",
                                       asks=by_query(), reached=CUSTOMERS.reached_for(P.CUSTOMER_READ)))
        assert "another's, held: expected 404, got 200" in told
        assert "another's, held: shows what is not there for him" in told
        assert "mine, held" not in told

    def test_a_list_without_a_filter(self, careless):
        told = reported(careless, Door("GET", "/admin/unfiltered/", P.CUSTOMER_READ,
                                       lists=CUSTOMERS.doors()[0].lists))
        assert "shows another's, held" in told

    def test_a_list_that_leaves_out_what_is_there(self, careless):
        told = reported(careless, Door("GET", "/admin/customer/", P.CUSTOMER_READ,
                                       lists=("customer", lambda _person, _row, _case: True)))
        assert "does not show another's, held" in told

    def test_a_refusal_that_changes_something(self, careless):
        told = reported(careless, Door("POST", "/admin/careless/write/", Opens.TO_NOBODY))
        assert "by sanjiang, none: changed ['campus'], expected nothing" in told

    def test_an_opening_that_changes_nothing(self, careless):
        told = reported(careless, Door("POST", "/admin/customer/action/", P.CUSTOMER_READ, opens=404,
                                       changes=frozenset({"customer"})))
        assert "by sanjiang, none: changed nothing, expected ['customer']" in told

    def test_a_view_that_asks_for_less_than_is_declared(self, careless):
        door = Door("GET", "/admin/unfiltered/", P.ROLE_WRITE)
        assert needed_by_view(careless.app, door) is P.CUSTOMER_READ is not door.needs


class TestTheTable:
    def test_makes_well_over_two_thousand_requests(self, doorkeeper):
        assert planned(doorkeeper) > 4000

    def test_knows_every_relation_a_person_can_have_to_a_customer(self, doorkeeper):
        kinds = {kind for person in EVERYONE for kind, _row in doorkeeper.world.representatives("customer", person)}
        assert kinds >= {f"{whose}, {state}" for whose in ("mine", "a colleague's", "another's")
                         for state in ("held", "enrolled", "in the pool")}
        assert kinds >= {"nobody's, in the pool", "another's, held, once mine", "a colleague's, held, once mine"}

    def test_lets_somebody_in_and_turns_somebody_away_at_each_door(self):
        for door in DOORS:
            admitted = {person for person in EVERYONE if door.admits(person)}
            assert (admitted == set()) == (door.needs is Opens.TO_NOBODY), door
            assert (admitted == set(EVERYONE)) == (door.needs is Opens.TO_EVERYONE), door

    def test_finds_rows_that_are_there_and_rows_that_are_not(self, doorkeeper):
        for door in DOORS:
            if door.table is None or door.needs is Opens.TO_NOBODY:
                continue
            there = {door.is_there(person, case) for person in EVERYONE if door.admits(person)
                     for case in doorkeeper.cases(door, person)}
            assert there == {True, False}, door
