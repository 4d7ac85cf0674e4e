"""Copies on a clock: BACKUP_DIR, BACKUP_EVERY, BACKUP_KEEP. One process makes each, whichever finds it due first."""

import logging
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from twitter_manager.config import Settings
from twitter_manager.services.copies.backup import Backup
from twitter_manager.storage import copy_clock
from twitter_manager.storage.copy_clock import CopyClock
from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.database import Database

__all__ = ["ScheduledCopies", "is_due", "superfluous"]

MAX_DURATION = timedelta(hours=1)  # one that did not end by then was killed
RETRY = timedelta(minutes=15)

log = logging.getLogger("twitter_manager.services")


class ScheduledCopies:
    def __init__(self, settings: Settings, db: Database, backup: Backup, clock: Callable[[], datetime]) -> None:
        self._folder = settings.backup_path
        self._every = settings.backup_every
        self._keep = settings.backup_keep
        self._db = db
        self._backup = backup
        self._clock = clock

    @property
    def is_on(self) -> bool:
        return self._folder is not None

    def run_if_due(self) -> bool:
        """Makes a copy if one is due and no other process makes it; whether it did. A failure is stored, not raised."""
        found, now = copy_clock.find(self._db), self._clock()
        if self._folder is None or not is_due(found, now, every=self._every):
            return False
        claimed = replace(
            found or CopyClock(installation=secrets.token_hex(4), next_at=now),
            next_at=now + min(MAX_DURATION, self._every),
        )
        with self._db.transaction() as tx:
            if not copy_clock.replace(tx, found, claimed):
                return False
        done = self._made(self._folder, claimed, now)
        with self._db.transaction() as tx:
            copy_clock.replace(tx, claimed, done)
        return done.last_at == now

    def _made(self, folder: Path, claimed: CopyClock, now: datetime) -> CopyClock:
        try:
            _make_folder(folder)
            name = f"twitter-manager-{claimed.installation}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"
            made = self._backup.make(folder / name)
            log.info("copied into %s: %s bytes", made.path, made.size)
        except Exception as error:
            if not isinstance(error, CopyFailed):
                log.exception("a copy failed unforeseen")
            why = str(error) or type(error).__name__
            log.error("no copy was made: %s", why)
            return replace(claimed, next_at=now + min(RETRY, self._every), failed_at=now, why=why)
        self._prune(folder, claimed.installation, made=name)
        return replace(claimed, next_at=now + self._every, last_at=now, failed_at=None, why=None)

    def _prune(self, folder: Path, installation: str, *, made: str) -> None:
        with suppress(OSError):  # what cannot be deleted now is deleted after the next copy
            for name in superfluous([each.name for each in folder.iterdir()], installation, keep=self._keep):
                if name != made:  # though others bear a later time: the clock was ahead when they were made
                    (folder / name).unlink()


def is_due(found: CopyClock | None, now: datetime, *, every: timedelta) -> bool:
    """Also when BACKUP_EVERY became shorter, or the clock was set back."""
    return found is None or found.next_at <= now or found.next_at > now + every


def superfluous(names: list[str], installation: str, *, keep: int) -> list[str]:
    """Of the names in a folder those of this installation's copies that are older than the newest `keep`."""
    own = re.compile(rf"twitter-manager-{re.escape(installation)}-[0-9]{{8}}T[0-9]{{6}}Z\.tar")
    return sorted((name for name in names if own.fullmatch(name)), reverse=True)[keep:]


def _make_folder(folder: Path) -> None:
    """Its parent must be there: where a disk is not mounted, a copy beside the database would comfort nobody."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CopyFailed(f"BACKUP_DIR {folder} cannot be made: {error.strerror}") from error
