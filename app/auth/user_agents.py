"""What a browser calls itself, short enough for people."""

from __future__ import annotations

LONGEST = 64

_BROWSERS = (("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Edg", "Edge"), ("OPR/", "Opera"),
             ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrom", "Chrome"), ("CriOS", "Chrome"),
             ("Safari", "Safari"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("HarmonyOS", "HarmonyOS"), ("iPhone", "iPhone"),
            ("iPad", "iPad"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))


def short(user_agent: str) -> str | None:
    """"Firefox, Windows" of a browser that is known, the beginning of what others say, None of nothing."""
    known = [next((name for mark, name in marks if mark in user_agent), None) for marks in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in known if name) or user_agent[:LONGEST].strip() or None
