"""A lock file between starts of this service, so that they prepare one after the other."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

__all__ = ["PATIENCE", "held"]

PATIENCE = 10.0  # seconds; a start takes under one


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Holds the lock file `path`, whose folder must be there, while the block runs.

    Raises filelock.Timeout when another process keeps it, and OSError at once when the folder takes no file: FileLock
    would go on trying, since on some network disks that passes.
    """
    with tempfile.TemporaryFile(dir=path.parent):
        pass
    with FileLock(path, timeout=PATIENCE, mode=0o600):
        yield
