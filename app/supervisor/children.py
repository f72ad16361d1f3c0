"""The processes that are looked after: started, started again when they die, stopped in the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from app import lifeline
from app.supervisor.output import Output

LONGEST_PAUSE = 30.0
LIVED_WELL = 60.0
"""A process that lived this long did not die of how it was started: the next pause is short again."""


@dataclass
class Child:
    """A process to keep alive, with what it starts itself in a process group of its own.

    Ctrl-C then reaches the supervisor alone, which ends them in order. Were it to reach all of them, a web process
    would be told to end twice at once, by the terminal and by gunicorn, and could hang in ending.

    Args:
        hidden: lines of its output that nobody needs.
    """

    name: str
    command: list[str]
    folder: Path
    output: Output
    hidden: re.Pattern[str] | None = None
    process: subprocess.Popen[bytes] | None = None
    _pause: float = 1.0
    _began: float = 0.0
    _start_at: float = field(default=0.0)

    def start(self) -> None:
        """Start it; it dies with us even if we are killed outright."""
        held = [sys.executable, "-I", "-S", lifeline.__file__, "SIGTERM", str(os.getpid()), *self.command]
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            held, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self._began = time.monotonic()
        assert self.process.stdout is not None
        self.output.add(self.name, self.process.stdout, self.hidden)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def revive(self) -> None:
        """Start it again if it has died, after a pause that grows while it keeps dying."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            if now - self._began > LIVED_WELL:
                self._pause = 1.0
            self.output.say(f"{self.name} ended ({_how(self.process.returncode)}) and is started again in "
                            f"{self._pause:.0f} s")
            self.process, self._start_at = None, now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        if self.process is None and now >= self._start_at:
            self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal if it is still there."""
        if self.process is not None and self.is_running:
            self.process.send_signal(number)

    def leaves_something(self) -> bool:
        """Whether what it started outlives it; that is killed here."""
        if self.process is None or self.is_running:
            return False
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


def stop(children: list[Child], output: Output) -> None:
    """Stop processes: ask, ask again for those that finish something first, then end them and what they left."""
    for number, seconds in ((signal.SIGTERM, 4.0), (signal.SIGINT, 4.0), (signal.SIGKILL, 2.0)):
        for child in children:
            child.signal(number)
        deadline = time.monotonic() + seconds
        while any(child.is_running for child in children) and time.monotonic() < deadline:
            output.pump(0.05)
    deadline = time.monotonic() + 1.0
    while any([child.leaves_something() for child in children]) and time.monotonic() < deadline:
        output.pump(0.05)
    output.pump(0.05)
