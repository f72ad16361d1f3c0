"""The nightly jobs: what ran, what runs next, and running the night now with its progress."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current, queue, web
from app.admin.guard import GuardedView, allowed
from app.admin.tasks import in_words, running
from app.extensions import db
from app.models.choices import TaskState
from app.permissions import Permission
from app.queue import JobState, QueueUnavailableError, Scheduled, Task
from app.services import job_runs
from app.services.progress import seconds_left

SHOWN, RETENTION_SHOWN = 30, 7

FOLLOWED: dict[str, LazyString] = {
    Task.RUN_NOW.job_id: _l("Asked for by hand"),
    Task.NIGHTLY.scheduled_id: _l("The night"),
    Task.CATCH_UP.job_id: _l("Making good a missed night"),
    Task.CATCH_UP.scheduled_id: _l("Making good a missed night"),
    Task.RETENTION.job_id: _l("Retention periods"),
    Task.RETENTION.scheduled_id: _l("Retention periods")}
"""The jobs whose progress this page shows, and what people call them."""


class JobsView(GuardedView):
    """`/admin/jobs/`."""

    group, order, menu_title = "settings", 90, _l("Nightly jobs")
    needs = {"index_view": Permission.JOBS_READ, "state_view": Permission.JOBS_READ,
             "run_view": Permission.JOBS_RUN}

    @expose("/")
    def index_view(self) -> str:
        """The book of runs, the next run, and how those stand that run now or were asked for by hand."""
        today = current.today()
        try:
            upcoming, workers = queue.scheduled(), queue.number_of_workers()
            states = [state for job_id in FOLLOWED if (state := queue.job_state(job_id)) is not None]
        except QueueUnavailableError:
            upcoming, states, workers = None, [], 0
        shown = [_told(each) for each in states if each.is_under_way or each.job_id == Task.RUN_NOW.job_id]
        rendered: str = self.render(
            "screens/jobs.html", runs=job_runs.latest(db.session, job_runs.EXPIRY, size=SHOWN),
            retention=job_runs.latest(db.session, job_runs.RETENTION, size=RETENTION_SHOWN),
            due=job_runs.is_due(db.session, job_runs.EXPIRY, today), reachable=upcoming is not None,
            workers=workers, next_night=_next_night(upcoming or []), states=shown,
            asked=next((each for each in shown if each["job_id"] == Task.RUN_NOW.job_id), None),
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
        if job_id not in FOLLOWED:
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
    left = seconds_left(state.done, state.total, state.elapsed) if state.status == "started" else None
    failed = state.is_over and state.status != "finished"
    return {"job_id": state.job_id, "title": str(FOLLOWED[state.job_id]), "status": state.status, "done": state.done,
            "total": state.total, "over": state.is_over, "failed": failed, "sentence": _sentence(state),
            "left": in_words(left)}


def _sentence(state: JobState) -> str:
    if state.status == "started":
        return running(state.done, state.total)
    if not state.is_over:
        return str(_("Waiting for a worker"))
    if state.status != "finished":
        return str(_("It failed. The reason is in the worker's log."))
    result = state.result if isinstance(state.result, dict) else {}
    if "closed_follow_up" in result:
        closed = result["closed_follow_up"] + result["closed_deal"]
        return str(ngettext("Done: %(num)d holding closed", "Done: %(num)d holdings closed", closed))
    return str(TaskState.FINISHED.label)
