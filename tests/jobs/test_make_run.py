"""What `make run` starts: everything from nothing, one log, nothing left behind."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.backstage import Process, parent_of, plain_environment, processes_of, seconds_at_most
from tests.support.processes import ROOT, free_port, wait_until

pytestmark = pytest.mark.queue

READY = "answers at http://127.0.0.1:"


class Run:
    """A `make run` in an instance folder and on a port of its own.

    Args:
        folder: the instance folder; also the mark by which its processes are found.
    """

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.port = folder, free_port()
        self.environment = plain_environment(INSTANCE_DIR=str(folder), PORT=str(self.port), WEB_PROCESSES="1",
                                             **variables)
        self.process: Process | None = None

    @property
    def log(self) -> str:
        assert self.process is not None
        return self.process.log

    def start(self, *, seconds: float = 90) -> None:
        self.folder.mkdir(exist_ok=True)
        self.process = Process([sys.executable, "-m", "app.supervisor"], self.environment, self.folder / "log")
        self.process.wait_for(READY, seconds=seconds)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def wait_until_ready(self) -> dict[str, object]:
        found: dict[str, object] = {}

        def asked() -> bool:
            try:
                status, body = self.get("/readyz")
            except OSError:
                return False
            found.update(json.loads(body))
            return status == 200 and bool(found["last_night"]) and not found["last_night"]["due"]  # type: ignore[index]

        wait_until(asked, seconds=60, what="readiness and the first night")
        return found

    def left(self) -> dict[int, str]:
        """Our processes that are there."""
        return processes_of(self.folder)

    def pid_of(self, part: str) -> int:
        """The process the supervisor itself started whose command line holds something."""
        (found,) = [pid for pid, command in self.left().items()
                    if part in command and parent_of(pid) == self.process.pid]
        return found

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket, with a space in it."""
    with tempfile.TemporaryDirectory(prefix="gonghai run ", dir="/tmp", ignore_cleanup_errors=True) as made:
        yield Path(made) / "instance"


@pytest.fixture
def run(folder):
    made = Run(folder)
    yield made
    made.stop()


def refusal(**variables: str) -> str:
    """The one sentence with which it refuses to start."""
    result = subprocess.run([sys.executable, "-m", "app.supervisor"], cwd=ROOT, text=True, capture_output=True,
                            stdin=subprocess.DEVNULL, env=plain_environment(**variables), timeout=60, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stdout + result.stderr
    [sentence] = result.stderr.splitlines()
    return sentence


def test_everything_from_nothing_with_one_log_and_nothing_left_after_ctrl_c(run):
    run.start()
    said = run.wait_until_ready()
    assert {said[name] for name in ("status", "database", "migrations", "redis")} == {"ok"}
    assert run.get("/login")[0] == 200

    wait_until(lambda: {line.split()[0] for line in run.log.splitlines()} >= {"run", "web", "worker", "scheduler"},
               seconds=60, what="everyone to say something")
    assert all(re.match(r"(run|web|worker|scheduler|redis) +\| ", line) for line in run.log.splitlines()), run.log
    assert "demo logins, password of all: demo-pass-2026" in run.log
    for login in ("admin", "manager", "sanjiang", "baoyu", "dasha", "tutor", "teacher", "finance", "auditor"):
        assert re.search(rf"\| +{login} ", run.log)

    with seconds_at_most(10, "stopping"):
        os.killpg(run.process.pid, signal.SIGINT)  # as the terminal does: to the whole group
        assert run.process.popen.wait(15) == 0
    assert run.left() == {}
    assert "Traceback" not in run.log
    customers = _number_of_customers(run.folder)
    assert customers > 1000

    run.start()
    run.wait_until_ready()
    assert "filling the empty database" not in run.log
    assert _number_of_customers(run.folder) == customers
    run.process.signal(signal.SIGTERM)
    assert run.process.popen.wait(15) == 0
    assert run.left() == {}


def test_a_process_that_dies_is_started_again_and_nothing_outlives_the_supervisor(run):
    run.start()
    run.wait_until_ready()
    for part, name in (("worker.py --scheduler", "scheduler"), ("gunicorn", "web"), ("valkey-server", "redis")):
        os.kill(run.pid_of(part), signal.SIGKILL)
        run.process.wait_for(f"{name} ended (killed by SIGKILL) and is started again in 1 s")
    run.wait_until_ready()
    run.process.popen.kill()
    run.process.popen.wait()
    wait_until(lambda: run.left() == {}, seconds=60, what=f"the end of {run.left()}")  # gunicorn lets requests end


def test_a_taken_port_is_said_at_once(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        sentence = refusal(INSTANCE_DIR=str(folder), PORT=port)
    assert f"127.0.0.1:{port} cannot be used (Address already in use)" in sentence
    assert not folder.exists()


@pytest.mark.parametrize(("variables", "said"), [
    pytest.param({"DATABASE_URL": "postgresql+psycopg://u:very-secret@127.0.0.1:1/x"},
                 "The database cannot be reached: check DATABASE_URL (connection failed", id="no database server"),
    pytest.param({"DATABASE_URL": "sqlite:////proc/nowhere/x.db"},
                 "DATABASE_URL: the database file cannot be made", id="no place for a file"),
    pytest.param({"DATABASE_URL": "postgres://localhost/x"}, "DATABASE_URL: it must begin with", id="unknown database"),
    pytest.param({"APP_ENV": "production"}, "SECRET_KEY is not set", id="no secret"),
    pytest.param({"SECRET_KEY": "changeme"}, "SECRET_KEY is a default", id="weak secret"),
    pytest.param({"BUSINESS_TIMEZONE": "Beijing"}, "'Beijing' is not a time zone", id="unknown zone"),
    pytest.param({"REDIS_URL": "redis://127.0.0.1:1"}, "No server answers at the address in REDIS_URL", id="no redis"),
])
def test_what_is_not_in_order_is_one_sentence(folder, variables, said):
    sentence = refusal(INSTANCE_DIR=str(folder), PORT=str(free_port()), **variables)
    assert sentence.startswith("Cannot start: ")
    assert said in sentence
    assert "very-secret" not in sentence


def _number_of_customers(folder: Path) -> int:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "gonghai.db")) as database:
        return int(database.execute("SELECT count(*) FROM customer").fetchone()[0])
