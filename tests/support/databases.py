"""A migrated database for each worker and kind, emptied between tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.pool import QueuePool

from app import create_app
from app.extensions import Base
from app.models.audit import unprotected
from config import Settings
from tests.support import postgres
from tests.support.sizes import FULL_SIZE

on_both_databases = pytest.mark.on_both_databases
"""Marks a test, a class or (as `pytestmark`) a module to run on both databases; elsewhere SQLite serves."""

SECRET_KEY = "tests only: a long key that signs nothing of value"


def settings_for(database_url: str, **overrides: object) -> Settings:
    """The settings of an application under test; nothing is taken from the environment."""
    values: dict[str, object] = {
        "app_env": "demo", "database_url": database_url, "secret_key": SECRET_KEY, "redis_url": "unix:///nowhere.sock",
        "business_timezone": "Asia/Shanghai", "default_locale": "zh_Hans_CN", "log_format": "console",
        "web_threads": 8, "trusted_proxies": 0, "clock_file": None, **overrides}
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


def migrate(database_url: str) -> None:
    """Bring an empty database to the head of the migrations."""
    app = create_app(settings_for(database_url))
    with app.app_context():
        flask_migrate.upgrade()
        app.extensions["migrate"].db.engine.dispose()


class Databases:
    """Makes databases for one worker of a test session.

    Args:
        shared: a folder all workers of the session share; the migrated templates lie there.
        own: a folder of this worker.
        worker: its name.
    """

    def __init__(self, shared: Path, own: Path, worker: str) -> None:
        self.shared, self.own, self.worker = shared, own, worker
        self._made = 0
        self._created: list[str] = []

    def make(self, backend: str) -> str:
        """A new migrated database and its URL."""
        self._made += 1
        return self._sqlite() if backend == "sqlite" else self._postgresql()

    def make_empty(self, backend: str) -> str:
        """A new database without a table and its URL."""
        self._made += 1
        if backend == "sqlite":
            return f"sqlite:///{self.own / f'empty{self._made}.db'}"
        return self._create(None)

    def drop_all(self) -> None:
        """Remove this worker's databases from the server; the files go with their folder."""
        for name in self._created:
            postgres.drop_database(postgres.server_url(self.shared), name)

    def _sqlite(self) -> str:
        template = self.shared / "template.db"
        with postgres.file_lock(self.shared / "template.lock"):
            if not template.exists():
                draft = self.shared / "draft.db"
                migrate(f"sqlite:///{draft}")
                draft.rename(template)
        copy = self.own / f"test{self._made}.db"
        shutil.copyfile(template, copy)
        copy.chmod(0o600)
        return f"sqlite:///{copy}"

    def _postgresql(self) -> str:
        server = postgres.server_url(self.shared)
        template = f"gonghai_template_{self.shared.name}".replace("-", "_").lower()
        done = self.shared / "template.postgres"
        with postgres.file_lock(self.shared / "template.postgres.lock"):
            if not done.exists():
                migrate(postgres.create_database(server, template))
                done.touch()
            return self._create(template)

    def _create(self, template: str | None) -> str:
        name = f"gonghai_test_{os.getpid()}_{self.worker}_{self._made}"
        self._created.append(name)
        return postgres.create_database(postgres.server_url(self.shared), name, template)


def drop_template(shared: Path) -> None:
    """Remove the template from a server that stays; one of our own goes as a whole."""
    if os.environ.get("TEST_POSTGRES_URL") and (shared / "template.postgres").exists():
        name = f"gonghai_template_{shared.name}".replace("-", "_").lower()
        postgres.drop_database(postgres.server_url(shared), name)


def empty(engine: Engine) -> None:
    """Take every row out of every table, in the order the foreign keys want."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE customer SET referral_from_id = NULL WHERE referral_from_id IS NOT NULL"))
        if FULL_SIZE and connection.dialect.name == "postgresql":
            connection.execute(text("DISCARD PLANS"))  # of foreign keys, made when there were few rows: each reads all
        with unprotected(connection):
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())


class QueryCounter:
    """Counts the statements an engine runs while it is entered; beginnings, pragmas and savepoints aside."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.statements: list[str] = []

    @property
    def count(self) -> int:
        return len(self.statements)

    def __enter__(self) -> QueryCounter:
        self.statements.clear()
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)

    def __str__(self) -> str:
        return f"{self.count} statements:\n" + "\n".join(self.statements)

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.split(maxsplit=1)[0].upper() not in {"BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK"}:
            self.statements.append(statement)


def pool_is_idle(engine: Engine) -> bool:
    """Whether no connection is lent out."""
    return not isinstance(engine.pool, QueuePool) or engine.pool.checkedout() == 0
