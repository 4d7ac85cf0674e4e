"""The end of a move that is written: an empty PostgreSQL database, in one transaction from its tables on."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

import psycopg
from psycopg import sql

from twitter_manager.errors import StartRefused
from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.moving import Checksum, MoveUncertain, Table
from twitter_manager.storage.postgres import connection, migrations
from twitter_manager.storage.postgres.connection import Link, sentence

__all__ = ["PostgresTarget", "target_at"]

# What a row brings about was brought about where it comes from, and is a row that is moved, too; but for these.
_FILLING = (("tweet", "tweet_period_begun"), ("tweet", "tweet_text_added"))
_LINES_AT_A_TIME = 500
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'schema_version'"
_MOMENTS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = %s AND data_type = 'timestamp with time zone'
"""
_WITH_IDS = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND column_name = 'id' AND is_identity = 'YES'
"""


class PostgresTarget:
    """A MoveTarget."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def filled(self) -> Mapping[str, int]:
        with _faults():
            counts = {name: self._count(name) for (name,) in self._link.execute(_TABLES).fetchall()}
        return {name: count for name, count in counts.items() if count}

    def fill(self, table: Table, lines: Iterable[bytes]) -> None:
        name = sql.Identifier(table.name)
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(name, _listed(table.columns))
        with _faults(f"table {table.name}: "):
            self._link.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
            for owner, trigger in _FILLING:
                if owner == table.name:
                    self._link.execute(
                        sql.SQL("ALTER TABLE {} ENABLE TRIGGER {}").format(name, sql.Identifier(trigger))
                    )
            with self._link.cursor() as cursor, cursor.copy(into) as copy:
                for block in _blocks(lines):
                    copy.write(block)
            self._link.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))

    def finish(self, last_ids: Mapping[str, int]) -> None:
        with _faults():
            for (name,) in self._link.execute(_WITH_IDS).fetchall():
                if last_ids.get(name):
                    self._link.execute(
                        "SELECT setval(pg_get_serial_sequence(quote_ident(%s), 'id'), %s)", (name, last_ids[name])
                    )
            for (name,) in self._link.execute(_TABLES).fetchall():
                self._link.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))

    def checksum(self, table: Table) -> Checksum:
        found = Checksum()
        with _faults(f"table {table.name}: "):
            moments = {name for (name,) in self._link.execute(_MOMENTS, (table.name,)).fetchall()}
            values = [
                sql.SQL("time_text({})" if name in moments else "{}").format(sql.Identifier(name))
                for name in table.columns
            ]
            rows = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
                sql.SQL(", ").join(values), sql.Identifier(table.name)
            )
            with self._link.cursor() as cursor, cursor.copy(rows) as copy:
                for line in _lines(bytes(each) for each in copy):
                    found.add(line)
        return found

    def _count(self, name: str) -> int:
        row = self._link.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        return 0 if row is None else int(row[0])


@contextmanager
def target_at(url: str) -> Iterator[PostgresTarget]:
    """The database at `url` with its tables made; stored at the end. Raises CopyFailed, and then nothing is stored;
    or MoveUncertain."""
    complete = False
    try:
        with migrations.turn(connection.address(url)) as link:
            link.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # the other end may be a slow disk
            migrations.bring_up(link)
            yield PostgresTarget(link)
            complete = True
    except BaseException as error:
        if complete and not _is_refused(error):
            raise MoveUncertain(_UNCERTAIN) from error
        if isinstance(error, StartRefused):
            raise CopyFailed(str(error).replace("DATABASE_URL", "the target", 1)) from error
        raise


_UNCERTAIN = (
    "interrupted in the very moment of storing: whether everything is in the target is not known. Start nothing; call "
    "the same command again, which finds out"
)


def _is_refused(error: BaseException) -> bool:
    """Whether the server said no to the COMMIT, and did not go away without an answer."""
    cause = error.__cause__ if isinstance(error, StartRefused) else error
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    return state is not None and not state.startswith(("08", "57"))


@contextmanager
def _faults(where: str = "") -> Iterator[None]:
    """What the server says, in one line; never a row, which may have a secret."""
    try:
        yield
    except psycopg.Error as error:
        raise CopyFailed(f"the target: {where}{sentence(error)}; it is as it was") from error


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    rest = iter(lines)
    while block := list(islice(rest, _LINES_AT_A_TIME)):
        yield b"\n".join(block) + b"\n"


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The server sends a row at a time, and need not."""
    begun = b""
    for block in blocks:
        *whole, begun = (begun + block).split(b"\n")
        yield from whole


def _listed(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
