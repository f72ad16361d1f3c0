"""Real servers on this machine that notices are sent to: they keep what came, and answer as a test tells them to."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SMTPSession

TOKEN = "/cgi-bin/stable_token"


@dataclass(frozen=True)
class Request:
    """What came."""

    path: str
    query: dict[str, str]
    json: dict[str, Any]


@dataclass
class HTTPReceiver:
    """An HTTP server in the place of WeChat, WeCom, DingTalk and Feishu.

    `answers` are given one after another, each a status and what is said; then, and from the beginning, all is well.
    `meanwhile` is called while a request waits for its answer.
    """

    answers: deque[tuple[int, Any]] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, said = receiver.take(self.path, body)
                content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_what: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def messages(self) -> list[Request]:
        """What came, but for the requests of WeChat's token."""
        return [request for request in self.requests if request.path != TOKEN]

    def take(self, address: str, body: bytes) -> tuple[int, Any]:
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.requests.append(Request(parts.path, query, json.loads(body)))
        self.meanwhile()
        if parts.path == TOKEN:
            return 200, {"access_token": "token-of-the-school", "expires_in": 7200}
        return self.answers.popleft() if self.answers else (200, {"errcode": 0, "code": 0})


class OnAnyPort(Controller):
    """Its server takes whatever port is free."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@dataclass
class MailReceiver:
    """An SMTP server. `refusals` are answered one after another in the place of taking a mail."""

    refusals: deque[str] = field(default_factory=deque)
    mails: list[Message] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.controller = OnAnyPort(self, hostname="127.0.0.1", port=0)
        self.controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.controller.port}"

    async def handle_DATA(self, _server: SMTP, _session: SMTPSession, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.popleft()
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"
