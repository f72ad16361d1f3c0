"""The school's own days: closed though others work, or open though others do not."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Form

from app.admin import forms, recomputing
from app.admin.base import Access, TableView
from app.admin.filters import period
from app.admin.labels import LABELS
from app.extensions import db
from app.models import CalendarDay
from app.permissions import Permission
from app.services import recomputation, rule_book


class CalendarDayForm(forms.BaseForm):
    """A day of the school's own."""

    day = forms.day(CalendarDay.day)
    name = forms.text(CalendarDay.name, description=_l("What people call it, such as a school trip."))
    works = BooleanField(LABELS["works"], description=_l(
        "Ticked: it counts though it is a weekend or a public holiday. Otherwise the school is closed, and it does "
        "not."))


class CalendarDayView(TableView):
    """Each change is followed by a recomputation, as a change of rules is."""

    group, order, menu_title = "settings", 16, _l("School calendar")
    access = Access.of_small_table(Permission.SETTINGS_READ, Permission.SETTINGS_WRITE)
    new_title = _l("New day")
    form = CalendarDayForm
    about = _l("The school’s own days off and working days, besides weekends and public holidays. They concern those "
               "whose terms count working days only.")
    column_lead = "day"
    column_list = ("day", "name", "works")
    column_optional = ("id",)
    column_export_list = column_details_list = ("id", "day", "name", "works")
    column_sortable_list = ("id", "day")
    column_searchable_list = ("name",)
    column_default_sort = ("day", True)
    column_filters = period(CalendarDay.day, LABELS["day"])

    def lock(self, row: CalendarDay) -> None:
        self._lock_rules()
        super().lock(row)

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        self._lock_rules()
        saved = super().save(form, model, created=created)
        self._changed()
        return saved

    def erase(self, model: Any) -> None:
        self._lock_rules()
        super().erase(model)
        self._changed()

    @staticmethod
    def _lock_rules() -> None:
        g.recomputation_is_possible = g.get("recomputation_is_possible") or recomputing.is_possible()
        rule_book.lock_to_change(db.session)

    @staticmethod
    def _changed() -> None:
        """Within the transaction: the clocks are to follow."""
        recomputation.note_change(db.session)
        g.recomputation = recomputing.begin() if g.recomputation_is_possible else None

    def create_model(self, form: Form) -> Any:
        created = super().create_model(form)
        if created:
            recomputing.say(recomputing.hand_over(g.recomputation))
        return created

    def update_model(self, form: Form, model: Any) -> bool:
        updated = super().update_model(form, model)
        if updated:
            recomputing.say(recomputing.hand_over(g.recomputation))
        return updated

    def delete_model(self, model: Any) -> bool:
        deleted = super().delete_model(model)
        if deleted:
            recomputing.say(recomputing.hand_over(g.recomputation))
        return deleted
