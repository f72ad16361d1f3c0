"""Moving many customers: those ticked or found in the list, and the hand-over of a leaver; what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from flask import abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import MultiDict

from app import current, queue, web
from app.admin import export, options
from app.admin.base import row_id, table_action
from app.admin.guard import GuardedView, allowed, viewer
from app.admin.lists import filter_url
from app.admin.record import is_in_pool, within
from app.admin.tasks import in_words, running
from app.errors import ConflictError, DomainError
from app.extensions import db
from app.models import Customer, Employee, Transfer, TransferLine
from app.models.choices import LeaverLogin, LineState, RowScope, TaskKind, TaskState
from app.permissions import Permission, scope_of, scope_of_all
from app.queue import QueueUnavailableError, Task
from app.services import background_tasks, my_customers, pool, roles, rule_book, transfers
from app.services.progress import seconds_left
from app.services.rules import ONE_DAY
from app.services.transfers import Plan, Share

if TYPE_CHECKING:
    from app.admin.base import TableView as _Base
else:
    _Base = object

AT_ONCE = 500
"""Up to so many customers are moved while one waits; more are a worker's."""

SOON = 3
"""Whoever falls within so many days is named before a hand-over."""

NAMED = 12
"""So many customers are named before a hand-over."""

ROWS = 100
"""So many customers on a page of the result."""


def carry_out(transfer: Transfer) -> ResponseReturnValue:
    """Do what was ordered, at once or by a worker, and lead to what has become of it."""
    result = url_for("transfer.result_view", id=transfer.id, next=request.form.get("next") or None)
    _done, total = transfers.progress(db.session, transfer.id)
    if total > AT_ONCE:
        try:
            _ask_a_worker(transfer, total)
        except QueueUnavailableError as error:
            db.session.rollback()
            return export.unavailable(error, url_for("transfer.index_view"))
        return redirect(result)
    db.session.commit()
    _carry_out_here(transfer.id)
    return redirect(result)


def _ask_a_worker(transfer: Transfer, total: int) -> None:
    workers = queue.number_of_workers()  # asks before anything is written whether there is a way in
    task = background_tasks.start(db.session, viewer().id, TaskKind.TRANSFER, "customer", total=total,
                                  now=current.now(), arguments={"locale": current.locale()})
    transfer.task_id = task.id
    db.session.commit()
    queue.enqueue_one(Task.TRANSFER, task.id)
    if not workers:
        flash(_("No worker is running: it begins when one does."), "warning")


def _carry_out_here(transfer_id: int) -> None:
    transfers.carry_out(db.session, transfer_id, today=current.today, now=current.now,
                        on_batch=lambda _done, _total: db.session.commit())


def _recipients() -> tuple[int, ...]:
    """The consultants ticked in the form, each once, in the order of their numbers."""
    return tuple(sorted({row_id(each) for each in request.form.getlist("consultant_id") if each}))


@dataclass(frozen=True)
class Candidate:
    """A consultant to whom customers can be given, with how many he holds, and may hold if that is limited."""

    consultant: Employee
    held: int
    most: int | None
    ticked: bool

    @property
    def full(self) -> bool:
        return self.most is not None and self.held >= self.most


def _candidates(*, but: Employee | None = None) -> list[Candidate]:
    held, ticked = pool.numbers_held(db.session, today=current.today()), request.form.getlist("consultant_id")
    book = rule_book.load(db.session)
    return [Candidate(each, held.get(each.id, 0), book.of(each.department_code).holding_limit or None,
                      str(each.id) in ticked)
            for each in db.session.scalars(options.consultants()) if each is not but]


# --- out of the list of customers -------------------------------------------------------------------------------------


