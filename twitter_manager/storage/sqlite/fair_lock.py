"""The lock in front of the one connection that writes."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from twitter_manager.errors import StorageUnavailable

__all__ = ["MAX_WAITING", "STUCK_SECONDS", "FairLock"]

# While one writer is stuck for STUCK_SECONDS (the file is locked elsewhere), at most MAX_WAITING wait for it; others
# are refused at once. Half of the server's threads: the others go on serving requests that only read.
STUCK_SECONDS = 1.0
MAX_WAITING = 32


class FairLock:
    """A lock that serves in the order of asking: with a plain one, unlucky writers wait hundreds of milliseconds."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False
        self._held_since = 0.0

    @contextmanager
    def held(self, *, patience: float) -> Iterator[None]:
        """Raises StorageUnavailable after `patience` seconds in the queue."""
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
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        if gate.acquire(timeout=patience):
            return
        with self._guard:
            if gate in self._waiting:
                self._waiting.remove(gate)
                raise StorageUnavailable("too many writers wait for the database")
        # it became ours while we were giving up: then it is ours

    def _release(self) -> None:
        with self._guard:
            self._held_since = time.monotonic()
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False
