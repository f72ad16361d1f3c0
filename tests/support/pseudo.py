"""A language in which every translatable text stands in brackets: ⟦Save⟧. What is outside of them never will be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import flask_babel
from babel.support import Translations


class Bracketed(Translations):
    """Catalogues in that language, whatever the text."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, singular: str, plural: str, num: int) -> str:
        return self.ngettext(singular, plural, num)

    ugettext, ungettext, upgettext, unpgettext = gettext, ngettext, pgettext, npgettext


@contextmanager
def spoken() -> Iterator[None]:
    """All of this process speaks it; dates and numbers stay in the language of the request."""
    with patch.object(flask_babel.Domain, "get_translations", lambda _self: Bracketed()):
        yield


def outside_brackets(text: str) -> str:
    """A text without what is translatable in it."""
    before = None
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    return text
