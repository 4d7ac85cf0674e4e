"""Where the service keeps things: the folder, the room on the disk, the database."""

import os
import shutil
import stat
from pathlib import Path

from twitter_manager.errors import StorageUnavailable
from twitter_manager.services.doctor.check import Check, fail, ok, warn
from twitter_manager.storage import Inspection, inspect_database

__all__ = ["contents", "database", "folder", "room", "room_at", "secrets_file"]

_MIB = 1024 * 1024
MIN_FREE = 100 * _MIB
LITTLE_FREE = 1024 * _MIB
LITTLE_SHARE = 0.05
_COPY = "stop the service, keep the file, and bring back a copy: docs/reliability.md says how"
_FIRST_START = (
    "start the service once (`make run` in a clone, else `twitter-manager serve`): the first start makes everything"
)


def folder(path: Path) -> Check:
    if not path.is_dir():
        return fail("folder", f"{path} is not there", _FIRST_START)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        remedy = "give its files to the user whom the service runs as, or set INSTANCE_DIR"
        return fail("folder", f"{path} cannot be written by this user", remedy)
    return ok("folder", f"{path} can be written")


def secrets_file(path: Path) -> Check:
    if not path.exists():
        return ok("keys", f"there is no {path.name}: the keys come from the settings, or the first start makes them")
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warn("keys", f"{path} can be read by other users of this machine", f"chmod 600 {path}")
    return ok("keys", f"{path} is this user's alone")


def room_at(path: Path) -> Check:
    """Raises OSError."""
    usage = shutil.disk_usage(path)
    return room(free=usage.free, total=usage.total)


def room(*, free: int, total: int) -> Check:
    """In bytes."""
    text = f"{_amount(free)} of {_amount(total)} are free"
    remedy = "make room, or move INSTANCE_DIR to a larger disk; a full disk refuses new tweets"
    if free < MIN_FREE:
        return fail("disk", text, remedy)
    if free < LITTLE_FREE or free < total * LITTLE_SHARE:
        return warn("disk", text, remedy)
    return ok("disk", text)


def database(path: Path) -> Check:
    if not path.exists():
        return fail("database", f"{path} is not there", _FIRST_START)
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        remedy = "give it and its folder to the user whom the service runs as"
        return fail("database", f"{path} cannot be written by this user", remedy)
    try:
        return contents(inspect_database(path))
    except StorageUnavailable as error:
        return fail("database", f"{path} cannot be read: {error.why}", _COPY)


def contents(found: Inspection) -> Check:
    if found.moved is not None:
        return fail("database", found.moved, "set DATABASE_URL to the address that it was moved to")
    if found.damage is not None:
        return fail("database", f"damaged: {found.damage}", _COPY)
    if found.version > found.needed:
        text = f"its version is {found.version}, newer than this program ({found.needed})"
        return fail("database", text, "use the newer program, or put back the .bak: README, Upgrading, and going back")
    if found.version < found.needed:
        text = f"its version is {found.version}; this program needs {found.needed}"
        return fail("database", text, "start the service once: it copies the file and brings it up to date")
    if found.journal_mode != "wal":
        text = f"its journal mode is {found.journal_mode}, not WAL: readers and writers wait for each other"
        return warn("database", text, "start the service once, from a folder that is no network disk")
    return ok("database", f"whole, version {found.version}, WAL")


def _amount(size: int) -> str:
    return f"{size / _MIB / 1024:.1f} GiB" if size >= 1024 * _MIB else f"{size / _MIB:.0f} MiB"
