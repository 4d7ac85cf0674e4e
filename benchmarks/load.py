"""The load: CONNECTIONS connections, each of which sends one request after the other, from a process of its own.

Written on bare sockets: a client library costs more time per request than the service does, and both share two cores.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.figures import percentile

__all__ = ["CONNECTIONS", "Load", "run"]

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Load:
    """Responses per second, and within how many seconds 99 of 100 came."""

    per_second: float
    p99: float


def run(port: int, method: str, path: str, *, headers: dict[str, str], body: str = "", seconds: float) -> Load:
    """Calls 127.0.0.1:`port` for `seconds`. `#` in the body becomes the number of the request.

    Raises RuntimeError when a response is not 2xx.
    """
    order = {"port": port, "method": method, "path": path, "headers": headers, "body": body, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(order), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Load(**json.loads(done.stdout))


class _Connection:
    """A request in progress, or none."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._began = 0.0

    def ask(self, request: bytes) -> None:
        self._received = b""
        self._began = time.perf_counter()
        self.sock.sendall(request)

    def receive(self) -> float | None:
        """Reads what has arrived; returns how long the whole response took, once it is complete. Raises
        RuntimeError."""
        piece = self.sock.recv(262_144)
        self._received += piece
        head, blank, content = self._received.partition(b"\r\n\r\n")
        if not piece or (blank and head[9:10] != b"2"):
            raise RuntimeError(f"no good answer: {self._received[:500]!r}")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not blank or len(content) < int(length):
            return None
        return time.perf_counter() - self._began


def _ask_on_and_on(order: dict[str, object], seconds: float, connections: int) -> Load:
    lines = selectors.DefaultSelector()
    took: list[float] = []
    asked = 0
    began = time.perf_counter()
    for _ in range(connections):
        line = _Connection(int(str(order["port"])))
        lines.register(line.sock, selectors.EVENT_READ, line)
        line.ask(_request(order, asked))
        asked += 1
    while lines.get_map():
        for key, _ in lines.select(timeout=60):
            seconds_of_one = key.data.receive()
            if seconds_of_one is None:
                continue
            took.append(seconds_of_one)
            if time.perf_counter() - began > seconds:
                lines.unregister(key.fileobj)
                key.data.sock.close()
                continue
            key.data.ask(_request(order, asked))
            asked += 1
    return Load(len(took) / (time.perf_counter() - began), percentile(took, 99))


def _request(order: dict[str, object], number: int) -> bytes:
    body = str(order["body"]).replace("#", str(number)).encode()
    headers = dict(order["headers"], Host="127.0.0.1")  # type: ignore[call-overload]
    if body:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{order['method']} {order['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


if __name__ == "__main__":
    given = json.load(sys.stdin)
    result = _ask_on_and_on(given, float(given["seconds"]), given.get("connections", CONNECTIONS))
    json.dump({"per_second": result.per_second, "p99": result.p99}, sys.stdout)
