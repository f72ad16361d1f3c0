"""The production worker process: an RQ worker, or with --scheduler the rq-scheduler."""

from __future__ import annotations

import argparse
import sys

from app import create_app, logs
from app.jobs import processes
from config import ConfigurationError


def main() -> int:
    """Run until told to stop by SIGTERM or SIGINT.

    A job that is running then is finished first; a second signal ends it at once.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheduler", action="store_true", help="run the scheduler instead of a worker")
    wanted = parser.parse_args()
    try:
        app = create_app()
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    logs.configure(app.config["SETTINGS"].log_format)
    with app.app_context():
        (processes.run_scheduler if wanted.scheduler else processes.run_worker)(app)
    return 0


if __name__ == "__main__":
    sys.exit(main())
