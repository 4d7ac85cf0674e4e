"""What other processes did, by SQLite's data_version: asking for it is cheap, and nobody has to tell."""

from collections.abc import Callable, Collection

__all__ = ["Wakeups"]


class Wakeups:
    """A database.Wakeups."""

    poll_seconds = 0.2

    def __init__(self, data_version: Callable[[], int]) -> None:
        self._data_version = data_version

    def changes(self) -> int:
        return self._data_version()

    def announce(self, tweet_ids: Collection[int]) -> None:
        """Everyone sees that the file changed."""

    def listen(self, heard: Callable[[Collection[int]], None]) -> None:
        """Nobody says anything."""
