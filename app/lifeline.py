"""Dying with the process that started us, where the system can do that (Linux).

Run as a script it starts another program that way: `python lifeline.py SIGTERM program arguments`. It imports nothing
of ours, so that it starts at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals, parent: int | None = None) -> None:
    """Ask the system to send this process a signal when its parent dies; elsewhere than on Linux do nothing.

    Args:
        parent: the parent's process id as it was when this process began, if known: it may have died since.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), number)


def main(arguments: list[str]) -> None:
    """Become another program that dies with its parent."""
    name, parent, *command = arguments
    die_with_parent(signal.Signals[name], int(parent))
    os.execvp(command[0], command)  # noqa: S606 - the supervisor's own command


if __name__ == "__main__":
    main(sys.argv[1:])
