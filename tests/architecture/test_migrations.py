"""Migrations go up, down and up again on both databases, and leave what the models say."""

from __future__ import annotations

import flask_migrate
import pytest
from sqlalchemy import inspect

from app.extensions import Base, db
from tests.conftest import make_app
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


@pytest.fixture
def empty_app(all_databases, backend, clock):
    app = make_app(all_databases.make_empty(backend), clock)
    with app.app_context():
        yield app
        db.engine.dispose()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_up_and_down_and_up_again(empty_app):
    flask_migrate.upgrade()
    assert tables() == set(Base.metadata.tables)
    flask_migrate.downgrade(revision="base")
    assert tables() == set()
    flask_migrate.upgrade()
    assert tables() == set(Base.metadata.tables)


def test_one_by_one(empty_app):
    """Each step can be taken back as soon as it was taken."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(empty_app.extensions["migrate"].migrate.get_config())
    for step in reversed(list(scripts.walk_revisions())):
        flask_migrate.upgrade(revision=step.revision)
        flask_migrate.downgrade(revision="-1")
        flask_migrate.upgrade(revision=step.revision)


def test_the_models_need_no_further_migration(empty_app, capfd):
    flask_migrate.upgrade()
    flask_migrate.check()


def test_every_constraint_has_a_name(empty_app):
    flask_migrate.upgrade()
    found = inspect(db.engine)
    for table in tables():
        options = Base.metadata.tables[table].dialect_options["sqlite"]  # AUTOINCREMENT leaves a key no name there
        if db.engine.dialect.name != "sqlite" or not options["autoincrement"]:
            assert found.get_pk_constraint(table)["name"], table
        for constraint in (*found.get_foreign_keys(table), *found.get_unique_constraints(table),
                           *found.get_check_constraints(table)):
            assert constraint["name"], (table, constraint)


def test_every_foreign_key_can_be_followed_backwards(empty_app):
    """A column that refers to another table begins an index, or deleting there would read all rows here."""
    flask_migrate.upgrade()
    found = inspect(db.engine)
    small = {("course_class", "campus_id")}  # leads a unique constraint, which is an index
    for table in tables():
        beginnings = {index["column_names"][0] for index in found.get_indexes(table)}
        beginnings |= {unique["column_names"][0] for unique in found.get_unique_constraints(table)}
        beginnings |= {found.get_pk_constraint(table)["constrained_columns"][0]}
        for key in found.get_foreign_keys(table):
            column = key["constrained_columns"][0]
            assert column in beginnings or (table, column) in small, f"{table}.{column}"
