"""Return addresses that lead, or have led somewhere in some browser or framework, to another site or into a script.

A browser strips blanks at both ends, drops tabs and line breaks inside, takes a backslash for a slash, and reads what
begins with two of them as another host's.
"""

from __future__ import annotations

from itertools import product

HOST = "evil.example"

_BEFORE_THE_HOST = (
    "//", "///", "////", "/////", "\\\\", "\\/", "/\\", "/\\/", "\\//", "//\\", "\\\\\\", "/\\\\",
    "/\t/", "/\n/", "/\r/", "/\r\n/", "\t//", "\n//", "\r//", " //", "\u3000//", "\xa0//", "\ufeff//",
    "//\t", "//\n", "\x00//", "\x01//", "\x1f//", "\x0b//", "\x0c//", "\x7f//", "\x85//", "//\u200b", "\u200b//",
    "http:", "https:", "http:/", "https:/", "http://", "https://", "http:///", "https:///", "http:////", "https:\\\\",
    "http:\\", "https:/\\", "HTTP://", "hTTps://", "ht\ttp://", "h\nttps://", " http://", "\thttp://", "http ://",
    "\x01https://", "http://////", "ftp://", "file://", "ws://", "wss://", "gopher://", "data://", "about://",
    "javascript://", "vbscript://", "view-source:http://", "blob:http://", "filesystem:http://", "intent://",
    "//@", "//x@", "//localhost@", "//localhost:80@", "http://localhost@", "http://localhost:5000@", "//localhost%40",
    "//localhost.", "http://localhost.", "//x:y@", "http://x:y@", "http://localhost\\@", "http://localhost#@",
    "http://localhost?@", "//localhost\\.", "//;@", "//%0d%0a", "//%09", "//%5c", "http:%2f%2f", "//%2f", "///\t/",
)

_AFTER_THE_HOST = ("", "/admin/")

_SCRIPTS = (
    "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)",
    " javascript:alert(1)", "\x01javascript:alert(1)", "javascript\t:alert(1)", "javascript:/*--></a>*/alert(1)",
    "jAvAsCrIpT&colon;alert(1)", "vbscript:msgbox(1)", "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "data:,evil.example", "feed:javascript:alert(1)",
    "mailto:a@evil.example", "tel:+8613800138000", "blob:null", "about:blank",
)

_ADDRESSES = (
    "evil.example", "www.evil.example", "evil.example/admin/", "evil。example", "admin/customer/", "../admin/", "./x",
    "?next=//evil.example", "#//evil.example", "@evil.example", ":80", ":@evil.example", ".evil.example",
    ";@evil.example", "*", "%2f%2fevil.example", "%5c%5cevil.example", "%09//evil.example", "%00//evil.example",
    "//3627734734", "//0xd83ad6ce", "//0330.072.0326.0316", "//[::1]", "//[::ffff:216.58.214.206]", "http://216.58",
    "//evil%E3%80%82example", "//ⓔⓥⓘⓛ.example", "//evil\u3002example", "／／evil.example", "⁄⁄evil.example",
    "\u2044/evil.example", "\u2215/evil.example", "//localhost:80\\@evil.example", "//localhost%2eevil.example",
    "/admin/\r\nLocation: http://evil.example", "/admin/\r\nSet-Cookie: session=x", "/admin/\n\n<script>", "/\x00",
    "/admin/\x00", "/\x7f", "\x0b/admin/", "/\tadmin", "/admin\\..\\..\\evil.example",
)

VECTORS = tuple(dict.fromkeys(
    [before + HOST + after for before, after in product(_BEFORE_THE_HOST, _AFTER_THE_HOST)]
    + [*_SCRIPTS, *_ADDRESSES]))
"""Refused, each of them."""

HARMLESS = ("/", "/admin/", "/admin/campus/?page=2&sort=1", "/admin/publicpool/?q=%E9%BE%99%E6%B3%B0#row",
            "/admin/campus/?search=http://evil.example", "/%09/evil.example", "/%2f/evil.example", "/./evil.example",
            "/@evil.example", "/http://evil.example", "/／evil.example")
"""Strange perhaps, but paths on this site to every browser."""
