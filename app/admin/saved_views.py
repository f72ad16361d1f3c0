"""Saved views and chosen columns of the lists: what the forms around a list post. Each goes back to the list."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from app import web
from app.admin import lists
from app.admin.asked import Asked
from app.admin.base import row_id
from app.admin.constraints import refusal_of
from app.admin.guard import GuardedView, viewer
from app.admin.lists import Lists
from app.errors import DomainError
from app.extensions import db
from app.models import SavedView
from app.services import saved_views

MOST_PARAMETERS = 200


class SavedViewsView(GuardedView):
    """Open to whoever is logged in, for the lists he may open and the views he sees."""

    needs = {name: None for name in ("save", "update", "delete", "open_with", "columns")}

    @expose("/", methods=("POST",))
    def save(self) -> ResponseReturnValue:
        """Keep the list as it is under a name."""
        table, asked = _list(), _asked()

        def act() -> Asked:
            view = saved_views.save(
                db.session, viewer(), table.endpoint, request.form.get("name", ""),
                asked.content(table.shown_columns(asked)), shared="shared" in request.form)
            if "on" in request.form:
                saved_views.open_with(db.session, viewer(), table.endpoint, view)
            flash(_("The view “%(name)s” was saved.", name=view.name), "success")
            return Asked.of(view)

        return _done(table, asked, act)

    @expose("/update/", methods=("POST",))
    def update(self) -> ResponseReturnValue:
        """Change a view's name and for whom it is; with `content`, let it be the list as it is now."""
        table, asked, view = _list(), _asked(), _view()

        def act() -> Asked:
            content = asked.content(table.shown_columns(asked)) if "content" in request.form else None
            saved_views.change(db.session, viewer(), view, name=request.form.get("name", ""),
                               shared="shared" in request.form, content=content)
            flash(_("The view “%(name)s” was saved.", name=view.name), "success")
            return asked if content is None else Asked.of(view)

        return _done(table, asked, act)

    @expose("/delete/", methods=("POST",))
    def delete(self) -> ResponseReturnValue:
        """Delete a view; the list stays as it is."""
        table, asked, view = _list(), _asked(), _view()

        def act() -> Asked:
            saved_views.delete(db.session, viewer(), view)
            flash(_("The view “%(name)s” was deleted.", name=view.name), "success")
            return asked.but(view_id=None)

        return _done(table, asked, act)

    @expose("/open-with/", methods=("POST",))
    def open_with(self) -> ResponseReturnValue:
        """Open the list with a view from now on, or, without `on`, as it is."""
        table, asked, view = _list(), _asked(), _view()

        def act() -> Asked:
            saved_views.open_with(db.session, viewer(), table.endpoint, view if "on" in request.form else None)
            return asked

        return _done(table, asked, act)

    @expose("/columns/", methods=("POST",))
    def columns(self) -> ResponseReturnValue:
        """Remember the columns and their order; `up` or `down` moves one first, `reset` forgets them."""
        table, asked = _list(), _asked()

        def act() -> Asked:
            chosen = None if "reset" in request.form else _chosen_columns(table)
            saved_views.choose_columns(db.session, viewer(), table.endpoint, chosen)
            return asked.but(columns=None)

        return _done(table, asked, act)


def _list() -> Lists:
    """The list the form belongs to: one that whoever asks may open."""
    try:
        table = lists.view_of(request.form.get("list", ""))
    except KeyError:
        abort(404)
    if not table.is_accessible():
        abort(403)
    return table


def _asked() -> Asked:
    """What was asked of the list on the page the form came from."""
    try:
        said = parse_qsl(request.form.get("query", ""), max_num_fields=MOST_PARAMETERS)
    except ValueError:
        abort(400)
    return _list().asked(MultiDict(said))


def _view() -> SavedView:
    """The view in the form, kept from others; of another list, or unshared of somebody else, there is none."""
    view = saved_views.seen(db.session, viewer(), row_id(request.form.get("id", "")), lock=True)
    return view if view is not None and view.screen == request.form.get("list") else abort(404)


def _chosen_columns(table: Lists) -> list[str]:
    """The ticked columns in the order of the form, after moving the one whose arrow was pressed."""
    order = [each for each in dict.fromkeys(request.form.getlist("order")) if each in table.offered_columns]
    for name, step in ((request.form.get("up"), -1), (request.form.get("down"), 1)):
        if name in order:
            place = order.index(name)
            order.insert(min(max(place + step, 0), len(order)), order.pop(place))
    ticked = set(request.form.getlist("column"))
    return [each for each in order if each in ticked or each == table.column_lead]


def _done(table: Lists, asked: Asked, act: Callable[[], Asked]) -> ResponseReturnValue:
    """Do it, and go back to the list; a refusal is said there."""
    try:
        shown = act()
        db.session.commit()
    except (DomainError, IntegrityError) as error:
        db.session.rollback()
        return web.refused(error if isinstance(error, DomainError) else refusal_of(error), table.list_url(asked))
    return redirect(table.list_url(shown))
