"""Copies of a SQLite database: VACUUM INTO, and back by their rows: whoever made the file, no trigger of it is run."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from twitter_manager import private_files, scratch_folders, sqlite_file, sqlite_rows, timestamps
from twitter_manager.errors import StartRefused
from twitter_manager.storage.api_keys import REVOKED_HASHES
from twitter_manager.storage.copying import CopyContents, CopyFailed
from twitter_manager.storage.database import Database
from twitter_manager.storage.sqlite import migrations, moved
from twitter_manager.storage.sqlite.engine import SqliteDatabase

__all__ = ["SqliteCopies", "copy_file"]

_PATIENCE = 30.0
_GAP = 1_000_000  # between the ids of the copy and new ones: those in between were given out after it was made


class SqliteCopies:
    kind = "sqlite"

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = timestamps.now) -> None:
        self._path = path
        self._clock = clock

    def write_to(self, path: Path) -> None:
        copy_file(self._path, path)

    def contents(self, path: Path) -> CopyContents:
        with _faults(path), closing(sqlite_rows.open_foreign(path)) as raw:
            version = raw.execute("PRAGMA user_version").fetchone()[0]
            found = CopyContents(version=version, needed=migrations.SHIPPED[-1][0])
            if not found.is_known:
                return found
            tables = _tables_of(version)
            damage = _damage(raw, tables)
            if damage is not None:
                return replace(found, damage=damage)
            return replace(
                found,
                counts={name: _count(raw, name) for name in sorted(tables)},
                tweets=dict(raw.execute("SELECT status, count(*) FROM tweet GROUP BY status").fetchall()),
                canary=_canary(raw),
                tokens=tuple(map(tuple, raw.execute(_TOKENS).fetchall())),
            )

    def has_data(self) -> bool:
        if sqlite_file.identity(str(self._path)) is None:
            return False
        with _faults(self._path), _opened(self._path) as raw:
            tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if not {"tweet", "twitter_account"} <= tables:
                return bool(tables)
            found = raw.execute("SELECT EXISTS (SELECT 1 FROM tweet) OR EXISTS (SELECT 1 FROM twitter_account)")
            return bool(found.fetchone()[0])

    def revoked_keys(self) -> frozenset[str]:
        if sqlite_file.identity(str(self._path)) is None:
            return frozenset()
        with suppress(sqlite3.Error), _opened(self._path) as raw:
            return frozenset(row[0] for row in raw.execute(REVOKED_HASHES))
        return frozenset()

    def put_in_place(self, path: Path, *, prepare: Callable[[Database], None]) -> str | None:
        private_files.make_folder(self._path.parent)
        with _faults(self._path), scratch_folders.make(self._path.parent) as folder:
            staged = folder / self._path.name
            _take_rows(path, staged)
            _bring_up(staged)
            self._change(staged, prepare)
            _skip_ids(staged)
            sqlite_file.sync(staged)
            kept = self._keep_present()
            staged.replace(self._path)
            sqlite_file.sync(self._path.parent)
            moved.delete(self._path)  # what was moved is no longer there
        return kept

    def change_in_place(self, prepare: Callable[[Database], None]) -> None:
        with _faults(self._path):
            _end_wal(self._path)
            _bring_up(self._path)
            self._change(self._path, prepare)
            moved.delete(self._path)  # what was sent where it was moved to is looked for now

    def _change(self, path: Path, prepare: Callable[[Database], None]) -> None:
        database = SqliteDatabase(path, clock=self._clock, restoring=True)
        try:
            prepare(database)
        finally:
            database.close()

    def _keep_present(self) -> str | None:
        """As a second name of the file, so that at each moment there is a database: in place of none, the next start
        would make an empty one. A file that is damaged keeps its -wal, which may be what is needed to mend it."""
        if not self._path.exists():
            return None
        with suppress(sqlite3.DatabaseError):
            _end_wal(self._path)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        kept = self._path.with_name(f"{self._path.name}.replaced-{stamp}")
        with suppress(FileNotFoundError):
            self._path.with_name(f"{self._path.name}-wal").rename(kept.with_name(f"{kept.name}-wal"))
        try:
            kept.hardlink_to(self._path)
        except OSError:  # a file system without links
            self._path.rename(kept)
        return str(kept)


_FIRST_IDS = """
    INSERT INTO sqlite_sequence (name, seq)
    SELECT name, :gap FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'
        AND name NOT IN (SELECT name FROM sqlite_sequence)
