"""Threads that bring events to their webhooks, beside those of the lanes: no receiver can hold up a tweet."""

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
    """Some threads, of which one at a time looks for what is due."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = threading.Lock()
        self._look = threading.Event()  # a webhook is free again: it may be told the next thing at once
        self._threads = [threading.Thread(target=self._work, name=f"webhook-{n}", daemon=True) for n in range(WIDTH)]

    def start(self) -> None:
        """Begins."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> None:
        """Waits at most `seconds` for what is under way, once the signal to stop was given. What is not over by then
        is delivered again by a successor."""
        ends = time.monotonic() + seconds
        self._look.set()
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _work(self) -> None:
        stopping = self._services.notifier.stopping
        while not stopping.is_set():
            try:
                delivery = self._next()
                if delivery is not None:
                    delivery.make()
                    self._look.set()
            except StorageUnavailable as error:
                log.warning("the database is away: %s", error.why)
                stopping.wait(1.0)
            except Exception:
                log.exception("a delivery failed")
                stopping.wait(1.0)

    def _next(self) -> Delivery | None:
        """What is due, as soon as something is; None: the service stops."""
        with self._turn:
            while not self._services.notifier.stopping.is_set():
                self._look.clear()
                delivery = self._services.deliveries.claim()
                if delivery is not None:
                    return delivery
                self._look.wait(POLL_SECONDS)
        return None
