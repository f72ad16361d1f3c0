"""Answers as a person reads them: pages, JSON, files; without what is new in every answer."""

from __future__ import annotations

import csv
import io
import re

from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

_ALWAYS_NEW = re.compile(r'(name="csrf[_-]token"[^>]*(?:content|value)=")[^"]*|(nonce=")[^"]*|(data-token=")[^"]*|'
                         r'(name="shown" value=")[^"]*|((?:after|before)=[\d-]+T[\d:]+)\.\d+')
"""Tokens, seals of forms, and parts of a second in the addresses of further pages."""


def table_of(response: TestResponse) -> list[list[object]]:
    """The rows of a csv or xlsx file, the titles first; the texts of a csv as they stand there."""
    if response.mimetype == "text/csv":
        return [list(row) for row in csv.reader(io.StringIO(response.get_data().decode("utf-8-sig"), newline=""))]
    return CalamineWorkbook.from_filelike(io.BytesIO(response.get_data())).get_sheet_by_index(0).to_python()


def text_of(response: TestResponse) -> str:
    """All an answer says: its status, where it leads, and its text with the tokens taken out."""
    if response.mimetype.endswith("sheet"):
        text = "\n".join("\t".join(map(str, row)) for row in table_of(response))
    else:
        text = response.get_data(as_text=True)
    text = _ALWAYS_NEW.sub(r"\1\2\3\4\5", text)
    return f"{response.status_code} {response.headers.get('Location', '')}\n{text}"
