"""The posting worker: some threads, of which one at a time looks for work.

Who finds some lets the next one look and does it, and what is due when it is done; who finds none waits for the next
due time, for a wake from this process, or for a change that another process made (seen by SQLite's data_version every
fifth of a second).
"""

import logging
import secrets
import socket
import threading
import time
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from twitter_manager import private_files
from twitter_manager.capacity import DRAIN_SECONDS
from twitter_manager.errors import StorageUnavailable
from twitter_manager.services import Services
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.timestamps import now
from twitter_manager.worker.deliveries import DeliveryThreads
from twitter_manager.worker.periodic import Periodic

__all__ = ["RunningWorker", "start_worker", "stopping_line"]

POLL_SECONDS = 0.2
STUCK_SECONDS = 60.0  # a look for work that takes so long is no life

log = logging.getLogger("twitter_manager.worker")


class RunningWorker:
    """A worker that was started. Its lock file tells other processes whether it is alive."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.id = secrets.token_hex(8)
        # beside the database, since whoever shares it must be able to tell whether this process lives
        database = services.settings.database_path
        self._locks = database.with_name(f"{database.name}.workers")
        private_files.make_folder(self._locks)
        self._lock = FileLock(self._locks / f"{self.id}.lock", thread_local=False, mode=private_files.FILE_MODE)
        self._turn = threading.Lock()
        self._busy: set[int] = set()  # threads that do a step
        self._looked_at = time.monotonic()
        width = services.settings.worker_concurrency
        self._threads = [threading.Thread(target=self._work, name=f"lane-{n}", daemon=True) for n in range(width)]
        self._deliveries = DeliveryThreads(services)
        self._periodic = Periodic(services, worker_id=self.id, host=socket.gethostname(), locks=self._locks)

    def start(self) -> None:
        """Takes the lock, gives the first sign of life, buries the dead, and begins."""
        self._lock.acquire()
        self._periodic.begin(alive=self.is_alive)
        for thread in self._threads:
            thread.start()
        self._deliveries.start()
        log.info("worker %s started, %s wide", self.id, len(self._threads))

    @property
    def in_flight(self) -> int:
        """How many calls to X, or steps towards one, are being done."""
        return len(self._busy)

    def is_alive(self) -> bool:
        """Whether work is still being looked for; all threads busy is life, too."""
        return self._turn.locked() is False or time.monotonic() - self._looked_at < STUCK_SECONDS

    def stop(self, seconds: float) -> bool:
        """Begins nothing new and waits for what is being sent, at most `seconds`; whether all of it ended."""
        self._services.notifier.stop()
        ends = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))
        ended = not any(thread.is_alive() for thread in self._threads)
        self._deliveries.stop(ends - time.monotonic())
        self._periodic.end(sign_off=ended)
        if ended:
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)
        log.info("worker %s stopped%s", self.id, "" if ended else " with calls in flight")
        return ended

    def _work(self) -> None:
        signals = self._services.notifier
        while not signals.stopping.is_set():
            try:
                self._one_turn()
            except StorageUnavailable as error:
                log.warning("the database is away: %s", error.why)
                signals.stopping.wait(1.0)
            except Exception:
                log.exception("a turn failed")
                signals.stopping.wait(1.0)

    def _one_turn(self) -> None:
        with self._turn:
            step = None
            while step is None and not self._services.notifier.stopping.is_set():
                self._looked_at = time.monotonic()
                seen, changes = self._services.notifier.wakes, self._services.db.change_count()
                step = self._services.dispatcher.claim_next(self.id)
                if step is None:
                    self._wait(seen, changes)
        self._busy.add(threading.get_ident())
        try:
            while step is not None:
                step = self._follow(step)
        finally:
            self._busy.discard(threading.get_ident())

    def _follow(self, step: LaneTask) -> LaneTask | None:
        """Does the step, and the next one is ours; where that is of another lane, this one may be due again, too."""
        following = self._services.dispatcher.run_and_claim_next(step, self.id)
        if following is None or following.lane.account_id != step.lane.account_id:
            self._services.notifier.wake()
        return following

    def _wait(self, seen: int, changes: int) -> None:
        """Until something may be due: at its time, at a wake, or when the database changed."""
        changes = max(changes, self._services.db.change_count())
        due = self._services.dispatcher.next_due()
        while not self._services.notifier.stopping.is_set():
            self._looked_at = time.monotonic()
            left = _seconds_until(due)
            if left <= 0:
                return
            self._services.notifier.wait_for_wake(seen, min(left, POLL_SECONDS))
            if self._services.notifier.wakes != seen or self._services.db.change_count() != changes:
                return


def _seconds_until(due: datetime | None) -> float:
    return POLL_SECONDS if due is None else (due - now()).total_seconds()


def stopping_line(*, calls: int, requests: int = 0) -> str:
    """What a person reads who asked the program to stop."""
    counted = [(calls, "post or other call to X", "posts and other calls to X"), (requests, "request", "requests")]
    waits = " and ".join(f"{n} {one if n == 1 else many}" for n, one, many in counted if n)
    if not waits:
        return "Stopping: nothing is in flight."
    return (
        f"Stopping: waits at most {DRAIN_SECONDS:.0f} s for {waits} in flight."
        " Ctrl-C again ends it at once; the next start finds out what became of them."
    )


def start_worker(services: Services) -> RunningWorker:
    """Starts a worker over `services`; the caller prepared them."""
    worker = RunningWorker(services)
    worker.start()
    return worker
