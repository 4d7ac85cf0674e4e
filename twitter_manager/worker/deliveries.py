"""Threads that deliver events to webhooks, beside those of the lanes: no receiver can hold up a tweet."""

import logging
import threading
import time

from twitter_manager.errors import StorageUnavailable
from twitter_manager.services import Services
from twitter_manager.services.webhooks.deliveries import Delivery

__all__ = ["DeliveryThreads"]

WIDTH = 4  # receivers that may be slow at once before a further one waits for them
POLL_SECONDS = 0.5

log = logging.getLogger("twitter_manager.worker")


class DeliveryThreads:
    """Threads of which one at a time looks for a due delivery."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._search_lock = threading.Lock()
        self._wake = threading.Event()  # a webhook is free again: its next delivery may be due
        self._threads = [threading.Thread(target=self._work, name=f"webhook-{n}", daemon=True) for n in range(WIDTH)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Waits up to `seconds` for deliveries in progress, after the notifier was stopped.

        The next process delivers unfinished ones again.
        """
        ends = time.monotonic() + seconds
        self._wake.set()
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _work(self) -> None:
        stopping = self._services.notifier.stopping
        while not stopping.is_set():
            try:
                delivery = self._next()
                if delivery is not None:
                    delivery.make()
                    self._wake.set()
            except StorageUnavailable as error:
                log.warning("the database is away: %s", error.why)
                stopping.wait(1.0)
            except Exception:
                log.exception("a delivery failed")
                stopping.wait(1.0)

    def _next(self) -> Delivery | None:
        """Waits for a due delivery; None: the service stops."""
        with self._search_lock:
            while not self._services.notifier.stopping.is_set():
                self._wake.clear()
                delivery = self._services.deliveries.claim()
                if delivery is not None:
                    return delivery
                self._wake.wait(POLL_SECONDS)
        return None
