"""Pages as a machine reads them: their links and their forms, and a walk from page to page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.support.client import Client


@dataclass
class Form:
    """A form: where it goes, and for each of its fields the values it offers (a text box offers what stands in it)."""

    action: str
    method: str
    id: str | None = None
    fields: dict[str, list[str]] = field(default_factory=dict)


class Page(HTMLParser):
    """The links and forms of a page.

    Args:
        html: the page.
        address: where it stands, to complete addresses that are not.
    """

    def __init__(self, html: str, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.address = address
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._form: Form | None = None
        self._select: tuple[Form, str] | None = None
        self._area: tuple[Form, str] | None = None
        self._elsewhere: list[tuple[str, str, str]] = []
        self.feed(html)
        self.close()
        for form_id, name, value in self._elsewhere:
            for form in self.forms:
                if form.id == form_id:
                    form.fields.setdefault(name, []).append(value)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.tags.append((tag, found))
        for name in ("href", "data-href", "data-url"):
            link = found.get(name)
            if link:
                self.links.append(urljoin(self.address, link))
        if tag == "form":
            self._form = Form(urljoin(self.address, found.get("action") or self.address),
                              (found.get("method") or "get").upper(), found.get("id"))
            self.forms.append(self._form)
        elif tag in ("input", "select", "textarea", "button") and found.get("name"):
            self._field(tag, str(found["name"]), found)
        elif tag == "option" and self._select is not None:
            form, name = self._select
            form.fields[name].append(found.get("value") or "")

    def _field(self, tag: str, name: str, found: dict[str, str | None]) -> None:
        if found.get("form"):
            self._elsewhere.append((str(found["form"]), name, found.get("value") or ""))
            return
        if self._form is None:
            return
        values = self._form.fields.setdefault(name, [])
        if tag == "select":
            self._select = (self._form, name)
        elif tag == "textarea":
            self._area = (self._form, name)
        elif tag == "input" and found.get("type") == "checkbox":
            values.append(found.get("value") or "on")
        else:
            values.append(found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            form, name = self._area
            form.fields[name].append(data)


def endpoint_of(app: Flask, address: str, method: str = "GET") -> str | None:
    """The rule behind an address; None if there is none."""
    try:
        rule, _arguments = app.url_map.bind("localhost").match(urlsplit(address).path, method=method, return_rule=True)
    except HTTPException:
        return None
    return str(rule.rule)


def names_in(address: str) -> set[str]:
    """The parameters an address carries."""
    return {name for name, _value in parse_qsl(urlsplit(address).query)}


def parameters_on(page: Page) -> Iterator[tuple[str, str, set[str]]]:
    """Method, address and parameter names of whatever the links and forms of a page would send."""
    for link in page.links:
        yield "GET", link, names_in(link)
    for form in page.forms:
        if form.method in ("GET", "POST"):
            asked = names_in(form.action) if form.method == "GET" else set()
            yield form.method, form.action, asked | set(form.fields)


_COMMON = {"url", "page_size"}
"""Parameters any page may carry; they make no page another one."""


@dataclass(frozen=True)
class Visit:
    """A page that was opened on a walk."""

    address: str
    rule: str
    response: TestResponse

    @property
    def page(self) -> Page:
        return Page(self.response.text if self.response.mimetype == "text/html" else "", self.address)


def walk(app: Flask, browser: Client, *, each: int = 2, start: str = "/admin/") -> Iterator[Visit]:
    """Open page after page by their links, breadth first, until nothing new is found.

    Args:
        each: how many addresses to open of those that differ in the values of their parameters only.
    """
    opened: dict[tuple[str, frozenset[str]], int] = {}
    waiting, seen = [start], {start}
    while waiting:
        address = waiting.pop(0)
        rule = endpoint_of(app, address)
        if rule is None or "static" in rule:
            continue
        key = (rule, frozenset(names_in(address) - _COMMON))
        if opened.get(key, 0) >= each:
            continue
        opened[key] = opened.get(key, 0) + 1
        visit = Visit(address, rule, browser.get(address))
        yield visit
        found = [visit.response.location] if visit.response.location else visit.page.links
        for link in found:
            parts = urlsplit(link)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            if not parts.netloc and target not in seen:
                seen.add(target)
                waiting.append(target)
