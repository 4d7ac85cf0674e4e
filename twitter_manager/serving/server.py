"""The server as the other modules use it: start, url, stop."""

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from wsgiref.types import WSGIApplication

from twitter_manager.capacity import DRAIN_SECONDS
from twitter_manager.errors import StartRefused
from twitter_manager.serving.limits import Limits
from twitter_manager.serving.listener import BACKLOG, Listener

__all__ = ["AddressInUse", "Server", "check_port"]

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2  # how soon a second signal is noticed on Windows, which interrupts no waiting thread
_END_SECONDS = 1.0


class AddressInUse(StartRefused):
    """Another program, or another start of this one, has the port."""


class Server:
    """`application` on `host` and `port` (0: any free one), in threads of its own.

    `on_stop` is called once, in `stop`, when nobody can connect any more: it tells the rest of the service to finish,
    and returns at once.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        host: str,
        port: int,
        limits: Limits | None = None,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self._application = application
        self._host = host
        self._port = port
        self._limits = limits or Limits()
        self._on_stop = on_stop
        self._listener: Listener | None = None
        self._stop_lock = threading.Lock()

    @property
    def url(self) -> str:
        """For a browser on this machine, for example 'http://127.0.0.1:5555'. Only after `start`."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host or "127.0.0.1")  # noqa: S104
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def in_flight(self) -> int:
        """How many requests run, or wait for a thread."""
        return self._listener.in_flight() if self._listener is not None else 0

    @property
    def draining(self) -> bool:
        """Whether `stop` has begun: no new request is accepted."""
        return self._listener is not None and self._listener.draining

    def bind(self) -> None:
        """Binds the port: clients that connect wait for `start`.

        Raises AddressInUse, or StartRefused when HOST is no address of this machine or PORT may not be used.
        """
        sock = _listen(self._host, self._port)
        self._port = sock.getsockname()[1]
        self._listener = Listener(self._application, sock=sock, limits=self._limits)

    def start(self) -> None:
        """Begins to serve, after `bind` where that was not called yet."""
        if self._listener is None:
            self.bind()
        assert self._listener is not None  # noqa: S101  - bind raises or makes it
        threading.Thread(target=self._listener.run, name="serving", daemon=True).start()

    def stop(self, grace_seconds: float = DRAIN_SECONDS) -> int:
        """Refuses new connections, finishes running requests for at most `grace_seconds`, then closes every connection.

        Returns how many requests were left unfinished; their threads end with the process. A second call does nothing
        and returns 0.
        """
        with self._stop_lock:
            listener = self._listener
            if listener is None or listener.ended.is_set():
                return 0
            deadline = time.monotonic() + grace_seconds
            listener.ask_to_drain(deadline)
            _wait(listener.closed_to_callers, until=deadline)
            self._notify_stop()
            _wait(listener.ended, until=deadline + _END_SECONDS)
            return _unfinished(listener)

    def _notify_stop(self) -> None:
        if self._on_stop is None:
            return
        try:
            self._on_stop()
        except Exception:  # the drain goes on whatever the others do
            log.exception("on_stop failed")


def check_port(host: str, port: int) -> None:
    """Raises StartRefused when the port cannot be bound now; nothing is kept open."""
    _listen(host, port).close()


def _unfinished(listener: Listener) -> int:
    unfinished = listener.in_flight()
    if unfinished:
        log.warning("%d requests were not finished when the time to stop was over", unfinished)
    return unfinished


def _wait(event: threading.Event, *, until: float) -> None:
    """Waits for `event` until the monotonic time `until`, in short intervals so that signals are handled meanwhile."""
    while not event.wait(_POLL_SECONDS) and time.monotonic() < until:
        pass


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; a name with several addresses means its first IPv4 one. Raises StartRefused."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        raise _refusal(error, host, port) from error


def _refusal(error: OSError, host: str, port: int) -> StartRefused:
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(
            f"HOST {host}, PORT {port}: another program listens there already; stop it or set another PORT"
        )
    if error.errno == errno.EACCES:
        return StartRefused(f"PORT {port}: this user may not listen there; set a PORT above 1023")
    return StartRefused(f"HOST {host}, PORT {port}: cannot listen there; set HOST to an address of this machine")
