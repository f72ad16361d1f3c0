"""One person's data: what is held and what would go, to take along as a file, and to erase for good."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current, display, web
from app.admin import history
from app.admin.base import TableView
from app.admin.guard import GuardedView, allowed
from app.admin.labels import LABELS
from app.errors import ConflictError, DomainError
from app.extensions import db
from app.models import AuditAction, Customer, Employee
from app.models.audit import PersonKind
from app.models.choices import ErasureReason
from app.models.types import Choice, Kind
from app.permissions import Permission
from app.services import audit, erasure, personal_data
from app.services.person_keys import Person
from app.services.personal_data import Part, PersonalData

REASONS = (ErasureReason.REQUESTED, ErasureReason.NOT_NEEDED, ErasureReason.UNLAWFUL)
"""What a person may give as the reason; that the time was up only the nightly job says."""

FORMATS = ("html", "json")

NAMES = LABELS | {
    "arguments": _l("What was asked for"), "begun_at": _l("Begun"), "done": _l("Done"),
    "problem": _l("Problem"), "runs": _l("Times begun"), "state": _l("State"), "subject": _l("Screen"),
    "total": _l("Rows"), "former": _l("From whom"), "reason": _l("Reason"), "recipient": _l("To whom"),
    "transfer": _l("Transfer"),
    "details": _l("Facts"), "key": _l("Mark"), "read_at": _l("Read"),
    "begins": _l("Quiet from"), "ends": _l("Quiet until"),
    "survivor": _l("Customer"), "merged": _l("Merged customer"), "merged_at": _l("Merged on"),
    "undone_by": _l("Undone by"), "undone_at": _l("Undone on"), "moved": _l("Rows that went over"),
    "kept": _l("What was replaced"),
    "closed_at": _l("Closed"), "confirmed_at": _l("Confirmed"), "created_at": _l("Begun"), "ended_as": _l("Ended as"),
    "erased_on": _l("Erased"), "last_step": _l("Last code"), "locale": _l("Language"),
    "one_time_until": _l("One-time password until"), "public_as": _l("Ends as"),
    "second_factor_at": _l("Second factor given"), "used_at": _l("Used")}
"""What people call each column of the tables about people."""


class PersonalDataView(GuardedView):
    """`/admin/personaldata/?kind=customer&id=3`, linked from the person's own page.

    Args:
        tables: the screens of the people, whose rows can be reached here as far as they can be reached there.
    """

    menu_title = _l("Personal data")
    needs = {"index_view": Permission.PERSONAL_DATA_EXPORT, "export_view": Permission.PERSONAL_DATA_EXPORT,
             "erase_view": Permission.PERSONAL_DATA_ERASE}

    def __init__(self, tables: dict[PersonKind, TableView], **kwargs: Any) -> None:
        self.tables = tables
        super().__init__(**kwargs)

    def is_visible(self) -> bool:
        """Not in the menu: one comes here from a person."""
        return False

    @expose("/")
    def index_view(self) -> str:
        """What is held, what of it would go, and the forms."""
        return self._page(*self._asked_for(request.args))

    @expose("/export/", methods=("POST",))
    def export_view(self) -> Response:
        """Everything about the person as a file; the log says who took it."""
        person, _row = self._asked_for(request.form)
        form = request.form.get("format", "")
        if form not in FORMATS:
            abort(400)
        data = personal_data.collect(db.session, person)
        kind, number = person
        body, mimetype = ((_as_html(data), "text/html; charset=utf-8") if form == "html" else
                          (json.dumps(personal_data.as_json(data), ensure_ascii=False, indent=1), "application/json"))
        audit.event(db.session, AuditAction.PERSON_EXPORTED, table=kind.value, row_id=number, person=person,
                    facts={"format": form})
        db.session.commit()
        return Response(body, content_type=mimetype, headers={
            "Content-Disposition": f'attachment; filename="{kind.value}-{number}-{current.today().isoformat()}.{form}"',
            "Cache-Control": "no-store"})

    @expose("/erase/", methods=("POST",))
    def erase_view(self) -> ResponseReturnValue:
        """Erase the person, if the number was typed and a reason chosen."""
        person, row = self._asked_for(request.form)
        try:
            reason = _reason(request.form.get("reason", ""))
            if request.form.get("number", "").strip().removeprefix("#") != str(person[1]):
                raise DomainError(_l("Type the number of the person who is to be erased."), field="number")
            erasure.erase(db.session, person, reason, today=current.today(), now=current.now())
            db.session.commit()
        except DomainError as error:
            db.session.rollback()
            if web.wants_json():
                return web.domain_error(error)
            return self._page(person, row, refusal=error), 409 if isinstance(error, ConflictError) else 422
        flash(_("#%(number)s is erased.", number=person[1]), "success")
        return redirect(_own_page(person))

    def _asked_for(self, given: Any) -> tuple[Person, Any]:
        """The person and his row, as far as the permission that opened this way reaches; otherwise 404."""
        try:
            kind = PersonKind(given.get("kind", ""))
        except ValueError:
            abort(404)
        row = self.tables[kind].get_one(given.get("id", ""))
        return (kind, row.id), row

    def _page(self, person: Person, row: Customer | Employee, *, refusal: DomainError | None = None) -> str:
        kind, number = person
        parts = personal_data.parts_of(db.session, person)
        page: str = self.render(
            "screens/personal_data.html", kind=kind, number=number, row=row, own_url=_own_page(person),
            parts=[_outlook(part) for part in parts], reasons=REASONS, refusal=refusal, obstacle=_obstacle(row),
            can_erase=allowed(Permission.PERSONAL_DATA_ERASE))
        return page


def page_of(row: Any) -> str | None:
    """The address of a person's data for those who may export them; None for others, and of what is no person."""
    kind = {Customer: PersonKind.CUSTOMER, Employee: PersonKind.EMPLOYEE}.get(type(row))
    if kind is None or not allowed(Permission.PERSONAL_DATA_EXPORT):
        return None
    return url_for("personaldata.index_view", kind=kind.value, id=row.id)


