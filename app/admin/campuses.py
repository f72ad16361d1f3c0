"""Campuses."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.admin import forms
from app.admin.base import Access, TableView
from app.models import Campus
from app.permissions import Permission


class CampusForm(forms.BaseForm):
    """A campus."""

    title = forms.text(Campus.title)


class CampusView(TableView):
    """Where the school teaches."""

    group, order, menu_title = "teach", 30, _l("Campuses")
    new_title = _l("New campus")
    access = Access.of_small_table(Permission.CAMPUS_READ, Permission.CAMPUS_WRITE)
    form = CampusForm
    about = _l("The places where the school teaches. Classes and customers' wishes refer to them.")
    column_lead = "title"
    column_list = ("title", "id")
    column_export_list = column_details_list = ("id", "title")
    column_sortable_list = ("id", "title")
    column_searchable_list = ("title",)
