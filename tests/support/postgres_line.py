"""A network between the service and PostgreSQL that is cut when a test says so."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

__all__ = ["Line", "line_to"]

_COMMIT = b"COMMIT\0"


class Line:
    """`lost`: a COMMIT is cut, the next one or after `passing` others: "answer" once the server has executed it,
    "question" before it has it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._there = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.url = f"{parts.scheme}://{parts.username}@127.0.0.1:{self._port}{parts.path}"
        self.lost: str | None = None
        self.passing = 0
        self.is_away = False
        self._open: set[socket.socket] = set()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def go_away(self) -> None:
        """As a server that ends: every connection is cut, and none is taken."""
        self.is_away = True
        self.cut()

    def come_back(self) -> None:
        self.is_away = False

    def cut(self) -> None:
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.is_away = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._accepting.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                if self.is_away:
                    here.close()
                    continue
                there = socket.create_connection(self._there)
                self._open |= {here, there}
                threading.Thread(target=self._ask, args=(here, there), daemon=True).start()
                threading.Thread(target=self._answer, args=(here, there), daemon=True).start()

    def _ask(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := here.recv(65_536):
                lost = self._lost() if _COMMIT in piece else None
                if lost == "question":
                    break
                if lost == "answer":
                    self._open.discard(here)
                    with contextlib.suppress(OSError):
                        here.shutdown(socket.SHUT_WR)  # from now on nothing comes back
                there.sendall(piece)
                if lost == "answer":
                    threading.Event().wait(0.2)  # it is executed meanwhile
                    break
        self._end(here, there)

    def _lost(self) -> str | None:
        self.passing -= 1
        if self.passing >= 0:
            return None
        lost, self.lost = self.lost, None
        return lost

    def _answer(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := there.recv(65_536):
                here.sendall(piece)
        self._end(here, there)

    def _end(self, *both: socket.socket) -> None:
        for each in both:
            self._open.discard(each)
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextlib.contextmanager
def line_to(url: str) -> Iterator[Line]:
    line = Line(url)
    try:
        yield line
    finally:
        line.close()
