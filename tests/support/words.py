"""Words in Latin letters that a page may show to readers of Chinese, and those that people themselves have written."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Campus, Course, CourseClass, Customer, Department, Employee, FollowUp, Role
from tests.support.speech import latin_words

ALLOWED = frozenset({
    "Gonghai",                              # our name
    "QQ", "qq", "WeChat", "openid", "QR",         # services and signs, under the names they have in Chinese too
    "SEO", "DSP", "CTO", "cto",             # where leads come from, as the trade says
    "CSV", "XLSX", "JSON", "HTML", "csv", "xlsx",  # kinds of files
    "SEC", "Webhook",                       # how the secret of a DingTalk bot begins, and what its address is called
    "ID", "IP", "NIST",                     # abbreviations
    "Ctrl", "Enter", "Esc",                 # keys, where a sentence names them
    "Chrome", "Linux", "Werkzeug",          # the browsers of these tests, in the list of sessions
    "GET", "POST",                          # what was refused, in the audit log
})

_ADDRESS = re.compile(r"/[a-z][\w/-]*")

_WRITTEN_BY_PEOPLE = (Employee.username, Employee.email, Course.name, CourseClass.memo, Customer.wechat,
                      Customer.company, FollowUp.note)


def of_people(session: Session) -> frozenset[str]:
    """The words in what people have written."""
    return frozenset().union(*(latin_words(str(text)) for column in _WRITTEN_BY_PEOPLE
                               for text in session.scalars(select(column).distinct())))


def names(session: Session) -> set[str]:
    """What people and things are called."""
    columns = (Employee.name, Customer.name, Course.name, Campus.title, Department.title, Role.name)
    return {str(name) for column in columns for name in session.scalars(select(column).distinct())}


def foreign(text: str) -> set[str]:
    """The words in a text that are neither allowed nor part of an address."""
    return latin_words(_ADDRESS.sub(" ", text)) - ALLOWED
