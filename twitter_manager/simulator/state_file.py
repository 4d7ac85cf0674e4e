"""The SQLite file that holds a world: one connection per process behind a lock, every change a short transaction.

Several processes (web and worker) may have it open. Losing the last moments with the power is fine for a
simulation, hence synchronous=NORMAL; a killed process loses nothing.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["StateFile"]

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
CREATE INDEX IF NOT EXISTS post_same_text ON post (author_id, fingerprint);
CREATE INDEX IF NOT EXISTS post_replies ON post (in_reply_to) WHERE in_reply_to IS NOT NULL;
CREATE INDEX IF NOT EXISTS post_quotes ON post (quote_of) WHERE quote_of IS NOT NULL;
CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, secret TEXT);
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
PATIENCE_S = 10.0


class StateFile:
    """The file at `path`, made if it is missing. Safe to share between threads; a forked child opens it anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._inherited: list[sqlite3.Connection] = []
        self._open()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection = _connect(self._path)

    def _open_in_child(self) -> None:
        """SQLite forbids a child to use, or even close, what its parent opened."""
        self._inherited.append(self._connection)
        self._open()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing of it. Within an open transaction of the same thread it joins that one."""
        if self._pid != os.getpid():
            self._open_in_child()
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    """Two processes that make the file at the same moment can find it locked in spite of the time-out: try again."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(SCHEMA)
        except sqlite3.OperationalError:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return connection
