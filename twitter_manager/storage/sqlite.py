"""SQLite: one reading connection per thread, one writing connection per process behind a fair lock, WAL, FULL.

Facts that cost time to find out: a commit into a file that was deleted or replaced goes nowhere and says nothing,
so every use compares the file's identity; writers that wait by busy_timeout poll, hence the lock in front.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from twitter_manager import timestamps
from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage import migrations
from twitter_manager.storage.database import FairLock

__all__ = ["SqliteDatabase"]

PATIENCE = 5.0  # seconds that a writer waits for its turn, here and behind other processes
_PROGRAMMING = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG}


@contextmanager
def _faults() -> Iterator[None]:
    """Turns 'locked', 'full', 'gone', 'not a database' into StorageUnavailable; faults of ours stay what they are."""
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        code = getattr(error, "sqlite_errorcode", None)
        of_ours = code is None or (code & 0xFF) in _PROGRAMMING or isinstance(error, sqlite3.IntegrityError)
        if of_ours and "no such table" not in str(error):
            raise
        raise StorageUnavailable(str(error)) from error


class _Connection:
    """A connection and the file it was opened on."""

    def __init__(self, path: Path, *, reading: bool) -> None:
        self.identity = _identity(path)
        if self.identity is None:
            raise StorageUnavailable("the database file is away")
        self.raw = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=PATIENCE,
            check_same_thread=False,
            cached_statements=256,
        )
        self.raw.row_factory = sqlite3.Row
        self.raw.execute("PRAGMA foreign_keys = ON")
        self.raw.execute("PRAGMA synchronous = FULL")
        if reading:
            self.raw.execute("PRAGMA query_only = ON")

    def is_of(self, path: Path) -> bool:
        """Whether the file at `path` is still the one this connection reads and writes."""
        return self.identity == _identity(path)

    def close(self) -> None:
        self.raw.close()


class _Transaction:
    """An open BEGIN IMMEDIATE."""

    def __init__(self, raw: sqlite3.Connection, now: datetime) -> None:
        self._raw = raw
        self.now = now
        self.committed: list[Callable[[], None]] = []

    def one(self, sql: str, **parameters: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._raw.execute(sql, _bound(parameters)).fetchone()
        return row

    def all(self, sql: str, **parameters: object) -> Sequence[sqlite3.Row]:
        return self._raw.execute(sql, _bound(parameters)).fetchall()

    def execute(self, sql: str, **parameters: object) -> int:
        return self._raw.execute(sql, _bound(parameters)).rowcount

    def after_commit(self, action: Callable[[], None]) -> None:
        self.committed.append(action)


class SqliteDatabase:
    """The file at `path`. Opening is lazy: nothing is touched before the first use."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = timestamps.now) -> None:
        self.path = path
        self._clock = clock
        self._local = threading.local()
        self._lock = FairLock()
        self._writer: _Connection | None = None
        self._open: set[_Connection] = set()
        self._open_guard = threading.Lock()

    def migrate(self) -> None:
        """Makes the file, or brings an older one up to date after copying it. Raises StartRefused."""
        migrations.migrate(self.path)

    def one(self, sql: str, **parameters: object) -> sqlite3.Row | None:
        with _faults():
            row: sqlite3.Row | None = self._reader().execute(sql, _bound(parameters)).fetchone()
            return row

    def all(self, sql: str, **parameters: object) -> Sequence[sqlite3.Row]:
        with _faults():
            return self._reader().execute(sql, _bound(parameters)).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[_Transaction]:
        with self._lock.held(patience=PATIENCE):
            with _faults():
                raw = self._writing()
                _begin(raw)
            tx = _Transaction(raw, self._clock())
            try:
                with _faults():
                    yield tx
                    raw.execute("COMMIT")
            except BaseException:
                self._roll_back(raw)
                raise
        for action in tx.committed:
            action()

    def change_count(self) -> int:
        with _faults():
            count: int = self._reader().execute("PRAGMA data_version").fetchone()[0]
            return count

    def close(self) -> None:
        with self._open_guard:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._writer = None
        self._local = threading.local()

    def _reader(self) -> sqlite3.Connection:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None or not connection.is_of(self.path):
            connection = self._local.connection = self._reopened(connection, reading=True)
        return connection.raw

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None or not self._writer.is_of(self.path):
            self._writer = self._reopened(self._writer, reading=False)
        return self._writer.raw

    def _reopened(self, old: _Connection | None, *, reading: bool) -> _Connection:
        with self._open_guard:
            if old is not None:
                self._open.discard(old)
                old.close()
            fresh = _Connection(self.path, reading=reading)
            self._open.add(fresh)
        try:
            migrations.check_up_to_date(fresh.raw)
        except BaseException:
            with self._open_guard:
                self._open.discard(fresh)
            fresh.close()
            raise
        return fresh

    def _roll_back(self, raw: sqlite3.Connection) -> None:
        """Leaves nothing open; a connection that cannot even roll back is thrown away."""
        with suppress(sqlite3.Error):
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            return
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
        self._writer = None


def _begin(raw: sqlite3.Connection) -> None:
    """BEGIN IMMEDIATE; SQLITE_BUSY_SNAPSHOT and the like do not wait by themselves, so it asks until PATIENCE."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.01)
        else:
            return


def _bound(parameters: dict[str, object]) -> dict[str, object]:
    return {
        name: timestamps.to_text(value) if isinstance(value, datetime) else value for name, value in parameters.items()
    }


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
