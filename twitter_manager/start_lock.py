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
    """The folder of `path` must exist. Raises filelock.Timeout when another process holds the lock, and OSError at once
    when the folder is not writable."""
    # FileLock alone would go on trying, since on some network disks that passes
    with tempfile.TemporaryFile(dir=path.parent):
        pass
    with FileLock(path, timeout=PATIENCE, mode=0o600):
        yield
