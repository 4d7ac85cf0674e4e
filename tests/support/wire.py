"""Servers that behave as badly as a test needs, on a port of their own, and remember what reached them."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from twitter_manager.twitter.client import XClient


@dataclass
class Request:
    head: str
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition("\r\n")[0]

    def header(self, name: str) -> str | None:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None


@dataclass
class Server:
    """`lines`: number of connections; `bytes_read`: everything that arrived; `requests`: the complete ones."""

    base: str
    requests: list[Request] = field(default_factory=list)
    lines: int = 0
    bytes_read: int = 0

    def x(self, *, deadline: float = 5.0) -> XClient:
        """A client of this server."""
        return XClient(self.base, deadline=deadline)


@dataclass
class Line:
    """One connection, on the server's side."""

    socket: socket.socket
    server: Server

    def read(self) -> Request | None:
        """The next complete request; None: the client closed the connection."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self._receive()
            if not piece:
                return None
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        request = Request(head.decode("latin-1"), b"")
        length = int(request.header("content-length") or 0)
        while len(body) < length:
            body += self._receive()
        request.body = body
        self.server.requests.append(request)
        return request

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def wait_for_close(self) -> None:
        self.socket.settimeout(10)
        while self._receive():
            pass

    def _receive(self) -> bytes:
        piece = self.socket.recv(65_536)
        self.server.bytes_read += len(piece)
        return piece


Behaviour = Callable[[Line], None]


@contextlib.contextmanager
def serving(behave: Behaviour, *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on 127.0.0.1 that runs `behave` for every connection and closes it afterwards."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}")
    open_lines: list[socket.socket] = []

    def serve(accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(accepted):
            wrapped = tls.wrap_socket(accepted, server_side=True) if tls else accepted
            with contextlib.closing(wrapped):
                behave(Line(wrapped, server))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                server.lines += 1
                open_lines.append(accepted)
                threading.Thread(target=serve, args=(accepted,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        for each in (listener, *open_lines):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        accepting.join(5)


def answering(*answers: bytes) -> Behaviour:
    """Each request, on whichever connection, gets the next of the answers; the last one again and again."""
    left = list(answers)

    def behave(line: Line) -> None:
        while line.read():
            line.send(left.pop(0) if len(left) > 1 else left[0])

    return behave


def reply(status: int = 200, body: object = None, *, raw: bytes | None = None, **headers: str) -> bytes:
    """A complete response; `body` as JSON, or `raw` bytes. Headers with _ for -."""
    content = raw if raw is not None else json.dumps({} if body is None else body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for 127.0.0.1, and the file that makes a client trust it."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import IPv4Address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "trusted.pem", folder / "private.pem"
    trusted.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
