"""What notices say: sentences made of their facts when they are read, in the reader's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from babel.numbers import format_decimal
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from app.errors import on_day
from app.models import Notice
from app.models.choices import DistributionStatus, NoticeKind, Origin

People = Mapping[int, str]
"""The names of those in the details, by their numbers (`notices.people`)."""


def sentence(notice: Notice, people: People) -> str:
    """One sentence that is true whenever it is read."""
    facts = _Facts(notice, people)
    say = _OF_UNDONE_MERGES if facts["merge_undone"] else _MANY if notice.customer is None else _ONE
    return str(say[notice.kind](facts))


class _Facts:
    """The facts of a notice as sentences have them."""

    def __init__(self, notice: Notice, people: People) -> None:
        self._details, self._people = notice.details, people
        self.customer = notice.customer.name if notice.customer else ""

    def __getitem__(self, name: str) -> int:
        return int(self._details.get(name) or 0)

    def number(self, name: str = "number") -> str:
        return str(format_decimal(self[name], locale=get_locale() or "en"))

    def who(self, name: str) -> str | None:
        """Somebody's name, if it is known who it was."""
        return self._people.get(self[name])

    def day(self, name: str = "public_on") -> str:
        return str(on_day(dt.date.fromisoformat(self._details[name])))

    @property
    def origin(self) -> Origin:
        return Origin(self._details["origin"])


def _warning(facts: _Facts) -> str:
    if facts["public_as"] == DistributionStatus.NO_DEAL:
        return _("%(customer)s falls into the Public Pool on %(day)s at 00:00 unless enrolled before.",
                 customer=facts.customer, day=facts.day())
    return _("%(customer)s falls into the Public Pool on %(day)s at 00:00 unless followed up before.",
             customer=facts.customer, day=facts.day())


def _warnings(facts: _Facts) -> str:
    return ngettext("%(number)s customer falls into the Public Pool on %(day)s at 00:00.",
                    "%(number)s customers fall into the Public Pool on %(day)s at 00:00.",
                    facts["number"], number=facts.number(), day=facts.day())


def _of_team(facts: _Facts) -> str:
    return ngettext("%(name)s loses %(number)s customer to the Public Pool on %(day)s at 00:00.",
                    "%(name)s loses %(number)s customers to the Public Pool on %(day)s at 00:00.",
                    facts["number"], name=facts.who("consultant_id"), number=facts.number(), day=facts.day())


def _reminder(facts: _Facts) -> str:
    return _("Contact %(customer)s: planned for %(day)s.", customer=facts.customer, day=facts.day("next_contact_on"))


def _reminders(facts: _Facts) -> str:
    return ngettext("%(number)s contact is planned for %(day)s.", "%(number)s contacts are planned for %(day)s.",
                    facts["number"], number=facts.number(), day=facts.day("next_contact_on"))


def _gained(facts: _Facts) -> str:
    by, former = facts.who("by_id"), facts.who("from_id")
    if facts["turn"]:
        return _("%(customer)s is yours: it was your turn.", customer=facts.customer)
    if facts.origin is Origin.REINSTATED:
        return _("%(customer)s is with you again: the enrolment was undone.", customer=facts.customer)
    if former:
        return _("%(customer)s came to you from %(former)s.", customer=facts.customer, former=former)
    if by and facts.origin is Origin.TRANSFER:
        return _("%(name)s transferred %(customer)s to you.", name=by, customer=facts.customer)
    if by:
        return _("%(name)s assigned %(customer)s to you.", name=by, customer=facts.customer)
    return _("%(customer)s was assigned to you.", customer=facts.customer)


def _gained_many(facts: _Facts) -> str:
    former = facts.who("from_id")
    if former:
        return ngettext("%(number)s customer came to you from %(former)s.",
                        "%(number)s customers came to you from %(former)s.",
                        facts["number"], number=facts.number(), former=former)
    return ngettext("%(number)s customer was assigned to you.", "%(number)s customers were assigned to you.",
                    facts["number"], number=facts.number())


def _lost(facts: _Facts) -> str:
    if facts["as"] == DistributionStatus.NO_FOLLOW_UP:
        return _("%(customer)s fell into the Public Pool: no follow-up in time.", customer=facts.customer)
    if facts["as"] == DistributionStatus.NO_DEAL:
        return _("%(customer)s fell into the Public Pool: not won in time.", customer=facts.customer)
    return _released(facts) if facts["as"] == DistributionStatus.RELEASED else _transferred(facts)


def _released(facts: _Facts) -> str:
    by = facts.who("by_id")
    if by:
        return _("%(name)s released %(customer)s to the Public Pool.", name=by, customer=facts.customer)
    return _("%(customer)s was released to the Public Pool.", customer=facts.customer)


def _transferred(facts: _Facts) -> str:
    by, to = facts.who("by_id"), facts.who("to_id")
    if facts["as"] == DistributionStatus.MERGED:
        return _("%(customer)s was merged with another customer who is the same person.", customer=facts.customer)
    if to and by and to != by:
        return _("%(name)s transferred %(customer)s to %(recipient)s.", name=by, customer=facts.customer, recipient=to)
    if to:
        return _("%(customer)s is with %(recipient)s now.", customer=facts.customer, recipient=to)
    return _("%(customer)s was transferred to someone else.", customer=facts.customer)


def _lost_many(facts: _Facts) -> str:
    number, to = facts.number(), facts.who("to_id")
    if not facts["as"]:
        return ngettext(
            "%(number)s customer fell into the Public Pool: %(late)s not followed up, %(lost)s not won in time.",
            "%(number)s customers fell into the Public Pool: %(late)s not followed up, %(lost)s not won in time.",
            facts["number"], number=number, late=facts.number("no_follow_up_number"),
            lost=facts.number("no_deal_number"))
    if facts["as"] == DistributionStatus.RELEASED:
        return ngettext("%(number)s customer of yours was released to the Public Pool.",
                        "%(number)s customers of yours were released to the Public Pool.",
                        facts["number"], number=number)
    if to:
        return ngettext("%(number)s customer of yours went to %(recipient)s.",
                        "%(number)s customers of yours went to %(recipient)s.",
                        facts["number"], number=number, recipient=to)
    return ngettext("%(number)s customer of yours was transferred to someone else.",
                    "%(number)s customers of yours were transferred to others.", facts["number"], number=number)


def _regained(facts: _Facts) -> str:
    return _("%(customer)s is with you again: the merge was undone.", customer=facts.customer)


def _parted(facts: _Facts) -> str:
    return _("%(customer)s is no longer with you: the merge was undone.", customer=facts.customer)


_ONE = {NoticeKind.WARNING: _warning, NoticeKind.REMINDER: _reminder, NoticeKind.GAINED: _gained,
        NoticeKind.LOST: _lost}
_MANY = {NoticeKind.WARNING: _warnings, NoticeKind.TEAM_WARNING: _of_team, NoticeKind.REMINDER: _reminders,
         NoticeKind.GAINED: _gained_many, NoticeKind.LOST: _lost_many}
_OF_UNDONE_MERGES = {NoticeKind.GAINED: _regained, NoticeKind.LOST: _parted}
