"""Migrations: numbered .sql files, each with its own BEGIN and COMMIT; the file's user_version says which were applied.

One that shipped is never edited. Before an older database is touched, it is copied beside itself.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from twitter_manager import private_files, start_lock
from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.storage.search_words import search_words
from twitter_manager.storage.sqlite import moved

__all__ = ["SHIPPED", "Script", "apply", "check_up_to_date", "migrate"]

Script = tuple[int, str]  # the version it leads to, and its SQL


def _shipped() -> tuple[Script, ...]:
    folder = resources.files(__name__)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name[:4]), (folder / name).read_text(encoding="utf-8")) for name in names)


SHIPPED = _shipped()
_NEWEST = SHIPPED[-1][0]


def check_up_to_date(connection: sqlite3.Connection) -> None:
    """Raises StorageUnavailable unless the database has the version that this program needs."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != _NEWEST:
        raise StorageUnavailable(f"the database has version {version}, this program needs {_NEWEST}")


def migrate(path: Path, scripts: Sequence[Script] = SHIPPED, *, restoring: bool = False) -> None:
    """Brings the file at `path` (made if need be) to the newest version. Raises StartRefused and leaves it as is.
    `restoring`: it is used again although it was moved."""
    refusal = None if restoring else moved.refusal(path)
    if refusal is not None:
        raise StartRefused(f"DATABASE_URL: {refusal}")
    try:
        private_files.make_folder(path.parent)
        with start_lock.held(path.with_name(path.name + ".migrating.lock")):
            private_files.make_file(path)
            with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
                _bring_up(connection, path, scripts)
    except (sqlite3.Error, OSError) as error:
        raise StartRefused(f"DATABASE_URL: {path.name} cannot be prepared: {error}") from error


def _bring_up(connection: sqlite3.Connection, path: Path, scripts: Sequence[Script]) -> None:
    version, newest = connection.execute("PRAGMA user_version").fetchone()[0], scripts[-1][0]
    if version > newest:
        raise StartRefused(
            f"DATABASE_URL: {path.name} has version {version}, newer than this program ({newest}); use a newer program "
            f"or put the copy {path.name}.version-{newest}.….bak in its place: README, Upgrading, and going back"
        )
    if version == 0 and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise StartRefused(f"DATABASE_URL: {path.name} is a database of some other program; name another file")
    connection.execute("PRAGMA journal_mode = WAL")
    missing = [(number, script) for number, script in scripts if number > version]
    if version and missing:
        _copy(connection, path, version)
    apply(connection, missing)


def apply(connection: sqlite3.Connection, scripts: Sequence[Script]) -> None:
    """One after the other, to a database of the version before them. Raises StartRefused."""
    connection.create_function("search_words", 1, search_words, deterministic=True)
    for _, script in scripts:
        _apply(connection, script)


def _apply(connection: sqlite3.Connection, script: str) -> None:
    """Runs the script up to its COMMIT, and commits only what leaves every reference whole."""
    try:
        connection.executescript(script.rpartition("COMMIT;")[0])
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise StartRefused(f"DATABASE_URL: {len(broken)} rows point at rows that are not there")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()


def _copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = path.with_name(f"{path.name}.version-{version}.{stamp}.bak")
    private_files.make_file(target)
    connection.execute("VACUUM INTO :target", {"target": str(target)})
