"""`python -m app.supervisor`: web, worker, scheduler and Redis, until Ctrl-C.

Started by make it stops with make (--with-parent).
"""

from __future__ import annotations

import http.client
import os
import signal
import sys
import time
from types import FrameType

from app import create_app, demo, lifeline
from app.jobs.schedule import keep_school_time
from app.supervisor import embedded
from app.supervisor.children import Child, stop
from app.supervisor.output import Output
from app.supervisor.preparation import CannotStartError, check_port, check_redis, prepare_database
from config import INSTANCE, ROOT, ConfigurationError, Settings, settings_for_make_run

TURN = 0.3
WATCH_EVERY = 2.0


class Supervisor:
    """Looks after the processes."""

    def __init__(self, settings: Settings, output: Output) -> None:
        self._settings, self._output = settings, output
        self._redis: Child | None = None
        self._children: list[Child] = []
        self._told = False
        self._greeted = False
        self._watched = 0.0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True

    def run(self, *, shows_demo: bool) -> None:
        """Start everything, keep it alive, and stop it when told."""
        try:
            self._start_redis()
            self._children = _processes(self._settings, self._output)
            for child in self._children:
                child.start()
            while not self._told:
                self._turn(shows_demo)
            self._output.say("stopping")
        finally:
            stop(self._children, self._output)
            if self._redis is not None:
                stop([self._redis], self._output)
        self._output.say("stopped")

    def _turn(self, shows_demo: bool) -> None:
        self._output.pump(TURN)
        for child in [*([self._redis] if self._redis else []), *self._children]:
            child.revive()
        if not self._greeted and _answers(self._settings):
            self._greeted = True
            _greet(self._settings, self._output, shows_demo=shows_demo)
        self._watch_borrowed_redis()

    def _start_redis(self) -> None:
        if not self._settings.uses_embedded_redis:
            check_redis(self._settings)
        elif embedded.is_served(self._settings):
            self._output.say("instance/redis.sock is served already, that server is used")
        else:
            INSTANCE.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._redis = embedded.server(self._output)
            self._redis.start()
            embedded.wait_until_served(self._settings, self._redis, self._output)

    def _watch_borrowed_redis(self) -> None:
        """If the server was another run's and has gone with it, start one."""
        if self._redis is not None or not self._settings.uses_embedded_redis:
            return
        if time.monotonic() - self._watched > WATCH_EVERY:
            self._watched = time.monotonic()
            if not embedded.is_served(self._settings):
                self._start_redis()


def _processes(settings: Settings, output: Output) -> list[Child]:
    web = [sys.executable, "-m", "gunicorn", "app:create_app()"]
    worker = [sys.executable, "worker.py"]
    names = ["worker"] if settings.rq_workers == 1 else [f"worker.{n}" for n in range(1, settings.rq_workers + 1)]
    return [Child("web", web, ROOT, output), *(Child(name, worker, ROOT, output) for name in names),
            Child("scheduler", [*worker, "--scheduler"], ROOT, output)]


def _here(settings: Settings) -> str:
    """The host under which this machine reaches the web server."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104


def _answers(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(_here(settings), settings.port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _greet(settings: Settings, output: Output, *, shows_demo: bool) -> None:
    host = _here(settings)
    output.say(f"Gonghai answers at http://{f'[{host}]' if ':' in host else host}:{settings.port} (Ctrl-C stops it)")
    if shows_demo:
        output.say(f"demo logins, password of all: {demo.DEMO_PASSWORD}")
        for login in demo.DEMO_LOGINS:
            output.say(f"  {login.username:<10} {login.name} ({login.title})")
    else:
        output.say("make the first login with `.venv/bin/flask create-admin USERNAME`")


def main() -> int:
    """Run until told to stop; 1 if it cannot start, with one sentence that says why."""
    if "--with-parent" in sys.argv[1:]:
        lifeline.die_with_parent(signal.SIGTERM)
    try:
        settings = settings_for_make_run()
        output = Output(as_json=settings.log_format == "json")
        check_port(settings)
        keep_school_time(settings.business_timezone)
        os.environ["PYTHONUNBUFFERED"] = "1"
        shows_demo = prepare_database(create_app(settings), output)
        os.environ["REDIS_URL"] = settings.redis_url
        Supervisor(settings, output).run(shows_demo=shows_demo)
    except (ConfigurationError, CannotStartError) as error:
        print(f"Cannot start: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
