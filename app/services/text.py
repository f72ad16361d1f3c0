"""Small helpers for texts in queries."""

from __future__ import annotations


def like_pattern(part: str) -> str:
    """A LIKE pattern that finds a part of a text literally; the backslash is its escape character."""
    escaped = part.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
