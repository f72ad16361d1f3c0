"""Two people save the same record at the same moment: one is saved, the other is asked; nobody's edit is lost."""

from __future__ import annotations

import contextvars
import re
import threading
from functools import partial

import pytest
from sqlalchemy import select

from app.admin import base
from app.extensions import db
from app.models import Campus, Employee, Role, Setting
from tests.support.client import token_in
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases
from tests.support.people import PASSWORD

pytestmark = [pytest.mark.race, on_both_databases]

ROUNDS = 8


class Editor:
    """An admin with a browser of his own, in a thread of his own."""

    def __init__(self, app, username: str) -> None:
        self.browser = app.test_client()
        page = self._ask("get", "/login")
        self._ask("post", "/login", data={"username": username, "password": PASSWORD, "csrf_token": token_in(page)})
        self.token = token_in(self._ask("get", "/admin/campus/"))

    def _ask(self, method: str, path: str, **kwargs) -> str:
        return contextvars.Context().run(getattr(self.browser, method), path, **kwargs).text

    def open(self, path: str) -> str:
        """Open the form; what it says it shows."""
        return re.search(r'name="shown" value="([^"]*)"', self._ask("get", path)).group(1)

    def save(self, path: str, shown: str, **entries: object) -> int:
        """Send the form; the status."""
        data = {**entries, "shown": shown, "csrf_token": self.token}
        return contextvars.Context().run(self.browser.post, path, data=data).status_code


@pytest.fixture
def editors(arena):
    """Two admins before the same campus."""
    arena.open(1)
    with arena.session() as session:
        session.add(Campus(title="原来的"))
        manager = session.scalars(select(Employee).where(Employee.username == "manager")).one()
        manager.roles = [session.scalars(select(Role).where(Role.code == "admin")).one()]
        session.commit()
        campus = session.scalars(select(Campus.id).where(Campus.title == "原来的")).one()
    return Editor(arena.app, "admin"), Editor(arena.app, "manager"), f"/admin/campus/edit/?id={campus}", campus


def title(arena, campus: int) -> str:
    with arena.session() as session:
        return session.get_one(Campus, campus).title


def both_save(editors, path: str, number: int) -> list[int]:
    one, other = editors
    opened = one.open(path), other.open(path)
    return all_at_once([lambda: one.save(path, opened[0], title=f"甲{number}"),
                        lambda: other.save(path, opened[1], title=f"乙{number}")])


def test_of_two_who_save_at_once_one_is_saved_and_one_is_asked(arena, editors):
    one, other, path, campus = editors
    for number in range(ROUNDS):
        answers = both_save((one, other), path, number)
        assert sorted(answers) == [302, 409]
        assert title(arena, campus) == (f"甲{number}" if answers[0] == 302 else f"乙{number}")


def test_of_two_first_decisions_about_a_setting_one_is_asked(arena, editors):
    """Nothing is stored yet, so there is no row to lock."""
    one, other, _path, _campus = editors
    page = "/admin/settings/"
    decided = {"session_idle_minutes": 120, "shortest_password": 12, "lead_retention_months": 0,
               "leaver_retention_months": 0, "session_retention_days": 90, "opening_hour": 9}
    for number in range(1, ROUNDS):
        with arena.session() as session:
            session.query(Setting).filter(Setting.key.startswith("school.")).delete(synchronize_session=False)
            session.commit()
        acts = [partial(who.save, page, who.open(page), session_hours=hours, **decided)
                for who, hours in ((one, 20 + number), (other, 50 + number))]
        answers = all_at_once(acts)
        assert sorted(answers) == [302, 409]


def test_looked_at_outside_the_lock_an_edit_is_lost(arena, editors, monkeypatch):
    """The negative control: the same race, with both looking before either has saved and letting go of the row."""
    one, other, path, campus = editors
    looked = threading.Barrier(2)
    check = base.conflicts.check

    def look_and_let_go(*args):
        check(*args)
        db.session.rollback()
        looked.wait(60)

    monkeypatch.setattr(base.conflicts, "check", look_and_let_go)
    assert both_save((one, other), path, 0) == [302, 302]
    assert title(arena, campus) in ("甲0", "乙0")
