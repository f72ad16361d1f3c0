"""The application context of a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app, has_app_context

from app import sqlite


@contextmanager
def job_context() -> Iterator[None]:
    """Open a fresh context, and with it a fresh session, that may write.

    `worker.py` has made the application; a plain `rq worker` has not, and it is made here.
    """
    with _application().app_context(), sqlite.read_write():
        yield


def _application() -> Flask:
    if has_app_context():
        return current_app._get_current_object()  # type: ignore[attr-defined]
    from app import create_app

    return create_app()
