"""Seats for requests that wait: for X, for a lane, for tweets to be sent. They are few, so that there are always
threads for all other requests, however long X stays silent."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from twitter_manager.capacity import SEATS
from twitter_manager.errors import NotNow
from twitter_manager.timestamps import later

__all__ = ["Seats"]

_AGAIN_SECONDS = 5.0  # when a caller without a seat may try again


class Seats:
    """The seats of one process. A thread that has one needs no second one for what it does inside."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._free = threading.BoundedSemaphore(SEATS)
        self._thread = threading.local()

    @contextmanager
    def offered(self) -> Iterator[bool]:
        """Whether there is a seat; it is held while inside."""
        if getattr(self._thread, "sits", False):
            yield True
            return
        sits = self._thread.sits = self._free.acquire(blocking=False)
        try:
            yield sits
        finally:
            if sits:
                self._thread.sits = False
                self._free.release()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Holds a seat while inside. Raises NotNow where all are taken."""
        with self.offered() as sits:
            if not sits:
                again = later(self._clock(), _AGAIN_SECONDS)
                raise NotNow("too_many_waiting", retryable=True, next_attempt_at=again)
            yield
