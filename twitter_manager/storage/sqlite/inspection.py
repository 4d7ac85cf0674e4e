"""The database file as the doctor sees it: also one that this program would not open, and without changing it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from twitter_manager import sqlite_file
from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage.sqlite import moved
from twitter_manager.storage.sqlite.migrations import SHIPPED

__all__ = ["Inspection", "inspect_database"]

_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """`needed`: the version of this program. `damage`: the first thing that SQLite's quick check found. `moved`: why it
    is not used any more."""

    version: int
    needed: int
    journal_mode: str
    damage: str | None
    moved: str | None = None


def inspect_database(path: Path) -> Inspection:
    """Reads all of the file at `path`, also one that this program would not open. Raises StorageUnavailable where it
    cannot be read at all."""
    try:
        with closing(sqlite_file.connect(path, patience=_PATIENCE)) as raw:
            raw.execute("PRAGMA query_only = ON")
            found = raw.execute("PRAGMA quick_check(1)").fetchone()[0]
            return Inspection(
                version=raw.execute("PRAGMA user_version").fetchone()[0],
                needed=SHIPPED[-1][0],
                journal_mode=raw.execute("PRAGMA journal_mode").fetchone()[0],
                damage=None if found == "ok" else found,
                moved=moved.refusal(path),
            )
    except sqlite3.Error as error:
        raise StorageUnavailable(str(error)) from error
