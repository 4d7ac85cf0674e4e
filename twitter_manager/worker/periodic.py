"""What the worker does on a clock, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable

from twitter_manager.errors import StorageUnavailable
from twitter_manager.services import Services

__all__ = ["Periodic"]

BEAT_SECONDS = 3.0
PRUNE_SECONDS = 60.0

log = logging.getLogger("twitter_manager.worker")


class Periodic:
    """A beat every 3 s, and maintenance every minute."""

    def __init__(self, services: Services, *, worker_id: str, host: str) -> None:
        self._services = services
        self._worker_id = worker_id
        self._host = host
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, *, alive: Callable[[], bool]) -> None:
        """The first round at once, further ones every 3 s while `alive`."""
        self._beat()
        self._reap()
        self._thread = threading.Thread(target=self._run, args=(alive,), name="periodic", daemon=True)
        self._thread.start()

    def end(self, *, sign_off: bool) -> None:
        """`sign_off`: nothing of this worker is in flight any more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(2.0)
        if sign_off:
            _try(lambda: self._services.maintenance.sign_off(self._worker_id))

    def _run(self, alive: Callable[[], bool]) -> None:
        pruned_at = 0.0
        while not self._ended.wait(BEAT_SECONDS):
            if alive():
                _try(self._beat)
            _try(self._reap)
            _try(self._services.maintenance.hold_for_rests)
            if time.monotonic() - pruned_at >= PRUNE_SECONDS:
                pruned_at = time.monotonic()
                _try(self._services.maintenance.repair_lanes)
                _try(self._services.maintenance.prune_oauth_states)
                _try(self._services.maintenance.prune_idempotency_keys)
                _try(self._services.maintenance.prune_workers)
                _try(self._services.maintenance.prune_batches)
                _try(self._services.maintenance.prune_deliveries)
                _try(self._services.maintenance.prune_audit)
                _try(self._services.alerts.check)
                _try(self._services.maintenance.clamp_waits)
                _try(self._services.maintenance.prune_calls)

    def _beat(self) -> None:
        self._services.db.worker_locks.hold(self._worker_id)
        self._services.maintenance.beat(worker_id=self._worker_id, host=self._host)

    def _reap(self) -> None:
        self._services.maintenance.reap_dead_workers(worker_id=self._worker_id, host=self._host)


def _try(job: Callable[[], object]) -> None:
    # a job that fails must not end the thread; it runs again in the next round
    try:
        job()
    except StorageUnavailable as error:
        log.warning("the database is away: %s", error.why)
    except Exception:
        log.exception("a periodic job failed")
