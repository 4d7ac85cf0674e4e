"""The meter of one environment's XClient: counts calls and records headers in short transactions of its own."""

import logging
from collections.abc import Callable

from twitter_manager.errors import StorageUnavailable
from twitter_manager.services.rate_limits import limiter
from twitter_manager.storage.database import Database
from twitter_manager.twitter import rate_limits
from twitter_manager.twitter.errors import WindowExhausted
from twitter_manager.twitter.rate_limits import RateWindow

__all__ = ["Meter"]

log = logging.getLogger("twitter_manager.services")


class Meter:
    """A twitter.client.Meter over the database, which all threads and processes share."""

    def __init__(self, db: Database, *, mock: bool) -> None:
        self._db = db
        self._mock = mock

    def acquire(self, account_id: int | None, endpoint: str) -> None:
        """Raises WindowExhausted, StorageUnavailable: X is not called uncounted."""
        with self._db.transaction(account_id=account_id) as tx:
            free = limiter.acquire(tx, account_id=account_id, mock=self._mock, endpoint=endpoint)
        if free is not None:
            raise WindowExhausted(free)

    def release(self, account_id: int | None, endpoint: str) -> None:
        """The call was certainly not sent."""
        _try(lambda: self._release(account_id, endpoint))

    def record_headers(self, account_id: int | None, endpoint: str, window: RateWindow) -> None:
        if window != rate_limits.NOTHING:
            _try(lambda: self._record_headers(account_id, endpoint, window))

    def _release(self, account_id: int | None, endpoint: str) -> None:
        with self._db.transaction(account_id=account_id) as tx:
            limiter.release(tx, account_id=account_id, mock=self._mock, endpoint=endpoint)

    def _record_headers(self, account_id: int | None, endpoint: str, window: RateWindow) -> None:
        with self._db.transaction(account_id=account_id) as tx:
            limiter.record_headers(tx, account_id=account_id, mock=self._mock, endpoint=endpoint, window=window)


def _try(store: Callable[[], None]) -> None:
    # a call that X answered must not fail because its headers cannot be stored; the next answer has them again
    try:
        store()
    except StorageUnavailable as error:
        log.warning("what X said of its limits is not kept: %s", error.why)
