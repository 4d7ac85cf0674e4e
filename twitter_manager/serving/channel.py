"""One connection: waitress's channel with time limits, refusals and an end that lets the client read its answer."""

import socket
import time
from enum import Enum
from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.task import WSGITask  # type: ignore[import-untyped]
from waitress.utilities import Error  # type: ignore[import-untyped]

from twitter_manager.serving.limits import Limits
from twitter_manager.serving.parsing import Request
from twitter_manager.serving.refusals import Refusal

__all__ = ["Channel", "Overdue"]

_NEXT_ONE_SECONDS = 0.1
_FIRST_BYTES_SECONDS = 0.25  # a client that wants something has sent it by then
_HEAD_SECONDS = 0.5
_BODY_SECONDS = 2.0
_MIN_BYTES_PER_SECOND = 1024
_BYTES_PER_FLUSH = 1024 * 1024
_BYTES_PER_SEND = 256 * 1024  # waitress reads from its buffer as much as the system's is large, sent or not


class Overdue(Enum):
    """Which time limit a client has exceeded."""

    RECEIVING = "its request did not arrive whole"
    SENDING = "it does not read its answer"
    IDLE = "it asks nothing"
    LINGERING = "it has had time to read its refusal"


class _Response(WSGITask):  # type: ignore[misc]
    """The application's response; during a drain the last one on its connection."""

    def build_response_header(self) -> bytes:
        if self.channel.server.draining and len(self.channel.requests) == 1:
            self.request.headers["CONNECTION"] = "close"
            self.channel.lingers = True
        head: bytes = super().build_response_header()
        return head


class Channel(HTTPChannel):  # type: ignore[misc]
    """Sockets are touched by the loop thread, and by the one worker thread that writes this channel's answer.

    `lingers`: after the last answer the client is given time to read it. Closing a socket while bytes of the request
    are still unread makes the system reset the connection, and the client never sees why it was refused.
    """

    task_class = _Response
    error_task_class = Refusal
    parser_class = Request

    request: Any  # waitress's own attributes, which has no types
    close_when_flushed: bool
    sendbuf_len: int
    lingers = False
    lingering_since: float | None = None
    answered = 0
    _sent = 0
    _mark: tuple[float, int] | None = None  # when, and how much had been sent by then
    _flush_budget = _BYTES_PER_FLUSH

    def __init__(self, server: object, sock: socket.socket, addr: object, adj: object, map: object = None) -> None:
        self.idle_since = time.monotonic()
        super().__init__(server, sock, addr, adj, map=map)
        self.sendbuf_len = min(self.sendbuf_len, _BYTES_PER_SEND)

    # called by the loop

    def arriving(self, now: float) -> bool:
        """Whether a request is, or may just now be, on its way in, or a refusal on its way out.

        A new connection is about to send one, and one that was served a moment ago often has its next request on the
        wire already.
        """
        if self.request is not None or self.lingering_since is not None:
            return True
        return not self.answered or now - self.idle_since < _NEXT_ONE_SECONDS

    def eviction_key(self, now: float) -> tuple[int, float] | None:
        """The sort key among the connections to close when there is no room, the smallest first: connections between
        requests by their idle time, then requests that still arrive by their age. None: it must stay open.

        A request is kept for a moment, since most have arrived whole by then.
        """
        if self.requests or self.total_outbufs_len:
            return None
        if self.request is None or self.lingering_since is not None:
            return (0, self.idle_since) if now - self.idle_since >= _FIRST_BYTES_SECONDS else None
        began = float(self.request.began)
        spared = _BODY_SECONDS if self.request.headers_finished else _HEAD_SECONDS
        return (1, began) if now - began >= spared else None

    def overdue(self, now: float, limits: Limits) -> Overdue | None:
        """Which limit this client has exceeded at `now` (monotonic seconds)."""
        if self.lingering_since is not None:
            return Overdue.LINGERING if now - self.lingering_since >= limits.linger_seconds else None
        if self.total_outbufs_len:
            return Overdue.SENDING if self._stuck(now, limits) else None
        self._mark = None
        if self.requests:  # being processed; nothing is read meanwhile
            return None
        if self.request is not None:
            return Overdue.RECEIVING if now - self.request.began >= limits.receive_seconds else None
        return Overdue.IDLE if now - self.idle_since >= limits.idle_seconds else None

    def _stuck(self, now: float, limits: Limits) -> bool:
        """Whether the client read too little over the last whole `send_seconds`; a drop now and then is too little."""
        if self.request is not None:
            self.request.began = now
        if self._mark is None:
            self._mark = (now, self._sent)
        since, sent = self._mark
        if now - since < limits.send_seconds:
            return False
        self._mark = (now, self._sent)
        return bool(self._sent - sent < limits.send_seconds * _MIN_BYTES_PER_SECOND)

    def refuse(self, error: Error) -> None:
        """Answers the half received request with `error`. Loop thread only, and only while no request is waiting."""
        with self.requests_lock:
            request, self.request = self.request, None
            request.error = error
            request.completed = True
            self.requests.append(request)
        self.server.add_task(self)

    # called by waitress

    def service(self) -> None:
        """Runs the first waiting request; counted by the listener until its response is in the buffers."""
        try:
            super().service()
        finally:
            self.answered += 1
            self.idle_since = time.monotonic()
            if (next_one := self.request) is not None:  # its time begins now that we read again
                next_one.began = self.idle_since
            self.server.request_finished()

    def send_continue(self) -> None:
        """Not for a request that is refused already, nor for one without a body: waitress would then read the next
        request into this one."""
        if self.request.error is not None or self.request.body_rcv is None:
            self.request.expect_continue = False
            return
        super().send_continue()

    def handle_read(self) -> None:
        if self.lingering_since is None:
            super().handle_read()
        else:
            self.recv(self.adj.recv_bytes)  # discarded; at the client's end it closes

    def handle_write(self) -> None:
        lingers = self.lingers and self.close_when_flushed and not self.will_close
        if lingers:
            self.close_when_flushed = False  # waitress would close at once
        super().handle_write()
        if lingers and self.connected:
            if self.total_outbufs_len:
                self.close_when_flushed = True
            else:
                self._linger()

    def _linger(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # the client left before
            self.handle_close()
        else:
            self.lingering_since = time.monotonic()

    def _flush_some(self, do_close: bool = True) -> bool:
        """At most 1 MiB at a time: a fast reader of a large file would keep the loop from everybody else."""
        self._flush_budget = _BYTES_PER_FLUSH
        flushed: bool = super()._flush_some(do_close=do_close)
        return flushed

    def send(self, data: bytes, do_close: bool = True) -> int:
        if not self._flush_budget:
            return 0
        sent: int = super().send(data[: self._flush_budget], do_close=do_close)
        self._flush_budget -= sent
        self._sent += sent
        return sent
