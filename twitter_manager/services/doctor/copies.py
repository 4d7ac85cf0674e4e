"""Copies: are there any of late, and is this database one."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from twitter_manager.config import Settings
from twitter_manager.services.doctor.check import Check, fail, ok, warn
from twitter_manager.storage.copy_clock import CopyClock
from twitter_manager.timestamps import to_text

__all__ = ["on_a_clock", "restored"]


def on_a_clock(settings: Settings, found: CopyClock | None, now: datetime) -> Check:
    if settings.backup_path is None:
        return ok("copies", "none are made on a clock: BACKUP_DIR is not set")
    last = (
        "there is none yet"
        if found is None or found.last_at is None
        else f"the last one is of {to_text(found.last_at)}"
    )
    if found is not None and found.failed_at is not None:
        remedy = "mend that; it is tried again within a quarter of an hour"
        return fail("copies", f"no copy was made at {to_text(found.failed_at)}: {found.why}; {last}", remedy)
    fault = _fault_of(settings.backup_path)
    if fault is not None:
        return fail("copies", f"BACKUP_DIR: {fault}", "mend that, or name another folder; meanwhile none are made")
    if found is not None and found.next_at + settings.backup_every < now:
        return warn("copies", f"{last}, and another one is due", "start a worker: it makes them")
    return ok("copies", f"{last}; one is made every {_words(settings.backup_every)}, in {settings.backup_path}")


def _fault_of(folder: Path) -> str | None:
    """Why no copy can be put there. The folder is made with the first one, in one that is there."""
    if not folder.exists() and not folder.is_symlink():
        folder = folder.parent
    if not folder.is_dir():
        return f"{folder} is no folder" if folder.exists() or folder.is_symlink() else f"{folder} is not there"
    return None if os.access(folder, os.W_OK | os.X_OK) else f"{folder} cannot be written by this user"


def _words(length: timedelta) -> str:
    """As in BACKUP_EVERY: 1d, 36h, 30m."""
    minutes = length // timedelta(minutes=1)
    unit, size = next((unit, size) for unit, size in (("d", 1440), ("h", 60), ("m", 1)) if minutes % size == 0)
    return f"{minutes // size}{unit}"


def restored(accounts: int) -> Iterator[Check]:
    if accounts:
        text = f"the database was restored from a copy, and {accounts} accounts are still to be looked for at X"
        yield warn(
            "restored", text, "start the service; nothing of them is sent before. The log says if X cannot be asked"
        )
