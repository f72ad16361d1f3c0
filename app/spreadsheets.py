"""Files that Excel opens as they are meant: Chinese readable, dates as dates, and no text run as a formula.

They are written row by row, so that a million rows take no more memory than a thousand.
"""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter

from app import current

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8",
                 "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

_FORMULA = re.compile(
    r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))"  # a cell's beginning, also where a program takes one of these for its end
    r"(?=[\s\"'\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*[=+\-@＝﹦＋﹢－﹣−＠﹫])")

_FOLDERS = "gonghai-export-"


def safe(text: str) -> str:
    """A text no spreadsheet takes for a formula: whatever could begin one has an apostrophe before it."""
    return _FORMULA.sub("'", text)


def write(kind: str, file: BinaryIO, titles: Sequence[str], rows: Iterable[Sequence[Any]],
          folder: Path | None = None) -> None:
    """Write a table into a file.

    Args:
        kind: `csv` (UTF-8 with a byte order mark, so that Excel reads Chinese) or `xlsx`.
        titles: the first line.
        rows: the others.
        folder: where an xlsx may put its rows down until it is done; in memory if left out.
    """
    if kind == "csv":
        _write_csv(file, titles, rows)
    else:
        _write_xlsx(file, titles, rows, folder)


def _write_csv(file: BinaryIO, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)  # so that no list separator ends a cell early
    writer.writerow([safe(title) for title in titles])
    writer.writerows([_plain(value) for value in row] for row in rows)
    text.detach()  # the file is the caller's


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"{current.clock().local(value):%Y-%m-%d %H:%M}"
    return str(value) if isinstance(value, (dt.date, int, float, Decimal)) else safe(str(value))


def _write_xlsx(file: BinaryIO, titles: Sequence[str], rows: Iterable[Sequence[Any]], folder: Path | None) -> None:
    where = {"in_memory": True} if folder is None else {"tmpdir": str(folder)}
    book = xlsxwriter.Workbook(file, {"constant_memory": True, **where, "strings_to_formulas": False,
                                      "strings_to_urls": False, "strings_to_numbers": False,
                                      "default_date_format": "yyyy-mm-dd", "remove_timezone": True})
    sheet = book.add_worksheet()
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, [safe(title) for title in titles], book.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, dt.datetime):
                sheet.write_datetime(number, column, current.clock().local(value).replace(tzinfo=None), moment)
            elif isinstance(value, (dt.date, int, float, Decimal)):
                sheet.write(number, column, value)
            else:
                sheet.write_string(number, column, safe(str(value)))
    book.close()


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for half-finished files that nobody else reads; `sweep` removes it if its process is killed."""
    folder = Path(tempfile.mkdtemp(prefix=_FOLDERS))
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep() -> int:
    """Remove what killed processes have left in such folders; how many there were."""
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        with suppress(OSError):  # somebody else's, in use, or just gone
            held = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a process lets go of it however it ends
                shutil.rmtree(folder)
                swept += 1
            finally:
                os.close(held)
    return swept
