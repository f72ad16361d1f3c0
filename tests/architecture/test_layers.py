"""The shape of the code: which way imports point, who commits, who reads the clock and the environment."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT

BELOW_THE_ENTRY_POINTS = ("app/models", "app/services", "app/permissions.py", "app/extensions.py", "app/errors.py")

ENTRY_POINTS_OF_THE_CLOCK = {"app/clock.py", "app/queue.py", "app/jobs/schedule.py"}
"""The clock itself, and those who compare with the queue's own timestamps, which are the machine's."""

THE_QUEUES_OWN_VARIABLE = {"TZ"}
"""rq-scheduler's cron strings follow the process's zone, which app/jobs/schedule.py sets and looks up again."""


def sources(*places: str) -> Iterator[tuple[str, ast.Module]]:
    """The modules of some places, by their path from the root."""
    for place in places:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())


def calls(module: ast.Module) -> Iterator[tuple[str, int]]:
    """What is called, dotted as it is written, with the line."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func), node.lineno


def test_imports_point_down():
    found = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, check=False,
                           capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_services_and_models_leave_the_transaction_to_their_callers():
    ends = {"commit", "rollback", "close"}
    found = [f"{path}:{line}: {call}()" for path, module in sources(*BELOW_THE_ENTRY_POINTS)
             for call, line in calls(module) if call.rsplit(".", 1)[-1] in ends and "session" in call]
    assert found == []


def test_nothing_but_the_clock_reads_the_clock():
    reads = {"now", "utcnow", "today", "time", "localtime", "gmtime"}
    modules = {"dt.datetime", "dt.date", "datetime.datetime", "datetime.date", "datetime", "date", "time"}
    found = [f"{path}:{line}: {call}()" for path, module in sources("app", "worker.py")
             for call, line in calls(module)
             if path not in ENTRY_POINTS_OF_THE_CLOCK
             and call.rsplit(".", 1)[-1] in reads and call.rsplit(".", 1)[0] in modules]
    assert found == []


def test_below_the_entry_points_the_present_is_a_parameter():
    found = [f"{path}:{line}: {call}()" for path, module in sources(*BELOW_THE_ENTRY_POINTS)
             for call, line in calls(module) if call in {"current.now", "current.today", "clock.now", "clock.today"}]
    assert found == []


def test_nothing_but_the_configuration_reads_the_environment():
    found = []
    for path, module in sources("app", "worker.py"):
        for node in ast.walk(module):
            read = None
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.getenv", "os.environ.get"}:
                read = ast.unparse(node.args[0])
            elif (isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ"
                  and isinstance(node.ctx, ast.Load)):
                read = ast.unparse(node.slice)
            if read is not None and ast.literal_eval(read) not in THE_QUEUES_OWN_VARIABLE:
                found.append(f"{path}:{node.lineno}: {read}")
    assert found == []


@pytest.mark.parametrize("noun", ["employees", "customers", "follow_ups"])
def test_the_same_noun_has_the_same_file_in_every_layer(noun):
    assert (ROOT / f"app/services/{noun}.py").exists()
    assert (ROOT / f"app/admin/{noun}.py").exists()
    assert (ROOT / f"app/models/{noun.removesuffix('s')}.py").exists()


@pytest.mark.parametrize("folder", ["app", "migrations"])
def test_nothing_of_the_tests_is_in_the_application(folder):
    found = [path for path, module in sources(folder) for node in ast.walk(module)
             if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tests"]
    assert found == []
