"""A SQLite file: how it is opened, its identity, and whose fault an error is."""

import os
import sqlite3
from pathlib import Path

__all__ = ["Identity", "connect", "has_wal_of_another", "identity", "is_programming_error", "sync", "wal_of"]

Identity = tuple[int, int]
_PROGRAMMING = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG}


def connect(path: Path, *, patience: float, make: bool = False, cached_statements: int = 128) -> sqlite3.Connection:
    """A connection without implicit transactions, for any thread. `patience`: seconds; `make`: creates the file."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rwc' if make else 'rw'}",
        uri=True,
        isolation_level=None,
        timeout=patience,
        check_same_thread=False,
        cached_statements=cached_statements,
    )
    connection.row_factory = sqlite3.Row
    return connection


def identity(path: str) -> Identity | None:
    """Device and inode; None where there is no file, or an empty one: opening that would delete the -wal beside it."""
    try:
        found = os.stat(path)  # noqa: PTH116  - a Path would double its time, on every use
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


def wal_of(path: Path) -> Path:
    """SQLite keeps there what is committed and not yet in the file itself."""
    return path.with_name(f"{path.name}-wal")


def has_wal_of_another(path: Path, known: Identity | None) -> bool:
    """Whether another file has replaced `known` beside that one's -wal: SQLite would mix their pages."""
    return known not in (None, identity(str(path))) and identity(str(wal_of(path))) is not None


def is_programming_error(error: sqlite3.DatabaseError) -> bool:
    """Whether it is a bug of ours, not a file that is locked, full, away or no database."""
    code = getattr(error, "sqlite_errorcode", None)
    ours = code is None or (code & 0xFF) in _PROGRAMMING or isinstance(error, sqlite3.IntegrityError)
    return ours and "no such table" not in str(error)


def sync(path: Path) -> None:
    """Flushes the file, or a rename in the folder, to the disk; Windows opens no folder."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
