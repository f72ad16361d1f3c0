"""Small helpers for texts."""

from __future__ import annotations


def like_pattern(part: str) -> str:
    """A LIKE pattern that finds a part of a text literally; the backslash is its escape character."""
    escaped = part.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def gist(text: str, most: int = 40) -> str:
    """The beginning of a text on one line. Contacts are hidden before that: half of one is shaped like nothing."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most - 1].rstrip() + "…"
