"""Saved views of lists: whose they are, who sees and changes them, and what each person chose for himself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from app.errors import ConflictError, DomainError, NotAllowedError
from app.models import Employee, ListChoice, SavedView
from app.permissions import Permission, can

MOST = 50
"""As many views as one person keeps of one list."""

LONGEST_NAME = 32

TELLING = 4
"""So many characters of a contact are more than chance."""


@dataclass(frozen=True)
class Content:
    """What a view keeps of a list: see `SavedView`."""

    filters: dict[str, str] = field(default_factory=dict)
    search: str | None = None
    sort: str | None = None
    descending: bool = False
    columns: list[str] | None = None

    @classmethod
    def of(cls, view: SavedView) -> Content:
        """What is in a view."""
        return cls(dict(view.filters), view.search, view.sort, view.descending,
                   None if view.columns is None else list(view.columns))

    def into(self, view: SavedView) -> None:
        """Put it into a view."""
        view.filters, view.search, view.sort = self.filters, self.search, self.sort
        view.descending, view.columns = self.descending, self.columns


def visible(session: Session, employee: Employee, screen: str) -> list[SavedView]:
    """The views of a list a person sees: his own and the shared ones, by name."""
    query = select(SavedView).where(SavedView.screen == screen, _seen_by(employee))
    return list(session.scalars(query.order_by(SavedView.name, SavedView.id)))


def seen(session: Session, employee: Employee, view_id: int, *, lock: bool = False) -> SavedView | None:
    """A view by its number, if the person sees it; whether he may open its list is not asked here.

    Args:
        lock: keep others from changing it until the transaction ends.
    """
    query = select(SavedView).where(SavedView.id == view_id, _seen_by(employee))
    return session.scalar(query.with_for_update() if lock else query)


def _seen_by(employee: Employee) -> Any:
    return or_(SavedView.employee_id == employee.id, SavedView.shared)


def is_seen(employee: Employee, view: SavedView) -> bool:
    """Whether a person sees a view: his own, or a shared one."""
    return view.employee_id == employee.id or view.shared


def may_change(employee: Employee, view: SavedView) -> bool:
    """Its author may; a shared one also whoever may share views."""
    return view.employee_id == employee.id or (view.shared and can(employee, Permission.VIEW_SHARE))


def save(session: Session, author: Employee, screen: str, name: str, content: Content, *, shared: bool) -> SavedView:
    """A new view.

    Raises:
        DomainError: it has no name, or a longer one than there is room for.
        ConflictError: the author has one of that name, or too many, for this list.
        NotAllowedError: he may not share it.
    """
    own = select(SavedView.name).where(SavedView.employee_id == author.id, SavedView.screen == screen)
    if len(session.scalars(own).all()) >= MOST:
        raise ConflictError(_l("You have %(most)d views of this list already: delete one first.", most=MOST))
    view = SavedView(employee_id=author.id, screen=screen)
    _name(session, view, name)
    _share(author, view, shared=shared)
    content.into(view)
    session.add(view)
    session.flush()
    return view


def change(session: Session, employee: Employee, view: SavedView, *, name: str, shared: bool,
           content: Content | None = None) -> None:
    """Change a view's name, for whom it is, and, if that is given, what it shows.

    Raises:
        DomainError, ConflictError, NotAllowedError: as for `save`; also if it is somebody else's.
    """
    _check_may_change(employee, view)
    _name(session, view, name)
    _share(employee, view, shared=shared)
    if content is not None:
        content.into(view)
    session.flush()


def delete(session: Session, employee: Employee, view: SavedView) -> None:
    """Delete a view; lists that opened with it open as they are.

    Raises:
        NotAllowedError: it is somebody else's.
    """
    _check_may_change(employee, view)
    for choice in session.scalars(select(ListChoice).where(ListChoice.saved_view_id == view.id)):
        choice.saved_view = None
    session.flush()
    session.delete(view)
    session.flush()


def _check_may_change(employee: Employee, view: SavedView) -> None:
    if not may_change(employee, view):
        raise NotAllowedError(_l("Only its author, or whoever may share views, changes this view."))


def _name(session: Session, view: SavedView, name: str) -> None:
    name = " ".join(name.split())
    if not name:
        raise DomainError(_l("A view needs a name."))
    if len(name) > LONGEST_NAME:
        raise DomainError(_l("At most %(most)d characters.", most=LONGEST_NAME))
    same = select(SavedView.id).where(SavedView.employee_id == view.employee_id, SavedView.screen == view.screen,
                                      SavedView.name == name, SavedView.id != (view.id or 0))
    with session.no_autoflush:
        if session.scalar(same) is not None:
            raise ConflictError(_l("There is a view of that name already."))
    view.name = name


def _share(employee: Employee, view: SavedView, *, shared: bool) -> None:
    if shared and not view.shared and not can(employee, Permission.VIEW_SHARE):
        raise NotAllowedError(_l("You may not share views with everybody."))
    view.shared = shared


# What each person chose for himself.


def choice_of(session: Session, employee_id: int, screen: str) -> ListChoice | None:
    """What a person chose for a list; None if nothing."""
    return session.scalar(select(ListChoice).options(joinedload(ListChoice.saved_view)).where(
        ListChoice.employee_id == employee_id, ListChoice.screen == screen))


def choose_columns(session: Session, employee: Employee, screen: str, columns: list[str] | None) -> None:
    """Remember a person's columns of a list, in their order; None for the usual ones."""
    _chosen(session, employee, screen).columns = columns
    session.flush()


def open_with(session: Session, employee: Employee, screen: str, view: SavedView | None) -> None:
    """Let a person's list open with a view, or with none."""
    _chosen(session, employee, screen).saved_view = view
    session.flush()


def _chosen(session: Session, employee: Employee, screen: str) -> ListChoice:
    found = choice_of(session, employee.id, screen)
    if found is None:  # two windows of one person choose for the first time one after the other
        session.scalar(select(Employee.id).where(Employee.id == employee.id).with_for_update(key_share=True))
        found = choice_of(session, employee.id, screen)
    if found is None:
        found = ListChoice(employee_id=employee.id, screen=screen)
        session.add(found)
    return found


def forget(session: Session, texts: Collection[str]) -> None:
    """Take the search out of all views that search for any of these texts: the names and contacts of who is erased."""
    wanted = {text.casefold() for text in texts}
    for view in session.scalars(select(SavedView).where(SavedView.search.is_not(None))):
        if any(_means(view.search or "", text) for text in wanted):
            view.search = None
    session.flush()


def _means(search: str, text: str) -> bool:
    """Whether a search has the text in it, or looks for a part of it that is long enough to tell people apart."""
    search = search.casefold()
    return text in search or any(len(part) >= TELLING and part in text for part in search.split())
