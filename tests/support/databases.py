"""Which database the tests run on: SQLite, or with --database=postgresql (or TEST_DATABASE=postgresql) PostgreSQL.

On PostgreSQL each pytest process makes databases of its own, on the server at TEST_POSTGRESQL_URL, and clears one in
some milliseconds for the next test: making one takes 30 times as long. They are gone at its end, and what an earlier
process left behind when it was killed goes at the next start.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from twitter_manager.storage.postgres.engine import PostgresDatabase

__all__ = [
    "Server",
    "after_test",
    "at_end",
    "chosen",
    "fields_of",
    "link",
    "server",
    "server_problem",
    "settings_of",
    "use",
]

ADMIN = os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
_PREFIX = "tm_test_"
_CLEAR = """
DO $$
DECLARE each record;
BEGIN
    SET LOCAL session_replication_role = replica;  -- neither triggers nor references
    SET LOCAL synchronous_commit = off;
    FOR each IN SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE relkind = 'r' AND nspname = 'public' AND relname <> 'schema_version'
    LOOP
        EXECUTE format('DELETE FROM %I', each.relname);
    END LOOP;
    FOR each IN SELECT sequencename AS name FROM pg_sequences WHERE last_value IS NOT NULL
    LOOP
        PERFORM setval(quote_ident(each.name)::regclass, 1, FALSE);
    END LOOP;
END
$$
"""


class Server:
    """The databases that this process made."""

    def __init__(self) -> None:
        self._admin = psycopg.connect(ADMIN, autocommit=True, connect_timeout=3)
        self._made = 0
        self._free: list[str] = []
        self._of_key: dict[str, str] = {}
        self._drop_orphans()

    def url_of(self, key: str) -> str:
        """The database of a folder or a file's name: the same one until `forget`, and empty at first."""
        if key not in self._of_key:
            self._of_key[key] = self._cleared() if self._free else self._fresh()
        return self._of_key[key]

    def empty(self, **options: str) -> str:
        """One without tables, dropped at the end."""
        name = self._name()
        words = " ".join(f"{option} {value}" for option, value in options.items())
        self._admin.execute(f"CREATE DATABASE {name} {words}".encode())
        return self._url(name)

    def run(self, statement: str, *values: object) -> list[Any]:
        """As the server's administrator."""
        cursor = self._admin.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def forget(self) -> None:
        """After a test."""
        self._free += self._of_key.values()
        self._of_key.clear()

    def close(self) -> None:
        for name in self._names(f"{_PREFIX}{os.getpid()}_%"):
            self._drop(name)
        self._admin.close()

    def _fresh(self) -> str:
        url = self.empty()
        db = PostgresDatabase(url)
        db.migrate()
        db.close()
        return url

    def _cleared(self) -> str:
        url = self._free.pop()
        with psycopg.connect(url, autocommit=True) as link:
            link.execute(_CLEAR.encode())
        return url

    def _name(self) -> str:
        self._made += 1
        return f"{_PREFIX}{os.getpid()}_{self._made}"

    def _url(self, name: str) -> str:
        return f"{ADMIN.rpartition('/')[0]}/{name}"

    def _names(self, like: str) -> list[str]:
        rows = self._admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (like,)).fetchall()
        return [name for (name,) in rows]

    def _drop(self, name: str) -> None:
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _drop_orphans(self) -> None:
        for name in self._names(f"{_PREFIX}%"):
            pid = name.removeprefix(_PREFIX).partition("_")[0]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
                self._drop(name)


class _State:
    chosen = "sqlite"
    server: Server | None = None


def use(name: str) -> None:
    _State.chosen = name


def chosen() -> str:
    return _State.chosen


def server_problem() -> str | None:
    """Why there is no server to test with; None: there is one."""
    try:
        psycopg.connect(ADMIN, connect_timeout=3).close()
    except psycopg.Error as error:
        return f"PostgreSQL does not answer at TEST_POSTGRESQL_URL: {' '.join(str(error).split())[:120]}"
    return None


def server() -> Server:
    if _State.server is None:
        _State.server = Server()
    return _State.server


def settings_of(folder: Path) -> dict[str, str]:
    """DATABASE_URL for an installation in `folder`; nothing on SQLite."""
    return {} if chosen() == "sqlite" else {"DATABASE_URL": server().url_of(str(folder))}


def fields_of(folder: Path) -> dict[str, str]:
    """The same for Settings made by hand."""
    return {name.lower(): value for name, value in settings_of(folder).items()}


def after_test() -> None:
    if _State.server is not None:
        _State.server.forget()


def at_end() -> None:
    if _State.server is not None:
        _State.server.close()
        _State.server = None


@contextmanager
def link(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Another connection, as a test needs it beside the service's."""
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened
