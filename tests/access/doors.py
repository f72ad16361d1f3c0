"""The words in which expectations are written: what opens a door, which rows it reaches, what it answers."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.permissions import Permission
from tests.access.people import Person
from tests.access.world import Row, World


class Opens(enum.Enum):
    """What opens a door, if it is not a permission."""

    TO_EVERYONE = "to everyone, visitors too"
    TO_STAFF = "to whoever is logged in"
    TO_NOBODY = "to nobody, whatever he may do"


@dataclass(frozen=True)
class Answer:
    """A status, and whether the database is changed by what was asked."""

    status: int
    changes: bool = False


@dataclass(frozen=True)
class Asked:
    """What a request says besides its address: the query, the form of a POST, the row in the address itself."""

    query: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    placeholder: tuple[str, Any] = ("", "")

    def filled(self, address: str) -> str:
        name, value = self.placeholder
        return address.replace(name, str(value)) if name else address


@dataclass(frozen=True)
class Case:
    """One row a request is about; `row` is None where there is none of that id, and `id` what is sent."""

    kind: str
    id: Any = None
    row: Row | None = None


Reached = Callable[[Person, Any], bool]
"""Whether a row is there for a person."""


@dataclass(frozen=True)
class Door:
    """What is expected of one method of one route.

    Args:
        method, address: as in `app.url_map`.
        needs: the permission it takes, or an `Opens`.
        opens: the status when it opens.
        only: who else is refused (403), though he has the permission.
        table: the table whose rows the request names, if it names one; see `World.rows`.
        reached: which of them are there for whoever may come in at all. Left out: all of them.
        absent: the status for a row that is not there for the person: foreign, missing, or of another table.
        malformed: the status for what can be no id.
        asks: the query and form, given the world, the person and the case.
        rule: an answer that differs from `opens` though the row is reached, because a rule of the school says so.
        changes: the tables it may change when it opens; a POST to a permission that opens must change one of them.
        lists: the table whose rows the answer shows, and which of them, given person and row.
        at_most: it need not show all of those rows, as a page of figures does not.
        tells: for look-ups and searches that name a row: it is shown if reached, and the status is the same.
        path: values for the placeholders of the address.
        accept: what the client asks for.
        called: the name under which it is reported, where one address serves several things.
    """

    method: str
    address: str
    needs: Permission | Opens
    opens: int = 200
    only: Callable[[Person], bool] | None = None
    table: str | None = None
    reached: Reached | None = None
    absent: int = 404
    malformed: int = 404
    asks: Callable[[World, Person, Case], Asked] = lambda _world, _person, _case: Asked()
    rule: Callable[[Person, Any], Answer | None] | None = None
    changes: frozenset[str] = frozenset()
    lists: tuple[str, Callable[[Person, Any, Case], bool]] | None = None
    at_most: bool = False
    tells: bool = False
    path: tuple[tuple[str, str], ...] = ()
    accept: str = "text/html"
    called: str = ""

    @property
    def url(self) -> str:
        url = self.address
        for name, value in self.path:
            url = url.replace(name, value)
        return url

    def __str__(self) -> str:
        return f"{self.method} {self.address}" + (f" ({self.called})" if self.called else "")

    # What is expected.

    def admits(self, person: Person) -> bool:
        """Whether a person comes in at all, whatever the row."""
        if self.needs is Opens.TO_EVERYONE:
            return True
        if not person.signed_in or self.needs is Opens.TO_NOBODY:
            return False
        permitted = self.needs is Opens.TO_STAFF or person.may(self.needs)
        return permitted and (self.only is None or self.only(person))

    def is_there(self, person: Person, case: Case) -> bool:
        """Whether the row is there for a person who came in."""
        if self.table is None:
            return True
        return case.row is not None and (self.reached is None or self.reached(person, case.row))

    def expected(self, person: Person, case: Case) -> Answer:
        """The answer a person gets."""
        if not self.admits(person):
            return Answer(403 if person.signed_in else 302)
        if not self.is_there(person, case):
            return Answer(self.malformed if case.kind == "malformed" else self.absent)
        told = self.rule(person, case.row) if self.rule else None
        if told is not None:
            return told
        return Answer(self.opens, bool(self.changes))

    def allows(self, changed: frozenset[str], expected: Answer) -> bool:
        """Whether what was changed goes with the answer; what is open to everyone changes nothing for a visitor."""
        if not expected.changes:
            return not changed
        return changed <= self.changes and (bool(changed) or self.needs is Opens.TO_EVERYONE)


def by_query(name: str = "id", **form: Any) -> Callable[[World, Person, Case], Asked]:
    """The row is named in the address."""
    return lambda _world, _person, case: Asked({name: case.id}, form)


def by_form(name: str = "id", **form: Any) -> Callable[[World, Person, Case], Asked]:
    """The row is named in the form."""
    return lambda _world, _person, case: Asked({}, {**form, name: case.id})


Form = Callable[[World, Row | None], dict[str, Any]]
"""The fields of a table's form, filled in properly: for a new row, or for one that is there."""


