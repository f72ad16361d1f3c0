"""Many people at once: threads that all start at the same moment, over real HTTP or at the services."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from tests.support.client import token_in
from tests.support.people import PASSWORD

T = TypeVar("T")


def all_at_once(acts: Iterable[Callable[[], T]]) -> list[T]:
    """Run every act in a thread of its own, all released together; the first error is raised."""
    acts = list(acts)
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        gate.wait(60)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, list]:
        return json.loads(self.body)


class Person:
    """Someone with a browser of his own on a real server; logs in as people do.

    Args:
        host: the server's.
        port: the server's.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.cookies: dict[str, str] = {}
        self.token = ""

    def log_in(self, username: str, password: str = PASSWORD) -> Person:
        """Send the login form, and learn the token from the first page."""
        form = {"username": username, "password": password, "csrf_token": token_in(self.get("/login").body)}
        answer = self.post("/login", form)
        assert answer.status == 302, f"{username} could not log in: {answer.status} {answer.body[:300]}"
        self.token = token_in(self.get("/admin/mycustomers/").body)
        return self

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self._ask("GET", path)

    def post(self, path: str, form: dict[str, object], **headers: str) -> Answer:
        """Send a form."""
        body = urllib.parse.urlencode(form, doseq=True)
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def claim(self, *customer_ids: int) -> Answer:
        """Click claim, as the pool's script does. May be called from several threads at once."""
        return self.post("/admin/claim/", {"customer_id": customer_ids, "csrf_token": self.token},
                         Accept="application/json")

    def _ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, path, body, {**(headers or {}), **({"Cookie": cookies} if cookies else {})})
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                name, _, value = line.split(";", 1)[0].partition("=")
                self.cookies[name] = value
            return Answer(response.status, response.read().decode(errors="replace"), dict(response.headers))
        finally:
            connection.close()
