"""How threads tell each other that something happened, also those of other processes where the database passes it on.
The database stays the truth: a notification that is missed costs a moment, never a tweet."""

import threading
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from twitter_manager.storage.database import Wakeups

__all__ = ["Notifier"]


class Notifier:
    """Wakes the worker when something may be due, and requests that wait for tweets when one changed."""

    def __init__(self, others: Wakeups) -> None:
        self._others = others
        self._changed = threading.Condition()
        self._wakes = 0
        self._watchers: dict[int, list[Watch]] = {}
        self.stopping = threading.Event()
        self._stopped_at = 0.0

    def wake(self) -> None:
        self._wake()
        self._others.listen(self._hear)
        self._others.announce(())

    def _wake(self) -> None:
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing new begins; every waiting thread returns."""
        if not self.stopping.is_set():
            self._stopped_at = time.monotonic()
            self.stopping.set()
        with self._changed:
            self._changed.notify_all()
            for watches in self._watchers.values():
                for watch in watches:
                    watch.note(None)

    @property
    def stopping_for(self) -> float:
        """Seconds since `stop`; 0 before it."""
        return time.monotonic() - self._stopped_at if self.stopping.is_set() else 0.0

    @property
    def wakes(self) -> int:
        """How often it was woken: read it before looking for work, pass it to `wait_for_wake` after."""
        return self._wakes

    def wait_for_wake(self, seen: int, seconds: float) -> None:
        """Returns after `seconds`, or at once when it was woken since `seen` was read."""
        self._others.listen(self._hear)
        with self._changed:
            if self._wakes == seen and not self.stopping.is_set():
                self._changed.wait(seconds)

    def notify_tweets(self, tweet_ids: Iterable[int]) -> None:
        ids = list(tweet_ids)
        if ids:
            self._note(ids)
            self._others.listen(self._hear)
            self._others.announce(ids)

    def _hear(self, tweet_ids: Collection[int]) -> None:
        if tweet_ids:
            self._note(tweet_ids)
        else:
            self._wake()

    def _note(self, tweet_ids: Collection[int]) -> None:
        with self._changed:
            for tweet_id in tweet_ids:
                for watch in self._watchers.get(tweet_id, ()):
                    watch.note(tweet_id)

    @contextmanager
    def watching(self, tweet_ids: Iterable[int]) -> Iterator["Watch"]:
        """Collects which of the tweets change while inside."""
        self._others.listen(self._hear)
        watch = Watch()
        ids = list(tweet_ids)
        with self._changed:
            for tweet_id in ids:
                self._watchers.setdefault(tweet_id, []).append(watch)
        try:
            yield watch
        finally:
            with self._changed:
                for tweet_id in ids:
                    left = self._watchers[tweet_id]
                    left.remove(watch)
                    if not left:
                        del self._watchers[tweet_id]


class Watch:
    """Which of some tweets changed since somebody last asked."""

    def __init__(self) -> None:
        self._something = threading.Event()
        self._changed: set[int] = set()
        self._guard = threading.Lock()

    def note(self, tweet_id: int | None) -> None:
        """None: read all of them again."""
        with self._guard:
            if tweet_id is not None:
                self._changed.add(tweet_id)
            self._something.set()

    def wait(self, seconds: float) -> set[int]:
        """Those that changed, as soon as there are some; empty after `seconds`."""
        self._something.wait(seconds)
        with self._guard:
            self._something.clear()
            changed, self._changed = self._changed, set()
        return changed
