"""Is this contact known? Yes or no, and whom to ask; nothing else is to be learnt here of customers one may not see."""

from __future__ import annotations

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import lazy_gettext as _l

from app import current, limits, trail, web
from app.admin.guard import GuardedView, allowed, viewer
from app.errors import DomainError, TooManyRequestsError
from app.extensions import db
from app.limits import Bucket
from app.models import AuditAction
from app.permissions import Permission
from app.services import audit, known_contact
from app.services.customers import KnownContactError

RATE = "30 per hour"
"""How often one person may ask: enough for a day's leads, too little to try numbers out."""

ENTRY_RATE = "120 per hour"
"""How many contacts one person may enter or change: whichever is not refused was not known."""


class KnownContactView(GuardedView):
    """`/admin/knowncontact/`: a form, and its answer below. The contact is posted, so that no address holds it."""

    group, order, menu_title = "sell", 60, _l("Known contacts")
    needs = {"index_view": Permission.CONTACT_LOOK_UP}

    @expose("/", methods=("GET", "POST"))
    def index_view(self) -> ResponseReturnValue:
        """The empty form, or the answer."""
        if request.method != "POST":  # HEAD too is no question
            return self._page()
        contact = request.form.get("contact", "")
        try:
            known_contact.check(contact)
            _count()
            answer = known_contact.look_up(db.session, contact, today=current.today())
            audit.event(db.session, AuditAction.LOOKED_UP, facts={"known": answer.known})
            db.session.commit()
        except TooManyRequestsError:
            raise
        except DomainError as error:
            if web.wants_json():
                return web.error_page(422, str(error))
            return self._page(contact=contact, refusal=str(error)), 422
        if web.wants_json():
            return jsonify(known=answer.known, ask=[name for _id, name in answer.ask])
        return self._page(contact=contact, answer=answer)

    def _page(self, *, contact: str = "", refusal: str | None = None,
              answer: known_contact.Answer | None = None) -> str:
        page: str = self.render("screens/known_contact.html", contact=contact, refusal=refusal, answer=answer,
                                me=viewer().id)
        return page


def refused_as_known(error: KnownContactError) -> DomainError:
    """What is said of a lead whose contact is known already. It tells as much as a look-up, and counts as one.

    Raises:
        TooManyRequestsError: too many were asked about of late.
    """
    _count()
    with trail.apart() as session:
        audit.event(session, AuditAction.LOOKED_UP, facts={"known": True, "what": "entry"})
    if not allowed(Permission.CONTACT_LOOK_UP):
        return error
    return KnownContactError(_l("This contact belongs to a customer who is known already. "
                                "“Known contacts” in the menu says whom to ask."), field=error.field)


def count_entered(number: int) -> None:
    """Before contacts are entered, each of which asks whether it is known.

    Raises:
        TooManyRequestsError: too many were entered of late.
    """
    limits.spend(*[Bucket("entered-contact", ENTRY_RATE, str(viewer().id))] * number)


def _count() -> None:
    limits.spend(Bucket("look-up", RATE, str(viewer().id)))