class MovesCustomers(_Base):
    """Mixin of the list of customers: those ticked, or all it finds, are given to consultants or released."""

    offers_all = True
    """The bar of ticked rows offers all the list finds."""

    @table_action("assign", _l("Assign…"), Permission.CUSTOMER_ASSIGN)
    def action_assign(self, ids: list[str]) -> ResponseReturnValue:
        """Ask to whom."""
        return self._asks(self._chosen(ids), release=False)

    @expose("/assign/", methods=("POST",))
    def assign_view(self) -> ResponseReturnValue:
        """Give the chosen customers to one consultant, or spread them over several."""
        return self._moves(Plan(_recipients()))

    @table_action("release", _l("Release to the Public Pool"), Permission.CUSTOMER_RELEASE)
    def action_release(self, ids: list[str]) -> ResponseReturnValue:
        """Ask once more."""
        return self._asks(self._chosen(ids), release=True)

    @expose("/release/", methods=("POST",))
    def release_view(self) -> ResponseReturnValue:
        """Give the chosen customers back to the pool."""
        return self._moves(Plan(release=True))

    def _chosen(self, ids: list[str]) -> ColumnElement[bool]:
        """The customers of this request: all those the list of an address finds, or the ticked ones."""
        if request.form.get("all"):
            query = urlsplit(request.form.get("list", "")[:2_000]).query
            asked = self.asked(MultiDict(parse_qsl(query)))
            _rows, numbers = self._narrowed(asked, ())
            return Customer.id.in_(select(numbers.subquery().c.id))
        return Customer.id.in_([customer.id for customer in self.get_several(ids)])

    def numbers_chosen(self, ids: list[str]) -> list[int]:
        """The numbers of the chosen customers, as many as one waits for.

        Raises:
            ConflictError: there are more.
        """
        found = list(db.session.scalars(select(Customer.id).where(self._chosen(ids)).limit(AT_ONCE + 1)))
        if len(found) > AT_ONCE:
            raise ConflictError(_l("At most %(most)d customers can be moved at once: narrow the list with filters "
                                   "first.", most=AT_ONCE))
        return found

    def _moves(self, plan: Plan) -> ResponseReturnValue:
        chosen = self._chosen(request.form.getlist("customer_id"))
        found = transfers.shares(db.session, chosen, today=current.today())
        if request.form.get("shown", "") != transfers.token(found):
            flash(_("This has changed since it was shown: look at it again, and confirm it then."), "warning")
            return self._asks(chosen, release=plan.release), 409
        try:
            transfer = transfers.order(db.session, viewer(), chosen, plan, today=current.today(), now=current.now())
        except DomainError as error:
            return web.refused(error, url_for(".index_view"))
        return carry_out(transfer)

    def _asks(self, chosen: ColumnElement[bool], *, release: bool) -> str:
        """Whose they are, how many of them can be moved, and to whom: the form that is to be confirmed."""
        found = transfers.shares(db.session, chosen, today=current.today())
        everything = bool(request.form.get("all"))
        rows = [] if everything else db.session.scalars(
            select(Customer).where(chosen).order_by(Customer.id).options(joinedload(Customer.consultant))).all()
        address = request.form.get("next") or request.form.get("url") or ""
        rendered: str = self.render(
            "screens/move_customers.html", release=release, shares=found, number=Plan(release=release).number(found),
            left=sum(share.enrolled + (share.public if release else 0) for share in found), customers=rows,
            everything=everything, list=request.form.get("list", "")[:2_000], shown=transfers.token(found),
            candidates=[] if release else _candidates(),
            return_url=address if web.is_safe_address(address) else url_for(".index_view"))
        return rendered


# --- the hand-over, and what has become of an order -------------------------------------------------------------------


