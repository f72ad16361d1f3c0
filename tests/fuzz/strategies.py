"""What a hostile client sends: requests to one route, drawn around what the route's own pages would send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

ROLES = ("admin", "admin", "admin", "manager", "manager", "sanjiang", "sanjiang", "auditor", "")
"""Who asks; most often those who get past the door, also a visitor."""

IDS = ("1", "2", "3", "0", "-1", "+1", " 1", "1 ", "01", "1.0", "1e3", "0x1", "abc", "1,2", "1;2", "NaN", "null", "[]",
       "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9" * 40, "9" * 5000, "１", "١", "①", "1\0",
       "\0", "", "__None", "true", "1'--", "{{7*7}}")
NUMBERS = ("0", "1", "-1", "50", "200", "99999", "-0", "1e999", "1e-999999", "NaN", "sNaN", "-Infinity", "0.001", "٣",
           "1_000", "2147483648", "9" * 30, "", " ", "1\r\n")
DAYS = ("2026-03-02", "2026-03-05", "0001-01-01", "9999-12-31", "0000-00-00", "10000-01-01", "2026-02-30", "2026-W10-1",
        "20260302", "2026-03-02T00:00:00", "-2026-03-02", "٢٠٢٦-٠٣-٠٢", "2026-03-02.1", "9999-12-31.1", "0001-01-01.1",
        "2026-03-02.99999999999", "2026-03-02.-1", ".", "明天", "")
CODES = ("1", "2", "4", "8", "99", "-1", "own", "all", "sales", "claim", "new", "admin", "customer.read", "root", "y",
         "n", "False", "", "None", "１", "\0")
TEXTS = ("龙泰", "a", " ", "", "\0", "%", "_", "\\", "'", '"', "%s%n%d", "{0.__class__}", "{{7*7}}", "${7*7}",
         "../../etc/passwd", "\r\nSet-Cookie: a=b", "\u202e\u200b\ufeff", "\u2028", "\ufdd0", "\U0001f9ff",
         "e\u0301" * 40, "<b>'\"</b>",
         "1' OR '1'='1", "x" * 65, "字" * 300, "x" * 9000, "\ud800", "\udfff\ud800", "=1+1", "-1", "true",
         "13812345678")
ADDRESSES = ("/admin/", "//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1", "/a\tb", "", "?x",
             "http:evil.example", "/admin/\r\nX: y")
EVERYTHING = (*IDS, *NUMBERS, *DAYS, *CODES, *TEXTS, *ADDRESSES)

ALWAYS = ("id", "page", "page_size", "sort", "desc", "search", "q", "after", "before", "columns", "view", "customer",
          "customer_id", "flt0_0", "flt_source",
          "flt1_0", "flt0_1", "flt2_5", "flt5_5", "flt0_99", "flt0_-1", "flt_", "rowid", "action", "url", "next",
          "name", "query", "offset", "limit", "reason", "status", "days", "course", "list_form_pk", "locale", "note",
          "intent", "_method", "_external", "_scheme", "_anchor", "endpoint", "self")

TYPES = ("application/x-www-form-urlencoded", "application/json", "text/plain", "multipart/form-data",
         "multipart/form-data; boundary=", "application/xml", "application/x-www-form-urlencoded; charset=utf-16",
         "\xff", "")
HEADERS: dict[str, tuple[str, ...]] = {
    "HTTP_ACCEPT": ("text/html", "application/json", "*/*", "application/json;q=x", "text/html;q=0", ",;,=", "\xff",
                    "image/png", ""),
    "HTTP_ACCEPT_LANGUAGE": ("en", "zh-TW,zh;q=0.9", "zz", "zh-" + "x" * 500, ";q=;q", "\xe4", "*", "../../etc", ""),
    "HTTP_COOKIE": ("session=garbage", "session=; session=a", "=;=;", "\xff\xfe", "remember_token=1|abc", "a" * 5000,
                    "session=eyJfdXNlcl9pZCI6IjEifQ.x.y"),
    "HTTP_X_FORWARDED_FOR": ("1.2.3.4", "unknown, ,", "\xff", "::1, 999.999.999.999"),
    "HTTP_X_FORWARDED_PROTO": ("https", "javascript", ""),
    "HTTP_X_FORWARDED_HOST": ("evil.example", "a b"),
    "HTTP_HOST": ("localhost", "evil.example", "a b", "[::1", "", "localhost:99999", "\xff"),
    "HTTP_REFERER": ("//evil.example", "\xff", "http://[", "javascript:1"),
    "HTTP_IF_MODIFIED_SINCE": ("yesterday", "Mon, 99 Foo 0000 99:99:99 GMT"),
    "HTTP_IF_NONE_MATCH": ('"', "*", 'W/"x'),
    "HTTP_RANGE": ("bytes=0-", "bytes=9-1", "lines=1", "bytes=-" + "9" * 30),
    "HTTP_AUTHORIZATION": ("Basic !!!", "Bearer x", "Digest"),
    "HTTP_X_REQUESTED_WITH": ("XMLHttpRequest",),
    "HTTP_X_HTTP_METHOD_OVERRIDE": ("DELETE",),
    "HTTP_USER_AGENT": ("\xff" * 300, "x" * 4000, ""),
    "HTTP_X_CSRFTOKEN": ("", "wrong", "\xff"),
    "CONTENT_LENGTH": ("-1", "abc", "0", "99999999999"),
}
METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


@dataclass(frozen=True)
class Target:
    """A route and a method, with what its own pages send there.

    Args:
        rule: the address, with its arguments in angle brackets.
        names: parameters seen in links to it.
        forms: the fields of the forms that lead to it, with the values they offer, by address.
    """

    rule: str
    method: str
    names: frozenset[str] = frozenset()
    forms: tuple[tuple[str, dict[str, list[str]]], ...] = ()


@dataclass(frozen=True)
class Request:
    """One request as it goes over the wire; `{token}` in the body stands for the token of whoever asks."""

    role: str
    method: str
    path: str
    query: str
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    with_token: bool = True


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(TEXTS)),
    lambda each: st.one_of(st.lists(each, max_size=3), st.dictionaries(st.sampled_from(ALWAYS), each, max_size=3)),
    max_leaves=6)


def value_for(name: str) -> st.SearchStrategy[str]:
    """A value for a parameter: mostly of the kind its name suggests, with what is wrong about that kind."""
    kinds = [CODES, TEXTS]
    if "id" in name or name in ("customer", "course", "campus", "consultant", "roles", "teachers", "tutor", "pk"):
        kinds = [IDS, IDS, IDS, TEXTS]
    elif name in ("page", "page_size", "sort", "desc", "offset", "limit", "price", "semester", "capacity", "num",
                  "weight"):
        kinds = [NUMBERS, NUMBERS, IDS]
    elif name == "after" or "date" in name or name.endswith("_on") or name.endswith("_until"):
        kinds = [DAYS, DAYS, DAYS, TEXTS]
    elif name.startswith("flt"):
        kinds = [CODES, IDS, DAYS, TEXTS]
    elif name in ("url", "next"):
        kinds = [ADDRESSES]
    elif name == "job_id":
        kinds = [IDS, TEXTS]
    return st.one_of(*(st.sampled_from(kind) for kind in kinds), st.sampled_from(EVERYTHING),
                     st.text(st.characters(codec=None), max_size=20))


def _encoded(pairs: list[tuple[str, str]]) -> str:
    """Pairs as a query or form; what is no Unicode becomes bytes that are no UTF-8."""
    return "&".join("=".join(map(_quoted, pair)) for pair in pairs)


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"))


def _now_and_then(draw: Any, one_in: int) -> bool:
    """True once in so many times; in the simplest request, which Hypothesis tries first, False."""
    return bool(draw(st.integers(0, one_in - 1)) == one_in - 1)


@st.composite
def _mutated(draw: Any, pairs: list[tuple[str, str]], names: tuple[str, ...], least: int = 0) -> list[tuple[str, str]]:
    """The pairs with a few of them changed, doubled, dropped or added."""
    pairs = list(pairs)
    for _ in range(draw(st.integers(least, 3))):
        what = draw(st.sampled_from(("change", "change", "add", "double", "drop") if pairs else ("add",)))
        if what == "add":
            name = draw(st.sampled_from(names))
            pairs.append((name, draw(value_for(name))))
            continue
        at = draw(st.integers(0, len(pairs) - 1))
        name = pairs[at][0]
        if what == "drop":
            del pairs[at]
        elif what == "double":
            pairs.append((name, draw(value_for(name))))
        elif name != "csrf_token":
            pairs[at] = (name, draw(value_for(name)))
    return pairs


@st.composite
def requests(draw: Any, target: Target) -> Request:
    """A request to a route."""
    names = (*ALWAYS, *sorted(target.names))
    address, fields = draw(st.sampled_from(target.forms)) if target.forms else ("", {})
    path, _mark, at_first = address.partition("?") if address else (_filled(draw, target.rule), "", "")
    said = [tuple(part.partition("=")[::2]) for part in at_first.split("&") if part]
    query = draw(_mutated(said, names, least=0 if target.method != "GET" else 1))
    encoded = at_first if query == said else _encoded(query)
    if _now_and_then(draw, 20):
        encoded += draw(st.sampled_from(("&%ff=%fe", "&%zz", "&&&=", "&a=%c0%80", "&id=%ed%a0%80", ";id=1", "&" * 3000,
                                         "&id[]=1&id[a]=2")))
    method = draw(st.sampled_from(METHODS)) if _now_and_then(draw, 25) else target.method
    request = {"role": draw(st.sampled_from(ROLES)), "method": method, "path": path, "query": encoded,
               "headers": _headers(draw), "with_token": not _now_and_then(draw, 10)}
    if target.method == "GET":
        return Request(**request)
    form = draw(_mutated([(name, draw(st.sampled_from(values)) if values else "1") for name, values in fields.items()],
                         (*names, *fields)))
    body, content_type = _body(draw, form)
    return Request(**request, body=body, content_type=content_type)


def _filled(draw: Any, rule: str) -> str:
    """The rule's address with something in place of its arguments."""
    while "<" in rule:
        before, _mark, rest = rule.partition("<")
        argument, _mark, after = rest.partition(">")
        name = argument.rpartition(":")[2]
        known = {"export_type": ("csv", "xlsx", "json")}.get(name, ())
        value = draw(st.one_of(*([st.sampled_from(known)] if known else []), value_for(name)))
        rule = before + quote(value.encode("utf-8", "surrogatepass"), safe="" if ":" not in argument else "/") + after
    return rule


