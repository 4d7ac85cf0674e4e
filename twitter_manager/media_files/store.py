"""Where the files of media are kept, whichever way. A key is given once: a file never changes, and its key is not used
again when it is gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

__all__ = ["FileMissing", "MediaStore", "StoredFile"]


class FileMissing(Exception):
    """The store has no file with this key: somebody took it away, or the store is another one."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    key: str
    modified_at: datetime


class MediaStore(Protocol):
    """Each may raise NotNow where the store is out of reach, and StorageFull where there is no room."""

    def put(self, path: Path, key: str) -> None:
        """Takes the file at `path` over, whole and for good; on an error it has nothing of it."""
        ...

    def open(self, key: str, *, offset: int = 0) -> BinaryIO:
        """To read from this byte on. Raises FileMissing."""
        ...

    def size(self, key: str) -> int:
        """Raises FileMissing."""
        ...

    def delete(self, key: str) -> None:
        """Nothing where it is gone already."""
        ...

    def files(self) -> Iterator[StoredFile]:
        """Everything it has, in any order."""
        ...
