"""Going through the table: who asks for what, what came back, and undoing what was changed.

A request is one check of its answer and of what it changed; each row that an answer must or must not show is one more.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, Table, and_, event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.extensions import Base, db
from app.models import Employee, LoginSession
from app.permissions import Permission
from tests.access.doors import Answer, Asked, Case, Door, Opens
from tests.access.expectations import APPEND_ONLY, BOOKKEEPING, DOORS
from tests.access.people import EVERYONE, Person
from tests.access.world import Row, SessionRow, World
from tests.support.client import Client, changes_what_is_stored, shown_in, token_in

MALFORMED = "1,2"
MISSING = 2_000_000_000
REFUSED = (403, 404)
"""Asked for as JSON: the refusal is the same, and costs no page. What its page shows is looked at in tests/admin."""

_WRITING = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)

Stored = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


@dataclass
class Report:
    """What was checked, and what was not as expected."""

    checks: int = 0
    wrong: list[str] = field(default_factory=list)

    def check(self, holds: bool, sentence: str) -> None:
        self.checks += 1
        if not holds:
            self.wrong.append(sentence)

    def __str__(self) -> str:
        return "\n".join([f"{len(self.wrong)} of {self.checks} checks failed:", *self.wrong[:60]])


class Keeper:
    """Notices what a request changes in the database, and undoes it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tables = [table for table in Base.metadata.sorted_tables
                       if table.name not in APPEND_ONLY and not table.info.get("derived")]
        self._wrote = False
        self.stored = self._read()
        event.listen(engine, "before_cursor_execute", self._note)

    def close(self) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)

    def changed(self) -> frozenset[str]:
        """The tables that differ from what they were; they are put back."""
        if not self._wrote:
            return frozenset()
        now = self._read()
        found = frozenset(name for name, rows in self.stored.items() if rows != now[name])
        if found:
            self._put_back(now)
        self._wrote = False
        return found - BOOKKEEPING

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        written = _WRITING.match(statement)
        self._wrote = self._wrote or (written is not None and written[1] not in APPEND_ONLY)

    def _read(self) -> Stored:
        with self.engine.connect() as connection:
            return {table.name: {tuple(row[column.name] for column in table.primary_key): dict(row)
                                 for row in connection.execute(table.select()).mappings()} for table in self.tables}

    def _put_back(self, now: Stored) -> None:
        with self.engine.begin() as connection:
            for table in reversed(self.tables):
                self._delete(connection, table, now[table.name].keys() - self.stored[table.name].keys())
            for table in self.tables:
                self._write(connection, table, now[table.name])

    @staticmethod
    def _delete(connection: Connection, table: Table, keys: Iterable[tuple[Any, ...]]) -> None:
        for key in keys:
            connection.execute(table.delete().where(_is(table, key)))

    def _write(self, connection: Connection, table: Table, now: dict[tuple[Any, ...], dict[str, Any]]) -> None:
        for key, row in self.stored[table.name].items():
            if key not in now:
                connection.execute(table.insert().values(row))
            elif row != now[key]:
                connection.execute(table.update().where(_is(table, key)).values(row))


def _is(table: Table, key: tuple[Any, ...]) -> Any:
    return and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))


@dataclass
class Browser:
    """Somebody's session, as it was after the login: every request starts from there."""

    cookie: str | None
    token: str


