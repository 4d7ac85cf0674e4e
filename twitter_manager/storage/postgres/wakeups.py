"""What processes tell each other, by LISTEN and NOTIFY: which tweets changed, or that something may be due.

One connection per process, in a thread of its own, listens and speaks. It speaks after the commits and not in them:
in a transaction NOTIFY takes a lock of the whole server, so that commits would wait for each other. What is said while
a connection is away is lost: whoever waits looks by itself every second.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress

import psycopg

from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage.postgres.connection import Link, readable, sentence

__all__ = ["Wakeups"]

_CHANNEL = "SELECT 'twitter_manager_' || (hashtext(current_schema())::bigint & 4294967295)"
_PER_MESSAGE = 300  # ids; a message has under 8,000 bytes
_QUIET_SECONDS = 30.0  # then the connection is asked whether it is still there
_AGAIN_SECONDS = 1.0

log = logging.getLogger("twitter_manager.storage")


class Wakeups:
    """A database.Wakeups."""

    poll_seconds = 1.0

    def __init__(self, opened: Callable[[], Link]) -> None:
        self._opened = opened
        self._heard: Callable[[Collection[int]], None] | None = None
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._count = 0
        self._pending: set[int] = set()
        self._something = False  # to be said
        self._closing = False
        self._ends: tuple[socket.socket, socket.socket] | None = None  # an ear of the thread, and the bell it hears

    def changes(self) -> int:
        """It differs after a message, and after a second in which one may have been missed."""
        return self._count + int(time.monotonic() / self.poll_seconds)

    def announce(self, tweet_ids: Collection[int]) -> None:
        with self._guard:
            self._pending.update(tweet_ids)
            self._something = True
        self._ring()

    def listen(self, heard: Callable[[Collection[int]], None]) -> None:
        if self._thread is not None:
            return
        with self._guard:
            if self._thread is None and not self._closing:
                self._heard = heard
                self._ends = socket.socketpair()
                self._ends[1].setblocking(False)
                self._thread = threading.Thread(target=self._run, name="wakeups", daemon=True)
                self._thread.start()

    def close(self) -> None:
        with self._guard:
            self._closing = True
        self._ring()
        if self._thread is not None:
            self._thread.join(5.0)
        for end in self._ends or ():
            end.close()

    def _ring(self) -> None:
        if self._ends is not None:
            with suppress(OSError):  # full: it rings; closed: nobody listens any more
                self._ends[1].send(b"!")

    def _run(self) -> None:
        while not self._closing:
            try:
                self._serve()
            except (psycopg.Error, StorageUnavailable, OSError) as error:
                words = sentence(error) if isinstance(error, psycopg.Error) else error
                log.warning("other processes are not heard, so that they are looked for every second: %s", words)
                self._pause(_AGAIN_SECONDS)

    def _pause(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not self._closing and (left := ends - time.monotonic()) > 0:
            self._wait([], left)

    def _serve(self) -> None:
        link = self._opened()
        try:
            own = link.info.backend_pid
            link.add_notify_handler(lambda said: self._hear(said.payload, is_own=said.pid == own))
            channel = str(link.execute(_CHANNEL).fetchone()[0])  # type: ignore[index]
            link.execute("SET synchronous_commit = off")  # what is said need not be on the disk
            link.execute(f"LISTEN {channel}".encode())
            self._count += 1  # what was said before is unknown
            while True:
                for message in self._messages():
                    link.execute("SELECT pg_notify(%s, %s)", (channel, message))
                if self._closing:
                    return
                self._take_in(link, own)
        finally:
            with suppress(psycopg.Error):
                link.close()

    def _take_in(self, link: Link, own: int) -> None:
        """Waits until there is something to hear or to say, and hears it."""
        found = self._wait([link.fileno()], _QUIET_SECONDS)
        if not found:
            link.execute("SELECT 1")
        elif link.fileno() in found:
            link.pgconn.consume_input()
            while (said := link.pgconn.notifies()) is not None:
                self._hear(said.extra.decode(), is_own=said.be_pid == own)

    def _wait(self, files: list[int], seconds: float) -> set[int]:
        assert self._ends is not None  # noqa: S101  - `listen` made it
        ear, _ = self._ends
        found = readable([*files, ear.fileno()], seconds=seconds)
        if ear.fileno() in found:
            ear.recv(4096)
        return found

    def _messages(self) -> Iterator[str]:
        """What is to be said: ids; without any, that something may be due."""
        with self._guard:
            ids, something = sorted(self._pending), self._something
            self._pending, self._something = set(), False
        if something:
            for begin in range(0, max(1, len(ids)), _PER_MESSAGE):
                yield " ".join(map(str, ids[begin : begin + _PER_MESSAGE]))

    def _hear(self, payload: str, *, is_own: bool) -> None:
        if not is_own:
            self._count += 1
            if self._heard is not None:
                self._heard([int(each) for each in payload.split()])
