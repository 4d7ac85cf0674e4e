"""What storage asks of a database, whichever it is; sqlite.py is the one that is served."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from twitter_manager.errors import StorageUnavailable

# While one writer is stuck for so long (the file is locked elsewhere), so many may wait for it; whoever comes then is
# refused at once. Half of the server's threads: the others go on answering what only reads.
STUCK_SECONDS = 1.0
MAX_WAITING = 32

__all__ = ["MAX_WAITING", "STUCK_SECONDS", "Database", "FailedWrite", "FairLock", "Queries", "Row", "Transaction"]


class Row(Protocol):
    """A row of a result: columns by name, or by their place."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def keys(self) -> Sequence[str]:
        """The columns' names."""
        ...


class Queries(Protocol):
    """What can be read from: the database (its newest committed state) or a transaction."""

    def one(self, sql: str, **parameters: object) -> Row | None:
        """The first row, or None."""
        ...

    def all(self, sql: str, **parameters: object) -> Sequence[Row]:
        """Every row."""
        ...


class Transaction(Queries, Protocol):
    """All of it or nothing. `now` is the one time of everything in it."""

    now: datetime

    def execute(self, sql: str, **parameters: object) -> int:
        """Runs one statement; returns how many rows it changed."""
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Calls `action` once everything is on the disk, and not at all if it does not get there."""
        ...


@dataclass(frozen=True, slots=True)
class FailedWrite:
    """A transaction that the database did not take, for a reason of its own."""

    at: datetime
    disk_full: bool


class Database(Queries, Protocol):
    """A database that was opened."""

    last_failed_write: FailedWrite | None
    """The last one of this process, whatever succeeded since."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begins a writing transaction; commits at the end, rolls back on an exception. Not to be nested."""
        ...

    def change_count(self) -> int:
        """A number that differs after anybody, in any process, committed something."""
        ...

    def close(self) -> None:
        """Closes every connection."""
        ...


class FairLock:
    """A lock that serves in the order of asking: with a plain one, unlucky writers wait hundreds of milliseconds."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False
        self._held_since = 0.0

    @contextmanager
    def held(self, *, patience: float) -> Iterator[None]:
        """Holds it. Raises StorageUnavailable after `patience` seconds in the queue."""
        self._acquire(patience)
        try:
            yield
        finally:
            self._release()

    def _acquire(self, patience: float) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                self._held_since = time.monotonic()
                return
            if len(self._waiting) >= MAX_WAITING and time.monotonic() - self._held_since > STUCK_SECONDS:
                raise StorageUnavailable("the database is stuck and many wait for it")
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=patience):
            return
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                raise StorageUnavailable("too many writers wait for the database")
        # it became ours while we were giving up: then it is ours

    def _release(self) -> None:
        with self._guard:
            self._held_since = time.monotonic()
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False
