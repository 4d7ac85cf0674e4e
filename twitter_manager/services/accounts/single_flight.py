"""One run per key at a time: other callers wait for a run in progress and get its outcome."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future

__all__ = ["SingleFlight"]


class SingleFlight:
    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running: dict[Hashable, Future[None]] = {}

    def run(self, key: Hashable, work: Callable[[], None], *, seconds: float) -> None:
        """Does `work`, or waits up to `seconds` for a run in progress. Raises what `work` raises, and TimeoutError."""
        mine: Future[None] = Future()
        with self._guard:
            running = self._running.setdefault(key, mine)
        if running is not mine:
            running.result(seconds)
            return
        try:
            work()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(None)
        finally:
            with self._guard:
                del self._running[key]
