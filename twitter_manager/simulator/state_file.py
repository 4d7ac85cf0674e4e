"""The SQLite file that holds a world: one connection per process behind a lock, every change a short transaction.

Several processes (web and worker) may have it open. Losing the last moments with the power is fine for a
simulation, hence synchronous=NORMAL; a killed process loses nothing. A commit into a file that was moved or replaced
would be lost without an error, so the file's identity is compared before and after every change.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from twitter_manager import private_files, sqlite_file, sqlite_rows
from twitter_manager.sqlite_file import Identity, identity

__all__ = ["PATIENCE_S", "StateFile", "WorldUnavailable"]

SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS last_id (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), value INTEGER NOT NULL);
INSERT OR IGNORE INTO last_id VALUES (1, 0);
CREATE TABLE IF NOT EXISTS user (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', location TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL,
    followers INTEGER NOT NULL DEFAULT 0, following INTEGER NOT NULL DEFAULT 0,
    subscription_type TEXT NOT NULL DEFAULT 'None', suspended INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS post (
    id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, original TEXT NOT NULL, text TEXT NOT NULL,
    urls TEXT NOT NULL, fingerprint TEXT NOT NULL, created_at TEXT NOT NULL, visible_at TEXT NOT NULL,
    deleted_at TEXT, in_reply_to INTEGER, quote_of INTEGER, conversation_id INTEGER NOT NULL,
    media_ids TEXT NOT NULL DEFAULT '[]', poll TEXT, reply_settings TEXT NOT NULL DEFAULT 'everyone');
CREATE INDEX IF NOT EXISTS post_of_author ON post (author_id, id);
CREATE INDEX IF NOT EXISTS post_of_conversation ON post (conversation_id, id);
CREATE INDEX IF NOT EXISTS post_same_text ON post (author_id, fingerprint);
CREATE INDEX IF NOT EXISTS post_replies ON post (in_reply_to) WHERE in_reply_to IS NOT NULL;
CREATE INDEX IF NOT EXISTS post_quotes ON post (quote_of) WHERE quote_of IS NOT NULL;
CREATE TABLE IF NOT EXISTS edit (id INTEGER PRIMARY KEY, previous_id INTEGER NOT NULL UNIQUE) WITHOUT ROWID;
-- Of an edited post only the latest version stands in lists; the earlier ones can be asked for by their ids.
CREATE VIEW IF NOT EXISTS latest_post AS SELECT * FROM post WHERE id NOT IN (SELECT previous_id FROM edit);
CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, secret TEXT);
CREATE TABLE IF NOT EXISTS callback (uri TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS code (
    value TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id INTEGER NOT NULL, redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL, challenge TEXT NOT NULL, method TEXT NOT NULL, expires_at TEXT NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS consent (
    id INTEGER PRIMARY KEY, client_id TEXT NOT NULL, user_id INTEGER NOT NULL, scope TEXT NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS token (
    value TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    consent_id INTEGER NOT NULL REFERENCES consent (id), expires_at TEXT, dead INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS token_of_consent ON token (consent_id);
CREATE TABLE IF NOT EXISTS secret (value TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, call TEXT NOT NULL, kind TEXT NOT NULL, times INTEGER, probability REAL NOT NULL,
    skip INTEGER NOT NULL, user TEXT, options TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS call (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    route TEXT, username TEXT, status INTEGER NOT NULL, delivery TEXT NOT NULL, fault TEXT);
CREATE TABLE IF NOT EXISTS rate_window (
    user_id INTEGER NOT NULL, route TEXT NOT NULL, resets_at TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (user_id, route)) WITHOUT ROWID;
COMMIT;
"""
PATIENCE_S = 3.0


class WorldUnavailable(Exception):
    """The world's file is locked, full, away, replaced or not a database. The same call may work later.

    `nothing_done`: certainly nothing was changed; otherwise the change was begun and may have been stored.
    """

    def __init__(self, why: str, *, nothing_done: bool) -> None:
        super().__init__(why)
        self.nothing_done = nothing_done


