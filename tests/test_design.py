"""What the style sheets hold to; docs/design.md says why."""

from __future__ import annotations

import re

from tests.support.processes import ROOT

STATIC = ROOT / "app/static"
SHEETS = {path.name: re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL) for path in STATIC.glob("*.css")}
TOKENS = {"tokens.css", "tokens-dark.css"}
DEFINED = re.compile(r"(?m)^\s*(--[a-z0-9-]+):|[;{]\s*(--[a-z0-9-]+):")
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?!\s*[{,.:>])|\b(?:rgba?|hsla?|oklch|lab|color)\(|"
                    r":\s*(?:white|black|red|gr[ae]y)\b")


MEASURED = re.compile(r"(?<![\w-])(font(?:-size)?|border-radius|(?:row-|column-)?gap|(?:padding|margin)(?:-[a-z-]+)?):"
                      r"([^;{}]*)")
DISTANCES = {"4px", "8px", "12px", "16px"}
"""Those that have a name: --space-1 to --space-3, --gap."""


def tokens_in(name: str) -> set[str]:
    return {first or second for first, second in DEFINED.findall(SHEETS[name])}


def test_colours_are_named_in_the_tokens_alone():
    assert {name: found for name in SHEETS.keys() - TOKENS if (found := COLOUR.findall(SHEETS[name]))} == {}


def test_sizes_of_type_and_corners_are_named_in_the_tokens_alone_and_distances_where_they_have_a_name():
    written_out = []
    for name in SHEETS.keys() - TOKENS:
        for what, value in MEASURED.findall(SHEETS[name]):
            plain = set(re.findall(r"(?<![\w.-])[\d.]+px\b", re.sub(r"(?:calc|min|max)\([^;]*", "", value)))
            wrong = plain if what.startswith(("font", "border-radius")) else plain & DISTANCES
            written_out += [f"{name}: {what}:{value}" for _each in wrong]
    assert written_out == []


def test_those_distances_are_the_named_ones():
    sizes = dict(re.findall(r"(--space-\d|--gap): (\d+px);", SHEETS["tokens.css"]))
    assert set(sizes.values()) == DISTANCES


def test_dark_changes_colours_and_adds_none():
    assert tokens_in("tokens-dark.css") < tokens_in("tokens.css")


def test_every_token_that_is_used_exists_and_every_one_that_exists_is_used():
    used = {name: set(re.findall(r"var\((--[a-z0-9-]+)", sheet)) for name, sheet in SHEETS.items()}
    known = tokens_in("tokens.css")
    own = {name: tokens_in(name) for name in SHEETS.keys() - TOKENS}
    assert {name: unknown for name, tokens in used.items() if (unknown := tokens - known - own.get(name, set()))} == {}
    assert known - set.union(*used.values()) == set()


def test_no_style_sheet_fetches_anything():
    assert [name for name, sheet in SHEETS.items() if "url(" in sheet or "@import" in sheet] == []