class Doorkeeper:
    """Sends requests as anybody, and holds the answers against the table."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        with app.app_context():
            self.engine = db.engine
        self.browsers: dict[str, Browser] = {}
        self.addresses: dict[str, tuple[str, bool]] = {}
        for number, person in enumerate(EVERYONE, start=100):
            if person.signed_in:  # elsewhere first, and then here
                self._arrive(person, f"10.1.0.{number}", here=False)
            self.browsers[person.username] = self._arrive(person, f"10.2.0.{number}", here=True)
        self._deactivate([person for person in EVERYONE if person.department and not person.active])
        world.rows["session"] = self._sessions()
        self.keeper = Keeper(self.engine)

    def _arrive(self, person: Person, address: str, *, here: bool) -> Browser:
        client = self._client(None)
        client.environ_base["REMOTE_ADDR"] = address
        self.addresses[address] = person.username, here
        if person.department is None:
            token = token_in(client.get("/login").text)
        else:
            answer = client.login(person.username)
            assert answer.status_code == 302, f"{person} cannot log in: {answer.status_code} {answer.text[:300]}"
            token = client.csrf_token()
        cookie = client.get_cookie("session")
        return Browser(cookie.value if cookie else None, token)

    def _deactivate(self, people: list[Person]) -> None:
        """Their accounts end, and, when they come again, their sessions."""
        with Session(self.engine) as session:
            for person in people:
                session.scalars(select(Employee).where(Employee.username == person.username)).one().active = False
            session.commit()
        for person in people:
            self.send(person, "GET", "/admin/")

    def in_front_of(self, app: Flask) -> Doorkeeper:
        """The same school and the same sessions, served by another application."""
        other = copy(self)
        other.app = app
        with app.app_context():
            other.engine = db.engine
        other.keeper = Keeper(other.engine)
        return other

    def close(self) -> None:
        self.keeper.close()
        self.engine.dispose()

    def _sessions(self) -> list[Row]:
        with Session(self.engine) as session:
            return [SessionRow(login.id, str(login.address), owner=self.addresses[str(login.address)][0],
                               here=self.addresses[str(login.address)][1], ended=login.ended_at is not None)
                    for login in session.scalars(select(LoginSession).order_by(LoginSession.id))]

    def _client(self, cookie: str | None) -> Client:
        client = self.app.test_client()
        assert isinstance(client, Client)
        if cookie:
            client.set_cookie("session", cookie)
        return client

    def ask(self, person: Person, door: Door, asked: Asked, *, method: str | None = None, **how: Any) -> TestResponse:
        """A request at a door; by another method, if one is given."""
        url, form = asked.filled(door.url), asked.form
        if door.method == "POST" and changes_what_is_stored(url) and door.admits(person):
            form = {**form, "shown": shown_in(self.send(person, "GET", url, query=asked.query).text)}
        return self.send(person, method or door.method, url, query=asked.query, form=form, **how)

    def send(self, person: Person, method: str, url: str, *, query: dict[str, Any] | None = None,
             form: dict[str, Any] | None = None, accept: str = "text/html", token: bool = True) -> TestResponse:
        """One request, with the person's session as it was after the login."""
        browser = self.browsers[person.username]
        data = {**(form or {}), **({"csrf_token": browser.token} if token else {})} if method == "POST" else None
        headers = {} if method == "POST" or not token else {"X-CSRFToken": browser.token}
        answer = self._client(browser.cookie).open(url, method=method, query_string=query, data=data,
                                                   headers={"Accept": accept, **headers})
        _ = answer.data  # read while there is something to read from
        answer.close()
        return answer

    # The cases of a door, and the checks of each.

    def cases(self, door: Door, person: Person) -> Iterator[Case]:
        """Each kind of row there is for the person, and what is no row; a single case where no row is named.

        Who is turned away at the door is shown neither that a row is there nor that it is not: two cases tell.
        """
        if door.table is None:
            yield Case("none")
            return
        for kind, row in self.world.representatives(door.table, person):
            yield Case(kind, row.id, row)
            if not door.admits(person):
                break
        yield Case("missing", MISSING)
        if not door.admits(person):
            return
        yield Case("of another table", self.world.elsewhere(door.table))
        yield Case("malformed", MALFORMED)

    def go_through(self, door: Door, report: Report, people: Iterable[Person] = EVERYONE) -> None:
        """Everyone at one door, with every case."""
        for person in people:
            for case in self.cases(door, person):
                self._knock(door, person, case, report)

    def _knock(self, door: Door, person: Person, case: Case, report: Report) -> None:
        expected = door.expected(person, case)
        if door.tells and door.admits(person):
            expected = Answer(door.opens)
        asked = door.asks(self.world, person, case)
        accept = "application/json" if expected.status in REFUSED else door.accept
        answer = self.ask(person, door, asked, accept=accept)
        changed = self.keeper.changed()
        where = f"{door} by {person}, {case.kind}"
        report.check(self._same(answer, expected, door, person), (
            f"{where}: expected {expected.status}, got {answer.status_code} {answer.location or ''}"))
        report.check(door.allows(changed, expected), (
            f"{where}: changed {sorted(changed) or 'nothing'}, expected "
            f"{sorted(door.changes) if expected.changes else 'nothing'}"))
        self._look(door, person, case, answer, report)

    @staticmethod
    def _same(answer: TestResponse, expected: Answer, door: Door, person: Person) -> bool:
        if not door.admits(person) and not person.signed_in:
            if door.accept == "application/json":
                return answer.status_code == 401
            return answer.status_code == 302 and (answer.location or "").startswith("/login")
        return answer.status_code == expected.status and not (answer.location or "").startswith("/login?")

    def _look(self, door: Door, person: Person, case: Case, answer: TestResponse, report: Report) -> None:
        """Nothing of a row that is not there is to be seen; of those that are, what the list promises."""
        opened = door.admits(person)
        text = shown(answer)
        if case.row is not None:
            told = opened and door.is_there(person, case)
            if door.tells:
                report.check((case.row.marker in _without_echo(text)) == told, (
                    f"{door} by {person}, {case.kind}: {'not told' if told else 'told'}"))
            elif not told:
                report.check(case.row.marker not in _without_echo(text), (
                    f"{door} by {person}, {case.kind}: shows what is not there for him"))
        if door.lists is None:
            return
        table, listed = door.lists
        for row in self.world.rows[table]:
            expected = opened and answer.status_code == 200 and listed(person, row, case)
            there = row.marker in text
            report.check(there == expected or (door.at_most and not there), (
                f"{door} by {person}, {case.kind}: {'shows' if there else 'does not show'} {row.kind(person)}"))


