"""Every screen there is: from the routes, and from the links on the screens where a route wants to know of which row.

Nobody keeps a list. A new screen is looked at by every test that looks at all of them.
"""

from __future__ import annotations

from flask import Flask

from tests.support.client import Client
from tests.support.pages import Page, endpoint_of

NO_SCREENS = ("/export/", "/ajax/", "/static/", "/healthz", "/readyz")


def rules(app: Flask) -> list[str]:
    """The routes that may answer with a page."""
    return sorted({str(rule.rule) for rule in app.url_map.iter_rules()
                   if "GET" in (rule.methods or ()) and not any(part in rule.rule for part in NO_SCREENS)})


def screens(app: Flask, browser: Client) -> list[str]:
    """The addresses of all screens a person may open, one for each route: with the first row or run that is linked."""
    waiting = [rule for rule in rules(app) if "<" not in rule]
    found: dict[str, str] = {}
    while waiting:
        address = waiting.pop(0)
        rule = endpoint_of(app, address)
        if rule is None or rule in found or rule not in rules(app):
            continue
        answer = browser.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        found[rule] = address
        page = Page(answer.text, address)
        waiting += [link for link in page.links if endpoint_of(app, link) not in found]
    return [found[rule] for rule in sorted(found)]
