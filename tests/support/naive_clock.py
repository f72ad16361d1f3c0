"""The clock of the domain as one would work it out on paper: from day to day, out of what has happened.

It knows neither `public_on` nor the arithmetic of the services, and its holidays are copied from the notice of the
State Council. Each midnight it asks of everyone who is held whether he falls; when he will, it finds by going on from
day to day as if nothing more happened.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from app.models.choices import DistributionStatus, Source

ONE_DAY = dt.timedelta(days=1)
NO_FOLLOW_UP, NO_DEAL, RELEASED = (DistributionStatus.NO_FOLLOW_UP, DistributionStatus.NO_DEAL,
                                   DistributionStatus.RELEASED)


def _days(*spans: str) -> frozenset[dt.date]:
    """`_days("02-15/02-23")`: every day of these spans of 2026."""
    found = set()
    for first, _dash, last in (span.partition("/") for span in spans):
        day, end = (dt.date.fromisoformat(f"2026-{each}") for each in (first, last or first))
        while day <= end:
            found.add(day)
            day += ONE_DAY
    return frozenset(found)


HOLIDAYS = _days("01-01/01-03", "02-15/02-23", "04-04/04-06", "05-01/05-05", "06-19/06-21", "09-25/09-27",
                 "10-01/10-07")
MADE_UP = _days("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")
"""Mainland China in 2026."""


@dataclass
class Lead:
    """What is known of one customer."""

    source: Source
    state: str = "public"  # or held, enrolled
    holder: str | None = None
    received: dt.date | None = None
    last: dt.date | None = None
    locked_until: dt.date | None = None
    not_before: dt.date | None = None
    fell_on: dt.date | None = None
    fell_as: DistributionStatus | None = None


@dataclass
class NaiveClock:
    """A school on paper.

    Args:
        today: the day it is.
        departments: whose department is which, by username.
        rules: what the school, a department (by code) or a source decides: `follow_up_days`, `deal_days` and, but for
            sources, `working_days`.
    """

    today: dt.date
    departments: dict[str, int]
    rules: dict[str | int | Source, dict[str, int | bool]]
    own_days: dict[dt.date, bool] = field(default_factory=dict)
    leaves: dict[str, list[tuple[dt.date, dt.date]]] = field(default_factory=dict)
    leads: dict[int, Lead] = field(default_factory=dict)

    # What happens.

    def comes(self, number: int, source: Source) -> None:
        """A new lead is in the pool."""
        self.leads[number] = Lead(source, fell_on=self.today)

    def receives(self, who: str, number: int) -> None:
        """By a claim, an assignment, a transfer: the clock begins anew."""
        lead = self.leads[number]
        lead.state, lead.holder, lead.received, lead.last = "held", who, self.today, self.today
        lead.locked_until = lead.not_before = lead.fell_on = lead.fell_as = None

    def is_followed_up(self, number: int) -> None:
        self.leads[number].last = self.today
        self._stays_until_tomorrow(self.leads[number])

    def is_released(self, number: int) -> None:
        self._falls(self.leads[number], RELEASED)

    def is_locked(self, number: int, until: dt.date | None) -> None:
        """Up to a day, or no longer."""
        self.leads[number].locked_until = until
        self._stays_until_tomorrow(self.leads[number])

    def enrols(self, number: int) -> None:
        lead = self.leads[number]
        lead.state, lead.locked_until, lead.fell_on, lead.fell_as = "enrolled", None, None, None

    def something_changes(self) -> None:
        """A rule, the calendar, a leave, a source or a department is another now: nobody falls today by it."""
        for lead in self.leads.values():
            if lead.state == "held":
                self._stays_until_tomorrow(lead)

    def a_day_breaks(self) -> None:
        """Midnight."""
        self.today += ONE_DAY
        for lead in self.leads.values():
            if lead.state == "held" and (reason := self._why_he_falls(lead, self.today)):
                self._falls(lead, reason)

    # What is asked.

    def falls_on(self, number: int) -> tuple[dt.date | None, DistributionStatus | None]:
        """On which day a customer falls, or fell, and as what; none of an enrolled one."""
        lead, day = self.leads[number], self.today
        if lead.state != "held":
            return lead.fell_on, lead.fell_as
        while True:
            day += ONE_DAY
            if reason := self._why_he_falls(lead, day):
                return day, reason

    # The paper.

    def _stays_until_tomorrow(self, lead: Lead) -> None:
        lead.not_before = self.today + ONE_DAY

    def _falls(self, lead: Lead, reason: DistributionStatus) -> None:
        lead.state, lead.fell_on, lead.fell_as, lead.locked_until = "public", self.today, reason, None

    def _why_he_falls(self, lead: Lead, day: dt.date) -> DistributionStatus | None:
        """Whether the terms of a held customer are over when a day breaks, by what is known now."""
        if (lead.locked_until and day <= lead.locked_until) or (lead.not_before and day < lead.not_before):
            return None
        unheard = self._over_on(lead, lead.last, "follow_up_days", day)
        unwon = self._over_on(lead, lead.received, "deal_days", day)
        if unwon and (unheard is None or unwon <= unheard):
            return NO_DEAL
        return NO_FOLLOW_UP if unheard else None

    def _over_on(self, lead: Lead, since: dt.date | None, term: str, until: dt.date) -> dt.date | None:
        """The day on which a term was over; None if it is not by then.

        So many counted days pass after the day it is counted from, and it is over as the next counted one begins.
        """
        assert since is not None
        assert lead.holder is not None
        day, left = since, self._rule(lead, term)
        while day < until:
            day += ONE_DAY
            if self._counts(lead.holder, day):
                if left == 0:
                    return day
                left -= 1
        return None

    def _rule(self, lead: Lead, name: str) -> int:
        """Source before department before school."""
        scopes = (lead.source, self.departments[lead.holder or ""], "school")
        return next(self.rules[scope][name] for scope in scopes if name in self.rules.get(scope, {}))

    def _counts(self, who: str, day: dt.date) -> bool:
        if any(first <= day <= last for first, last in self.leaves.get(who, ())):
            return False
        department = self.rules.get(self.departments[who], {})
        if not department.get("working_days", self.rules["school"]["working_days"]):
            return True
        if day in self.own_days:
            return self.own_days[day]
        return day in MADE_UP or (day.isoweekday() < 6 and day not in HOLIDAYS)
