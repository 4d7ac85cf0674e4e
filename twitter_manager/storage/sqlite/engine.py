"""SQLite: one reading connection per thread, one writing connection per process behind a fair lock, WAL, FULL.

Facts that cost time to find out: a commit into a file that was deleted or replaced goes nowhere and says nothing,
so every use compares the file's identity; another file at the same path picks up the -wal of the old one, pages of
one database in another, so it is not opened while that is there; writers that wait by busy_timeout poll, hence the
lock in front.
"""

import sqlite3
import threading
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from twitter_manager import sqlite_file, timestamps
from twitter_manager.errors import StorageUnavailable
from twitter_manager.sqlite_file import Identity, identity
from twitter_manager.storage.database import FailedWrite, TweetSearch
from twitter_manager.storage.sqlite import migrations, moved, tweet_search
from twitter_manager.storage.sqlite.connection import Connection, begin, raise_
from twitter_manager.storage.sqlite.dialect import to_sqlite
from twitter_manager.storage.sqlite.fair_lock import FairLock
from twitter_manager.storage.sqlite.wakeups import Wakeups
from twitter_manager.storage.sqlite.worker_locks import WorkerLocks

__all__ = ["SqliteDatabase"]

PATIENCE = 5.0  # seconds that a writer waits for other writers, in this and in other processes


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
    """The file at `path`. Opening is lazy: nothing is touched before the first use. `patience`: see PATIENCE.
    `restoring`: it is used again although it was moved."""

    tweet_search: TweetSearch = tweet_search

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime] = timestamps.now,
        patience: float = PATIENCE,
        restoring: bool = False,
    ) -> None:
        self.path = path
        self._restoring = restoring
        self._file = str(path)
        self._patience = patience
        self._clock = clock
        self._local = threading.local()
        self._lock = FairLock()
        self._writer: Connection | None = None
        self._open: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._open_guard = threading.Lock()
        self._known: Identity | None = None  # the file that was in use last
        self.last_failed_write: FailedWrite | None = None
        self.wakeups = Wakeups(lambda: int(self.value("PRAGMA data_version")))
        self.worker_locks = WorkerLocks(path)

    def migrate(self) -> None:
        """Creates the file, or upgrades an older one after copying it. Raises StartRefused."""
        migrations.migrate(self.path, restoring=self._restoring)

    def one(self, sql: str, **parameters: object) -> sqlite3.Row | None:
        try:
            with self._reader() as raw:
                row: sqlite3.Row | None = raw.execute(to_sqlite(sql), parameters).fetchone()
                return row
        except sqlite3.DatabaseError as error:
            raise_(error)

    def all(self, sql: str, **parameters: object) -> Sequence[sqlite3.Row]:
        try:
            with self._reader() as raw:
                return raw.execute(to_sqlite(sql), parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise_(error)

    def value(self, sql: str, **parameters: object) -> Any:
        row = self.one(sql, **parameters)
        return None if row is None else row[0]

    def now(self) -> datetime:
        return self._clock()

    @contextmanager
    def transaction(
        self, *, account_id: int | Collection[int] | None = None, shared: bool = False
    ) -> Iterator[_Transaction]:
        """BEGIN IMMEDIATE: one writer at a time, whatever `account_id` and `shared` say."""
        try:
            with self._lock.held(patience=self._patience):
                try:
                    with self._writing() as raw:
                        begin(raw, self._patience)
                        tx = _Transaction(raw, self._clock())
                        try:
                            yield tx
                            self._check_in_place()
                            raw.execute("COMMIT")
                        except BaseException:
                            self._roll_back(raw)
                            raise
                except sqlite3.DatabaseError as error:
                    raise_(error)
        except StorageUnavailable as error:
            full = getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            self.last_failed_write = FailedWrite(self._clock(), full)
            raise
        for action in tx.committed:
            action()

    def close(self) -> None:
        with self._open_guard:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._writer = None
        self._local = threading.local()

    def _reader(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or not connection.is_in_place():
            connection = self._local.connection = self._opened(reading=True)
        return connection

    def _writing(self) -> Connection:
        if self._writer is None or not self._writer.is_in_place():
            self._writer = self._opened(reading=False)
        return self._writer

    def _opened(self, *, reading: bool) -> Connection:
        with self._open_guard:
            if identity(self._file) is None:  # what is open stays so: nothing else can get this identity meanwhile
                raise StorageUnavailable("the database file is away")
            self._close_stale()
            self._check_wal()
            fresh = Connection(self.path, reading=reading, patience=self._patience)
            self._open.add(fresh)
            try:
                migrations.check_up_to_date(fresh.raw)
                self._check_not_moved()  # now that it is open, nobody can move it any more
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

    def _check_not_moved(self) -> None:
        refusal = None if self._restoring else moved.refusal(self.path)
        if refusal is not None:
            raise StorageUnavailable(refusal)

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
