"""A receiver of webhooks on this machine, as an owner writes one with the public standardwebhooks library."""

import json
import ssl
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

HERE = "127.0.0.0/8"  # what WEBHOOK_ALLOWED_NETWORKS must say so that it can be reached


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verified(self, secret: str) -> dict[str, Any]:
        """The payload, if the signature is right. Raises WebhookVerificationError."""
        found: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return found


class Receiver:
    """Answers 204, or the next of `answers` (a status, or one with headers); where `pause` is set, after that."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.answers: deque[int | tuple[int, dict[str, str]]] = deque()
        self.pause: threading.Event | None = None
        self.port = 0
        self._tls = tls
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=manager"

    def start(self) -> None:
        """(Again) on the same port."""
        self._server = _Server(self)
        self.port = self._server.server_port
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens on the port any more."""
        self._server.shutdown()
        self._server.server_close()

    def types(self) -> list[str]:
        """The types of the events, in the order of arrival."""
        return [each.payload["type"] for each in self.received]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", receiver.port), _Handler)
        self.receiver = receiver


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.received.append(Received(self.path, dict(self.headers), body))
        if receiver.pause is not None:
            receiver.pause.wait(10)
        answer = receiver.answers.popleft() if receiver.answers else 204
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
