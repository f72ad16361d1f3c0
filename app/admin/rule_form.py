"""The form of one set of pool rules: the school fills in every field, the others only what they have otherwise."""

from __future__ import annotations

from typing import Any, Self

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import Field, IntegerField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from app.admin import rule_words
from app.admin.forms import BaseForm, ChoiceField
from app.admin.labels import LABELS
from app.models.choices import Calendar
from app.services import pool_rules
from app.services.pool_rules import BOUNDS, Scope
from app.services.rule_book import RuleBook

GROUPS: tuple[tuple[LazyString, tuple[str, ...]], ...] = (
    (_l("The clock"), ("follow_up_days", "deal_days", "calendar", "warn_days")),
    (_l("Limits of a consultant"), ("holding_limit", "daily_claim_limit", "cool_down_days")),
    (_l("Locks"), ("lock_limit", "lock_days")),
    (_l("Enrolment"), ("enrol_hold_days",)))

HELP: dict[str, LazyString] = {
    "follow_up_days": _l("Who is not followed up for so long falls into the Public Pool."),
    "deal_days": _l("Who does not enrol within so long falls into the Public Pool."),
    "warn_days": _l("The consultant is warned so long before. 0 means no warning."),
    "holding_limit": _l("Customers who have enrolled do not count. 0 means any number."),
    "daily_claim_limit": _l("Giving a customer back does not make room for another. 0 means any number."),
    "cool_down_days": _l("After so long in the pool its former consultant may claim a customer again. 0 means not "
                         "before somebody else has had the customer."),
    "lock_limit": _l("So many customers a consultant may keep from falling at a time. 0 means none."),
    "lock_days": _l("A lock always has an end."),
    "enrol_hold_days": _l("An enrolment nobody has paid for frees its seat after so long."),
    "calendar": _l("Working days leave out weekends and public holidays, count the days that make up for them, and "
                   "follow the school’s own days.")}

_UNITS: dict[str, LazyString] = {
    **{name: _l("days") for name in BOUNDS}, "holding_limit": _l("customers"), "daily_claim_limit": _l("customers"),
    "lock_limit": _l("customers")}


class RuleForm(BaseForm):
    """A field for each rule a scope may decide, by its name."""

    @classmethod
    def of(cls, scope: Scope, book: RuleBook, formdata: Any = None, **kwargs: Any) -> Self:
        """The form of a scope.

        Args:
            book: says what holds where the scope decides nothing.
        """
        inherited = pool_rules.inherited_by(book, scope)
        fields = {name: _field(name, scope, getattr(inherited, name)) for name in scope.names}
        form: Self = type(cls.__name__, (cls,), fields)(formdata, **kwargs)
        return form


def said_in(form: RuleForm) -> dict[str, Any]:
    """What a form decides; an empty field decides nothing."""
    return {field.short_name: field.data for field in form if field.data is not None}


def _field(name: str, scope: Scope, inherited: Any) -> Field:
    presence = InputRequired() if scope.is_school else Optional()
    otherwise = rule_words.words(name, inherited)
    help_ = HELP[name] if scope.is_school else _otherwise(HELP[name], otherwise, scope)
    if name not in BOUNDS:
        empty = [] if scope.is_school else [SelectChoice("", _l("As the school: %(value)s", value=otherwise))]
        return ChoiceField(LABELS[name], [presence], coerce=_calendar, description=help_, choices=[
            *empty, *(SelectChoice(each.value, each.label) for each in Calendar)])
    least, most = BOUNDS[name]
    within = NumberRange(least, most, _l("Enter a whole number from %(least)s to %(most)s.", least=least, most=most))
    hint = {} if scope.is_school else {"placeholder": str(inherited)}
    return IntegerField(LABELS[name], [presence, within], description=help_,
                        render_kw={"data-unit": _UNITS[name], "inputmode": "numeric", **hint})


def _otherwise(help_: LazyString, value: str, scope: Scope) -> LazyString:
    if scope.source is not None:
        return _l("%(help)s Empty: as the consultant’s department, else as the school: %(value)s.", help=help_,
                  value=value)
    return _l("%(help)s Empty: as the school: %(value)s.", help=help_, value=value)


def _calendar(value: Any) -> Calendar | None:
    """A calendar of the form; what is not on offer is refused."""
    return None if value in (None, "") else Calendar(getattr(value, "value", value))
