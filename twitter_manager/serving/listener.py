"""The loop over all connections, in a thread of its own; only that thread touches sockets."""

import errno
import logging
import socket
import threading
import time
from collections import deque
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]

from twitter_manager.serving.channel import Channel, Overdue
from twitter_manager.serving.drain import Drain, Load
from twitter_manager.serving.limits import Limits, affordable
from twitter_manager.serving.refusals import RequestTimeout, ShuttingDown

__all__ = ["BACKLOG", "Listener"]

log = logging.getLogger(__name__)

BACKLOG = 1024
_ROUND_SECONDS = 0.25  # the longest wait of the loop; limits are kept with this precision
_ACCEPTS_PER_ROUND = 64
_PAUSE_SECONDS = 0.2
_MAX_EVICTED = 16
_WARNING_SECONDS = 10.0

# waitress warns at every request that finds no idle thread: under load that is a line of the log for each
_queue_log = logging.getLogger(f"{__name__}.queue")
_queue_log.setLevel(logging.ERROR)


def _adjustments(limits: Limits) -> Adjustments:
    """`limits` as waitress's settings. X-Forwarded-* are the application's: it knows how many proxies to trust."""
    adjustments = Adjustments(
        server_name="127.0.0.1",  # the host of an HTTP/1.0 request that names none
        threads=limits.threads,
        connection_limit=affordable(limits.connections, limits.other_files),
        backlog=BACKLOG,
        max_request_header_size=limits.max_headers,
        max_request_body_size=limits.max_body + 1,  # waitress refuses what equals the limit
        recv_bytes=64 * 1024,
        inbuf_overflow=128 * 1024,  # larger bodies go to a temporary file: 1,024 of them must fit into memory
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=False,
    )
    adjustments.ident = ""  # no Server header; the WSGI environment wants a text
    return adjustments


