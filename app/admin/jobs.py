"""The nightly jobs: what ran, what runs next, and running the night now with its progress."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app import current, queue, web
from app.admin.guard import GuardedView, allowed
from app.extensions import db
from app.permissions import Permission
from app.queue import JobState, QueueUnavailableError, Scheduled, Task
from app.services import job_runs

SHOWN, RETENTION_SHOWN = 30, 7


class JobsView(GuardedView):
    """`/admin/jobs/`."""

    group, order, menu_title = "settings", 90, _l("Nightly jobs")
    needs = {"index_view": Permission.JOBS_READ, "state_view": Permission.JOBS_READ,
             "run_view": Permission.JOBS_RUN}

    @expose("/")
    def index_view(self) -> str:
        """The book of runs, the next run, and how a run stands that was asked for."""
        today = current.today()
        try:
            upcoming, workers = queue.scheduled(), queue.number_of_workers()
            state = queue.job_state(Task.RUN_NOW.job_id)
        except QueueUnavailableError:
            upcoming, state, workers = None, None, 0
        rendered: str = self.render(
            "screens/jobs.html", runs=job_runs.latest(db.session, job_runs.EXPIRY, size=SHOWN),
            retention=job_runs.latest(db.session, job_runs.RETENTION, size=RETENTION_SHOWN),
            due=job_runs.is_due(db.session, job_runs.EXPIRY, today), reachable=upcoming is not None,
            workers=workers, next_night=_next_night(upcoming or []), state=_told(state) if state else None,
            can_run=allowed(Permission.JOBS_RUN) and upcoming is not None)
        return rendered

    @expose("/run/", methods=("POST",))
    def run_view(self) -> ResponseReturnValue:
        """Ask for the night now; asked twice it runs once."""
        try:
            job_id = queue.enqueue(Task.RUN_NOW)
        except QueueUnavailableError as error:
            if web.wants_json():
                return web.error_page(503, str(error))
            flash(str(error), "error")
            return redirect(url_for(".index_view"))
        if web.wants_json():
            return jsonify(job_id=job_id, state=url_for(".state_view", job_id=job_id)), 202
        return redirect(url_for(".index_view"))

    @expose("/state/<job_id>")
    def state_view(self, job_id: str) -> ResponseReturnValue:
        """How a job stands, for the page that waits for it."""
        current.set_unattended()
        if job_id not in {task.job_id for task in Task}:
            abort(404)
        try:
            state = queue.job_state(job_id)
        except QueueUnavailableError as error:
            return web.error_page(503, str(error))
        if state is None:
            abort(404)
        answer = jsonify(_told(state))
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _next_night(upcoming: list[Scheduled]) -> Scheduled | None:
    return next((entry for entry in upcoming if entry.job_id == Task.NIGHTLY.scheduled_id), None)


def _told(state: JobState) -> dict[str, Any]:
    """The state of a job as the page shows it."""
    return {"job_id": state.job_id, "status": state.status, "done": state.done, "total": state.total,
            "over": state.is_over, "sentence": _sentence(state)}


def _sentence(state: JobState) -> str:
    if state.status == "started":
        return str(_("Running: %(done)s of %(total)s", done=state.done, total=state.total))
    if not state.is_over:
        return str(_("Waiting for a worker"))
    if state.status != "finished" or not isinstance(state.result, dict):
        return str(_("It failed. The reason is in the worker's log."))
    closed = state.result["closed_follow_up"] + state.result["closed_deal"]
    return str(ngettext("Done: %(num)d holding closed", "Done: %(num)d holdings closed", closed))
