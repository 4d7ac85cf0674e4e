"""The thread that makes copies on a clock: one takes longer than the worker's beat may wait."""

import logging
import threading

from twitter_manager.errors import StorageUnavailable
from twitter_manager.services import Services

__all__ = ["CopyThread"]

LOOK_SECONDS = 30.0

log = logging.getLogger("twitter_manager.worker")


class CopyThread:
    """Does nothing where BACKUP_DIR is not set."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._thread = threading.Thread(target=self._run, name="copies", daemon=True)

    def start(self) -> None:
        if self._services.scheduled_copies.is_on:
            self._thread.start()

    def _run(self) -> None:
        """A copy that is being made when the process ends is left unfinished, and made again later."""
        while not self._services.notifier.stopping.wait(LOOK_SECONDS):
            try:
                self._services.scheduled_copies.run_if_due()
            except StorageUnavailable as error:
                log.warning("the database is away: %s", error.why)
            except Exception:
                log.exception("a copy could not be begun")