class Listener(TcpWSGIServer):  # type: ignore[misc]
    """waitress's server on a socket that is bound already; `run` is the loop, and the thread for it is the caller's."""

    channel_class = Channel
    draining = False

    def __init__(self, application: WSGIApplication, *, sock: socket.socket, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._in_flight = 0
        self._refused: deque[Channel] = deque()
        self._admitted: frozenset[object] = frozenset()
        self._drain: Drain | None = None
        self._accepts_after = 0.0
        self._next_check = 0.0
        self._warned_at = -_WARNING_SECONDS
        self._loop_thread: int | None = None
        self._trigger_lock = threading.Lock()
        self._trigger_closed = False
        self.closed_to_callers = threading.Event()  # nobody can connect any more
        self.ended = threading.Event()
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.queue_logger = _queue_log
        where = (sock.family, sock.type, sock.proto, sock.getsockname())
        super().__init__(
            application,
            map={},
            _sock=sock,
            dispatcher=dispatcher,
            adj=_adjustments(limits),
            sockinfo=where,
            bind_socket=False,
        )
        dispatcher.set_thread_count(limits.threads)

    # from any thread

    def ask_to_drain(self, deadline: float) -> None:
        """Begins the drain: no new connections at once, everything closed at `deadline` (monotonic) at the latest."""
        self._drain = self._drain or Drain(deadline)
        self.pull_trigger()

    def in_flight(self) -> int:
        return self._in_flight

    def add_task(self, task: Channel) -> None:
        """Queues the first waiting request of a channel; a refusal needs no thread, the loop sends it."""
        request = task.requests[0]
        if self.draining and request.error is None and request not in self._admitted:
            request.error = ShuttingDown("")
        with self._lock:
            self._in_flight += 1
        if request.error is not None and threading.get_ident() == self._loop_thread:
            self._refused.append(task)
        else:
            super().add_task(task)

    def request_finished(self) -> None:
        """One request less in flight: its response is in its channel's buffers, or its client is gone."""
        with self._lock:
            self._in_flight -= 1
        if self.draining:
            self.pull_trigger()

    def pull_trigger(self) -> None:
        """Wakes the loop. After the end it does nothing: the pipe's number may belong to another file by then."""
        with self._trigger_lock:
            if not self._trigger_closed:
                super().pull_trigger()

    # the loop's thread

    def run(self) -> None:
        """Serves until a drain is over. An unforeseen error costs one round, not the service."""
        self._loop_thread = threading.get_ident()
        while not self._over():
            try:
                self._round()
            except Exception:
                log.exception("a round of the serving loop failed")
                time.sleep(_PAUSE_SECONDS)
        self._close_all()
        self.ended.set()

    def _round(self) -> None:
        wasyncore.loop(timeout=_ROUND_SECONDS, map=self._map, use_poll=True, count=1)
        if self._drain is not None and not self.draining:
            self._begin_drain()
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + _ROUND_SECONDS
            self._close_overdue(now)
        while self._refused:
            self._refused.popleft().service()

    def _channels(self) -> list[Channel]:
        return list(self.active_channels.values())

    def _close_overdue(self, now: float) -> None:
        """Closes the connections of clients that exceed a limit."""
        # Closed here and not by waitress's `will_close`: that waits until the socket can be written to, which is
        # exactly what a client that does not read prevents.
        for channel in self._channels():
            overdue = channel.overdue(now, self._limits)
            if overdue is Overdue.RECEIVING:
                channel.refuse(RequestTimeout(""))
            elif overdue is not None:
                channel.handle_close()

    def _is_full(self) -> bool:
        limit: int = self.adj.connection_limit
        return len(self.active_channels) >= limit

    def _make_room(self) -> bool:
        """Closes some of the connections that have been idle longest; whether there were any."""
        now = time.monotonic()
        idle = sorted((key, id(channel), channel) for channel in self._channels() if (key := channel.eviction_key(now)))
        for _, _, channel in idle[: min(_MAX_EVICTED, 1 + len(self.active_channels) // _MAX_EVICTED)]:
            channel.handle_close()
        return bool(idle)

    def _begin_drain(self) -> None:
        for _ in range(BACKLOG // _ACCEPTS_PER_ROUND):
            self.handle_accept()  # connections that exist already get a 503 instead of a reset connection
        wasyncore.dispatcher.close(self)
        self._admitted = frozenset(request for channel in self._channels() for request in list(channel.requests))
        self.draining = True
        self.closed_to_callers.set()

    def _over(self) -> bool:
        if not self.draining or self._drain is None:
            return False
        in_flight = self._in_flight  # before the buffers: an answer is in them when it stops being counted here
        channels, now = self._channels(), time.monotonic()
        load = Load(
            requests=in_flight,
            unsent=sum(1 for channel in channels if channel.total_outbufs_len),
            arriving=sum(1 for channel in channels if channel.arriving(now)),
        )
        return self._drain.over(load, now)

    def _close_all(self) -> None:
        for channel in self._channels():
            channel.handle_close()
        with self._trigger_lock:
            self._trigger_closed = True
            self.trigger.close()
        self.task_dispatcher.shutdown(timeout=0.2)

    # what waitress calls

    def readable(self) -> bool:
        """Whether to accept new connections; while it is full, only if others can be closed for them."""
        now = time.monotonic()
        if not self.accepting or now < self._accepts_after:
            return False
        return not self._is_full() or any(channel.eviction_key(now) for channel in self._channels())

    def maintenance(self, now: float) -> None:
        """Nothing: `_close_overdue` enforces the limits, with a monotonic clock."""

    def set_reuse_addr(self) -> None:
        """Nothing: the socket is bound, and on Windows this would let another process take the same port."""

    def handle_accept(self) -> None:
        """Accepts all that wait, not one connection a round as waitress does."""
        for _ in range(_ACCEPTS_PER_ROUND):
            if self._is_full() and not self._make_room():
                return
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) <= before:
                return

    def accept(self) -> Any:
        """None where nobody waits. Without a pause the loop would spin on an error such as having no file left."""
        try:
            return super().accept()
        except OSError as error:
            now = time.monotonic()
            self._accepts_after = now + _PAUSE_SECONDS
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            if now - self._warned_at >= _WARNING_SECONDS:
                self._warned_at = now
                log.warning("nobody can connect: %s", error.strerror)
            return None
