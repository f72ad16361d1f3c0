"""The school's settings: masking, opening hour, sessions, passwords, retention."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, IntegerField, ValidationError
from wtforms.validators import InputRequired, NumberRange

from app import current
from app.admin import conflicts, history
from app.admin.forms import BaseForm
from app.admin.guard import GuardedView, allowed
from app.errors import DomainError
from app.extensions import db
from app.permissions import Permission
from app.services import school_settings
from app.services.school_settings import BOUNDS, SchoolSettings


class _WithinBounds(NumberRange):
    """The bounds of a setting, in the service's words."""

    def __call__(self, form: BaseForm, field: Field) -> None:
        if field.data is None:  # it was no number, which the field has said already
            return
        try:
            school_settings.check(field.short_name, field.data)
        except DomainError as error:
            raise ValidationError(str(error)) from error


def _number(name: str, label: LazyString, unit: LazyString, description: LazyString | str = "") -> Field:
    """A field for a setting that is a number, with its unit behind it."""
    least, most = BOUNDS[name]
    return IntegerField(label, [InputRequired(), _WithinBounds(least, most)], description=description,
                        render_kw={"data-unit": unit})


class SettingsForm(BaseForm):
    """A field for each setting, by its name."""

    mask_contacts = BooleanField(_l("Hide the contacts of public customers until they are claimed"), description=_l(
        "Switched off, whoever may see the Public Pool sees and searches the contacts of those in it. "
        "The contacts of held customers stay with their consultants either way."))
    opening_hour = _number("opening_hour", _l("The school opens at"), _l("o’clock"), _l(
        "From then on people are reminded of the contacts of the day."))
    session_idle_minutes = _number("session_idle_minutes", _l("A session nobody uses ends after"), _l("minutes"))
    session_hours = _number("session_hours", _l("Every session ends after"), _l("hours"), _l("Used or not."))
    shortest_password = _number("shortest_password", _l("A password has at least"), _l("characters"), _l(
        "NIST asks for 15 where there is no second factor. It counts whenever a password is chosen anew."))
    lead_retention_months = _number(
        "lead_retention_months", _l("Leads who never enrolled are erased after"), _l("months"),
        _l("Counted from the last contact. 0 means never."))
    leaver_retention_months = _number(
        "leaver_retention_months", _l("Former employees are erased after"), _l("months"),
        _l("Counted from the day they left. 0 means never."))
    session_retention_days = _number(
        "session_retention_days", _l("Ended sessions are forgotten after"), _l("days"))


SECTIONS = (
    ("masking", _l("Contacts in the Public Pool"), ("mask_contacts",)),
    ("hours", _l("Opening hours"), ("opening_hour",)),
    ("sessions", _l("Sessions"), ("session_idle_minutes", "session_hours")),
    ("passwords", _l("Passwords"), ("shortest_password",)),
    ("retention", _l("How long personal data are kept"),
     ("lead_retention_months", "leaver_retention_months", "session_retention_days")),
)


_ABOUT = "settings"


class SettingsView(GuardedView):
    """`/admin/settings/`."""

    group, order, menu_title = "settings", 10, _l("School settings")
    needs = {"index_view": Permission.SETTINGS_READ, "change_view": Permission.SETTINGS_WRITE}

    @expose("/")
    def index_view(self) -> str:
        """The settings as they stand."""
        return self._page(SettingsForm(data=asdict(current.school())))

    @expose("/", methods=("POST",))
    def change_view(self) -> ResponseReturnValue:
        """Store them all, or none if one is refused."""
        form = SettingsForm(request.form)
        if not form.validate():
            return self._page(form), 422
        stored = school_settings.lock(db.session)
        try:
            conflicts.check(form, stored, _ABOUT, history.last_decisions)
        except conflicts.ChangedMeanwhileError:
            db.session.rollback()
            return self._page(form), 409
        decided = {field.name: form[field.name].data for field in fields(SchoolSettings) if field.name in form}
        school_settings.save(db.session, replace(stored, **decided))
        db.session.commit()
        flash(_("The settings are saved. They count from now on, for everyone."), "success")
        return redirect(url_for(".index_view"))

    def _page(self, form: SettingsForm) -> str:
        sections: list[dict[str, Any]] = [{"code": code, "title": title, "fields": [form[name] for name in names]}
                                          for code, title, names in SECTIONS]
        page: str = self.render("screens/settings.html", form=form, sections=sections,
                                shown=conflicts.shown(form, current.school(), _ABOUT),
                                can_change=allowed(Permission.SETTINGS_WRITE))
        return page
