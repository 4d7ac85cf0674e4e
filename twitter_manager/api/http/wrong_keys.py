"""How many wrong keys an address may try: 20 within a minute, then it must wait. Valid keys are not counted."""

import threading
from collections import OrderedDict, deque

__all__ = ["WrongKeys"]

_TRIES = 20
_WINDOW_SECONDS = 60.0
_MAX_ADDRESSES = 10_000


class WrongKeys:
    """A sliding window per address, in this process. Drops the address that was quiet longest when there are many."""

    def __init__(
        self, *, tries: int = _TRIES, window: float = _WINDOW_SECONDS, max_addresses: int = _MAX_ADDRESSES
    ) -> None:
        self._tries = tries
        self._window = window
        self._max = max_addresses
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def record(self, address: str, now: float) -> float | None:
        """Counts a wrong key at `now` (seconds of a monotonic clock); returns how many seconds to wait, or None.

        Attempts that are refused do not count, so that waiting ends.
        """
        with self._lock:
            times = self._times(address)
            while times and times[0] <= now - self._window:
                times.popleft()
            if len(times) >= self._tries:
                return times[0] + self._window - now
            times.append(now)
            return None

    def _times(self, address: str) -> deque[float]:
        times = self._seen.setdefault(address, deque())
        self._seen.move_to_end(address)
        if len(self._seen) > self._max:
            self._seen.popitem(last=False)
        return times
