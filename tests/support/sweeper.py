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


def commit_and_say(_done: int, _total: int) -> None:
    db.session.commit()
    print("batch", flush=True)


def main(batch: int) -> None:
    app = create_app()
    with app.app_context():
        print("ready", flush=True)
        while sys.stdin.readline():
            child = os.fork()
            if not child:
                nightly.run(db.session, current.today(), today=current.today(), now=current.now, batch=batch,
                            on_batch=commit_and_say)
                os._exit(0)
            print(f"pid {child}", flush=True)
            _pid, status = os.waitpid(child, 0)
            print(f"exit {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
