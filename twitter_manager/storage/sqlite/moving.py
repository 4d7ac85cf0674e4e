"""The end of a move that is read: a SQLite file, which stays as it is, byte by byte."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from graphlib import TopologicalSorter
from pathlib import Path

from twitter_manager import sqlite_file
from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.moving import DERIVED, Moved, Table, Value, line_of
from twitter_manager.storage.sqlite import migrations, moved

__all__ = ["SqliteSource", "source_at"]

_PATIENCE = 1.0
_TABLES = """
    SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name
"""
_COLUMNS = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
_REFERENCES = 'SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)'
_WITH_IDS = """
    SELECT own.name FROM pragma_table_list AS own JOIN pragma_table_info(own.name) AS its
    WHERE own.schema = 'main' AND own.type = 'table' AND its.name = 'id' AND its.type = 'INTEGER'
"""


class SqliteSource:
    """A MoveSource."""

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self._raw = raw
        self._path = path
        self.moved = moved.find(path)

    def tables(self) -> Sequence[Table]:
        names = [name for (name,) in self._texts(_TABLES) if name not in DERIVED]
        before = {name: {other for (other,) in self._texts(_REFERENCES, name)} - {name} for name in names}
        return [self._table(name) for name in TopologicalSorter(before).static_order()]

    def lines(self, table: Table) -> Iterator[bytes]:
        columns = ", ".join(_quoted(name) for name in table.columns)
        with _faults(self._path):
            for values in self._raw.execute(f"SELECT {columns} FROM {_quoted(table.name)}"):
                line = line_of(values)
                _check_text(table, line, values)
                yield line

    def last_ids(self) -> Mapping[str, int]:
        given = {name: int(last) for name, last in self._texts("SELECT name, seq FROM sqlite_sequence")}
        for (name,) in self._texts(_WITH_IDS):
            highest = self._raw.execute(f"SELECT coalesce(max(id), 0) FROM {_quoted(name)}").fetchone()[0]
            given[name] = max(highest, given.get(name, 0))
        return given

    def mark(self, found: Moved | None) -> None:
        with _faults(self._path):
            if found is None:
                moved.delete(self._path)
            else:
                moved.write(self._path, found)
        self.moved = found

    def _table(self, name: str) -> Table:
        columns = tuple(column for (column,) in self._texts(_COLUMNS, name))
        rows = self._raw.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()[0]
        return Table(name, columns, rows)

    def _texts(self, sql: str, *values: str) -> list[tuple[str, ...]]:
        rows = self._raw.execute(sql, values).fetchall()
        return [tuple(each.decode() if isinstance(each, bytes) else each for each in row) for row in rows]


@contextmanager
def source_at(path: Path) -> Iterator[SqliteSource]:
    """The database at `path` while nobody else can open it. Raises CopyFailed, also where somebody has it open."""
    if sqlite_file.identity(str(path)) is None:
        raise CopyFailed(f"there is nothing to move: {path} is not there, or empty")
    with _faults(path), closing(sqlite_file.connect(path, patience=_PATIENCE)) as raw:
        raw.row_factory = None
        raw.text_factory = bytes
        try:
            _lock(raw, path)
            _check(raw, path)
            yield SqliteSource(raw, path)
        finally:
            # SQLite would move what a killed service left in the -wal into the file now, and this stops it
            raw.interrupt()


def _lock(raw: sqlite3.Connection, path: Path) -> None:
    """In this mode SQLite opens a file only while no other process has it open, and lets none open it."""
    try:
        raw.execute("PRAGMA locking_mode = EXCLUSIVE")
        raw.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if (error.sqlite_errorcode & 0xFF) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        raise CopyFailed(
            f"{path.name} is in use: stop the service, its workers and other programs first, and leave them stopped"
        ) from error


def _check(raw: sqlite3.Connection, path: Path) -> None:
    version, needed = raw.execute("PRAGMA user_version").fetchone()[0], migrations.SHIPPED[-1][0]
    if version == 0 or version > needed:
        raise CopyFailed(f"{path.name} has version {version}, this program knows versions 1 to {needed}")
    if version < needed:
        raise CopyFailed(
            f"{path.name} has version {version}, and version {needed} is what can be moved: start the service once, "
            "which copies the file and brings it up to date, and stop it again"
        )
    found = raw.execute("PRAGMA integrity_check(1)").fetchone()[0].decode()
    if found != "ok":
        raise CopyFailed(f"{path.name} is damaged ({found.splitlines()[0]}); bring back a copy first")
    if raw.execute("PRAGMA foreign_key_check").fetchone():
        raise CopyFailed(f"{path.name} is damaged (rows point at rows that are not there); bring back a copy first")


def _check_text(table: Table, line: bytes, values: Sequence[Value]) -> None:
    """Raises CopyFailed for what PostgreSQL takes for no text."""
    if b"\0" not in line and (line.isascii() or _is_utf8(line)):
        return
    for column, value in zip(table.columns, values, strict=True):
        if isinstance(value, bytes) and (b"\0" in value or not _is_utf8(value)):
            which = f"{table.columns[0]} {values[0]}" if isinstance(values[0], int) else "a row"
            what = "a NUL character" if b"\0" in value else "bytes that are no UTF-8"
            raise CopyFailed(
                f"table {table.name}, {which}, column {column} has {what}, which PostgreSQL cannot store: change that "
                "text or delete it, and call this again"
            )


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """What SQLite and the disk say, in one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise CopyFailed(f"{path}: {error}") from error
    except OSError as error:
        raise CopyFailed(f"{error.filename or path}: {error.strerror}") from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