@dataclass(frozen=True)
class Table:
    """The ways into a table, which are the same for all of them.

    Args:
        name: as in its address and in `World.rows`.
        stored: the database's name for it.
        read, create, edit, delete, export: the permission each takes.
        form: its form, filled in.
        reach: which rows each reach covers; left out, a table belongs to nobody in particular and is open in whole.
        actions: by name, the permission each takes.
        editable, deletable: rules of the school about a row that is reached.
        writes: the tables a change may touch besides its own.
        listed: all rows stand in its list; not so where there are too many of them.
        details: a row has a page of its own.
        created: the status when a new row was made.
        created_alone: a new row refers to no row that only some reach; else its door stands in DOORS.
    """

    name: str
    stored: str
    read: Permission
    create: Permission | Opens
    edit: Permission | Opens
    delete: Permission | Opens
    export: Permission | Opens
    form: Form
    reach: Callable[[Any, Person, Any], bool] | None = None
    editable: Callable[[Person, Any], Answer | None] | None = None
    deletable: Callable[[Person, Any], Answer | None] | None = None
    writes: frozenset[str] = frozenset()
    created_alone: bool = True
    listed: bool = True
    details: bool = True
    created: int = 302

    @property
    def address(self) -> str:
        return f"/admin/{self.name}/"

    def reached_for(self, needs: Permission | Opens) -> Reached | None:
        """The rows within the reach of what a way takes and, as they must be read too, of reading."""
        reach = self.reach
        if reach is None:
            return None
        return lambda person, row: isinstance(needs, Permission) and reach(
            person.narrowest(self.read, needs), person, row)

    def doors(self) -> list[Door]:
        """The doors every table has."""
        return [*self._reading(), *self._writing(), *self._exports(), *self._never()]

    @property
    def has_form(self) -> bool:
        return (self.create, self.edit) != (Opens.TO_NOBODY, Opens.TO_NOBODY)

    def writer(self, person: Person) -> bool:
        """Whether a person fills in the form at all: look-ups are for him."""
        return any(isinstance(needs, Permission) and person.may(needs) for needs in (self.create, self.edit))

    def _lists(self, needs: Permission | Opens) -> tuple[str, Callable[[Person, Any, Case], bool]] | None:
        if not self.listed:
            return None
        reached = self.reached_for(needs)
        return self.name, lambda person, row, _case: reached is None or reached(person, row)

    def _reading(self) -> list[Door]:
        return [
            Door("GET", self.address, self.read, lists=self._lists(self.read)),
            Door("GET", f"{self.address}details/", self.read if self.details else Opens.TO_NOBODY, asks=by_query(),
                 table=self.name, reached=self.reached_for(self.read)),
        ]

    def _writing(self) -> list[Door]:
        changes = frozenset({self.stored}) | self.writes
        edit = {"table": self.name, "reached": self.reached_for(self.edit), "rule": self.editable}
        create = Door("POST", f"{self.address}new/", self.create, opens=self.created, changes=changes,
                      asks=lambda world, _person, _case: Asked({}, self.form(world, None)))
        return [
            Door("GET", f"{self.address}new/", self.create),
            *([create] if self.created_alone else []),
            Door("GET", f"{self.address}edit/", self.edit, asks=by_query(), **edit),
            Door("POST", f"{self.address}edit/", self.edit, opens=302, changes=changes,
                 asks=lambda world, _person, case: Asked({"id": case.id}, self.form(world, case.row)), **edit),
            Door("POST", f"{self.address}delete/", self.delete, opens=302, changes=changes, asks=by_form(),
                 table=self.name, reached=self.reached_for(self.delete), rule=self.deletable),
        ]

    def _exports(self) -> list[Door]:
        address = f"{self.address}export/<export_type>/"
        kinds = [Door("GET", address, self.export, path=(("<export_type>", kind),), called=kind,
                      lists=self._lists(self.export)) for kind in ("csv", "xlsx")]
        prepared = Door("POST", address, self.export, opens=302, path=(("<export_type>", "csv"),))  # without Redis
        return [*kinds, prepared, *(
            Door("GET", address, self.export, opens=404, path=(("<export_type>", kind),), called=kind)
            for kind in ("json", "html"))]

    def _never(self) -> list[Door]:
        """The stock bulk delete, an action of a name there is not, and a look-up of a name there is not."""
        return [
            Door("POST", f"{self.address}action/", Opens.TO_NOBODY, table=self.name, called="delete",
                 asks=by_form("rowid", action="delete")),
            Door("POST", f"{self.address}action/", self.read, opens=404, called="no such action",
                 asks=lambda _world, _person, _case: Asked({}, {"action": "nonsense", "rowid": "1"})),
            Door("GET", f"{self.address}ajax/lookup/", self.read if self.has_form else Opens.TO_NOBODY, opens=404,
                 called="no such look-up", only=self.writer,
                 asks=lambda _world, _person, _case: Asked({"name": "consultant", "query": ""})),
        ]
