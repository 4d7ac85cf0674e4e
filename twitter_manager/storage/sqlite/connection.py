"""One connection to the file that it was opened on, and whose fault an error is."""

import sqlite3
import threading
import time
import weakref
from pathlib import Path
from typing import NoReturn

from twitter_manager import sqlite_file
from twitter_manager.errors import StorageUnavailable
from twitter_manager.sqlite_file import identity

__all__ = ["Connection", "begin", "raise_"]


def raise_(error: sqlite3.DatabaseError) -> NoReturn:
    """Turns 'locked', 'full', 'gone', 'not a database' into StorageUnavailable; faults of ours stay what they are."""
    if sqlite_file.is_programming_error(error):
        raise error
    raise StorageUnavailable(str(error)) from error


class Connection:
    """A connection and the file it was opened on. Whoever uses it enters it, and holds `in_use` meanwhile."""

    def __init__(self, path: Path, *, reading: bool, patience: float) -> None:
        self.in_use = threading.Lock()
        self._file = str(path)
        self.identity = identity(self._file)
        if self.identity is None:
            raise StorageUnavailable("the database file is away")
        self.raw = sqlite_file.connect(path, patience=patience, cached_statements=256)
        # a reader goes with its thread
        weakref.finalize(self, self.raw.close).atexit = False
        self.raw.execute("PRAGMA foreign_keys = ON")
        self.raw.execute("PRAGMA synchronous = FULL")
        if reading:
            self.raw.execute("PRAGMA query_only = ON")

    def is_in_place(self) -> bool:
        """Whether the file at its path is still the one this connection reads and writes."""
        return self.identity is not None and self.identity == identity(self._file)

    def close(self) -> None:
        self.identity = None
        self.raw.close()

    def __enter__(self) -> sqlite3.Connection:
        """Raises StorageUnavailable when the connection was closed because its file went away."""
        self.in_use.acquire()
        if self.identity is None:
            self.in_use.release()
            raise StorageUnavailable("the database file was replaced")
        return self.raw

    def __exit__(self, *_: object) -> None:
        self.in_use.release()


def begin(raw: sqlite3.Connection, patience: float) -> None:
    """BEGIN IMMEDIATE; SQLITE_BUSY_SNAPSHOT and the like do not wait by themselves, so it is tried again until then."""
    ends = time.monotonic() + patience
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.01)
        else:
            return
