"""Claiming: each customer is won or lost on its own, in a transaction of its own."""

from __future__ import annotations

from flask import abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import ngettext

from app import current, display, web
from app.admin.guard import GuardedView, allowed, viewer
from app.extensions import db
from app.models import Employee
from app.permissions import Permission
from app.services import claims
from app.services.claims import Claim, Refusal

MOST_AT_ONCE = 200


class ClaimView(GuardedView):
    """`POST /admin/claim/` with one or several `customer_id`."""

    needs = {"index_view": Permission.POOL_CLAIM}

    @expose("/", methods=("POST",))
    def index_view(self) -> ResponseReturnValue:
        """Claim the chosen customers, lowest id first."""
        claimant = viewer()
        if not claimant.can_hold_customers:
            abort(403)
        claimant_id, results = claimant.id, []
        for customer_id in _asked_ids():
            result = claims.claim(db.session, customer_id, claimant_id, today=current.today(), now=current.now())
            results.append((result, _sentence(result)))
            db.session.commit()
        if web.wants_json():
            return _as_json(results)
        _tell(results)
        return redirect(web.return_address(url_for("publicpool.index_view")))


def _asked_ids() -> list[int]:
    """The chosen customers, each once, lowest first."""
    asked = request.form.getlist("customer_id")
    if not asked or len(asked) > MOST_AT_ONCE:
        abort(400)
    return sorted({web.whole_number(each) or abort(400) for each in asked})


def _sentence(result: Claim) -> str:
    """How a claim ended, for people; who has the customer is told only to those who may know."""
    if result.refusal is None:
        return str(_("Claimed: you are following up now!"))
    name = who_has_him(result.holder)
    if name:
        return str(_("Already being followed up by %(name)s", name=name))
    if result.possible_on is None:
        return str(result.refusal.sentence)
    return _possible(result.refusal, display.day(result.possible_on))


def _possible(refusal: Refusal, day: str) -> str:
    """Why a limit or the cool-down refused a claim, and from when on it is possible."""
    if refusal is Refusal.COOL_DOWN:
        return str(_("You were the last to have this customer: you may claim again from %(day)s on", day=day))
    if refusal is Refusal.HOLDING_LIMIT:
        return str(_("You hold as many customers as you may: there is room from %(day)s on, or as soon as one enrols "
                     "or is released", day=day))
    return str(_("You have claimed as many customers today as you may: the next from %(day)s on", day=day))


def who_has_him(holder: Employee | None) -> str | None:
    """The name of a customer's holder, for those who may know it."""
    return holder.name if holder is not None and allowed(Permission.CUSTOMER_ASSIGN) else None


Results = list[tuple[Claim, str]]
"""Each claim with its sentence."""


def _as_json(results: Results) -> ResponseReturnValue:
    """What was won and what was lost; to those who ask for `words`, with a sentence on the whole and on each loss."""
    in_words = bool(request.form.get("words"))
    lost = [{"id": result.customer_id, "reason": result.refusal.value} | ({"sentence": sentence} if in_words else {})
            | ({"possible_on": result.possible_on.isoformat()} if result.possible_on else {})
            for result, sentence in results if result.refusal]
    said = {"sentence": _summary(results)} if in_words else {}
    answer = jsonify(won=[result.customer_id for result, _sentence_of in results if result.won], lost=lost, **said)
    answer.status_code = 409 if lost else 200
    return answer


def _summary(results: Results) -> str:
    """How it went, in one sentence."""
    won = sum(result.won for result, _sentence_of in results)
    if len(results) == 1:
        return results[0][1]
    if not won:
        return str(_("None of them could be claimed."))
    said = str(ngettext("Claimed %(num)d customer: you are following up now!",
                        "Claimed %(num)d customers: you are following up now!", won))
    lost = len(results) - won
    return said + " " + str(ngettext("%(num)d was no longer there.", "%(num)d were no longer there.",
                                     lost)) if lost else said


def _tell(results: Results) -> None:
    """Say on the next page what was won and what was lost."""
    if any(result.won for result, _sentence_of in results):
        flash(_summary(results), "success")
    for result, sentence in results:
        if not result.won:
            # By number, as in the pool's list: names of customers who were never there are not for everyone.
            flash(f"#{result.customer_id}: {sentence}" if len(results) > 1 else sentence, "error")
