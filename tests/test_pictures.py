"""The pictures in the documents are there, and they are those `make screenshots` takes."""

from __future__ import annotations

import re
import runpy

import pytest

from config import ROOT

SCREENSHOTS = ROOT / "docs" / "screenshots"
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
_DOCUMENTS = ["README.md", *sorted(f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_the_pictures_of_a_document_are_there(document):
    path = ROOT / document
    missing = [picture for picture in _PICTURE.findall(path.read_text()) if not (path.parent / picture).is_file()]
    assert missing == []


def test_the_readme_shows_some():
    assert len(_PICTURE.findall((ROOT / "README.md").read_text())) >= 3


def test_each_screenshot_is_one_the_command_takes_and_none_is_missing():
    taken = runpy.run_path(str(ROOT / ".ci" / "screenshots.py"))["names"]()
    assert {each.name for each in SCREENSHOTS.iterdir()} == taken


def test_they_are_small_together():
    assert sum(each.stat().st_size for each in SCREENSHOTS.iterdir()) < 3_500_000
