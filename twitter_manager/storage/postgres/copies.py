"""Copies of a PostgreSQL database: made by pg_dump, and put back row by row into tables of our own."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from twitter_manager.errors import StartRefused
from twitter_manager.storage.api_keys import REVOKED_HASHES
from twitter_manager.storage.copying import CopyContents, CopyFailed
from twitter_manager.storage.database import Database
from twitter_manager.storage.postgres import connection, copied_rows, dump, migrations, programs, replaced_schema
from twitter_manager.storage.postgres.connection import Link, sentence
from twitter_manager.storage.postgres.engine import PostgresDatabase

__all__ = ["PostgresCopies"]

_PATIENCE = 10.0
_GAP = 1_000_000  # between the ids of the copy and new ones: those in between were given out after it was made
_NULL = r"\N"
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'twitter-manager' AND pid <> pg_backend_pid()
"""
_SEQUENCES = """
    SELECT setval(format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) + {gap}) FROM pg_sequences
    WHERE schemaname = current_schema()
"""


class PostgresCopies:
    kind = "postgresql"

    def __init__(self, url: str, *, clock: Callable[[], datetime] | None = None) -> None:
        self._url = url
        self._clock = clock

    def write_to(self, path: Path) -> None:
        with self._linked() as link:
            schema = _schema_of(link)
        exactly = '"' + schema.replace('"', '""') + '"'  # else it is a pattern
        options = ("--format=custom", "--no-owner", "--no-privileges", "--encoding=UTF8", f"--schema={exactly}")
        programs.run("pg_dump", connection.address(self._url), *options, f"--file={path}")

    def contents(self, path: Path) -> CopyContents:
        counts: Counter[str] = Counter()
        tweets: Counter[str] = Counter()
        version, canary, tokens = 0, None, []
        for table, row in dump.rows(path):
            counts[table.name] += row is not None
            if row is None:
                continue
            match table.name:
                case "tweet":
                    tweets[dump.values(table, row).get("status", "")] += 1
                case "schema_version":
                    version = copied_rows.version_in(table, row)
                case "service_state" if (state := dump.values(table, row)).get("name") == "encryption_canary":
                    canary = state.get("value")
                case "twitter_account":
                    account = dump.values(table, row)
                    kept = (account.get(kind, _NULL) for kind in ("access_token", "refresh_token"))
                    tokens += [(account.get("username", ""), each) for each in kept if each != _NULL]
        needed = migrations.SHIPPED[-1][0]
        return CopyContents(version, needed, None, dict(sorted(counts.items())), dict(tweets), canary, tuple(tokens))

    def has_data(self) -> bool:
        with self._linked() as link:
            tables = replaced_schema.tables(link)
            if not {"tweet", "twitter_account"} <= tables:
                return bool(tables)
            return bool(_value(link, "SELECT EXISTS (SELECT FROM tweet) OR EXISTS (SELECT FROM twitter_account)"))

    def revoked_keys(self) -> frozenset[str]:
        with self._linked() as link, suppress(psycopg.errors.UndefinedTable), link.transaction():
            replaced_schema.look_at_earlier(link, _schema_of(link))
            return frozenset(row[0] for row in link.execute(REVOKED_HASHES.encode()))
        return frozenset()

    def put_in_place(self, path: Path, *, prepare: Callable[[Database], None]) -> str | None:
        with self._linked() as link:
            self._check_alone(link)
            begun = replaced_schema.begin(link, _schema_of(link))
            try:
                self._restore(link, path)
                self._change(prepare, restoring=True)
                replaced_schema.end(link)
            except BaseException:
                replaced_schema.undo(link, begun)
                raise
        return None if begun.kept is None else f"schema {begun.kept} of the same database"

    def change_in_place(self, prepare: Callable[[Database], None]) -> None:
        with self._linked() as link:
            self._check_alone(link)
        self._change(prepare)

    def _restore(self, link: Link, path: Path) -> None:
        with link.transaction():
            link.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
            copied_rows.take(link, path)
            link.execute(_SEQUENCES.format(gap=_GAP).encode())

    def _change(self, prepare: Callable[[Database], None], *, restoring: bool = False) -> None:
        database = PostgresDatabase(self._url, clock=self._clock, restoring=restoring)
        try:
            database.migrate()
            prepare(database)
        except StartRefused as error:
            raise CopyFailed(str(error)) from error
        finally:
            database.close()

    def _check_alone(self, link: Link) -> None:
        if _value(link, _OTHERS):
            raise CopyFailed("the database is in use: stop the service and its workers on every machine first")

    @contextmanager
    def _linked(self) -> Iterator[Link]:
        try:
            with closing(connection.connect(connection.address(self._url), patience=_PATIENCE)) as link:
                yield link
        except psycopg.Error as error:
            raise CopyFailed(f"DATABASE_URL: {sentence(error)}") from error
        except StartRefused as error:
            raise CopyFailed(str(error)) from error


def _schema_of(link: Link) -> str:
    found = _value(link, "SELECT current_schema()")
    if found is None:
        raise CopyFailed("DATABASE_URL: the user has no schema; grant USAGE and CREATE on one")
    return str(found)


def _value(link: Link, statement: str) -> Any:
    row = link.execute(statement.encode()).fetchone()
    return None if row is None else row[0]
