"""Notices in the panel: the bell in the frame, the list, and what comes while a page is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user

from app import current, web
from app.admin import cursor, menu
from app.admin.base import asked_for, row_id
from app.admin.guard import GuardedView, allowed, viewer
from app.admin.record import page_of
from app.extensions import db
from app.models import Notice
from app.models.choices import DistributionStatus, NoticeKind
from app.permissions import Permission
from app.services import notice_texts, notices, warnings
from app.services.desk import Show

PAGE_SIZE = 50
SAID = 3
"""So many new notices are said one by one; of more their number."""

UNREAD = "unread"

TONES = {NoticeKind.WARNING: "warn", NoticeKind.TEAM_WARNING: "warn", NoticeKind.REMINDER: "info",
         NoticeKind.GAINED: "good", NoticeKind.LOST: "bad"}


class NoticesView(GuardedView):
    """Everybody's own notices, and nobody else's."""

    menu_title = _l("Notices")
    needs = {"index_view": None, "news_view": None, "open_view": None, "read_view": None}

    @expose("/")
    def index_view(self) -> str:
        """The notices, newest first. The page's script says that those shown have been read."""
        asked = _asked_kind()
        page = notices.page(db.session, viewer().id, kind=NoticeKind(asked) if asked in set(NoticeKind) else None,
                            unread_only=asked == UNREAD, after=asked_for("after"), size=PAGE_SIZE)
        rendered: str = self.render(
            "screens/notices.html", rows=list(zip(page.notices, sentences(page.notices), strict=True)), tones=TONES,
            chips=_chips(asked), can_open=can_open, filtered=bool(asked),
            fresh=[] if viewer().assumed_role else [each.id for each in page.notices if not each.is_read],
            newest=notices.standing(db.session, viewer().id).newest,
            next_url=cursor.same_page(after=page.after) if page.after else None, first_url=cursor.first_page())
        return rendered

    @expose("/news")
    def news_view(self) -> Response:
        """What has come since: for the script of a page that asks for nothing else."""
        current.set_unattended()
        answer = jsonify(**told())
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<int:notice_id>/")
    def open_view(self, notice_id: int) -> ResponseReturnValue:
        """To what a notice is about, as far as its reader may see that still."""
        notice = notices.of(db.session, viewer().id, row_id(notice_id)) or abort(404)
        target = _target(notice)
        if target is None:
            flash(_("What this is about is not open to you any more."), "error")
        return redirect(target or url_for(".index_view"))

    @expose("/read", methods=("POST",))
    def read_view(self) -> ResponseReturnValue:
        """Note that some were read: those named, those about a customer, or all up to the newest that was shown."""
        ids, customer_id, up_to = (request.form.get(name, "") for name in ("ids", "customer_id", "up_to"))
        if ids:
            which: dict[str, Any] = {"ids": [row_id(each) for each in ids.split(",")[:PAGE_SIZE]]}
        else:
            which = {"customer_id": row_id(customer_id)} if customer_id else {"up_to_id": row_id(up_to)}
        notices.mark_read(db.session, viewer().id, now=current.now(), **which)
        db.session.commit()
        return jsonify(**_standing()) if web.wants_json() else redirect(web.return_address(url_for(".index_view")))


def _asked_kind() -> str:
    asked = request.args.get("show", "")
    if asked and asked != UNREAD and asked not in set(NoticeKind):
        abort(400)
    return asked


def _chips(asked: str) -> list[dict[str, Any]]:
    """The filters, of the kinds there are, with how many are unread."""
    counts = notices.unread_by_kind(db.session, viewer().id)
    found = [("", _l("All"), 0), (UNREAD, _l("Unread"), sum(counts.values())),
             *((kind.value, kind.label, counts[kind]) for kind in NoticeKind if kind in counts)]
    return [{"label": label, "count": menu.counted(number), "active": asked == code,
             "url": cursor.same_page(show=code or None, after=None)} for code, label, number in found]


def sentences(found: Sequence[Notice]) -> list[str]:
    """What notices say, each."""
    people = notices.people(db.session, found)
    return [notice_texts.sentence(each, people) for each in found]


# --- where they lead --------------------------------------------------------------------------------------------------


def can_open(notice: Notice) -> bool:
    """Whether a notice leads anywhere for whoever looks; for a customer that is found out when it is opened."""
    return notice.customer is not None or _screen_of(notice) is not None


def _target(notice: Notice) -> str | None:
    return _screen_of(notice) if notice.customer is None else page_of(notice.customer)


def _screen_of(notice: Notice) -> str | None:
    """The screen that shows whom a notice about several means."""
    if notice.kind is NoticeKind.TEAM_WARNING:
        return url_for("admin.index", by="falling", _anchor="desks")
    if not allowed(Permission.MY_CUSTOMERS_READ):
        return None
    ended, days_ahead = notice.details.get("as"), notice.details.get("grade") == warnings.SOON
    if days_ahead:  # above the list stands who falls next
        return url_for("mycustomers.index_view")
    narrowed = {"status": ended} if ended in set(DistributionStatus) else {"show": _SHOWN[notice.kind].value}
    return url_for("mycustomers.index_view", **narrowed)


_SHOWN = {NoticeKind.WARNING: Show.FALLING, NoticeKind.REMINDER: Show.DUE, NoticeKind.GAINED: Show.NEW,
          NoticeKind.LOST: Show.LOST}


# --- the bell ---------------------------------------------------------------------------------------------------------


def in_top_bar() -> dict[str, Any] | None:
    """What the bell says to whoever looks."""
    return _standing() if current_user.is_authenticated else None


def told() -> dict[str, Any]:
    """How the bell stands, and what came since the newest notice the page knew of, `told` in the address."""
    known = web.whole_number(request.args.get("told", "")) or 0
    found = _standing()
    fresh = notices.since(db.session, viewer().id, known, size=SAID + 1) if found["newest"] > known else []
    if len(fresh) > SAID:
        return {**found, "said": [_("There are new notices.")]}
    return {**found, "said": sentences(fresh)}


def beside() -> dict[str, Any]:
    """The same for a page that asks for something else anyway: `notices`, if its script wants to know."""
    return {"notices": told()} if "told" in request.args else {}


def _standing() -> dict[str, Any]:
    found = notices.standing(db.session, viewer().id)
    label = ngettext("Notices: %(number)s unread", "Notices: %(number)s unread", found.unread,
                     number=menu.counted(found.unread)) if found.unread else _("Notices")
    return {"unread": menu.counted(found.unread), "newest": found.newest, "label": str(label)}
