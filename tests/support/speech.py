"""What a page says: the words people read or hear, those included that only a script will show.

A part that is marked as being in another language than the page is left out.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SPOKEN = frozenset({"title", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "placeholder",
                     "alt", "label"})
"""Attributes people hear or see."""

_SILENT = frozenset({"script", "style", "kbd", "code"})
"""Elements whose words are none: keys and codes are the same in every language."""

_SENTENCE = re.compile(r"\b[A-Z][a-z]{2,}|[A-Za-z]{2,} [A-Za-z]{2,}")
"""What tells a text for a script from a code, a number or an address."""

_LATIN = re.compile(r"[A-Za-z][A-Za-z'’]+")


class _Listener(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._language = ""
        self._open: list[tuple[str, bool]] = []

    @property
    def _listening(self) -> bool:
        return not any(silent for _tag, silent in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self._language = given.get("lang", "")
        if tag not in _VOID:
            foreign = given.get("lang", self._language) != self._language
            self._open.append((tag, tag in _SILENT or foreign))
        if self._listening:
            self.said += [value for name, value in given.items() if _is_text(tag, name, value, given)]

    def handle_endtag(self, tag: str) -> None:
        while self._open and any(each == tag for each, _silent in self._open):
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._listening and data.strip():
            self.said.append(data.strip())


_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
                   "wbr"})


def _is_text(tag: str, name: str, value: str, given: dict[str, str]) -> bool:
    if name == "value":
        return tag == "input" and given.get("type") in ("submit", "button", "reset")
    if name.startswith("data-"):
        if "⟦" in value:
            return True
        return not value.startswith(("/", "{", "http", "#")) and "[" not in value and bool(_SENTENCE.search(value))
    return name in _SPOKEN


def texts_in(html: str) -> list[str]:
    """The texts of a page: what stands in it, and its attributes that are read out, shown, or spoken by scripts."""
    listener = _Listener()
    listener.feed(html)
    listener.close()
    return listener.said


def latin_words(text: str) -> set[str]:
    """The words in Latin letters, of two letters or more."""
    return set(_LATIN.findall(text))
