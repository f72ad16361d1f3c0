"""A plugin for `.ci/run` (-p tests.support.seconds): how many seconds each kind of test took, all workers together."""

from __future__ import annotations

from collections import Counter

import pytest


class Seconds:
    """Adds up the tests' durations by marker."""

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = kinds
        self.spent: Counter[str] = Counter()
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for kind in [kind for kind in self.kinds if kind in report.keywords] or ["unmarked"]:
            self.spent[kind] += report.duration  # type: ignore[assignment]
            self.tests[kind] += report.when == "call"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("seconds by marker")
        for kind, seconds in self.spent.most_common():
            terminalreporter.write_line(f"{kind:<10} {self.tests[kind]:5d} tests {seconds:8.1f} s")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        kinds = [line.split(":")[0] for line in config.getini("markers") if ": " in line]
        config.pluginmanager.register(Seconds(kinds))
