"""The posting worker: some threads, of which one at a time looks for work.

A thread that finds a task lets the next one look, does the task, and then the one claimed with its commit. A thread
that finds none waits for the next due time, a wake in this process, or a change that another process made (seen by
SQLite's data_version every fifth of a second).
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
STUCK_SECONDS = 60.0  # a search for work that takes longer means that the worker hangs

log = logging.getLogger("twitter_manager.worker")


class RunningWorker:
    """Its lock file tells other processes whether it is alive."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.id = secrets.token_hex(8)
        # beside the database: other processes on it must be able to tell whether this one lives
        database = services.settings.database_path
        self._locks = database.with_name(f"{database.name}.workers")
        private_files.make_folder(self._locks)
        self._lock = FileLock(self._locks / f"{self.id}.lock", thread_local=False, mode=private_files.FILE_MODE)
        self._search_lock = threading.Lock()
        self._busy: set[int] = set()  # threads that run a task
        self._searched_at = time.monotonic()
        width = services.settings.worker_concurrency
        self._threads = [threading.Thread(target=self._work, name=f"lane-{n}", daemon=True) for n in range(width)]
        self._deliveries = DeliveryThreads(services)
        self._periodic = Periodic(services, worker_id=self.id, host=socket.gethostname(), locks=self._locks)

    def start(self) -> None:
        """Takes the lock, beats once, reaps dead workers, and begins."""
        self._lock.acquire()
        self._periodic.begin(alive=self.is_alive)
        for thread in self._threads:
            thread.start()
        self._deliveries.start()
        log.info("worker %s started, %s wide", self.id, len(self._threads))

    @property
    def in_flight(self) -> int:
        """How many tasks are running: calls to X, or about to make one."""
        return len(self._busy)

    def is_alive(self) -> bool:
        """Whether a thread still looks for work, or all of them are busy."""
        return self._search_lock.locked() is False or time.monotonic() - self._searched_at < STUCK_SECONDS

    def stop(self, seconds: float) -> bool:
        """Begins nothing new and waits up to `seconds` for what is being sent; whether all of it ended."""
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
        notifier = self._services.notifier
        while not notifier.stopping.is_set():
            try:
                self._run_tasks()
            except StorageUnavailable as error:
                log.warning("the database is away: %s", error.why)
                notifier.stopping.wait(1.0)
            except Exception:
                log.exception("a task could not be claimed or executed; it is tried again")
                notifier.stopping.wait(1.0)

    def _run_tasks(self) -> None:
        with self._search_lock:
            task = None
            while task is None and not self._services.notifier.stopping.is_set():
                self._searched_at = time.monotonic()
                seen, changes = self._services.notifier.wakes, self._services.db.change_count()
                task = self._services.dispatcher.claim_next(self.id)
                if task is None:
                    self._wait(seen, changes)
        self._busy.add(threading.get_ident())
        try:
            while task is not None:
                task = self._run_task(task)
        finally:
            self._busy.discard(threading.get_ident())

    def _run_task(self, task: LaneTask) -> LaneTask | None:
        next_task = self._services.dispatcher.run_and_claim_next(task, self.id)
        if next_task is None or next_task.lane.account_id != task.lane.account_id:
            self._services.notifier.wake()  # the lane may be due again
        return next_task

    def _wait(self, seen: int, changes: int) -> None:
        """Until something may be due: at its time, at a wake, or when the database changed."""
        changes = max(changes, self._services.db.change_count())
        due = self._services.dispatcher.next_due()
        while not self._services.notifier.stopping.is_set():
            self._searched_at = time.monotonic()
            left = _seconds_until(due)
            if left <= 0:
                return
            self._services.notifier.wait_for_wake(seen, min(left, POLL_SECONDS))
            if self._services.notifier.wakes != seen or self._services.db.change_count() != changes:
                return


def _seconds_until(due: datetime | None) -> float:
    return POLL_SECONDS if due is None else (due - now()).total_seconds()


def stopping_line(*, calls: int, requests: int = 0) -> str:
    """For the person who stopped the program."""
    counted = [(calls, "post or other call to X", "posts and other calls to X"), (requests, "request", "requests")]
    waits = " and ".join(f"{n} {one if n == 1 else many}" for n, one, many in counted if n)
    if not waits:
        return "Stopping: nothing is in flight."
    return (
        f"Stopping: waits at most {DRAIN_SECONDS:.0f} s for {waits} in flight."
        " Ctrl-C again ends it at once; the next start finds out what became of them."
    )


def start_worker(services: Services) -> RunningWorker:
    """The caller has called `prepare` before."""
    worker = RunningWorker(services)
    worker.start()
    return worker
