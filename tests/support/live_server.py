"""The application on a real server: gunicorn with several processes, as in production."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from tests.support.databases import SECRET_KEY
from tests.support.processes import ROOT, listening_socket, stop_group, wait_until


class LiveServer:
    """A running server; a context manager, so that it surely ends.

    Args:
        database_url: a migrated database.
        processes: how many web processes.
        threads: how many threads in each.
        clock_file: a file that holds the present instant, read at each call.
        app: where gunicorn finds the application.
        environment: further variables.
    """

    def __init__(self, database_url: str, *, processes: int = 2, threads: int = 8, clock_file: Path | None = None,
                 app: str = "app:create_app()", **environment: str) -> None:
        self.app, self.processes, self.threads = app, processes, threads
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
            "APP_ENV": "demo", "SECRET_KEY": SECRET_KEY, "DATABASE_URL": database_url,
            "REDIS_URL": "unix:///nowhere.sock", "BUSINESS_TIMEZONE": "Asia/Shanghai",
            "WEB_THREADS": str(threads), "PYTHONUNBUFFERED": "1", **environment}
        if clock_file is not None:
            self.environment["CLOCK_FILE"] = str(clock_file)
        self._log = tempfile.NamedTemporaryFile(prefix="gonghai-web-", suffix=".log")  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None
        self.host, self.port = "127.0.0.1", 0

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        """All it has written so far."""
        return Path(self._log.name).read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it answers."""
        with listening_socket() as listener:
            self.port = listener.getsockname()[1]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}",
                 "--workers", str(self.processes), "--threads", str(self.threads), "--worker-class", "gthread",
                 "--backlog", "1024", "--timeout", "120", "--graceful-timeout", "1", "--no-control-socket",
                 "--log-level", "warning", self.app],
                pass_fds=[listener.fileno()], cwd=ROOT, env=self.environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT)
        try:
            wait_until(self._answers, seconds=60, what="an answer of the web server")
        except TimeoutError:
            self.stop()
            raise AssertionError(f"the web server did not start:\n{self.log}") from None

    def stop(self) -> None:
        """End it with all its processes."""
        if self._process is not None:
            stop_group(self._process)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the web server ended at once:\n{self.log}")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status > 0
        except OSError:
            return False
        finally:
            connection.close()

    def __enter__(self) -> LiveServer:
        self.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None,
                 _trace: TracebackType | None) -> None:
        self.stop()
        self._log.close()
