"""The headers that tell a browser what a page of ours may do. Every response carries them, errors and files too."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from app import assets

_POLICY = ("default-src 'none'", "script-src 'nonce-{nonce}'", "style-src 'nonce-{nonce}'", "img-src 'self' data:",
           "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
           "object-src 'none'", "require-trusted-types-for 'script'", "trusted-types gonghai")
"""Scripts and styles run only if the page itself names them with the nonce of its response: neither what someone
wrote into a text field nor another file of this site can become one. The one policy for HTML in scripts takes what
this server has rendered, in gonghai.js."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # no stricter: over HTTPS the CSRF check wants to see where a form was sent from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope",
        "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "usb")),
}
_HTTPS_FOR_A_YEAR = "max-age=31536000; includeSubDomains"


def init_app(app: Flask) -> None:
    """Put the headers on every response, and `csp_nonce()` into every template."""
    app.after_request(_add)
    app.jinja_env.globals["csp_nonce"] = nonce


def nonce() -> str:
    """What the scripts and styles of this response are named with: random, and never the same again."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    found: str = g.csp_nonce
    return found


def _add(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "; ".join(_POLICY).format(nonce=nonce())
    response.headers.update(_ALWAYS)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _HTTPS_FOR_A_YEAR
    if not assets.is_asset(response):
        response.headers["Cache-Control"] = "no-store"
    return response
