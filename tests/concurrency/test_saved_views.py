"""Two windows of one person save, choose and delete at once: each gets a page, and nothing is there twice."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from app.models import ListChoice, SavedView
from tests.concurrency.test_lost_updates import Editor
from tests.support.crowd import all_at_once
from tests.support.databases import on_both_databases

pytestmark = [pytest.mark.race, on_both_databases]

ROUNDS = 6


@pytest.fixture
def windows(arena):
    arena.open(1)
    return Editor(arena.app, "admin"), Editor(arena.app, "admin")


def post(window: Editor, step: str, **entries: object) -> int:
    return window.save(f"/admin/savedview/{step}", "", list="customer", **entries)


def test_of_two_views_of_one_name_one_is_saved_and_one_refused(arena, windows):
    for number in range(ROUNDS):
        assert all_at_once([partial(post, each, "", name=f"视图{number}") for each in windows]) == [302, 302]
    with arena.session() as session:
        names = session.scalars(select(SavedView.name).order_by(SavedView.id)).all()
    assert names == [f"视图{number}" for number in range(ROUNDS)]


def test_of_two_first_choices_of_columns_one_is_kept(arena, windows):
    for _ in range(ROUNDS):
        with arena.session() as session:
            session.query(ListChoice).delete()
            session.commit()
        chosen = {"order": ["name", "qq"], "column": ["qq"]}
        assert all_at_once([partial(post, each, "columns/", **chosen) for each in windows]) == [302, 302]
        with arena.session() as session:
            assert session.scalars(select(ListChoice.columns)).all() == [["name", "qq"]]


def test_a_view_that_is_deleted_meanwhile_is_not_there_to_be_changed(arena, windows):
    one, other = windows
    for number in range(ROUNDS):
        post(one, "", name=f"视图{number}")
        with arena.session() as session:
            identity = session.scalars(select(SavedView.id)).one()
        changed, deleted = all_at_once([
            partial(post, one, "update/", id=identity, name="另一个"), partial(post, other, "delete/", id=identity)])
        assert (changed in {302, 404}, deleted) == (True, 302)
        with arena.session() as session:
            assert session.scalars(select(SavedView.id)).all() == []