"""
_TOKENS = """
    SELECT username, access_token FROM twitter_account WHERE access_token IS NOT NULL
    UNION ALL SELECT username, refresh_token FROM twitter_account WHERE refresh_token IS NOT NULL
"""


def copy_file(source: Path, target: Path) -> None:
    """A SQLite file at one moment, while others write to it, flushed to the disk. Raises CopyFailed."""
    if sqlite_file.identity(str(source)) is None:
        raise CopyFailed(f"{source} is not there, or empty")
    with _faults(target):
        private_files.make_file(target)
        with _opened(source) as raw:
            raw.execute("VACUUM INTO :target", {"target": str(target)})
        sqlite_file.sync(target)


def _tables_of(version: int) -> Mapping[str, frozenset[str]]:
    """The columns of each table that this program makes for a database of this version."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        migrations.apply(raw, _scripts(version))
        return sqlite_rows.columns_of(raw)


def _scripts(version: int) -> Sequence[migrations.Script]:
    return [(number, script) for number, script in migrations.SHIPPED if number <= version]


def _damage(raw: sqlite3.Connection, tables: Mapping[str, frozenset[str]]) -> str | None:
    """The first thing that is wrong; asked of tables that are known to be such."""
    theirs = sqlite_rows.columns_of(raw)
    for name, columns in tables.items():
        if theirs.get(name) != columns:
            return f"its table {name} is missing, or is not as this program makes it"
    found = raw.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found == "ok" and raw.execute("PRAGMA foreign_key_check").fetchone():
        found = "rows point at rows that are not there"
    return None if found == "ok" else str(found)


def _take_rows(source: Path, target: Path) -> None:
    """Makes the database at `target`, of the version of the copy `source`."""
    with closing(sqlite_rows.open_foreign(source)) as raw:
        version = raw.execute("PRAGMA user_version").fetchone()[0]
    private_files.make_file(target)
    with _opened(target, make=True) as raw:
        migrations.apply(raw, _scripts(version))
        try:
            sqlite_rows.take_rows(raw, source)
        except sqlite_rows.ForeignTable as error:
            raise CopyFailed(f"the copy's table {error} is not as this program makes it") from error
        if raw.execute("PRAGMA foreign_key_check").fetchone():
            raise CopyFailed("the copy is damaged: rows point at rows that are not there")


def _bring_up(path: Path) -> None:
    try:
        migrations.migrate(path, restoring=True)
    except StartRefused as error:
        raise CopyFailed(str(error)) from error


@contextmanager
def _opened(path: Path, *, make: bool = False) -> Iterator[sqlite3.Connection]:
    with closing(sqlite_file.connect(path, patience=_PATIENCE, make=make)) as raw:
        raw.row_factory = None
        yield raw


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """What SQLite and the disk say, in one line."""
    try:
        yield
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        raise CopyFailed(f"{path}: {'the disk is full; make room' if full else error}") from error
    except UnicodeDecodeError as error:  # what SQLite has to say has a name in it that is no text
        raise CopyFailed(f"{path}: it is damaged: a name in it is no text") from error
    except OSError as error:
        raise CopyFailed(f"{error.filename or path}: {error.strerror}") from error


def _end_wal(path: Path) -> None:
    """Moves everything into the file itself. Raises CopyFailed while any other process has it open."""
    with _opened(path) as raw:
        raw.execute("PRAGMA busy_timeout = 1000")
        try:
            raw.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & 0xFF) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            raise CopyFailed(
                f"{path.name} is in use: stop the service, its workers and other programs first"
            ) from error


def _skip_ids(path: Path) -> None:
    with _opened(path) as raw:
        raw.execute("UPDATE sqlite_sequence SET seq = seq + :gap", {"gap": _GAP})
        raw.execute(_FIRST_IDS, {"gap": _GAP})
        raw.execute("PRAGMA journal_mode = DELETE")  # one file, to be renamed


def _count(raw: sqlite3.Connection, table: str) -> int:
    name = table.replace('"', '""')
    return int(raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])


def _canary(raw: sqlite3.Connection) -> str | None:
    row = raw.execute("SELECT value FROM service_state WHERE name = 'encryption_canary'").fetchone()
    return row[0] if row else None