def _headers(draw: Any) -> dict[str, str]:
    if not _now_and_then(draw, 4):
        return {}
    chosen = draw(st.lists(st.sampled_from(sorted(HEADERS)), min_size=1, max_size=3, unique=True))
    return {name: draw(st.sampled_from(HEADERS[name])) for name in chosen}


def _body(draw: Any, form: list[tuple[str, str]]) -> tuple[bytes, str]:
    kind = draw(st.sampled_from(["form"] * 15 + ["multipart"] * 2 + ["json", "noise", "noise"]))
    if kind == "form":
        return _encoded(form).encode(), TYPES[0]
    if kind == "multipart":
        return _multipart(draw, form), "multipart/form-data; boundary=frontier"
    if kind == "json":
        return json.dumps(draw(JSON)).encode(), "application/json"
    return draw(st.one_of(st.binary(max_size=60), st.just(_encoded(form).encode()))), draw(st.sampled_from(TYPES))


def _multipart(draw: Any, form: list[tuple[str, str]]) -> bytes:
    """The form with, now and then, a file in place of a value, or cut off."""
    parts = []
    for name, value in form:
        raw = value.encode("utf-8", "surrogatepass")
        kept = name.replace("\r", "").replace("\n", "").replace('"', "").encode("utf-8", "surrogatepass")
        head = b'Content-Disposition: form-data; name="' + kept + b'"'
        if name != "csrf_token" and _now_and_then(draw, 6):
            head += b'; filename="../x\xff.csv"\r\nContent-Type: text/csv'
        parts.append(b"--frontier\r\n" + head + b"\r\n\r\n" + raw + b"\r\n")
    whole = b"".join(parts) + b"--frontier--\r\n"
    return whole[:-draw(st.integers(1, 40))] if _now_and_then(draw, 6) else whole
