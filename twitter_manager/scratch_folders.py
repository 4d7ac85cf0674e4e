"""Folders for what is not whole yet. One that a killed process left behind is removed by the next that needs one."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["PREFIX", "make", "sweep"]

PREFIX = ".twitter-manager-copy-"
_LOCK = "in-use.lock"
_IN_THE_MAKING = 2.0  # seconds between a folder and the lock in it
_ABANDONED = 86_400.0  # seconds; for a disk that knows no locks


@contextmanager
def make(beside: Path) -> Iterator[Path]:
    """One on the same disk as `beside`, for this process alone. Raises OSError."""
    sweep(beside)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=beside, ignore_cleanup_errors=True) as made:
        lock = FileLock(Path(made, _LOCK), mode=0o600)
        with suppress(OSError, NotImplementedError):  # a disk that knows no locks
            lock.acquire(timeout=0)
        try:
            yield Path(made)
        finally:
            lock.release(force=True)


def sweep(beside: Path) -> None:
    """Removes those of processes that were killed."""
    for each in beside.glob(f"{PREFIX}*"):
        with suppress(OSError, NotImplementedError):  # it was removed this moment, or is not ours
            if each.is_dir() and not each.is_symlink() and _is_abandoned(each, time.time() - each.stat().st_mtime):
                shutil.rmtree(each, ignore_errors=True)


def _is_abandoned(folder: Path, age: float) -> bool:
    lock = folder / _LOCK
    if age > _ABANDONED:
        return True
    if age < _IN_THE_MAKING or not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False
