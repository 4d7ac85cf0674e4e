"""What a service has stored, seen and changed from beside it, whether it runs or not."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

__all__ = ["Locked", "Postgres", "Sqlite"]


class Locked(Exception):
    """Somebody else writes at this moment."""


class Sqlite:
    AGE_TOKENS = """
        UPDATE twitter_account SET
            token_issued_at = strftime('%Y-%m-%dT%H:%M:%fZ', token_issued_at, '-{seconds} seconds'),
            token_expires_at = strftime('%Y-%m-%dT%H:%M:%fZ', token_expires_at, '-{seconds} seconds')
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as db:
            return db.execute(sql).fetchall()

    def run(self, script: str) -> None:
        """Changes of the schema, for a test."""
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None, timeout=10)) as db:
            db.execute(script)

    @contextlib.contextmanager
    def locked(self, *, patience: float) -> Iterator[sqlite3.Connection]:
        """While inside, no other connection can write. Raises Locked."""
        db = sqlite3.connect(self._path, isolation_level=None, timeout=patience)
        try:
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise Locked from error
            yield db
            if db.in_transaction:
                db.execute("ROLLBACK")
        finally:
            db.close()


class Postgres:
    AGE_TOKENS = """
        UPDATE twitter_account SET
            token_issued_at = token_issued_at - interval '{seconds} seconds',
            token_expires_at = token_expires_at - interval '{seconds} seconds'
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url, autocommit=True) as link:
            return link.execute(sql.encode()).fetchall()

    def run(self, script: str) -> None:
        """Changes of the schema, for a test."""
        with psycopg.connect(self._url, autocommit=True) as link:
            link.execute(script.encode())

    @contextlib.contextmanager
    def locked(self, *, patience: float) -> Iterator[psycopg.Connection[Any]]:
        """While inside, no other connection has a turn to write. Raises Locked."""
        with psycopg.connect(self._url, autocommit=True) as link:
            link.execute(f"SET lock_timeout = {round(patience * 1000)}".encode())
            link.execute("BEGIN")
            try:
                link.execute("SELECT pg_advisory_xact_lock(hashtext(current_schema()), 0)")
            except errors.LockNotAvailable as error:
                raise Locked from error
            yield link
            link.execute("ROLLBACK")
