"""The three contacts of a customer and their normal form, in which they are stored and compared."""

from __future__ import annotations

import re
import unicodedata

CONTACT_FIELDS = ("qq", "mobile", "wechat")

LONGEST_CONTACT = 64

_NOTHING_TO_SEE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_PUNCTUATION = re.compile(r"[-‐-―−().·]")
_NUMBER = re.compile(r"\+?\d+")
_CHINA_PREFIX = re.compile(r"^(?:\+|00)86(?=1\d{10}$)|^86(?=1\d{10}$)")


def normal_contact(field: str, value: str | None) -> str | None:
    """A contact in the form in which it is stored and compared; blank is None.

    A contact has the same form in whichever of the fields it stands; only of mere punctuation no mobile is made.

    Args:
        field: `qq`, `mobile` or `wechat`.
        value: what a person typed: full-width digits, blanks, dashes and +86 are evened out.
    """
    if value is None:
        return None
    text = _even(value)
    while (again := _even(text)) != text:  # without the blanks, letters and accents may join
        text = again
    bare = _PUNCTUATION.sub("", text)
    if _NUMBER.fullmatch(bare) or (field == "mobile" and not bare):
        text = _CHINA_PREFIX.sub("", bare)
    return text or None


def _even(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in _NOTHING_TO_SEE)
