"""The processes behind the web in tests: workers, schedulers, commands, sweeps that are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import SECRET_KEY
from tests.support.processes import ROOT, wait_until


def plain_environment(**variables: str) -> dict[str, str]:
    """What a process gets to see: nothing of ours but what is named."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **variables}


class Backstage:
    """Starts processes on one database, one Redis and one clock; `stop` ends them all.

    Args:
        folder: where the processes write what they say, and have their instance folder.
    """

    def __init__(self, folder: Path, *, database_url: str, redis_url: str, clock_file: Path | None = None,
                 **variables: str) -> None:
        self.folder = folder
        self.environment = plain_environment(
            APP_ENV="demo", SECRET_KEY=SECRET_KEY, DATABASE_URL=database_url, REDIS_URL=redis_url,
            INSTANCE_DIR=str(folder / "instance"), **variables)
        if clock_file is not None:
            self.environment["CLOCK_FILE"] = str(clock_file)
        self.running: list[Process] = []

    def worker(self) -> Process:
        return self._start("worker", [sys.executable, "worker.py"])

    def scheduler(self) -> Process:
        return self._start("scheduler", [sys.executable, "worker.py", "--scheduler"])

    def flask(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run([sys.executable, "-m", "flask", *arguments], cwd=ROOT, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, env={**self.environment, **variables}, timeout=120, check=False)

    def sweeper(self, batch: int, job: str | int = "night") -> Sweeper:
        """One for a job of that name, or for the order to move customers of that number."""
        arguments = (str(batch), str(job))
        process = self._start("sweeper", [sys.executable, "-m", "tests.support.sweeper", *arguments], talks=True)
        return Sweeper(process)

    def stop(self) -> None:
        for process in self.running:
            process.stop()

    def _start(self, name: str, command: list[str], *, talks: bool = False) -> Process:
        log = self.folder / f"{name}{len(self.running)}.log"
        process = Process(command, self.environment, log, talks=talks)
        self.running.append(process)
        return process


class Process:
    """A process whose output goes to a file."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, *, talks: bool = False) -> None:
        self._log = log
        with log.open("wb") as file:
            self.popen = subprocess.Popen(
                command, cwd=ROOT, env=environment, stderr=file, start_new_session=True,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL, stdout=subprocess.PIPE if talks else file)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str, *, seconds: float = 30) -> None:
        """Wait until it has said something."""
        try:
            wait_until(lambda: text in self.log or self.popen.poll() is not None, seconds=seconds, what=f"{text!r}")
        except TimeoutError:
            raise AssertionError(f"{text!r} was not said within {seconds:g} s, but:\n{self.log}") from None
        assert text in self.log, f"it ended ({self.popen.returncode}) without saying {text!r}:\n{self.log}"

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                pipe.close()


class Sweeper:
    """A process that runs the night, or an order, again and again: each time in a process of its own, to be killed."""

    def __init__(self, process: Process) -> None:
        self._process = process
        assert self._read() == "ready", process.log

    def run(self, *, kill_after: int | None = None, and_seconds: float = 0) -> bool:
        """Run the night once; True if it came to its end.

        Args:
            kill_after: kill it after so many transactions,
            and_seconds: and so many seconds.
        """
        assert self._process.popen.stdin is not None
        self._process.popen.stdin.write(b"go\n")
        self._process.popen.stdin.flush()
        pid, batches = 0, 0
        while not (line := self._read()).startswith("exit"):
            word, _, number = line.partition(" ")
            assert word in {"pid", "batch"}, f"{line!r}:\n{self._process.log}"
            pid, batches = int(number or pid), batches + (word == "batch")
            if pid and batches == kill_after:
                kill_after = None
                time.sleep(and_seconds)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert line in {"exit 0", "exit -9"}, f"{line}:\n{self._process.log}"
        return line == "exit 0"

    def _read(self) -> str:
        assert self._process.popen.stdout is not None
        return self._process.popen.stdout.readline().decode().strip()


def processes_of(folder: Path) -> dict[int, str]:
    """The processes that live in a folder or were told of it, by id, with their command lines."""
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            told = str(folder).encode() in (process / "environ").read_bytes() or str(folder) in command
            lives = (process / "cwd").resolve() == folder
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if (told or lives) and state != "Z":
            found[int(process.name)] = command
    return found


def parent_of(pid: int) -> int:
    """The id of the process that started another; numbers do not tell, they begin anew once they are used up."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def seconds_at_most(limit: float, what: str) -> Iterator[None]:
    """Fail if it takes longer."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took <= limit, f"{what} took {took:.1f} s"
