"""A store of files in a folder: MEDIA_DIR, which machines that work together share."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from twitter_manager import private_files
from twitter_manager.media_files.faults import disk_faults
from twitter_manager.media_files.store import FileMissing, StoredFile

__all__ = ["FolderStore"]


class FolderStore:
    """A MediaStore. Each file is named after its key; what comes from elsewhere is on the same disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path, key: str) -> None:
        with disk_faults():
            private_files.make_folder(self._folder)
            path.replace(self._folder / key)
            _sync_folder(self._folder)

    def open(self, key: str, *, offset: int = 0) -> BinaryIO:
        with disk_faults():
            try:
                file = (self._folder / key).open("rb")
            except FileNotFoundError as error:
                raise FileMissing(key) from error
            file.seek(offset)
            return file

    def size(self, key: str) -> int:
        with disk_faults():
            try:
                return (self._folder / key).stat().st_size
            except FileNotFoundError as error:
                raise FileMissing(key) from error

    def delete(self, key: str) -> None:
        with disk_faults():
            (self._folder / key).unlink(missing_ok=True)

    def files(self) -> Iterator[StoredFile]:
        with disk_faults():
            if not self._folder.is_dir():
                return
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        yield StoredFile(entry.name, datetime.fromtimestamp(entry.stat().st_mtime, UTC))


def _sync_folder(folder: Path) -> None:
    """So that the name, too, is on the disk; Windows cannot, and its file systems do so by themselves."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
