"""Who sees a customer's contacts, and what everyone else sees instead."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from sqlalchemy import ColumnElement, false, or_, select, true, union_all
from sqlalchemy.orm import aliased

from app.models import Customer, Employee, customer_contact
from app.models.choices import RowScope
from app.models.contacts import CONTACT_FIELDS, normal_contact
from app.permissions import Permission, can, scope_of
from app.services import pool

HIDDEN = "•" * 4

_PIECE = 4
"""So many digits of a known contact in a row, as in "ends in 5678", are hidden too."""

_NUMERALS = {"零〇○": "0", "一幺壹": "1", "二两贰": "2", "三叁": "3", "四肆": "4", "五伍": "5", "六陆": "6",
             "七柒": "7", "八捌": "8", "九玖": "9"}
_AS_DIGITS = str.maketrans({numeral: digit for numerals, digit in _NUMERALS.items() for numeral in numerals})
_DIGIT = "[0-9" + "".join(_NUMERALS) + "]"
_GAP = r"[\W_]{0,3}"

_CHAINED = r"""
    (?<![\d.-])(?=(?:\s?[-~—至到.元块圆万千]?\d){5})
    (?:\d{1,6}(?:\.\d\d?)?(?:\s?[-~—至到]\s?\d{1,6}(?:\.\d\d?)?)?\s?[元块圆万千]){2,}\d*
"""
"""Prices with nothing between them: nobody quotes like that, and together they may spell a number."""

_HARMLESS = r"""
    (?<![\d.])(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:\s+\d\d?:\d\d(?::\d\d)?)?(?![-.]?\d)
  | (?<![\d-])(?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])\s+\d\d?:\d\d(?!\d)                 # a day and an hour
  | (?<!\d)(?:19|20)\d\d\s?[-~—至到]\s?(?:19|20)\d\d(?![-.\s]?\d)                                # from year to year
  | (?<![\d.-])\d{1,6}(?:\.\d\d?)?(?:\s?[-~—至到]\s?\d{1,6}(?:\.\d\d?)?)?\s?(?:元|块|圆|万|千|k\b|w\b)  # a price
  | (?:[¥$]|rmb|cny|月薪|年薪|薪资|薪水|工资|学费|价格|原价|报价|优惠|预算|定金|订金|押金|首付|尾款|贷款|分期)
    (?:[是为约到:]|\s){0,3}\d{1,6}(?:\.\d\d?)?(?:\s?[-~—至到]\s?\d{1,6})?(?!\s?[-.元块圆万千]?\d)
  | (?<![a-z0-9_-])(?:python|java|javascript|html|css|vue|react|angular|node(?:js)?|php|mysql|redis|linux|centos|ubuntu
      |debian|windows|win|office|django|flask|spring|unity|swift|kotlin|android|iphone|ipad|ios|mac|web|mp|p)
    -?\d{1,4}(?:\.\d{1,2}){0,2}[ds]?(?![a-z0-9_-])                                              # a version
  | (?<![a-z0-9_-])(?:full|front|back|spring|part|full|on|off|one|face|wi|e|t|mini|follow|check|open)
    (?:-(?:stack|end|boot|cloud|time|line|site|on|one|to|face|fi|mail|shirt|program|up|in|source))+(?![a-z0-9_-])
"""

_SHAPED_LIKE_A_CONTACT = rf"""
    (?<!\d)(?:(?:\+|00)?86{_GAP})?[1一幺壹]{_GAP}[3-9三四五六七八九叁肆伍陆柒捌玖]
    (?:{_GAP}{_DIGIT}){{9}}(?!\d)                                           # a mobile, however spaced
  | (?:\+?86[\s-]?)?\d(?:[\s\-.·]?\d){{4,}}                              # a phone or QQ number
  | {_DIGIT}(?:[\s\-.·]?{_DIGIT}){{6,}}                                  # one written in words
  | (?<![a-z0-9_-])(?=[a-z0-9_-]{{0,19}}[\d_-])[a-z][a-z0-9_-]{{5,19}}(?![a-z0-9_-])   # a WeChat id
  | (?:微信|v信|薇信|wechat|weixin|wx|vx|qq|扣扣|加v|加我v)
    (?:[是为号码:]|\s){{0,4}}[a-z0-9_-]{{4,20}}                              # one that is announced
  | (?<![a-z0-9_.+-])[a-z0-9_.+-]{{1,64}}@[a-z0-9-]{{1,64}}\.[a-z0-9.]+                                 # a mail address
