"""Runs a job in child processes, for tests that kill them: `python -m tests.support.sweeper BATCH [JOB]`.

It is the night unless told otherwise: `recomputation`, or the number of an order to move customers. For each line on
its input it starts one, says its process id, then "batch" for each transaction the child commits (as the job does),
then how the child ended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

from app import create_app, current
from app.extensions import db
from app.services import nightly, recomputation, transfers


def say(line: str) -> None:
    """Write a line as a whole: parent and child share the pipe, and print() writes the end of a line by itself."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def commit_and_say(_done: int, _total: int) -> None:
    db.session.commit()
    say("batch")


def night(batch: int) -> None:
    """The nightly job."""
    nightly.run(db.session, current.today(), today=current.today(), now=current.now, batch=batch,
                on_batch=commit_and_say)


def recompute(batch: int) -> None:
    """The recomputation, from the beginning."""
    state = recomputation.wanted_state(db.session)
    recomputation.recompute(db.session, today=current.today, batch=batch,
                            on_batch=lambda *_: commit_and_say(0, 0))
    recomputation.note_done(db.session, state)
    db.session.commit()


def move(transfer_id: int, batch: int) -> None:
    """An order to move customers, or what is left of it."""
    transfers.carry_out(db.session, transfer_id, today=current.today, now=current.now, batch=batch,
                        on_batch=commit_and_say)


def main(batch: int, job: Callable[[int], None]) -> None:
    app = create_app()
    with app.app_context():
        say("ready")
        while sys.stdin.readline():
            child = os.fork()
            if not child:
                job(batch)
                os._exit(0)
            say(f"pid {child}")
            _pid, status = os.waitpid(child, 0)
            say(f"exit {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    name = sys.argv[2] if len(sys.argv) > 2 else "night"
    main(int(sys.argv[1]), partial(move, int(name)) if name.isdecimal() else
         {"night": night, "recomputation": recompute}[name])
