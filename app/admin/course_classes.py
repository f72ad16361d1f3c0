"""Classes."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload, selectinload
from wtforms import Form, ValidationError

from app import current
from app.admin import forms, options
from app.admin.base import Access, TableView
from app.admin.filters import Is, OneOf, Quick, period
from app.admin.labels import LABELS
from app.extensions import db
from app.models import CourseClass, Employee
from app.models.choices import DepartmentFunction
from app.permissions import Permission
from app.services import employees, standing


class CourseClassForm(forms.BaseForm):
    """A class; its people come from the departments of the right function only."""

    campus = forms.one("campus", options.campuses, required=True)
    course = forms.one("course", options.courses, required=True)
    semester = forms.integer(CourseClass.semester, smallest=1)
    price = forms.money(CourseClass.price)
    capacity = forms.integer(CourseClass.capacity, default=30)
    start_date = forms.day(CourseClass.start_date)
    graduate_date = forms.day(CourseClass.graduate_date)
    teachers = forms.many("teachers", lambda: employees.of_function(DepartmentFunction.TEACHING),
                          description=_l("Only employees of teaching departments."))
    tutor = forms.one("tutor", lambda: employees.of_function(DepartmentFunction.TUTORING), required=False,
                      description=_l("Only employees of tutoring departments."))
    memo = forms.text(CourseClass.memo)

    def validate_graduate_date(self, field: Any) -> None:
        if field.data and self.start_date.data and field.data < self.start_date.data:
            raise ValidationError(_l("A class cannot graduate before it starts."))


STANDINGS = {"upcoming": _l("Not begun"), "running": _l("Under way"), "over": _l("Over")}


def _stands(code: str) -> ColumnElement[bool]:
    return standing.classes(current.today())[code]


class CourseClassView(TableView):
    """The runs of the courses."""

    group, order, menu_title = "teach", 10, _l("Classes")
    new_title = _l("New class")
    access = Access.of_small_table(Permission.COURSE_CLASS_READ, Permission.COURSE_CLASS_WRITE)
    form = CourseClassForm
    form_groups = (
        (_l("Class"), ("course", "semester", "campus", "price", "capacity")),
        (_l("Dates"), ("start_date", "graduate_date")),
        (_l("People"), ("teachers", "tutor")),
        (_l("More"), ("memo",)))
    about = _l("The runs of the courses: where and when they take place, who teaches them, how many seats there are.")
    column_lead = "course_class"
    column_list = ("course_class", "campus", "start_date", "teachers", "price", "capacity", "graduate_date", "tutor")
    column_optional = ("id", "semester", "memo")
    column_export_list = (
        "course_class", "campus", "price", "capacity", "start_date", "graduate_date", "teachers", "tutor")
    column_details_list = (*column_export_list, "memo")
    column_formatters = column_formatters_detail = column_formatters_export = {
        "course_class": lambda _view, _context, row, _name: str(row)}
    column_sortable_list = ("price", "capacity", "start_date", "graduate_date")
    column_default_sort = ("start_date", True)
    column_searchable_list = ("course.name",)
    column_related = (joinedload(CourseClass.campus), joinedload(CourseClass.course), joinedload(CourseClass.tutor),
                      selectinload(CourseClass.teachers))
    column_filters = (
        Is(CourseClass.campus_id, LABELS["campus"], options.campus_options, int),
        Is(CourseClass.course_id, LABELS["course"], options.course_options, int),
        *period(CourseClass.start_date, LABELS["start_date"]),
        OneOf(CourseClass.start_date, LABELS["status"], {
            code: (label, partial(_stands, code)) for code, label in STANDINGS.items()}).named("standing"))
    quick_filters = tuple(Quick(label, standing=code) for code, label in STANDINGS.items())

    def edit_form(self, obj: Any = None) -> Form:
        """Whoever teaches or tutors the class already stays on offer, wherever he works now."""
        form = super().edit_form(obj)
        form.teachers.query = self._with_present(DepartmentFunction.TEACHING, obj.teachers)
        form.tutor.query = self._with_present(DepartmentFunction.TUTORING, [obj.tutor])
        return form

    @staticmethod
    def _with_present(function: DepartmentFunction, present: list[Employee | None]) -> list[Employee]:
        offered = list(db.session.scalars(employees.of_function(function)))
        return offered + [each for each in present if each is not None and each not in offered]

    def save(self, form: Form, model: Any, *, created: bool) -> Any:
        before = ([], None) if created else (model.teachers, model.tutor)
        employees.check_function(form.teachers.data, DepartmentFunction.TEACHING, "teachers", before=before[0])
        employees.check_function([form.tutor.data], DepartmentFunction.TUTORING, "tutor", before=[before[1]])
        return super().save(form, model, created=created)
