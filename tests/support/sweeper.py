"""Runs the night in child processes, for tests that kill them: `python -m tests.support.sweeper BATCH`.

For each line on its input it starts one, says its process id, then "batch" for each transaction the child commits (as
the job does), then how the child ended.
"""

from __future__ import annotations

import os
import sys

from app import create_app, current
from app.extensions import db
from app.services import nightly


def say(line: str) -> None:
    """Write a line as a whole: parent and child share the pipe, and print() writes the end of a line by itself."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def commit_and_say(_done: int, _total: int) -> None:
    db.session.commit()
    say("batch")


def main(batch: int) -> None:
    app = create_app()
    with app.app_context():
        say("ready")
        while sys.stdin.readline():
            child = os.fork()
            if not child:
                nightly.run(db.session, current.today(), today=current.today(), now=current.now, batch=batch,
                            on_batch=commit_and_say)
                os._exit(0)
            say(f"pid {child}")
            _pid, status = os.waitpid(child, 0)
            say(f"exit {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
