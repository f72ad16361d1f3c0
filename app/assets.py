"""Scripts, styles and pictures: their addresses carry a hash of what is in them, so that browsers may keep them.

An address with the right hash is answered with "keep this for a year"; any other is asked about again each time.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.security import safe_join

PARAMETER = "v"
FOR_A_YEAR = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Let `url_for("static", ...)` add the hash by itself, Flask-Admin's own files included."""
    app.url_defaults(_add_version)
    app.after_request(_let_it_be_kept)


def is_asset(response: Response) -> bool:
    """Whether this answers with a file that everyone gets."""
    return response.status_code < 400 and _is_static(request.endpoint)


def version(endpoint: str, filename: str) -> str | None:
    """The hash in the address of a file; None if there is no such file."""
    folder = (current_app.blueprints[endpoint.rpartition(".")[0]] if "." in endpoint else current_app).static_folder
    path = safe_join(folder or "", filename)
    try:
        state = Path(path or "").stat()
        return _hash(path or "", state.st_mtime_ns, state.st_size)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _hash(path: str, _changed: int, _size: int) -> str:
    """Of what is in a file, read once until it changes."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def _is_static(endpoint: str | None) -> bool:
    return endpoint is not None and endpoint.rpartition(".")[2] == "static"


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if _is_static(endpoint) and PARAMETER not in values:
        found = version(endpoint, values["filename"])
        if found is not None:
            values[PARAMETER] = found


def _let_it_be_kept(response: Response) -> Response:
    if is_asset(response):
        asked = request.args.get(PARAMETER)
        found = version(request.endpoint or "", (request.view_args or {})["filename"])
        if asked is not None and asked == found:
            response.headers["Cache-Control"] = FOR_A_YEAR
    return response
