"""Courses."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.admin import forms
from app.admin.base import Access, TableView
from app.admin.labels import LABELS
from app.models import Course
from app.permissions import Permission


class CourseForm(forms.BaseForm):
    """A course."""

    name = forms.text(Course.name, LABELS["title"])


class CourseView(TableView):
    """What the school sells."""

    group, order, menu_title = "teach", 20, _l("Courses")
    new_title = _l("New course")
    access = Access.of_small_table(Permission.COURSE_READ, Permission.COURSE_WRITE)
    form = CourseForm
    column_labels = LABELS | {"name": LABELS["title"]}
    about = _l("What the school sells. Customers are asked which of these they want, and classes run them.")
    column_lead = "name"
    column_list = ("name", "id")
    column_export_list = column_details_list = ("id", "name")
    column_sortable_list = ("id", "name")
    column_searchable_list = ("name",)