"""

_TOKEN = re.compile(rf"(?P<chained>{_CHAINED})|(?P<harmless>{_HARMLESS})|(?P<contact>{_SHAPED_LIKE_A_CONTACT})",
                    re.IGNORECASE | re.VERBOSE)
_DIGITS = re.compile(rf"{_DIGIT}{{{_PIECE},}}")


def visible_to(viewer: Employee, customer: Customer, *, today: dt.date, masking: bool) -> bool:
    """Whether someone sees a customer's contacts: his own customer's, and of others' as far as his permission reaches.

    Args:
        masking: whether the school hides the contacts of public customers until they are claimed.
    """
    scope = scope_of(viewer, Permission.CUSTOMER_CONTACTS)
    return (customer.belongs_to(viewer.id, today) or scope is RowScope.ALL
            or (scope is RowScope.DEPARTMENT and customer.belongs_to_department(viewer.department_code, today))
            or (customer.is_public(today) and visible_in_pool(viewer, masking=masking)))


def visible_in_pool(viewer: Employee, *, masking: bool) -> bool:
    """Whether someone sees the contacts of public customers: permitted for all customers, or unmasked as all the pool.

    A public customer is nobody's and no department's.
    """
    return (scope_of(viewer, Permission.CUSTOMER_CONTACTS) is RowScope.ALL
            or (not masking and can(viewer, Permission.POOL_READ)))


def visible_rows(viewer: Employee, *, today: dt.date, masking: bool) -> ColumnElement[bool]:
    """As visible_to, in the database."""
    scope = scope_of(viewer, Permission.CUSTOMER_CONTACTS)
    if scope is RowScope.ALL:
        return true()
    seen = [pool.belongs_to(viewer.id, today)]
    if scope is RowScope.DEPARTMENT:
        seen.append(pool.belongs_to_department(viewer.department_code, today))
    if visible_in_pool(viewer, masking=masking):
        seen.append(pool.is_public(today))
    return or_(*seen)


def belongs_to(contact: str) -> ColumnElement[bool]:
    """The customers who have a contact, whichever of theirs it is and however it is written; never a part of one."""
    form = normal_contact("contact", contact)
    if form is None:
        return false()
    other = aliased(Customer)
    return Customer.id.in_(union_all(
        select(customer_contact.c.customer_id).where(customer_contact.c.value == form),
        *(select(other.id).where(getattr(other, field) == form) for field in CONTACT_FIELDS)))


def masked(value: str | None) -> str:
    """What is shown of a hidden contact: that there is one, and no sign of it."""
    return HIDDEN if value else ""


def masked_note(note: str, customer: Customer) -> str:
    """A note without the customer's contacts and without whatever is shaped like one.

    His known contacts go however they are written: with gaps, in full-width or Chinese digits, or a telling piece of
    them. Of the rest, dates, prices and versions stay, whatever else looks like a phone, QQ or WeChat id or a mail
    address goes. The remaining text is left as it was written.
    """
    folded, places = _fold(note)
    hidden = [False] * len(note)
    for start, end in _known_spans(folded, customer.contacts):
        hidden[places[start]:places[end - 1] + 1] = [True] * (places[end - 1] + 1 - places[start])
        folded = folded[:start] + "\0" * (end - start) + folded[end:]
    for token in _TOKEN.finditer(folded):
        if not token["harmless"]:
            start, end = places[token.start()], places[token.end() - 1] + 1
            hidden[start:end] = [True] * (end - start)
    return _with_holes(note, hidden)


def without(text: str, known: Iterable[str]) -> str:
    """A text without these whole contacts, however they are spelled; what is only a part of a longer word stays."""
    folded, places = _fold(text)
    hidden = [False] * len(text)
    for contact in known:
        around = r"\d" if contact.isdigit() else "[0-9a-z]"
        whole = re.compile(rf"(?<!{around}){_spelled(contact).pattern}(?!{around})", re.IGNORECASE)
        for found in whole.finditer(folded):
            start, end = places[found.start()], places[found.end() - 1] + 1
            hidden[start:end] = [True] * (end - start)
    return _with_holes(text, hidden)


def folded(text: str) -> str:
    """A text in one form, every digit as 0 to 9."""
    return _fold(text)[0].translate(_AS_DIGITS)


def _with_holes(text: str, hidden: list[bool]) -> str:
    return re.sub("\0+", HIDDEN, "".join("\0" if gone else c for c, gone in zip(text, hidden, strict=True)))


def _fold(note: str) -> tuple[str, list[int]]:
    """A text in one form (half-width, nothing invisible), and for each of its characters where it came from."""
    folded, places = [], []
    for place, character in enumerate(note):
        if unicodedata.category(character) in {"Cf", "Mn"}:
            continue
        for part in unicodedata.normalize("NFKC", character):
            digit = unicodedata.digit(part, None)
            folded.append(part if digit is None else str(digit))
            places.append(place)
    return "".join(folded), places


def _known_spans(folded: str, known: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where the known contacts, or telling pieces of them, stand."""
    for contact in known:
        for found in _spelled(contact).finditer(folded):
            yield found.span()
    for run in _DIGITS.finditer(folded):
        digits = run.group().translate(_AS_DIGITS)
        if any(digits[i:i + _PIECE] in contact for i in range(len(digits) - _PIECE + 1) for contact in known):
            yield run.span()


@lru_cache(maxsize=1024)
def _spelled(contact: str) -> re.Pattern[str]:
    """A contact with gaps between its characters and its digits in any numerals."""
    def any_numeral(character: str) -> str:
        numerals = next((n for n, digit in _NUMERALS.items() if digit == character), "")
        return f"[{character}{numerals}]" if numerals else re.escape(character)

    prefix = rf"(?:(?:\+|00)?86{_GAP})?" if contact.isdigit() else ""
    return re.compile(prefix + _GAP.join(map(any_numeral, contact)), re.IGNORECASE)
