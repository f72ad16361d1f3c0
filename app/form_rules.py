"""What can be said of a field before it is sent: for the script, in the sentences of the field's own validators."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from wtforms import DateField, DecimalField, Field, IntegerField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, NumberRange, StopValidation

_KINDS = {IntegerField: "integer", DecimalField: "decimal", DateField: "date"}


def rules_of(field: Field) -> dict[str, str]:
    """The rules of a field as data- attributes, each with the sentence of its refusal."""
    found: dict[str, str] = {}
    for kind, name in _KINDS.items():
        if isinstance(field, kind):
            unread = _refusal(field, lambda probe: probe.process_formdata(["?"]))
            found |= {"data-kind": name, "data-unreadable": unread}
            if getattr(field, "places", None) is not None:
                found["data-places"] = str(field.places)
    for each in field.validators:
        found |= _rule(field, each)
    return found


def _rule(field: Field, validator: Any) -> dict[str, str]:
    asked = partial(validator, None)
    if isinstance(validator, (InputRequired, DataRequired)):
        return {"data-missing": _refusal(field, asked)}
    if isinstance(validator, Length):
        return {"data-longest": str(validator.max), "data-too-long": _refusal(field, asked, "x" * (validator.max + 1))}
    if isinstance(validator, NumberRange):
        return {"data-least": str(validator.min), "data-most": str(validator.max),
                "data-out-of-range": _refusal(field, asked, validator.min - 1)}
    if isinstance(validator, EqualTo):
        return {"data-same-as": validator.fieldname, "data-differs": str(validator.message)}
    return {}


def _refusal(field: Field, ask: Callable[[Field], object], data: Any = None) -> str:
    """What is said of a value that the field never takes."""
    probe: Any = object.__new__(type(field))  # a copy: to call the class would give an unbound field
    vars(probe).update(vars(field))
    probe.errors, probe.data, probe.raw_data = [], data, None if data is None else [str(data)]
    try:
        ask(probe)
    except (ValueError, StopValidation) as refused:
        return str(refused)
    raise AssertionError(f"{field.short_name} takes {data!r}")
