"""The connections of one process: as many as are used at once, up to SIZE; whoever needs one opens it.

psycopg's own pool connects in threads of its own, which pause for longer and longer while the database is away, and
callers wait for them; here a caller hears at once that it is away, and the first one after that finds it again.
"""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.pq import TransactionStatus

from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage.postgres.connection import Link, readable

__all__ = ["SIZE", "Pool"]

# Five processes, with two more connections each, stay below the server's usual 100. A thread holds one for as long as
# a statement or a short transaction takes, so that 16 are enough for 64 requests and 64 lanes.
SIZE = 16


class Pool:
    def __init__(self, opened: Callable[[], Link], *, patience: float) -> None:
        self._opened = opened
        self._patience = patience
        self._seats = threading.BoundedSemaphore(SIZE)
        self._idle: list[Link] = []  # the one that was used last is the next one
        weakref.finalize(self, _close_all, self._idle).atexit = False  # a command does not close what it opened

    @contextmanager
    def link(self) -> Iterator[Link]:
        """A connection that is in no transaction. Raises StorageUnavailable, psycopg.Error."""
        if not self._seats.acquire(timeout=self._patience):
            raise StorageUnavailable("all connections to the database are in use")
        try:
            link = self._idle_one() or self._opened()
            try:
                yield link
            finally:
                self._put_back(link)
        finally:
            self._seats.release()

    def give_up(self, link: Link) -> None:
        """`link` is of no use any more, and those that were opened before are no better."""
        _discard(link)
        _close_all(self._idle)

    def close(self) -> None:
        _close_all(self._idle)

    def _idle_one(self) -> Link | None:
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return None
            if _is_quiet(link):
                return link
            _discard(link)

    def _put_back(self, link: Link) -> None:
        if link.closed or link.pgconn.transaction_status != TransactionStatus.IDLE:
            _discard(link)
        else:
            self._idle.append(link)


def _close_all(links: list[Link]) -> None:
    while links:
        _discard(links.pop())


def _is_quiet(link: Link) -> bool:
    """False: the server said something unasked, which is that it ended the connection."""
    try:
        return not link.closed and not readable([link.fileno()], seconds=0)
    except (OSError, ValueError, psycopg.Error):
        return False


def _discard(link: Link) -> None:
    with suppress(psycopg.Error):
        link.close()
