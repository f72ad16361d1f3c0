"""Every route × method × person × row, against the access table."""

from __future__ import annotations

import pytest

from app.permissions import BUILT_IN_ROLES, Permission
from tests.access.checks import filled, gone, methods_of, needed_by_view, undeclared
from tests.access.doors import Opens
from tests.access.expectations import DOORS, NOT_THERE
from tests.access.grants import BUILT_IN, GRANTED, permissions_of
from tests.access.people import BY_NAME, CAST, EVERYONE, VISITOR

A_FEW = (VISITOR, BY_NAME["sanjiang"], BY_NAME["tutor"], BY_NAME["admin"])
"""For what the server decides before it asks who is there."""


class TestEveryDoor:
    @pytest.mark.parametrize("door", DOORS, ids=str)
    def test_answers_everyone_as_declared(self, doorkeeper, report, door):
        doorkeeper.go_through(door, report)
        assert not report.wrong, str(report)


class TestOnPostgreSQL:
    """The rows a person reaches are a matter of the database: once more on the other one, for those who tell most."""

    @pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
    @pytest.mark.parametrize("door", [door for door in DOORS if door.reached and not door.lists], ids=str)
    def test_each_row_answers_as_declared(self, doorkeeper, report, door):
        doorkeeper.go_through(door, report, [BY_NAME[name] for name in ("sanjiang", "head_of_sales", "two_roles")])
        assert not report.wrong, str(report)


class TestTheTableIsWhole:
    def test_every_route_is_declared(self, doorkeeper):
        assert not undeclared(doorkeeper.app), "\n".join(undeclared(doorkeeper.app))

    def test_every_declared_route_is_there(self, doorkeeper):
        assert not gone(doorkeeper.app), "\n".join(gone(doorkeeper.app))

    def test_everything_that_can_be_permitted_is_granted_as_the_domain_says(self):
        built_in = {role.code: role for role in BUILT_IN_ROLES}
        assert {permission for permission in Permission if permission not in GRANTED} == set()
        assert {code: role.permissions for code, role in built_in.items()} == {
            code: permissions_of(code) for code in BUILT_IN}
        assert {person.username: built_in[person.roles[0][0]].scope for person in CAST} == {
            person.username: person.roles[0][1] for person in CAST}

    def test_each_view_needs_what_the_table_says(self, doorkeeper, report):
        """Two books that must agree: what the views ask for, and what is declared here by hand."""
        for door in DOORS:
            needs = needed_by_view(doorkeeper.app, door)
            if needs is not None:
                report.check(needs == door.needs, (
                    f"{door}: declared {door.needs}, the view needs {needs}"))
        assert report.checks > 100
        assert not report.wrong, str(report)


class TestMethods:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
    def test_a_method_a_route_has_not_is_405(self, doorkeeper, report, method):
        for address, methods in methods_of(doorkeeper.app).items():
            if method in methods:
                continue
            for person in A_FEW:
                answer = doorkeeper.send(person, method, filled(address), accept="application/json")
                report.check(answer.status_code == 405 and not doorkeeper.keeper.changed(), (
                    f"{method} {address} by {person}: {answer.status_code}"))
        assert not report.wrong, str(report)

    def test_options_tell_the_methods_or_turn_away_and_nothing_else(self, doorkeeper, report):
        for address, methods in methods_of(doorkeeper.app).items():
            for person in A_FEW:
                answer = doorkeeper.send(person, "OPTIONS", filled(address))
                told = not answer.data and answer.allow.as_set(preserve_casing=True) == methods
                report.check((answer.status_code == 200 and told) or answer.status_code in (302, 403), (
                    f"OPTIONS {address} by {person}: {answer.status_code}"))
        assert not report.wrong, str(report)

    def test_head_answers_as_get_does(self, doorkeeper, report):
        for door in DOORS:
            if door.method != "GET" or door.called:
                continue
            for person in A_FEW:
                case = next(iter(doorkeeper.cases(door, person)))
                asked = door.asks(doorkeeper.world, person, case)
                answer = doorkeeper.ask(person, door, asked, method="HEAD")
                expected = door.expected(person, case).status
                report.check(answer.status_code == expected and not answer.data, (
                    f"HEAD {door.address} by {person}, {case.kind}: expected {expected}, got {answer.status_code}"))
        assert not report.wrong, str(report)

    def test_a_post_without_a_token_is_refused_and_changes_nothing(self, doorkeeper, report):
        for door in DOORS:
            for person in A_FEW if door.method == "POST" else ():
                case = next(iter(doorkeeper.cases(door, person)))
                asked = door.asks(doorkeeper.world, person, case)
                answer = doorkeeper.ask(person, door, asked, token=False)
                report.check(answer.status_code == 400 and not doorkeeper.keeper.changed(), (
                    f"{door} without a token by {person}: {answer.status_code}"))
        assert not report.wrong, str(report)


class TestWhatIsNotThere:
    def test_inline_editing_does_not_exist(self, doorkeeper, report):
        for address in NOT_THERE:
            for person in EVERYONE:
                answer = doorkeeper.send(person, "POST", address, form={"list_form_pk": 1, "name": "x"})
                report.check(answer.status_code == 404, f"POST {address} by {person}: {answer.status_code}")
        assert not report.wrong, str(report)

    def test_programs_without_a_session_get_401_and_a_sentence(self, doorkeeper, report):
        for door in DOORS:
            if door.needs is Opens.TO_EVERYONE or door.called:
                continue
            for person in (VISITOR, BY_NAME["deactivated"]):
                answer = doorkeeper.send(person, door.method, filled(door.url), accept="application/json")
                report.check(answer.status_code == 401 and bool(answer.json["error"]), (
                    f"{door} by {person} for JSON: {answer.status_code}"))
        assert not report.wrong, str(report)


class TestTheMenu:
    def test_shows_exactly_what_one_may_open(self, doorkeeper, report):
        views = [view for view in doorkeeper.app.extensions["admin"][0]._views if view.group]
        screens = {f"{view.url}/".replace("//", "/") for view in views}
        doors = {door.address: door for door in DOORS if door.method == "GET" and not door.called}
        assert len(screens) > 14
        for person in filter(lambda each: each.signed_in, EVERYONE):
            page = doorkeeper.send(person, "GET", "/admin/").text
            navigation = page[page.index('id="sidebar"'):page.index("<header")]
            shown = {address for address in screens if f'href="{address}"' in navigation}
            expected = {address for address in screens if doors[address].admits(person)}
            if not person.in_sales:  # readable, but offered only to those who can hold customers
                expected -= {"/admin/mycustomers/"}
            report.check(shown == expected, f"{person}: {sorted(shown ^ expected)}")
        assert not report.wrong, str(report)


class TestHome:
    def test_shows_the_desks_of_the_floor_to_whoever_leads_all_of_it_only(self, doorkeeper):
        desks = {name: doorkeeper.send(BY_NAME[name], "GET", "/admin/").text
                 for name in ("manager", "head_of_sales", "sanjiang")}
        assert "暴雨" in desks["manager"]
        assert "暴雨" not in desks["head_of_sales"]  # of another department
        assert "暴雨" not in desks["sanjiang"]
