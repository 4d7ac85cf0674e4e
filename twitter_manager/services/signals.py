"""How the threads of one process tell each other that something happened. The database stays the truth: a signal that
is missed (another process, a crash) costs a fifth of a second, never a tweet."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = ["Signals"]


class Signals:
    """Wakes the worker when something may be due, and those who wait for tweets when one is settled."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wakes = 0
        self._waiters: dict[int, list[threading.Event]] = {}
        self.stopping = threading.Event()

    def wake(self) -> None:
        """Something may be due."""
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing new begins; everybody who waits comes back."""
        self.stopping.set()
        with self._changed:
            self._changed.notify_all()
            for events in self._waiters.values():
                for event in events:
                    event.set()

    @property
    def wakes(self) -> int:
        """How often it was woken: read it before looking for work, hand it to `wait_for_wake` after."""
        return self._wakes

    def wait_for_wake(self, seen: int, seconds: float) -> None:
        """Returns after `seconds`, or at once when it was woken since `seen` was read."""
        with self._changed:
            if self._wakes == seen and not self.stopping.is_set():
                self._changed.wait(seconds)

    def settled(self, tweet_ids: Iterable[int]) -> None:
        """These tweets changed."""
        with self._changed:
            for tweet_id in tweet_ids:
                for event in self._waiters.get(tweet_id, ()):
                    event.set()

    @contextmanager
    def watching(self, tweet_ids: Iterable[int]) -> Iterator[threading.Event]:
        """An event that is set whenever one of the tweets changed (clear it before looking again)."""
        event = threading.Event()
        ids = list(tweet_ids)
        with self._changed:
            for tweet_id in ids:
                self._waiters.setdefault(tweet_id, []).append(event)
        try:
            yield event
        finally:
            with self._changed:
                for tweet_id in ids:
                    left = self._waiters[tweet_id]
                    left.remove(event)
                    if not left:
                        del self._waiters[tweet_id]
