"""My tasks: what workers do for whoever looks, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, abort, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import LazyString, format_number, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import current, queue, sqlite, trail, web
from app.admin import export
from app.admin.base import row_id
from app.admin.guard import GuardedView, allowed, viewer
from app.errors import DomainError, NotAllowedError
from app.extensions import db
from app.models import AuditAction, BackgroundTask, ExportFile
from app.models.choices import TaskKind, TaskState
from app.permissions import Permission
from app.queue import QueueUnavailableError, Task
from app.services import background_tasks, export_files, transfers
from app.services.progress import seconds_left

DONE_BY = {TaskKind.EXPORT: Task.EXPORT, TaskKind.RECOMPUTATION: Task.RECOMPUTATION,
           TaskKind.TRANSFER: Task.TRANSFER}
"""Which of the worker's functions does what."""


RIGHTS_CHANGED = _l("What you may see has changed since this file was made. Export it again.")


@dataclass(frozen=True)
class Line:
    """A task as the page shows it.

    Args:
        lost: it should be under way, and no worker has it.
        file: what came of it, if that can be downloaded.
        withheld: why there is a file that cannot be.
        result_url: the page that says what has come of it so far, if there is one.
    """

    task: BackgroundTask
    title: str
    lost: bool
    sentence: str
    left: str
    file: ExportFile | None
    withheld: LazyString | str
    result_url: str | None = None

    @property
    def is_under_way(self) -> bool:
        return not self.task.is_over and not self.lost

    @property
    def page(self) -> str | None:
        """Where the result of one that makes no file is seen, for those who may."""
        if self.task.kind is not TaskKind.RECOMPUTATION or not allowed(Permission.SETTINGS_READ):
            return None
        return url_for("poolrules.index_view")

    @property
    def repeatable(self) -> bool:
        """Whether it can be started again."""
        ended_in_vain = self.lost or self.task.state in (TaskState.FAILED, TaskState.CANCELLED)
        return ended_in_vain and self.task.arguments is not None

    def as_json(self) -> dict[str, Any]:
        return {"id": self.task.id, "title": self.title, "state": "lost" if self.lost else self.task.state.value,
                "over": not self.is_under_way, "done": self.task.done, "total": self.task.total,
                "sentence": self.sentence, "left": self.left}


class TasksView(GuardedView):
    """Everybody's own tasks, and nobody else's.

    Args:
        titles: what people call the screens tasks are about.
    """

    menu_title = _l("My tasks")
    needs = {"index_view": None, "state_view": None, "cancel_view": None, "again_view": None, "download_view": None}

    def __init__(self, titles: dict[str, Any], **kwargs: Any) -> None:
        self._titles = titles
        super().__init__(**kwargs)

    @expose("/")
    def index_view(self) -> str:
        """The tasks of the last days, newest first."""
        lines, problem = self._lines()
        rendered: str = self.render("screens/tasks.html", lines=lines, problem=problem)
        return rendered

    @expose("/state")
    def state_view(self) -> ResponseReturnValue:
        """The same for the script that waits for the end of one."""
        current.set_unattended()
        lines, problem = self._lines()
        running = sum(line.is_under_way for line in lines)
        answer = jsonify(tasks=[line.as_json() for line in lines], running=running, said=said_of(len(lines), running),
                         problem=problem)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<task_id>/cancel", methods=("POST",))
    def cancel_view(self, task_id: str) -> ResponseReturnValue:
        """Stop a task."""
        background_tasks.cancel(self._own(task_id), now=current.now())
        db.session.commit()
        return self._answer()

    @expose("/<task_id>/again", methods=("POST",))
    def again_view(self, task_id: str) -> ResponseReturnValue:
        """Start a task again whose worker died, or which failed."""
        task = self._own(task_id)
        if any(line.is_under_way for line in self._lines()[0] if line.task is task):
            return self._answer()
        try:
            queue.number_of_workers()  # asks before anything is written whether there is a way in
            background_tasks.again(task, now=current.now())
            db.session.commit()
            queue.enqueue_one(DONE_BY[task.kind], task.id)
        except QueueUnavailableError as error:
            return export.unavailable(error, url_for(".index_view"))
        except DomainError as error:
            return web.refused(error, url_for(".index_view"))
        return self._answer()

    @expose("/<task_id>/download")
    def download_view(self, task_id: str) -> ResponseReturnValue:
        """The file of a finished export."""
        task = self._own(task_id)
        file = _file_of(task) or abort(404)
        if file.rights != export.rights():
            raise NotAllowedError(RIGHTS_CHANGED)
        number, chunks = task.id, file.chunks
        response = Response(_parts(db.engine, number, chunks), content_type=file.content_type, headers={
            "Content-Disposition": f'attachment; filename="{file.name}"', "Content-Length": str(file.size),
            "Cache-Control": "no-store"})
        trail.note(AuditAction.DOWNLOADED, facts={"what": file.name, "rows": task.total})
        return response

    def _lines(self) -> tuple[list[Line], str | None]:
        """The tasks, and what stands in their way."""
        found = background_tasks.recent(db.session, viewer().id, now=current.now())
        waits = [task for task in found if not task.is_over]
        lost: set[int] = set()
        problem = None
        if waits:
            try:
                lost = {task.id for task in waits if queue.is_lost(DONE_BY[task.kind].job_id_of(task.id))}
                if not queue.number_of_workers():
                    problem = str(_("No worker is running: it begins when one does."))
            except QueueUnavailableError as error:
                problem = str(error)
        moved = transfers.of_tasks(db.session, [task.id for task in found if task.kind is TaskKind.TRANSFER])
        return [self._line(task, lost=task.id in lost, transfer_id=moved.get(task.id)) for task in found], problem

    def _line(self, task: BackgroundTask, *, lost: bool, transfer_id: int | None) -> Line:
        title = f"{task.kind.label}: {self._titles.get(task.subject, task.subject)}"
        if task.arguments and "format" in task.arguments:
            title += f" ({task.arguments['format']})"
        result_url = None if transfer_id is None else url_for("transfer.result_view", id=transfer_id)
        return replace(line(task, title, lost=lost), result_url=result_url)

    @staticmethod
    def _own(task_id: str) -> BackgroundTask:
        return background_tasks.of(db.session, viewer().id, row_id(task_id))

    def _answer(self) -> ResponseReturnValue:
        return self.state_view() if web.wants_json() else redirect(url_for(".index_view"))


