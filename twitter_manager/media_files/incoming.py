"""A file that is being taken: written as it comes and hashed on the way, until it is whole.

What a killed process left behind is swept, but never a file that somebody still writes to.
"""

import hashlib
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from twitter_manager import private_files
from twitter_manager.media_files.faults import disk_faults

__all__ = ["Incoming", "IncomingFile"]


class IncomingFile:
    """`with incoming.begin() as file`: at the end of the block it is gone, unless somebody moved it away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        with disk_faults():
            private_files.make_folder(self.path.parent)
            private_files.make_file(self.path)
            self._file = self.path.open("wb", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Raises StorageFull or NotNow."""
        with disk_faults():
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        self._digest.update(data)
        self.size += len(data)

    def sync(self) -> None:
        """Everything written is on the disk after this. Raises StorageFull or NotNow."""
        with disk_faults():
            os.fsync(self._file.fileno())


class Incoming:
    """`folder` is on the disk of the store, and of no other use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self) -> IncomingFile:
        return IncomingFile(self._folder / secrets.token_hex(16))

    def sweep(self, *, untouched_seconds: float) -> int:
        """Deletes files that nobody wrote to for so long; returns how many."""
        oldest, swept = time.time() - untouched_seconds, 0
        for path in self._folder.glob("*"):
            with suppress(OSError):  # it is whole by now, or gone
                if path.stat().st_mtime < oldest:
                    path.unlink()
                    swept += 1
        return swept
