"""The application context of a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app
from rq import get_current_job

from app import sqlite, trail


@contextmanager
def job_context() -> Iterator[None]:
    """Open a fresh context, and with it a fresh session, that may write; `worker.py` has made the application."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    with app.app_context(), sqlite.read_write():
        job = get_current_job()
        trail.act_for(f"job {job.id}" if job else "job")
        yield