def _file_of(task: BackgroundTask) -> ExportFile | None:
    """The file a task has made, as long as it is kept."""
    file = task.file if task.state is TaskState.FINISHED else None
    return None if file is None or file.expires_at <= current.now() else file


def line(task: BackgroundTask, title: str, *, lost: bool) -> Line:
    """How a task stands, in words."""
    elapsed = (current.now() - task.begun_at).total_seconds() if task.begun_at else 0.0
    running = task.state is TaskState.RUNNING and not lost
    left = seconds_left(task.done, task.total, elapsed) if running else None
    file = _file_of(task)
    mine = file is not None and file.rights == export.rights()
    return Line(task, title, lost, _sentence(task, lost=lost), in_words(left), file if mine else None,
                RIGHTS_CHANGED if file and not mine else "")


def _sentence(task: BackgroundTask, *, lost: bool) -> str:
    if lost:
        return str(_("The worker that should do this is gone. It can be started again."))
    if task.state is TaskState.WAITING:
        return str(_("Waiting for a worker"))
    if task.state is TaskState.RUNNING:
        return running(task.done, task.total)
    if task.problem is not None:
        return str(task.problem.label)
    if task.state is TaskState.FINISHED:
        return _result(task)
    return str(task.state.label)


def _result(task: BackgroundTask) -> str:
    if task.kind is not TaskKind.RECOMPUTATION:
        return str(ngettext("Done: %(rows)s row", "Done: %(rows)s rows", task.total, rows=format_number(task.total)))
    said = task.arguments or {}
    return str(_("Done: of %(total)s customers %(earlier)s fall earlier and %(later)s later than before",
                 total=format_number(task.total), earlier=format_number(said.get("earlier", 0)),
                 later=format_number(said.get("later", 0))))


def running(done: int, total: int) -> str:
    """How far a piece of work is."""
    if not total:
        return str(TaskState.RUNNING.label)
    return str(_("Running: %(done)s of %(total)s", done=format_number(done), total=format_number(total)))


def in_words(seconds: float | None) -> str:
    """How long it still takes, as people say it; nothing if that is not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return str(_("a few seconds left"))
    if seconds < 55:
        tens = round(seconds / 10) * 10
        return str(ngettext("about %(num)d second left", "about %(num)d seconds left", tens))
    if seconds < 5400:
        return str(ngettext("about %(num)d minute left", "about %(num)d minutes left", max(1, round(seconds / 60))))
    return str(ngettext("about %(num)d hour left", "about %(num)d hours left", round(seconds / 3600)))


def said_of(recent: int, running: int) -> str:
    """What the top bar says of the tasks of whoever looks; nothing if there are none."""
    if running:
        return str(ngettext("%(num)d task is running", "%(num)d tasks are running", running))
    return str(_("My tasks")) if recent else ""


def in_top_bar() -> dict[str, Any] | None:
    """The same for the layout, with the number of tasks that wait or run."""
    if not current_user.is_authenticated:
        return None
    recent, running = background_tasks.numbers(db.session, viewer().id, now=current.now())
    return {"said": said_of(recent, running), "running": running} if recent else None


def _parts(engine: Engine, task_id: int, chunks: int) -> Iterator[bytes]:
    """The file part by part; one that is erased meanwhile ends early, and the browser says so."""
    for number in range(chunks):
        with sqlite.read_only(), Session(engine) as session:
            content = export_files.part(session, task_id, number)
        if content is None:
            return
        yield content