def _own_page(person: Person) -> str:
    kind, number = person
    return url_for(f"{kind.value}.details_view", id=number)


def _reason(code: str) -> ErasureReason:
    found = next((reason for reason in REASONS if reason.value == code), None)
    if found is None:
        raise DomainError(_l("Choose a reason."), field="reason")
    return found


def _obstacle(row: Customer | Employee) -> str | None:
    """Why the person cannot be erased now, if so."""
    if isinstance(row, Customer) or row.erased_on is not None:
        return None
    try:
        erasure.check_has_left(db.session, row, today=current.today())
    except ConflictError as error:
        return str(error)
    return None


def _outlook(part: Part) -> dict[str, Any]:
    """What a table holds: how many rows, which columns of them hold something, and what becomes of them."""
    columns = part.rows[0] if part.rows else ()
    filled = [name for name in columns if any(row[name] not in (None, "") for row in part.rows)]
    goes = [name for name in filled if part.deleted or name in part.personal]
    return {"title": history.TABLES[part.table], "rows": len(part.rows), "goes": [_label(name) for name in goes],
            "stays": [_label(name) for name in filled if name not in goes]}


def _as_html(data: PersonalData) -> str:
    """A page that can be read, printed and handed over; it is a file of its own."""
    parts = [{"title": history.TABLES[part.table],
              "rows": [[(_label(name), _shown(value)) for name, value in row.items() if value not in (None, "")]
                       for row in part.rows]} for part in data.parts]
    kind, number = data.person
    return render_template("screens/personal_data_file.html", kind=kind, number=number, parts=parts, made=current.now(),
                           log=[history.line(told) | {"address": told.entry.address} for told in data.log])


def _label(name: str) -> str:
    return str(NAMES.get(name) or NAMES[name.removesuffix("_id")])


def _shown(value: Any) -> str:
    if isinstance(value, (Choice, Kind)):
        return str(value.label)
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, dt.datetime):
        return display.moment(value)
    return display.day(value) if isinstance(value, dt.date) else str(value)
