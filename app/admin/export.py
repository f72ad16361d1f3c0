"""Exports that Excel opens as they are meant: Chinese readable, dates as dates, and no text run as a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from flask import Response
from flask_babel import gettext as _

from app import current
from app.extensions import Base
from app.models.types import Choice, Kind

_FORMULA = re.compile(
    r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))"  # a cell's beginning, also where a program takes one of these for its end
    r"(?=[\s\"'\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*[=+\-@＝﹦＋﹢－﹣−＠﹫])")

FORMATTERS = {
    type(None): lambda _view, _value, _name: "",
    bool: lambda _view, value, _name: _("Yes") if value else _("No"),
    Choice: lambda _view, value, _name: str(value.label),
    Kind: lambda _view, value, _name: str(value.label),
    list: lambda _view, value, _name: ", ".join(str(each) for each in value),
    Base: lambda _view, value, _name: str(value),
}
"""Exports keep dates and numbers as what they are."""


def safe(text: str) -> str:
    """A text no spreadsheet takes for a formula: whatever could begin one has an apostrophe before it."""
    return _FORMULA.sub("'", text)


def response(kind: str, name: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A file to download.

    Args:
        kind: `csv` (UTF-8 with a byte order mark, so that Excel reads Chinese) or `xlsx`.
        name: the file's name without its ending.
        titles: the first line.
        rows: the others.
    """
    body, mimetype = (_csv(titles, rows), "text/csv; charset=utf-8") if kind == "csv" else (
        _xlsx(titles, rows), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    return Response(body, content_type=mimetype,
                    headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'})


def _csv(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)  # so that no list separator ends a cell early
    writer.writerow([safe(title) for title in titles])
    writer.writerows([_plain(value) for value in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"{current.clock().local(value):%Y-%m-%d %H:%M}"
    return str(value) if isinstance(value, (dt.date, int, float, Decimal)) else safe(str(value))


def _xlsx(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "in_memory": True, "strings_to_formulas": False,
                                      "strings_to_urls": False, "strings_to_numbers": False,
                                      "default_date_format": "yyyy-mm-dd", "remove_timezone": True})
    sheet = book.add_worksheet()
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, [safe(title) for title in titles], book.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, dt.datetime):
                sheet.write_datetime(number, column, current.clock().local(value).replace(tzinfo=None), moment)
            elif isinstance(value, (dt.date, int, float, Decimal)):
                sheet.write(number, column, value)
            else:
                sheet.write_string(number, column, safe(str(value)))
    sheet.freeze_panes(1, 0)
    book.close()
    return file.getvalue()
