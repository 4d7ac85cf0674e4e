"""Which of X's vocabularies an endpoint accepts, remembered: X's names for what can be read change."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from twitter_manager.timestamps import later

__all__ = ["Dialect", "DialectMemory"]

REMEMBERED_SECONDS = 3600.0

Dialect = Mapping[str, str]  # query parameters


class DialectMemory:
    """Per endpoint of one host: the dialect that it answered when it refused the first. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: dict[str, tuple[Dialect, datetime]] = {}

    def in_order(self, endpoint: str, dialects: Sequence[Dialect], now: datetime) -> list[Dialect]:
        """The dialects, the one to try first at the beginning."""
        with self._guard:
            dialect, until = self._known.get(endpoint, (dialects[0], now))
        first = dialect if now < until else dialects[0]
        return [first, *(each for each in dialects if each != first)]

    def remember(self, endpoint: str, dialect: Dialect, now: datetime) -> None:
        """The endpoint answers this one: it is tried first for an hour."""
        with self._guard:
            self._known[endpoint] = (dialect, later(now, REMEMBERED_SECONDS))
