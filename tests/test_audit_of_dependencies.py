"""`make audit`: what it says of each answer, and when it fails."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from tests.support.processes import ROOT

CLEAN = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}]}
UNKNOWN = {"name": "rq", "skip_reason": "Dependency not found"}


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("found", "code", "said"), [
    ([CLEAN, CLEAN], 0, "2 dependencies, nothing is known against them\n"),
    ([CLEAN, BAD], 1, "jinja2 2.0: PYSEC-2019-217, fixed in 2.10.1\n"),
    ([CLEAN, UNKNOWN], 1, "rq: Dependency not found\n"),
    ([BAD, UNKNOWN], 1, "jinja2 2.0: PYSEC-2019-217, fixed in 2.10.1\nrq: Dependency not found\n"),
])
def test_an_answer(audit, capsys, found, code, said):
    assert audit.judge(found) == code
    assert capsys.readouterr().out == said


def test_nothing_known_of_any_dependency_means_that_nobody_could_be_asked(audit, capsys):
    assert audit.judge([UNKNOWN, UNKNOWN]) == 0
    assert capsys.readouterr().out.startswith("LEFT OUT: the audit of the dependencies")


@pytest.mark.parametrize(("error", "code"), [
    ("ERROR:pip_audit._cli:Could not connect to the vulnerability feed", 0),
    ("ERROR:pip_audit._cli:requirement flask is not pinned", 1), ("", 1)])
def test_no_answer(audit, capsys, monkeypatch, error, code):
    monkeypatch.setattr(audit, "ask", lambda: subprocess.CompletedProcess([], 1, stdout="", stderr=error))
    assert audit.main() == code
    assert ("LEFT OUT" in capsys.readouterr().out) is (code == 0)


def test_no_answer_in_time(audit, capsys, monkeypatch):
    def wait():
        raise subprocess.TimeoutExpired(sys.executable, 1)

    monkeypatch.setattr(audit, "ask", wait)
    assert audit.main() == 0
    assert "LEFT OUT" in capsys.readouterr().out