def shown(answer: TestResponse) -> str:
    """Everything an answer says, whatever its form."""
    if "json" in answer.mimetype:
        return json.dumps(answer.get_json(), ensure_ascii=False)
    if "spreadsheetml" in answer.mimetype:
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            return "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    if answer.mimetype.startswith("text/"):
        return answer.data.decode("utf-8-sig")
    return ""


def _without_echo(text: str) -> str:
    """A page without what was typed into its search box."""
    return re.sub(r'<input[^>]*name="(?:search|q)"[^>]*>|<option[^>]*>|href="[^"]*"', "", text)


def undeclared(app: Flask) -> list[str]:
    """A sentence for each route nobody has declared."""
    declared = {(door.address, door.method) for door in DOORS}
    return [f"{method} {address} is not declared in tests/access/expectations.py: say there what opens it"
            for address, method in sorted(served(app) - declared)]


def gone(app: Flask, doors: Iterable[Door] = DOORS) -> list[str]:
    """A sentence for each declared route there is not."""
    declared = {(door.address, door.method) for door in doors}
    return [f"{method} {address} is declared in tests/access/expectations.py, but there is no such route"
            for address, method in sorted(declared - served(app))]


def planned(doorkeeper: Doorkeeper) -> int:
    """How many requests the table makes: everyone at each door, with each case."""
    return sum(1 for door in DOORS for person in EVERYONE for _case in doorkeeper.cases(door, person))


def served(app: Flask) -> set[tuple[str, str]]:
    """Each address and method of the application; HEAD and OPTIONS follow from the others."""
    return {(rule.rule, method) for rule in app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def methods_of(app: Flask) -> dict[str, set[str]]:
    """The methods each address answers, by all of its rules together."""
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        found.setdefault(rule.rule, set()).update(rule.methods or ())
    return found


def filled(address: str) -> str:
    """An address with its placeholders filled in."""
    return re.sub(r"<[^>]+>", "x", re.sub(r"<int:[^>]+>", "1", address))


def needed_by_view(app: Flask, door: Door) -> Permission | Opens | None:
    """What the view behind a door says it needs; None where there is no guarded view."""
    endpoint = next(rule.endpoint for rule in app.url_map.iter_rules()
                    if rule.rule == door.address and door.method in (rule.methods or ()))
    name, _dot, function = endpoint.partition(".")
    view = next((each for each in app.extensions["admin"][0]._views if each.endpoint == name), None)
    if view is None or function == "static":
        return None
    if function == "action_view":
        return _needed_by_action(view, door)
    return view.needs.get(function, Opens.TO_NOBODY) or Opens.TO_STAFF


def _needed_by_action(view: Any, door: Door) -> Permission | Opens:
    handler = view._actions_data.get(door.called)
    if handler is None:
        return view.needs["action_view"]
    return getattr(handler[0], "permission", Opens.TO_NOBODY)
