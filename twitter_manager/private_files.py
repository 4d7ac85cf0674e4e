"""Files and folders that only their owner may read: 0600 and 0700. On Windows, which has no such modes: nothing.

A mode is only ever made stricter, only on what belongs to this user, and never on devices, links or shared folders.
"""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

__all__ = ["FILE_MODE", "FOLDER_MODE", "make_file", "make_folder", "restrict", "restrict_descriptor"]

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def make_folder(path: Path) -> None:
    """Makes the folder and its parents; those made here get mode 0700. Raises OSError."""
    for missing in reversed([each for each in (path, *path.parents) if not each.exists()]):
        missing.mkdir(mode=FOLDER_MODE, exist_ok=True)
    path.mkdir(exist_ok=True)  # raises where a file has that name


def make_file(path: Path) -> None:
    """Makes an empty file unless there is one; SQLite gives its -wal and -shm the same mode. A link
    stays one. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path.resolve(), os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def restrict(path: Path) -> None:
    """Removes the permissions of others from the file or folder, if there is one."""
    with suppress(OSError):  # it was removed, or the file system has no modes
        found = path.lstat()
        if _is_ours(found):
            path.chmod(stat.S_IMODE(found.st_mode) & FOLDER_MODE)


def restrict_descriptor(descriptor: int) -> None:
    with suppress(OSError):
        found = os.fstat(descriptor)
        if _is_ours(found):
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode) & FOLDER_MODE)


def _is_ours(found: os.stat_result) -> bool:
    """Whether it is ours and its mode too lax; a folder with the sticky bit is meant to be shared."""
    if sys.platform == "win32" or found.st_uid != os.geteuid():
        return False
    of_a_kind = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return of_a_kind and not found.st_mode & stat.S_ISVTX and bool(found.st_mode & 0o077)
