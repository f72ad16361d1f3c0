"""What the database refused, in sentences: two people were quicker than the checks before."""

from __future__ import annotations

import re

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from app.errors import ConflictError

_SENTENCES: dict[str, tuple[LazyString, str]] = {
    "uq_course_class_campus_id_course_id_semester":
        (_l("This campus has this semester of the course already."), "semester"),
    "ck_course_class_graduates_after_start": (_l("A class cannot graduate before it starts."), "graduate_date"),
    "ck_customer_has_a_contact": (_l("Enter at least one contact: QQ, mobile or WeChat."), "qq"),
    "uq_saved_view_employee_id_screen_name": (_l("There is a view of that name already."), "name"),
    "uq_distribution_open_customer": (_l("Someone else has this customer already."), "customer"),
}
_TAKEN = _l("This is taken already.")
_REFERRED = _l("Other records refer to this one, so it is kept.")
_UNFIT = _l("This does not go together with what is stored already.")


def refusal_of(error: IntegrityError, *, deleting: bool = False) -> ConflictError:
    """The sentence, and the field, for a violated constraint."""
    name = _constraint(error)
    if name in _SENTENCES:
        sentence, field = _SENTENCES[name]
        return ConflictError(sentence, field=field)
    unique = re.fullmatch(r"uq_[a-z]+(?:_[a-z]+)?_(?P<field>[a-z]+)", name)
    if unique:
        return ConflictError(_TAKEN, field=unique["field"])
    return ConflictError(_REFERRED if deleting or name.startswith("fk_") else _UNFIT)


def _constraint(error: IntegrityError) -> str:
    """The name of the violated constraint, as far as the database tells."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return diagnosis.constraint_name or ""
    text = str(error.orig)  # SQLite names checks, and the columns of unique constraints
    unique = re.search(r"UNIQUE constraint failed: (.+)$", text)
    if unique:
        columns = [column.strip().split(".") for column in unique[1].split(",")]
        return "_".join(["uq", columns[0][0], *(column for _table, column in columns)])
    check = re.search(r"CHECK constraint failed: (\w+)", text)
    return check[1] if check else ""
