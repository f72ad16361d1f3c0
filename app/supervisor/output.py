"""One log for all: what the processes write, line by line, each with its name in front."""

from __future__ import annotations

import json
import os
import re
import selectors
import sys
from contextlib import suppress
from typing import IO

WIDTH = 9
COLOURS = {"run": 36, "web": 32, "worker": 33, "scheduler": 35, "redis": 34}


class Output:
    """Collects the lines of many pipes and writes them to standard output.

    Args:
        as_json: write each line as a JSON object instead, for logs that machines read.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._selector = selectors.DefaultSelector()
        self._colourful = sys.stdout.isatty() and not as_json

    def add(self, name: str, pipe: IO[bytes], hidden: re.Pattern[str] | None = None) -> None:
        """Take up the pipe of a process; lines that match `hidden` are left out."""
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, _Stream(name, pipe, hidden))

    def pump(self, seconds: float) -> None:
        """Write out what comes within so many seconds."""
        if not self._selector.get_map():
            return
        for key, _events in self._selector.select(seconds):
            stream: _Stream = key.data
            for line in stream.read():
                self.say(line, stream.name)
            if stream.ended:
                self._selector.unregister(stream.pipe)
                stream.pipe.close()

    def say(self, line: str, name: str = "run") -> None:
        """Write one line."""
        if self._as_json:
            text = line if line.startswith("{") else json.dumps({"process": name, "event": line}, ensure_ascii=False)
        elif self._colourful:
            text = f"\033[{COLOURS.get(name.split('.', maxsplit=1)[0], 37)}m{name:<{WIDTH}} |\033[0m {line}"
        else:
            text = f"{name:<{WIDTH}} | {line}"
        with suppress(BrokenPipeError):
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


class _Stream:
    """The pipe of a process, cut into lines."""

    def __init__(self, name: str, pipe: IO[bytes], hidden: re.Pattern[str] | None) -> None:
        self.name, self.pipe, self._hidden = name, pipe, hidden
        self.ended = False
        self._rest = b""

    def read(self) -> list[str]:
        """The lines that are complete by now."""
        try:
            got = os.read(self.pipe.fileno(), 65536)
        except BlockingIOError:
            return []
        self.ended = not got
        *lines, self._rest = (self._rest + got).split(b"\n")
        if self.ended and self._rest:
            lines, self._rest = [*lines, self._rest], b""
        found = [line.decode(errors="replace").rstrip() for line in lines]
        return [line for line in found if line and not (self._hidden and self._hidden.search(line))]