class StateFile:
    """The file at `path`, opened, and made if missing, on first use; it is not made again later.

    Thread-safe; a forked child opens it again. `patience`: seconds to wait for other users of the file.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE_S) -> None:
        self._path = path
        self._patience = patience
        self._inherited: list[sqlite3.Connection] = []
        self._known: Identity | None = None  # the file that was in use last
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing. Joins an open transaction of the same thread.

        Raises WorldUnavailable.
        """
        if self._pid != os.getpid():
            # SQLite forbids a child to use, or even close, what its parent opened.
            self._inherited += [self._connection] if self._connection else []
            self._reset()
        deadline = time.monotonic() + self._patience
        if not self._lock.acquire(timeout=self._patience):
            raise WorldUnavailable("others are using the world's file", nothing_done=True)
        try:
            if self._connection and self._connection.in_transaction:
                yield self._connection
            else:
                yield from self._commit_after(self._begin(deadline))
        finally:
            self._lock.release()

    def _begin(self, deadline: float) -> sqlite3.Connection:
        with _faults(nothing_done=True):
            connection = self._open(deadline)
            connection.execute(f"PRAGMA busy_timeout = {_milliseconds_until(deadline)}")
            connection.execute("BEGIN IMMEDIATE")
        return connection

    def _commit_after(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        try:
            with _faults(nothing_done=False):
                yield connection
                if identity(str(self._path)) != self._known:
                    raise WorldUnavailable("the world's file went away", nothing_done=False)
                connection.execute("COMMIT")
        except BaseException:
            self._roll_back(connection)
            raise

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        # a connection that cannot even roll back is closed
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._close()

    def _open(self, deadline: float) -> sqlite3.Connection:
        """To the file that is at the path now. Raises WorldUnavailable."""
        found = identity(str(self._path))
        if self._known and not found:
            raise WorldUnavailable("the world's file is away", nothing_done=True)
        if self._connection and found == self._known:
            return self._connection
        self._close()
        if sqlite_file.has_wal_of_another(self._path, self._known):
            why = f"{self._path.name} was replaced beside the {self._path.name}-wal of the old one"
            raise WorldUnavailable(why, nothing_done=True)
        self._make_file()
        self._connection = _connect(self._path, deadline, make=self._known is None)
        self._known = identity(str(self._path))
        if found not in (None, self._known):
            self._close()
            raise WorldUnavailable("the world's file was replaced this moment", nothing_done=True)
        return self._connection

    def _make_file(self) -> None:
        try:
            private_files.make_folder(self._path.parent)
            if self._known is None:
                private_files.make_file(self._path)
        except OSError as error:
            raise WorldUnavailable(str(error), nothing_done=True) from error

    def _close(self) -> None:
        if self._connection:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def copy_to(self, path: Path) -> None:
        """The world at one moment, in a file of its own. Raises WorldUnavailable."""
        with _faults(nothing_done=True), closing(sqlite_file.connect(self._path, patience=self._patience)) as source:
            private_files.make_file(path)
            source.execute("VACUUM INTO :path", {"path": str(path)})

    def fill_from(self, copy: Path) -> None:
        """Takes the rows of a file that `copy_to` made, and nothing else of it. Raises WorldUnavailable."""
        try:
            with self._lock:
                sqlite_rows.take_rows(self._open(time.monotonic() + self._patience), copy, complete=False)
        except (sqlite3.Error, sqlite_rows.ForeignTable) as error:
            raise WorldUnavailable(str(error), nothing_done=True) from error

    def close(self) -> None:
        """The next use opens the file again."""
        with self._lock:
            self._close()


@contextmanager
def _faults(*, nothing_done: bool) -> Iterator[None]:
    """Raises 'locked', 'full', 'not a database' as WorldUnavailable, and bugs of ours as they are."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if sqlite_file.is_programming_error(error):
            raise
        raise WorldUnavailable(str(error), nothing_done=nothing_done) from error


def _connect(path: Path, deadline: float, *, make: bool) -> sqlite3.Connection:
    # two processes that make the file at the same moment can find it locked in spite of the time-out
    while True:
        connection = sqlite_file.connect(path, patience=_milliseconds_until(deadline) / 1000, make=make)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            connection.close()
            if not isinstance(error, sqlite3.OperationalError) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return connection


def _milliseconds_until(deadline: float) -> int:
    return max(int((deadline - time.monotonic()) * 1000), 0)
