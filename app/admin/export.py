"""Exports of lists: a small one is an answer, a large one a task of a worker, who opens it here as its owner."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, flash, g, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current, queue, spreadsheets, sqlite, trail, web
from app.admin import seen
from app.admin.guard import viewer
from app.errors import ConflictError, NotAllowedError
from app.exports import LARGEST, Export
from app.extensions import Base, db, login_manager
from app.models import AuditAction, Employee
from app.models.choices import TaskKind
from app.models.types import Choice, Kind
from app.queue import QueueUnavailableError, Task
from app.services import background_tasks, export_files

if TYPE_CHECKING:
    from app.admin.base import TableView

AT_ONCE = 2_000
"""Up to so many rows are worth waiting for."""

BATCH = 1_000


def _label(value: Choice | Kind) -> str:
    """What people call a choice: looked up once an export, not for each of a million rows."""
    known: dict[tuple[type, Any], str] = g.setdefault("export_labels", {})
    key = type(value), value.value
    if key not in known:
        known[key] = str(value.label)
    return known[key]


FORMATTERS = {
    type(None): lambda _view, _value, _name: "",
    bool: lambda _view, value, _name: _("Yes") if value else _("No"),
    Choice: lambda _view, value, _name: _label(value),
    Kind: lambda _view, value, _name: _label(value),
    list: lambda _view, value, _name: ", ".join(str(each) for each in value),
    Base: lambda _view, value, _name: str(value),
}
"""Exports keep dates and numbers as what they are."""


def answer(view: TableView, kind: str) -> ResponseReturnValue:
    """The file, or a page that offers to prepare it in the background."""
    export = of_list(view)
    if export.total > AT_ONCE:
        rendered: str = view.render("screens/export.html", number=export.total, kind=kind,
                                    return_url=web.address(f"{view.endpoint}.index_view", **request.args))
        return rendered
    file = io.BytesIO()
    spreadsheets.write(kind, file, export.titles, export.rows)
    trail.note(AuditAction.EXPORTED, table=export.table,
               facts={"rows": export.total, "format": kind, "filtered": bool(request.query_string)})
    return Response(file.getvalue(), content_type=spreadsheets.CONTENT_TYPES[kind],
                    headers={"Content-Disposition": f'attachment; filename="{export.name}.{kind}"'})


def start(view: TableView, kind: str) -> ResponseReturnValue:
    """Ask a worker for the file; says at once if nobody will do it."""
    try:
        workers = queue.number_of_workers()
        total = of_list(view).total
        task = background_tasks.start(
            db.session, viewer().id, TaskKind.EXPORT, view.endpoint, total=total, now=current.now(), arguments={
                "query": request.query_string.decode(errors="replace"), "format": kind, "locale": current.locale()})
        db.session.commit()
        queue.enqueue_one(Task.EXPORT, task.id)
    except QueueUnavailableError as error:
        return unavailable(error, url_for(f"{view.endpoint}.index_view"))
    where = url_for("tasks.index_view")
    if web.wants_json():
        return jsonify(id=task.id, state=url_for("tasks.state_view")), 202
    if not workers:
        flash(_("No worker is running: it begins when one does."), "warning")
    return redirect(f"{where}#task-{task.id}", 303)


def unavailable(error: QueueUnavailableError, default: str) -> ResponseReturnValue:
    """There is no way into the queue: in words on the page one came from, or as JSON."""
    if web.wants_json():
        return web.error_page(503, str(error))
    flash(str(error), "error")
    return redirect(web.return_address(default))


def of_list(view: TableView) -> Export:
    """The rows of a list as this request filters and sorts it.

    Raises:
        ConflictError: there are too many.
    """
    total, query = view.export_query()
    if total > LARGEST:  # rather none than a file that silently ends early
        raise ConflictError(_l("At most %(most)d rows can be exported at once, and these are %(number)d: "
                               "narrow the list with filters first.", most=LARGEST, number=total))
    return Export(f"{view.endpoint}-{current.today().isoformat()}", view.model.__tablename__,
                  [str(title) for _name, title in view._export_columns], total, rights(), _values(view, query))


def rights() -> str:
    """Stands for what whoever asks may see by now."""
    return export_files.rights_of(viewer(), masking=current.school().mask_contacts)


def _values(view: TableView, query: Any) -> Iterator[Sequence[Any]]:
    rows = iter(query.yield_per(BATCH))
    while batch := list(islice(rows, BATCH)):
        view.on_listed(batch)
        for row in batch:
            yield [view.get_export_value(row, name) for name, _title in view._export_columns]


class Opener:
    """Opens the rows of a task as if its owner asked for them now: with what he may see and export by now."""

    def __init__(self, views: dict[str, TableView]) -> None:
        self._views = views

    @contextmanager
    def __call__(self, employee_id: int, subject: str, arguments: dict[str, Any]) -> Iterator[Export]:
        view, host = self._views[subject], (current_app.config.get("TRUSTED_HOSTS") or ["localhost"])[0].lstrip(".")
        address = f"/admin/{subject}/export/{arguments['format']}/?{arguments['query']}"
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        with app.app_context(), app.test_request_context(address, base_url=f"http://{host}"), sqlite.read_only():
            session["locale"] = arguments["locale"]
            login_manager._update_request_context_with_user(db.session.get(Employee, employee_id))
            if not view._may("export"):
                raise NotAllowedError(_l("You may not do this any more."))
            view._pass_with(view.needs["export"])
            export = of_list(view)
            yield Export(export.name, export.table, export.titles, export.total, export.rights, _recorded(export.rows))


def _recorded(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The rows, the contacts they show recorded as seen before the file is anybody's."""
    while batch := list(islice(rows, BATCH)):
        seen.record_apart()
        yield from batch

