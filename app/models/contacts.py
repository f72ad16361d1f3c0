"""The three contacts of a customer and their normal form, in which they are stored and compared."""

from __future__ import annotations

import re
import unicodedata

CONTACT_FIELDS = ("qq", "mobile", "wechat")

_BLANKS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_CHINA_PREFIX = re.compile(r"^(?:\+|00)86(?=1\d{10}$)|^86(?=1\d{10}$)")


def normal_contact(field: str, value: str | None) -> str | None:
    """A contact in the form in which it is stored and compared; blank is None.

    Args:
        field: `qq`, `mobile` or `wechat`.
        value: what a person typed: full-width digits, blanks, dashes and +86 are evened out.
    """
    if value is None:
        return None
    text = _BLANKS.sub("", unicodedata.normalize("NFKC", value))
    if field == "mobile":
        text = _CHINA_PREFIX.sub("", re.sub(r"[-().]", "", text))
    return text or None
