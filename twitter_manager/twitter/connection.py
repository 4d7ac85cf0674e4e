"""The connection to X: knows what has been written, and a watchdog ends a call at its deadline.

requests' time-outs are per read, so a server that trickles bytes can hold a call for ever; and they do not tell whether
the request had been written when the connection failed. Both are solved here, below requests and above the socket.
"""

import contextlib
import heapq
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from twitter_manager.final_response import FinalResponse
from twitter_manager.timestamps import uptime
from twitter_manager.twitter.errors import NotSent, Problem

__all__ = ["Call", "DeadlineAdapter", "calling"]

IDLE_SECONDS = 15.0  # an older idle connection may have been closed by X's edge: a POST on it would end unclear
LARGE = 64 * 1024  # bytes that are not copied


class Call:
    """One call to X from its start to its last byte."""

    def __init__(self, seconds: float, before_first_byte: Callable[[], None] | None) -> None:
        """`seconds`: the deadline for all of it. `before_first_byte` may raise to stop it while nothing is written."""
        self.seconds = seconds
        self.ends = uptime() + seconds
        self.before_first_byte = before_first_byte
        self.written = False
        self.connecting = False
        self.timed_out = False
        self.sock: socket.socket | None = None

    def begin_connecting(self) -> None:
        """A connection is needed, which may take time. Raises what `before_first_byte` raises."""
        if self.before_first_byte:
            self.before_first_byte()
        self.connecting = True

    def begin_writing(self, sock: socket.socket) -> None:
        """The connection stands; from here on the outcome may become unknown. Raises NotSent when it came too late."""
        self.connecting = False
        self.sock = sock
        if self.before_first_byte:
            self.before_first_byte()
        if self.timed_out:  # the watchdog came while there was nothing to cut
            raise NotSent(Problem(None, title="No connection in time"))
        self.written = True

    def cut(self) -> None:
        """Ends the call at its deadline: whoever reads from the socket gets an error at once."""
        self.timed_out = True
        if self.sock is not None:
            with contextlib.suppress(OSError):  # already closed: then nobody waits for it
                # not SSLSocket's own: that drops the encryption under a thread that may be writing
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


_current: ContextVar[Call | None] = ContextVar("call_to_x", default=None)


class Watchdog:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._calls: list[tuple[float, int, Call]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def watch(self, call: Call) -> None:
        """Cuts `call` at its deadline, unless it was released before."""
        with self._changed:
            heapq.heappush(self._calls, (call.ends, next(self._numbers), call))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="x-deadlines", daemon=True)
                self._thread.start()
            if self._calls[0][2] is call:  # else it sleeps until an earlier one ends
                self._changed.notify()

    def release(self, call: Call) -> None:
        with self._changed:
            call.sock = call.before_first_byte = None  # the heap keeps the call until its deadline

    def _pause(self) -> float | None:
        """Seconds until the first deadline; at most 1, since waiting does not count the machine's sleep."""
        return min(1.0, self._calls[0][0] - uptime()) if self._calls else None

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._calls or self._calls[0][0] > uptime():
                    self._changed.wait(self._pause())
                heapq.heappop(self._calls)[2].cut()


_watchdog = Watchdog()


@contextlib.contextmanager
def calling(call: Call) -> Iterator[Call]:
    """While inside, every connection of this thread belongs to `call`."""
    token = _current.set(call)
    _watchdog.watch(call)
    try:
        yield call
    finally:
        _watchdog.release(call)
        _current.reset(token)


class _WatchedConnection:
    """Mixed into urllib3's connections: tells the current call what happens."""

    response_class: Any = FinalResponse
    sock: Any
    timeout: Any
    _last_used = 0.0
    _held: list[Any] | None = None  # what is to be written at once, while it is put together

    def connect(self) -> None:
        call = _current.get()
        if call is not None:
            call.begin_connecting()  # for https the pool connects before `request`
        super().connect()  # type: ignore[misc]

    def request(self, *args: Any, **kwargs: Any) -> None:
        call = _current.get()
        if self.sock is not None and time.monotonic() - self._last_used > IDLE_SECONDS:
            self.close()  # type: ignore[attr-defined]
        if self.sock is None:
            self.connect()
        pieces: list[Any] = []
        self._held = pieces
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._held = None
        if call is not None:
            call.begin_writing(self.sock)
            # urllib3 waits as long for all the writing as for the connection: too short for a piece of a video. Here
            # the watchdog ends it.
            self.sock.settimeout(call.seconds + 1)
        try:
            for piece in _joined(pieces):
                self.send(piece)
        finally:
            self._last_used = time.monotonic()

    def send(self, data: Any) -> None:
        """Head and body go out as one: one packet and one record of TLS, and X wakes up once. Only what is large goes
        by itself: joining would copy it."""
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held.append(data)

    def getresponse(self) -> Any:
        answer = super().getresponse()  # type: ignore[misc]
        self._last_used = time.monotonic()
        return answer


def _joined(pieces: list[Any]) -> Iterator[Any]:
    for are_large, group in itertools.groupby(pieces, lambda piece: len(piece) >= LARGE):
        if are_large:
            yield from group
        else:
            yield b"".join(group)


class _PlainConnection(_WatchedConnection, HTTPConnection):
    pass


class _SecureConnection(_WatchedConnection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class DeadlineAdapter(HTTPAdapter):
    """requests' transport over these connections; it never sends anything a second time."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=4, max_retries=0, pool_block=False)

        self._last: tuple[object, Any] = (None, None)

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """requests takes the address apart anew for each call, and mostly it is that of the call before."""
        where: object = (*(request.url or "").split("/", 3)[:3], verify, cert)
        if self._last[0] != where or self._last[1].pool is None:  # another one, or closed
            self._last = where, super().get_connection_with_tls_context(request, verify, proxies, cert)
        return self._last[1]

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """There are no proxies, which requests would look for in the address."""
        return request.path_url

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
