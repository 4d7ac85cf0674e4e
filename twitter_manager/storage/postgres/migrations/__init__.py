"""Migrations: numbered .sql files, each applied in one transaction; the table schema_version says which were.

One that shipped is never edited. The first has everything that SQLite's had up to the same number.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import resources
from typing import Any

import psycopg
from psycopg import errors

from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.storage.postgres import connection
from twitter_manager.storage.postgres.connection import Link, sentence

__all__ = [
    "OLDEST_SERVER",
    "RESTORING",
    "SHIPPED",
    "Script",
    "bring_up",
    "check_up_to_date",
    "migrate",
    "turn",
    "version_of",
]

Script = tuple[int, str]  # the version it leads to, and its SQL
OLDEST_SERVER = 140_000
RESTORING = (
    "restore_unfinished"  # a table that is there until a restored copy is marked: before that, it would send again
)
_PATIENCE = 30.0  # seconds for another start that migrates
_TURN = "SELECT pg_advisory_xact_lock(hashtext(current_schema()), -1)"
_REMEDIES = (
    (errors.InvalidPassword, "correct user and password in the address"),
    (errors.InvalidAuthorizationSpecification, "correct the user in the address, or the server's pg_hba.conf"),
    (errors.InvalidCatalogName, "create it: createdb --encoding=UTF8 NAME"),
    (errors.InsufficientPrivilege, "grant this user CREATE and USAGE on the schema and all rights on its tables"),
    (errors.LockNotAvailable, "another start of this service does not come to its end"),
)


def _shipped() -> tuple[Script, ...]:
    folder = resources.files(__name__)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name[:4]), (folder / name).read_text(encoding="utf-8")) for name in names)


SHIPPED = _shipped()
_NEWEST = SHIPPED[-1][0]


def version_of(link: Link) -> int:
    """0: its schema has no tables of this program. Another schema of search_path does not count: whose turn it is goes
    by the first. Nor does another program's table of this name."""
    found = link.execute("SELECT to_regclass(quote_ident(current_schema()) || '.schema_version_is_one')").fetchone()
    if found == (None,):
        return 0
    row = link.execute("SELECT version FROM schema_version").fetchone()
    return int(row[0]) if row else 0


def check_up_to_date(link: Link, *, restoring: bool = False) -> None:
    """Raises StorageUnavailable unless the database has the version that this program needs, and is whole."""
    if not restoring and _is_half_restored(link):
        raise StorageUnavailable(_HALF_RESTORED)
    version = version_of(link)
    if version == 0:
        raise StorageUnavailable("it is empty: the first start of the service, or of a worker, sets it up")
    if version != _NEWEST:
        raise StorageUnavailable(f"the database has version {version}, this program needs {_NEWEST}")


def migrate(where: dict[str, Any], scripts: Sequence[Script] = SHIPPED, *, restoring: bool = False) -> None:
    """Brings the database to the newest version. Raises StartRefused and leaves it as it is. `restoring`: it is the
    restore of a copy that asks, which others have to wait for."""
    with turn(where, restoring=restoring) as link:
        bring_up(link, scripts, restoring=restoring)


@contextmanager
def turn(where: dict[str, Any], *, restoring: bool = False) -> Iterator[Link]:
    """A transaction on a server that serves, in which nobody else makes or changes tables. Raises StartRefused."""
    try:
        with closing(connection.connect(where, patience=_PATIENCE)) as link:
            _check_server(link)
            _check_session(link, where)
            if not restoring and _is_half_restored(link):
                raise StartRefused(f"DATABASE_URL: {_HALF_RESTORED}")
            with link.transaction():
                link.execute("SET LOCAL statement_timeout = 0")
                link.execute(_TURN)
                yield link
    except psycopg.Error as error:
        remedy = next((words for kind, words in _REMEDIES if isinstance(error, kind)), None)
        raise StartRefused(f"DATABASE_URL: {_words(error)}{f'; {remedy}' if remedy else ''}") from error


_HALF_RESTORED = (
    "a copy was being restored into this database, and that did not come to its end: call restore again, with "
    "--replace (the earlier database is in the schema whose name ends in _replaced_ and a time)"
)


def _is_half_restored(link: Link) -> bool:
    return link.execute("SELECT to_regclass(%s)", (RESTORING,)).fetchone() != (None,)


def _check_server(link: Link) -> None:
    if link.info.server_version < OLDEST_SERVER:
        raise StartRefused(
            f"DATABASE_URL: PostgreSQL {link.info.server_version // 10_000} is too old; 14 is the oldest"
        )
    encoding = link.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StartRefused(
            f"DATABASE_URL: the database has the encoding {encoding}; create one with createdb --encoding=UTF8"
            " --template=template0"
        )
    if link.execute("SELECT current_schema()").fetchone() == (None,):
        raise StartRefused("DATABASE_URL: the user has no schema to make tables in; grant USAGE and CREATE on one")


def _check_session(link: Link, where: dict[str, Any]) -> None:
    """A pooler that gives each transaction some session breaks the workers' locks, LISTEN, and what is set."""
    asked = "SELECT pg_backend_pid()"
    with closing(connection.connect(where, patience=_PATIENCE)) as other:
        if other.execute(asked, prepare=False).fetchone() == link.execute(asked, prepare=False).fetchone():
            raise StartRefused(
                "DATABASE_URL: it leads to a pooler that shares connections between transactions; name the server"
                " itself, or let the pooler keep a session for each connection (pool_mode = session)"
            )


def bring_up(link: Link, scripts: Sequence[Script] = SHIPPED, *, restoring: bool = False) -> None:
    """In the open transaction. Raises StartRefused."""
    version, newest = version_of(link), scripts[-1][0]
    if version > newest:
        raise StartRefused(
            f"DATABASE_URL: the database has version {version}, newer than this program ({newest}); use a newer program"
            " or restore a dump from before: README, Upgrading, and going back"
        )
    if version == 0:
        _begin_empty(link, restoring=restoring)
    for number, script in scripts:
        if number > version:
            link.execute(script.encode(), prepare=False)
            link.execute("UPDATE schema_version SET version = %s", (number,))


def _begin_empty(link: Link, *, restoring: bool) -> None:
    if not restoring and link.execute("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1").fetchone():
        raise StartRefused("DATABASE_URL: it is a database of some other program; name another one, or a schema")
    there = link.execute(
        "SELECT relnamespace::regnamespace, current_schema() FROM pg_class"
        " WHERE oid = to_regclass('schema_version_is_one')"
    ).fetchone()
    if there is not None:
        raise StartRefused(
            f"DATABASE_URL: the tables are in the schema {there[0]}, and search_path begins with {there[1]}; add"
            f" ?options=-csearch_path%3D{there[0]} to use them, or the other schema alone for a service of its own"
        )
    link.execute("CREATE TABLE schema_version (version integer NOT NULL)")
    link.execute("CREATE UNIQUE INDEX schema_version_is_one ON schema_version ((TRUE))")
    link.execute("INSERT INTO schema_version VALUES (0)")


def _words(error: psycopg.Error) -> str:
    """In one line; libpq begins with what it tried, and the server's last words say why it failed."""
    return sentence(error)
