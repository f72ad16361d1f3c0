"""axe-core in a page. It is put in before the page's own scripts, past its content policy, which stays as it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""WCAG 2.2, levels A and AA."""

COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of those levels that colours matter to."""

_RUN = """async ([runOnly, within]) => {
    const found = await axe.run(within || document, {
        runOnly, rules: runOnly.type === "tag" ? {"target-size": {enabled: true}} : {}, resultTypes: ["violations"],
        preload: false});
    return found.violations.flatMap(rule => rule.nodes.map(node =>
        `${rule.id}: ${node.html.slice(0, 160)} (${node.any.concat(node.all, node.none)
            .map(check => check.message).join("; ").slice(0, 240)})`));
}"""

_LIKE_ROWS_ONCE = """() => {
    const seen = new Set();
    for (const row of document.querySelectorAll("tbody > tr")) {
        const before = seen.size;
        for (const each of [row, ...row.querySelectorAll("*")])
            seen.add(`${each.localName} ${each.getAttribute("class")} ${each.getAttributeNames()}`);
        if (seen.size === before) row.remove();
    }
}"""


@cache
def source() -> str:
    """The script; `axe` is then in the page."""
    return (Path(__file__).parent / "vendor" / "axe.min.js").read_text()


def keep_one_row_of_each_kind(page: Page) -> None:
    """Take out of tables the rows that differ from those above in their words only: they have the same faults."""
    page.evaluate(_LIKE_ROWS_ONCE)


def violations(page: Page, within: str | None = None, *, colours_only: bool = False) -> list[str]:
    """What is wrong with the page as it stands, or with the part a selector names; an element a line."""
    rules = {"type": "rule", "values": COLOURS} if colours_only else {"type": "tag", "values": TAGS}
    found: list[str] = page.evaluate(_RUN, [rules, within])
    return found
