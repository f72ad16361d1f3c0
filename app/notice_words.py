"""What a notice says, in the reader's language: the same words in the panel and in what is sent out of it."""

from __future__ import annotations

from flask_babel import gettext as _

from app.extensions import db
from app.models import Notice
from app.services import notice_texts, notices


def sentence(notice: Notice) -> str:
    """A notice as one sentence. It names the customer, never a contact."""
    if notice.details:
        return notice_texts.sentence(notice, notices.people(db.session, [notice]))
    if notice.customer is None:
        return str(notice.kind.label)
    return str(_("%(what)s: %(name)s", what=notice.kind.label, name=notice.customer.name))