class TransfersView(GuardedView):
    """`/admin/transfer/`: whose customers can be handed over, and what was moved lately."""

    group, order, menu_title = "sell", 45, _l("Transfers")
    needs = {"index_view": Permission.CUSTOMER_ASSIGN, "hand_over_view": Permission.CUSTOMER_ASSIGN,
             "result_view": None, "state_view": None, "resume_view": None}

    @expose("/")
    def index_view(self) -> str:
        """Everybody who has customers, and the last orders."""
        by = None if _reach() is RowScope.ALL else viewer().id
        found = transfers.recent(db.session, by=by)
        rendered: str = self.render(
            "screens/transfers.html", shares=_people(), soon=SOON, orders=found,
            totals=transfers.totals(db.session, [each.id for each in found]), LineState=LineState)
        return rendered

    @expose("/hand-over/", methods=("GET", "POST"))
    def hand_over_view(self) -> ResponseReturnValue:
        """What somebody who leaves has, and to whom it goes; sent, it is done."""
        leaver = _leaver(request.values.get("employee", ""))
        if request.method != "POST":
            return self._preview(leaver)
        plan = Plan(_recipients(), release=request.form.get("way") == "release", leaver=leaver,
                    deactivates=bool(request.form.get("deactivate")))
        if plan.release and not _may_release(leaver):
            abort(403)
        if plan.deactivates and not _may_deactivate(leaver):
            abort(403)
        condition = transfers.with_employee(leaver.id, current.today())
        if request.form.get("shown", "") != transfers.token(
                transfers.shares(db.session, condition, today=current.today())):
            flash(_("This has changed since it was shown: look at it again, and confirm it then."), "warning")
            return self._preview(leaver), 409
        try:
            transfer = transfers.order(db.session, viewer(), condition, plan, today=current.today(),
                                       now=current.now())
        except DomainError as error:
            db.session.rollback()
            web.flash_error(error)
            return self._preview(leaver), 409 if isinstance(error, ConflictError) else 400
        return carry_out(transfer)

    def _preview(self, leaver: Employee) -> str:
        today, condition = current.today(), transfers.with_employee(leaver.id, current.today())
        found = transfers.shares(db.session, condition, today=today, soon=SOON)
        share = found[0] if found else Share(leaver)
        falling = my_customers.falling_next(db.session, leaver.id, today=today, size=min(share.falling, NAMED))
        rendered: str = self.render(
            "screens/hand_over.html", leaver=leaver, share=share, shown=transfers.token(found), soon=SOON,
            falling=falling, falling_url=filter_url(
                "customer", consultant=leaver, public_on_from=today + ONE_DAY,
                public_on_until=today + SOON * ONE_DAY),
            due=my_customers.contacts_due(db.session, leaver.id, today=today),
            due_count=my_customers.number_due(db.session, leaver.id, today=today), candidates=_candidates(but=leaver),
            may_release=_may_release(leaver), may_deactivate=_may_deactivate(leaver),
            way=request.form.get("way", "give"), deactivate=bool(request.values.get("deactivate")),
            return_url=web.return_address(url_for(".index_view")))
        return rendered

    @expose("/result/")
    def result_view(self) -> str:
        """Who got whom."""
        transfer = _order(request.args.get("id", ""))
        state = _state_named(request.args.get("show", ""))
        after = web.whole_number(request.args.get("after", "")) or 0
        query = (select(TransferLine).where(TransferLine.transfer_id == transfer.id, TransferLine.customer_id > after)
                 .options(joinedload(TransferLine.customer).joinedload(Customer.consultant),
                          joinedload(TransferLine.former), joinedload(TransferLine.recipient))
                 .order_by(TransferLine.customer_id).limit(ROWS + 1))
        lines = db.session.scalars(query if state is None else query.where(TransferLine.state == state)).all()
        rendered: str = self.render(
            "screens/transfer.html", transfer=transfer, show=state, lines=lines[:ROWS],
            states=transfers.states(db.session, transfer.id),
            received=transfers.received(db.session, transfer.id), finds=_finds, progress=_progress(transfer),
            LineState=LineState, LeaverLogin=LeaverLogin, resumable=_is_resumable(transfer),
            own=transfer.employee_id == viewer().id,
            next_url=url_for(".result_view", id=transfer.id, show=state.value if state else None,
                             after=lines[ROWS - 1].customer_id) if len(lines) > ROWS else None,
            return_url=web.return_address(url_for(".index_view") if allowed(Permission.CUSTOMER_ASSIGN)
                                          else url_for("customer.index_view")))
        return rendered

    @expose("/state/")
    def state_view(self) -> ResponseReturnValue:
        """How far an order is, for the script that waits for its end."""
        current.set_unattended()
        answer = jsonify(_progress(_order(request.args.get("id", ""))))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/resume/", methods=("POST",))
    def resume_view(self) -> ResponseReturnValue:
        """Go on with an order of one's own that was interrupted."""
        transfer = _order(request.form.get("id", ""))
        if transfer.employee_id != viewer().id:
            abort(403)
        if not _is_resumable(transfer):
            return redirect(url_for(".result_view", id=transfer.id))
        return carry_out(transfer)


