"""A line between the service and X that can hold back what passes, until it is let go."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

__all__ = ["Line"]

PATIENCE = 60.0


class Line:
    """`with Line(x_url) as line:` listens at `line.url` and passes everything on to X and back."""

    def __init__(self, x_url: str) -> None:
        self._upstream = ("127.0.0.1", urlsplit(x_url).port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._may_pass = {"request": threading.Event(), "answer": threading.Event()}
        self._held = {"request": threading.Event(), "answer": threading.Event()}
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self.release()

    def __enter__(self) -> "Line":
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        for sock in self._sockets:
            with contextlib.suppress(OSError):  # the other side was faster
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for sock in self._sockets:
            sock.close()

    def hold_requests(self) -> None:
        """From now on X gets nothing."""
        self._may_pass["request"].clear()

    def hold_answers(self) -> None:
        """From now on the service gets nothing."""
        self._may_pass["answer"].clear()

    def release(self) -> None:
        """What was held passes."""
        for gate in self._may_pass.values():
            gate.set()

    def wait_until_held(self, what: str) -> None:
        """Until a "request" or an "answer" stands at the gate."""
        assert self._held[what].wait(PATIENCE), f"no {what} came"

    def _begin(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was shut
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._upstream)
                self._sockets += [near, far]
                self._begin(self._pass_on, near, far, "request")
                self._begin(self._pass_on, far, near, "answer")

    def _pass_on(self, source: socket.socket, target: socket.socket, what: str) -> None:
        for piece in _pieces(source):
            if not self._may_pass[what].is_set():
                self._held[what].set()
                self._may_pass[what].wait(PATIENCE)
            with contextlib.suppress(OSError):
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            yield piece
