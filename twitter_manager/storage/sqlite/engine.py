"""SQLite: one reading connection per thread, one writing connection per process behind a fair lock, WAL, FULL.

Facts that cost time to find out: a commit into a file that was deleted or replaced goes nowhere and says nothing,
so every use compares the file's identity; another file at the same path picks up the -wal of the old one, pages of
one database in another, so it is not opened while that is there; writers that wait by busy_timeout poll, hence the
lock in front.
"""

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from twitter_manager import sqlite_file, timestamps
from twitter_manager.errors import StorageUnavailable
from twitter_manager.sqlite_file import Identity, identity
from twitter_manager.storage.database import FailedWrite, TweetSearch
from twitter_manager.storage.sqlite import migrations, tweet_search
from twitter_manager.storage.sqlite.dialect import to_sqlite
from twitter_manager.storage.sqlite.fair_lock import FairLock

__all__ = ["SqliteDatabase"]

PATIENCE = 5.0  # seconds that a writer waits for other writers, in this and in other processes


def _raise(error: sqlite3.DatabaseError) -> NoReturn:
    """Turns 'locked', 'full', 'gone', 'not a database' into StorageUnavailable; faults of ours stay what they are."""
    if sqlite_file.is_programming_error(error):
        raise error
    raise StorageUnavailable(str(error)) from error


class _Connection:
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


class _Transaction:
    """An open BEGIN IMMEDIATE."""

    tweet_search: TweetSearch = tweet_search

    def __init__(self, raw: sqlite3.Connection, now: datetime) -> None:
        self._raw = raw
        self.now = now
        self.committed: list[Callable[[], None]] = []

    def one(self, sql: str, **parameters: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._raw.execute(to_sqlite(sql), parameters).fetchone()
        return row

    def all(self, sql: str, **parameters: object) -> Sequence[sqlite3.Row]:
        return self._raw.execute(to_sqlite(sql), parameters).fetchall()

    def value(self, sql: str, **parameters: object) -> Any:
        row = self.one(sql, **parameters)
        return None if row is None else row[0]

    def insert(self, sql: str, **parameters: object) -> sqlite3.Row:
        (row,) = self.all(sql, **parameters)
        return row

    def execute(self, sql: str, **parameters: object) -> int:
        return self._raw.execute(to_sqlite(sql), parameters).rowcount

    def after_commit(self, action: Callable[[], None]) -> None:
        self.committed.append(action)


class SqliteDatabase:
    """The file at `path`. Opening is lazy: nothing is touched before the first use. `patience`: see PATIENCE."""

    tweet_search: TweetSearch = tweet_search

    def __init__(
        self, path: Path, *, clock: Callable[[], datetime] = timestamps.now, patience: float = PATIENCE
    ) -> None:
        self.path = path
        self._file = str(path)
        self._patience = patience
        self._clock = clock
        self._local = threading.local()
        self._lock = FairLock()
        self._writer: _Connection | None = None
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._open_guard = threading.Lock()
        self._known: Identity | None = None  # the file that was in use last
        self.last_failed_write: FailedWrite | None = None

    def migrate(self) -> None:
        """Creates the file, or upgrades an older one after copying it. Raises StartRefused."""
        migrations.migrate(self.path)

    def one(self, sql: str, **parameters: object) -> sqlite3.Row | None:
        try:
            with self._reader() as raw:
                row: sqlite3.Row | None = raw.execute(to_sqlite(sql), parameters).fetchone()
                return row
        except sqlite3.DatabaseError as error:
            _raise(error)

    def all(self, sql: str, **parameters: object) -> Sequence[sqlite3.Row]:
        try:
            with self._reader() as raw:
                return raw.execute(to_sqlite(sql), parameters).fetchall()
        except sqlite3.DatabaseError as error:
            _raise(error)

    def value(self, sql: str, **parameters: object) -> Any:
        row = self.one(sql, **parameters)
        return None if row is None else row[0]

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        try:
            with self._lock.held(patience=self._patience):
                try:
                    with self._writing() as raw:
                        _begin(raw, self._patience)
                        tx = _Transaction(raw, self._clock())
                        try:
                            yield tx
                            self._check_in_place()
                            raw.execute("COMMIT")
                        except BaseException:
                            self._roll_back(raw)
                            raise
                except sqlite3.DatabaseError as error:
                    _raise(error)
        except StorageUnavailable as error:
            full = getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            self.last_failed_write = FailedWrite(self._clock(), full)
            raise
        for action in tx.committed:
            action()

    def change_count(self) -> int:
        return int(self.value("PRAGMA data_version"))

    def close(self) -> None:
        with self._open_guard:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._writer = None
        self._local = threading.local()

    def _reader(self) -> _Connection:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None or not connection.is_in_place():
            connection = self._local.connection = self._opened(reading=True)
        return connection

    def _writing(self) -> _Connection:
        if self._writer is None or not self._writer.is_in_place():
            self._writer = self._opened(reading=False)
        return self._writer

    def _opened(self, *, reading: bool) -> _Connection:
        with self._open_guard:
            if identity(self._file) is None:  # what is open stays so: nothing else can get this identity meanwhile
                raise StorageUnavailable("the database file is away")
            self._close_stale()
            self._check_wal()
            fresh = _Connection(self.path, reading=reading, patience=self._patience)
            self._open.add(fresh)
            try:
                migrations.check_up_to_date(fresh.raw)
            except BaseException:
                self._open.discard(fresh)
                fresh.close()
                raise
            self._known = fresh.identity
        return fresh

    def _check_wal(self) -> None:
        """Raises StorageUnavailable when another file stands where the one in use was, beside the -wal of that one.

        Whether they belong together, as a copy brought back, or not, as an older backup, only a person can say.
        """
        if sqlite_file.has_wal_of_another(self.path, self._known):
            wal = sqlite_file.wal_of(self.path)
            raise StorageUnavailable(
                f"{self.path.name} was replaced while it was in use; stop the service, move {wal.name} away unless it"
                " belongs to the new file, and start it again"
            )

    def _check_in_place(self) -> None:
        """Raises StorageUnavailable when the file went away since the transaction began: its commit would be lost."""
        if self._writer is None or not self._writer.is_in_place():
            raise StorageUnavailable("the database file went away")

    def _close_stale(self) -> None:
        """Closes the connections to a file that was replaced."""
        for connection in [each for each in self._open if not each.is_in_place()]:
            if not connection.in_use.acquire(blocking=False):
                raise StorageUnavailable("the database file was replaced and is still in use")
            try:
                connection.close()
            finally:
                connection.in_use.release()
            self._open.discard(connection)

    def _roll_back(self, raw: sqlite3.Connection) -> None:
        """Leaves nothing open; a connection that cannot even roll back is discarded."""
        with suppress(sqlite3.Error):
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            return
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
        self._writer = None


def _begin(raw: sqlite3.Connection, patience: float) -> None:
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