def _reach() -> RowScope | None:
    return scope_of_all(viewer(), Permission.CUSTOMER_READ, Permission.CUSTOMER_ASSIGN)


def reaches_person(employee: Employee, *needed: Permission) -> bool:
    """Whether whoever looks may do with all customers of a person what these permissions permit."""
    scope = scope_of_all(viewer(), Permission.CUSTOMER_READ, *needed)
    if scope is RowScope.DEPARTMENT:
        return employee.department_code == viewer().department_code
    return scope is RowScope.ALL or (scope is RowScope.OWN and employee == viewer())


def hand_over_url(employee: Employee, **more: Any) -> str | None:
    """Where the customers of somebody are handed over; None for those who may not."""
    if not reaches_person(employee, Permission.CUSTOMER_ASSIGN):
        return None
    return url_for("transfer.hand_over_view", employee=employee.id, **more)


def _leaver(asked: str) -> Employee:
    """Whose customers are to be handed over: beyond the reach of whoever asks there is nobody."""
    employee = db.session.get(Employee, row_id(asked)) or abort(404)
    return employee if reaches_person(employee, Permission.CUSTOMER_ASSIGN) else abort(404)


def _may_release(leaver: Employee) -> bool:
    return reaches_person(leaver, Permission.CUSTOMER_RELEASE)


def _may_deactivate(leaver: Employee) -> bool:
    return allowed(Permission.EMPLOYEE_WRITE) and leaver.active and roles.may_manage(viewer(), leaver)


def _people() -> list[Share]:
    """Everybody within reach who has customers, the most first."""
    scope, today = _reach(), current.today()
    if scope is RowScope.OWN:
        condition = transfers.with_employee(viewer().id, today)
    else:
        condition = transfers.with_somebody(today, viewer().department_code if scope is RowScope.DEPARTMENT else None)
    return transfers.shares(db.session, condition, today=today, soon=SOON)


def _order(asked: str) -> Transfer:
    """An order of one's own; all of them for whoever moves all customers. Others are not there."""
    transfer = db.session.get(Transfer, row_id(asked)) or abort(404)
    return transfer if transfer.employee_id == viewer().id or _reach() is RowScope.ALL else abort(404)


def _state_named(asked: str) -> LineState | None:
    return LineState(asked) if asked in set(LineState) else None


def _is_resumable(transfer: Transfer) -> bool:
    """Whether nobody will go on with what is left unless he is asked: it was begun in a request that ended early."""
    return not transfer.is_over and transfer.task_id is None and transfer.employee_id == viewer().id


def _progress(transfer: Transfer) -> dict[str, Any]:
    """How far an order is, as the page and its script show it."""
    done, total = transfers.progress(db.session, transfer.id)
    task = transfer.task
    over = transfer.is_over or task is None or task.is_over
    begun = task.begun_at if task and task.state is TaskState.RUNNING else None
    left = seconds_left(done, total, (current.now() - begun).total_seconds()) if begun and not over else None
    waits = task is not None and task.state is TaskState.WAITING
    return {"over": over, "done": done, "total": total, "left": in_words(left),
            "sentence": str(_("Waiting for a worker")) if waits else running(done, total)}


def _finds(line: TransferLine) -> bool:
    """Whether whoever looks finds the customer of a line somewhere: then his name is a link."""
    customer = line.customer
    if within(scope_of(viewer(), Permission.CUSTOMER_READ), customer) or is_in_pool(customer):
        return True
    return line.former_id == viewer().id and allowed(Permission.MY_CUSTOMERS_READ)
