"""Merging two customers who are the same person: which two, what stays of each, and undoing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import joinedload

from app import current, web
from app.admin import contacts
from app.admin.base import row_id, table_action
from app.admin.guard import GuardedView, viewer
from app.admin.labels import LABELS
from app.admin.record import MERGING, may_merge, page_of, state_of
from app.errors import DomainError
from app.extensions import db
from app.models import Customer, Merge
from app.models.choices import RowScope
from app.models.contacts import CONTACT_FIELDS
from app.permissions import Permission, scope_of_all
from app.services import merge_record, merges, pool, search
from app.services.merges import MERGED, SURVIVOR, Choices

FOUND = 20
"""So many customers are offered; whoever finds too many types on."""


@dataclass(frozen=True)
class Line:
    """One field of both, as the preview shows it: whoever merges chooses where both say something else."""

    name: str
    label: Any
    values: tuple[str, str]
    all_kept: bool = False

    @property
    def differs(self) -> bool:
        return not self.all_kept and all(self.values) and self.values[0] != self.values[1]


class MergesCustomers:
    """Mixin of the list of customers: two that are ticked are merged."""

    @table_action("merge", _l("Merge…"), Permission.CUSTOMER_MERGE)
    def action_merge(self, ids: list[str]) -> ResponseReturnValue:
        """Show both, the one that is further on as the one who stays."""
        found = self.get_several(ids)  # type: ignore[attr-defined]
        if len(found) != 2:
            flash(_("Tick the two customers who are the same person."), "error")
            return redirect(web.return_address(url_for("customer.index_view")))
        first, second = found
        if merges.kept_side(first, second, Choices(), today=current.today()) == MERGED:
            first, second = second, first
        return redirect(url_for("merge.index_view", customer=first.id, other=second.id))


class MergesView(GuardedView):
    """`/admin/merge/?customer=3` asks with whom, `&other=5` shows both; done and undone by POST."""

    needs = {"index_view": Permission.CUSTOMER_MERGE, "merge_view": Permission.CUSTOMER_MERGE,
             "details_view": Permission.CUSTOMER_MERGE, "undo_view": Permission.CUSTOMER_MERGE}

    def is_visible(self) -> bool:
        """Not in the menu: one comes here from a customer."""
        return False

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        """With whom, or both side by side."""
        moved = _merged_already(request.args.get("customer", ""), request.args.get("other", ""))
        if moved is not None:
            return moved
        customer = _customer(request.args.get("customer", ""))
        if request.args.get("other"):
            return self._preview(customer, _customer(request.args["other"]))
        asked = request.args.get("search", "")[:64].strip()
        page: str = self.render("screens/merge_with.html", customer=customer, asked=asked, contact=contacts.shown,
                                found=_found(customer, asked) if asked else _alike(customer))
        return page

    def _preview(self, survivor: Customer, merged: Customer) -> str:
        if survivor is merged:
            abort(404)
        today = current.today()
        undecided = (survivor.consultant_id != merged.consultant_id and _alike_in_standing(survivor, merged))
        kept = merges.kept_side(survivor, merged, Choices(), today=today)
        loser = survivor if kept == MERGED else merged
        page: str = self.render(
            "screens/merge.html", survivor=survivor, merged=merged, lines=_lines(survivor, merged),
            undecided=undecided, kept=kept,
            ends=loser.is_held(today) and survivor.consultant_id != merged.consultant_id,
            numbers=merges.what_goes_over(db.session, merged.id), shown=_shown(survivor, merged),
            return_url=web.return_address(page_of(survivor) or url_for("customer.index_view")))
        return page

    @expose("/merge/", methods=("POST",))
    def merge_view(self) -> ResponseReturnValue:
        """Merge them as the form says, if both are still as it showed them."""
        asked = request.form.get("customer_id", ""), request.form.get("merged_id", "")
        moved = _merged_already(*asked)
        if moved is not None:
            return moved
        survivor, merged = _customer(asked[0]), _customer(asked[1])
        back = url_for(".index_view", customer=survivor.id, other=merged.id)
        if request.form.get("shown", "") != _shown(survivor, merged):
            flash(_("This has changed since it was shown: look at it again, and confirm it then."), "warning")
            return redirect(back)
        sentence = _("%(name)s is part of %(survivor)s now. Under More it can be undone.",
                     name=f"{merged.name} #{merged.id}", survivor=f"{survivor.name} #{survivor.id}")
        choices = Choices({name: MERGED for name in merge_record.CHOSEN
                           if request.form.get(f"value-{name}") == MERGED},
                          MERGED if request.form.get("holder") == MERGED else SURVIVOR)
        try:
            merges.merge(db.session, survivor.id, merged.id, choices, by=viewer(), today=current.today(),
                         now=current.now())
            db.session.commit()
        except DomainError as error:
            return web.refused(error, url_for("record.index_view", id=survivor.id))
        flash(sentence, "success")
        return redirect(url_for("record.index_view", id=survivor.id))

    @expose("/details/")
    def details_view(self) -> str:
        """Who was merged into a customer, and what was replaced by it."""
        customer = _customer(request.args.get("customer", ""))
        page: str = self.render("screens/merges.html", customer=customer, told=_told,
                                merges=merges.merges_into(db.session, customer.id))
        contacts.shown(customer, "mobile")  # the replaced contacts are seen
        return page

    @expose("/undo/", methods=("POST",))
    def undo_view(self) -> ResponseReturnValue:
        """Part again whom the last merge has joined."""
        customer = _customer(request.form.get("customer_id", ""))
        page = url_for("record.index_view", id=customer.id)
        last = next(iter(merges.merges_into(db.session, customer.id)), None)
        if last is None or request.form.get("merge_id") != str(last.id):
            flash(_("This merge has been undone already."), "error")
            return redirect(page)
        name = last.name
        try:
            merges.undo(db.session, last.id, by=viewer(), today=current.today(), now=current.now())
            db.session.commit()
        except DomainError as error:
            return web.refused(error, page)
        flash(_("%(name)s is a customer of his own again.", name=name), "success")
        return redirect(page)


def leads_to(asked: str) -> str | None:
    """Where somebody is found now who was merged into another, for whoever finds that other; None of all else."""
    number = web.whole_number(asked)
    made = None if number is None else merges.merge_of(db.session, number)
    return None if made is None else page_of(made.survivor)


def _merged_already(*asked: str) -> ResponseReturnValue | None:
    """Where a second window of a merge is led to, and is told why; None if both are still there."""
    moved = next(filter(None, map(leads_to, asked)), None)
    if moved is None:
        return None
    flash(_("One of the two has just been merged into another customer."), "error")
    return redirect(moved)


def _customer(asked: str) -> Customer:
    customer = db.session.get(Customer, row_id(asked)) or abort(404)
    return customer if may_merge(customer) else abort(404)


def _reached() -> ColumnElement[bool]:
    scope, today = scope_of_all(viewer(), *MERGING), current.today()
    if scope is RowScope.DEPARTMENT:
        return pool.belongs_to_department(viewer().department_code, today)
    return true() if scope is RowScope.ALL else pool.belongs_to(viewer().id, today)


def _alike(customer: Customer) -> list[Customer]:
    return _rows(customer, Customer.name == customer.name)


def _found(customer: Customer, asked: str) -> list[Customer]:
    number = web.whole_number(asked.removeprefix("#"))
    found = search.customers(asked, visible=true())
    return _rows(customer, found if number is None else found | (Customer.id == number))


def _rows(customer: Customer, condition: ColumnElement[bool]) -> list[Customer]:
    return list(db.session.scalars(
        select(Customer).where(_reached(), condition, Customer.id != customer.id, Customer.erased_on.is_(None))
        .options(joinedload(Customer.consultant)).order_by(Customer.id.desc()).limit(FOUND)))


def _alike_in_standing(one: Customer, other: Customer) -> bool:
    """Whether both are with a consultant in the same way, so that somebody has to say who keeps him."""
    today = current.today()
    return (one.is_enrolled and other.is_enrolled) or (one.is_held(today) and other.is_held(today))


def _shown(survivor: Customer, merged: Customer) -> str:
    return f"{state_of(survivor)} {state_of(merged)}"


def _lines(survivor: Customer, merged: Customer) -> list[Line]:
    """What is written of either, field by field."""
    found = [Line(name, _label(name), (_word(survivor, name), _word(merged, name))) for name in merge_record.CHOSEN]
    found.append(Line("other_contacts", _label("other_contacts"), (
        contacts.shown(survivor, "other_contacts"), contacts.shown(merged, "other_contacts")), all_kept=True))
    return [line for line in found if any(line.values)]


def _label(name: str) -> Any:
    return LABELS[name.removesuffix("_id")]


def _word(customer: Customer, name: str) -> str:
    if name in CONTACT_FIELDS:
        return contacts.shown(customer, name)
    value = getattr(customer, name.removesuffix("_id"))
    return "" if value is None else str(getattr(value, "label", value))


def _told(made: Merge) -> list[tuple[Any, str, str]]:
    """Which of the survivor's values were replaced: label, before and after."""
    replaced = (made.kept or {}).get("replaced", {})
    return [(_label(name), *(merge_record.in_words(db.session, name, value) for value in replaced[name]))
            for name in (*merge_record.CHOSEN, "other_contacts") if name in replaced]
