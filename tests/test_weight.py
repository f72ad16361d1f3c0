"""Lists stay light: a page of 50 rows is at most 150 KB before compression, without the files it links."""

from __future__ import annotations

import re

import pytest

ROWS, LIMIT = 50, 150_000


def weight(page: bytes) -> int:
    """What the page would weigh with 50 rows: it has at least one, and the missing ones are as heavy as those."""
    body = page[page.index(b"<tbody"):page.rindex(b"</tbody>")]
    rows = re.findall(rb"<tr\b.*?</tr>", body, re.DOTALL)
    assert 1 <= len(rows) <= ROWS
    return len(page) + (ROWS - len(rows)) * sum(map(len, rows)) // len(rows)


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_list_of_fifty_rows_is_light(demo, language):
    weights = {}
    for username, only in (("admin", ""), ("dasha", "publicpool"), ("sanjiang", "mycustomers")):
        browser = demo.login(username, language)
        for address in demo.screens(username):
            if re.fullmatch(r"/admin/\w+/", address) and only in address:
                page = browser.get(f"{address}?page_size={ROWS}").data
                if b'<table class="rows' in page and b"<tbody" in page and b"<tr" in page[page.index(b"<tbody"):]:
                    weights[username, address] = weight(page)
    assert len(weights) >= 12
    assert {list_: found for list_, found in weights.items() if found > LIMIT} == {}
