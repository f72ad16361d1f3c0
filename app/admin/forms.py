"""Form fields that take their length, label and choices from where these facts stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask_admin.contrib.sqla.fields import QuerySelectField, QuerySelectMultipleField
from flask_admin.form import BaseForm as FlaskAdminForm
from flask_admin.model.ajax import AjaxModelLoader
from flask_admin.model.fields import AjaxSelectField
from flask_babel import LazyString
from sqlalchemy import ColumnElement, Select, String, select
from sqlalchemy.orm import InstrumentedAttribute
from wtforms import (
    DateField,
    DecimalField,
    Field,
    Form,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import Choice, SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import Select as SelectWidget

from app.admin.conflicts import Conflict
from app.admin.labels import LABELS
from app.extensions import db
from app.models import types
from app.web import LARGEST_INTEGER, whole_number

LONGEST_LINE = 128  # a longer text gets a box

__all__ = ["BaseForm", "Groups", "Loader", "choice", "day", "grouped", "integer", "lookup", "many", "money",
           "one", "text"]

Groups = tuple[tuple[LazyString, tuple[str, ...]], ...]
"""The headings of a form, each with the names of its fields."""


class BaseForm(FlaskAdminForm):
    """The base of the forms: remembers, when it comes back, that its row was changed meanwhile."""

    conflict: Conflict | None = None


def grouped(form: Form, groups: Groups) -> list[tuple[LazyString | None, list[Field]]]:
    """The fields of a form under their headings; a heading none of whose fields is there is left out."""
    visible = {each.short_name: each for each in form if getattr(each.widget, "input_type", "") != "hidden"
               or isinstance(each, LookupField)}
    found: list[tuple[LazyString | None, list[Field]]] = [
        (title, [visible.pop(name) for name in names if name in visible]) for title, names in groups]
    return [(title, fields) for title, fields in (*found, (None, list(visible.values()))) if fields]


def _stripped(value: str | None) -> str | None:
    """Blank is nothing."""
    return (value or "").strip() or None


def _presence(required: bool) -> InputRequired | Optional:
    return InputRequired() if required else Optional()


def text(column: InstrumentedAttribute[Any], label: LazyString | None = None, *, description: LazyString | str = "",
         **kwargs: Any) -> Field:
    """A field for a text column; required and as long as the column says."""
    stored = column.property.columns[0]
    length = stored.type.length if isinstance(stored.type, String) else None
    area = length is None or length > LONGEST_LINE
    validators = [Optional() if stored.nullable else DataRequired(), Length(max=length or 4000)]  # blanks are no text
    field = TextAreaField if area else StringField
    return field(label or LABELS[column.key], validators, filters=[_stripped], description=description, **kwargs)


def integer(column: InstrumentedAttribute[Any], *, smallest: int = 0, largest: int = LARGEST_INTEGER,
            **kwargs: Any) -> Field:
    """A field for a whole number from `smallest` to `largest`, or to what the databases hold."""
    return IntegerField(LABELS[column.key], [InputRequired(), NumberRange(smallest, largest)], **kwargs)


def money(column: InstrumentedAttribute[Any], **kwargs: Any) -> Field:
    """A field for an amount that is not negative, with two places."""
    return MoneyField(LABELS[column.key], [InputRequired(), NumberRange(0, 99_999_999)], places=2, **kwargs)


def day(column: InstrumentedAttribute[Any], *, quick: bool = False, **kwargs: Any) -> Field:
    """A field for a date column; required unless the column may be empty.

    Args:
        quick: whether it offers the next days at a click.
    """
    if quick:
        kwargs["render_kw"] = {"data-quick": "days"}
    return DateField(LABELS[column.key], [_presence(not column.property.columns[0].nullable)], **kwargs)


def choice(column: InstrumentedAttribute[Any], choices: type[types.Choice] | type[types.Kind], **kwargs: Any) -> Field:
    """A select field for a column of choices, with an empty one if the column may be empty."""
    nullable = column.property.columns[0].nullable
    by_code = {str(each.value): each for each in choices}

    def coerce(value: Any) -> types.Choice | types.Kind | None:
        if value in (None, ""):
            return None
        code = str(getattr(value, "value", value))
        if code not in by_code:
            raise ValueError(code)
        return by_code[code]

    options = [SelectChoice("", "—")] if nullable else []
    options += [SelectChoice(str(each.value), each.label) for each in choices]
    return ChoiceField(LABELS[column.key], [_presence(not nullable)], choices=options, coerce=coerce, **kwargs)


class ChoiceField(SelectField):
    """A select whose values are compared as texts, so that codes and blanks live side by side."""

    def iter_choices(self) -> Any:
        present = "" if self.data is None else str(getattr(self.data, "value", self.data))
        for option in self.choices or []:
            yield Choice(option.value, option.label, option.value == present, {})

    def pre_validate(self, form: Any) -> None:
        """Coercion has refused what is not on offer."""


def one(name: str, query: Callable[[], Select[Any]], *, required: bool, **kwargs: Any) -> Field:
    """A select of one row out of a small table; nothing else can be posted."""
    return OneField(LABELS[name], [DataRequired() if required else Optional()], blank_text="—", widget=SelectWidget(),
                    query_factory=lambda: db.session.scalars(query()), allow_blank=True, **kwargs)


def many(name: str, query: Callable[[], Select[Any]], **kwargs: Any) -> Field:
    """A select of any number of rows out of a small table; nothing else can be posted."""
    return ManyField(LABELS[name], query_factory=lambda: db.session.scalars(query()), **kwargs)


class NothingElse:
    """Mixin for optional selects: what is not on offer is refused, where Flask-Admin takes it for none."""

    def pre_validate(self, form: Any) -> None:
        posted = (self.raw_data or [""])[0]  # type: ignore[attr-defined]
        if posted not in ("", "__None") and self.data is None:  # type: ignore[attr-defined]
            raise ValidationError(self.gettext("Not a valid choice."))  # type: ignore[attr-defined]
        super().pre_validate(form)  # type: ignore[misc]


class MoneyField(DecimalField):
    """An amount to the cent: neither NaN nor a fraction of one."""

    data: Any
    places: Any

    def process_formdata(self, valuelist: Any) -> None:
        super().process_formdata(valuelist)
        amount = self.data
        if amount is not None and (not amount.is_finite() or amount.normalize().as_tuple().exponent < -self.places):
            self.data = None
            raise ValueError(self.gettext("Not a valid decimal value."))


class OneField(NothingElse, QuerySelectField):
    """Yields its options as WTForms wants them today."""

    def iter_choices(self) -> Iterator[Choice]:
        return (Choice(*option) for option in super().iter_choices())


class ManyField(QuerySelectMultipleField):
    """Refuses a choice that is not on offer; the base class notices one only after its data has been read."""

    def iter_choices(self) -> Iterator[Choice]:
        return (Choice(*option) for option in super().iter_choices())

    def pre_validate(self, form: Any) -> None:
        _ = self.data
        super().pre_validate(form)


class LookupField(NothingElse, AjaxSelectField):
    """One row of a large table, looked up while typing."""


class Loader(AjaxModelLoader):
    """Looks rows of a large table up by a part of their name, within what may be picked.

    Args:
        model: the table.
        searched: the column that is searched.
        allowed: gives the condition on what may be picked, asked at each request.
        label: how a row is shown.
    """

    LIMIT = 10

    def __init__(self, name: str, model: Any, searched: InstrumentedAttribute[str],
                 allowed: Callable[[], ColumnElement[bool]], label: Callable[[Any], str] = str) -> None:
        super().__init__(name, {})
        self.model, self.searched, self.allowed, self.label = model, searched, allowed, label

    def format(self, model: Any) -> tuple[int, str] | None:
        return (model.id, self.label(model)) if model is not None else None

    def get_one(self, pk: Any) -> Any:
        identity = whole_number(str(pk))
        if identity is None:
            return None
        with db.session.no_autoflush:
            return db.session.scalar(self._query().where(self.model.id == identity))

    def get_list(self, query: str | None, offset: int | None = 0, limit: int | None = LIMIT) -> Sequence[Any]:
        part = (query or "").strip()
        found = self._query().order_by(self.searched, self.model.id)
        if part:
            found = found.where(self.searched.icontains(part, autoescape=True))
        offset = min(max(offset or 0, 0), 10_000)
        return db.session.scalars(found.offset(offset).limit(self.LIMIT)).all()

    def _query(self) -> Select[Any]:
        return select(self.model).where(self.allowed())


def lookup(name: str, loader: Loader, *, required: bool, **kwargs: Any) -> Field:
    """A field that looks one row of a large table up while typing; nothing else can be posted."""
    return LookupField(loader, LABELS[name], [_presence(required)], allow_blank=not required, **kwargs)


