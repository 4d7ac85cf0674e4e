"""The posting worker: some threads, of which one at a time looks for work.

A thread that finds tasks leaves all but one to those that wait to look, does its own, and then the one claimed with its
commit. A thread that finds none waits for the next due time, a wake in this process, or a change that another
process made.
"""

import logging
import secrets
import socket
import threading
import time
from collections import deque

from twitter_manager.capacity import DRAIN_SECONDS
from twitter_manager.errors import StorageUnavailable
from twitter_manager.services import Services
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.worker.copies import CopyThread
from twitter_manager.worker.deliveries import DeliveryThreads
from twitter_manager.worker.periodic import Periodic

__all__ = ["RunningWorker", "start_worker", "stopping_line"]

POLL_SECONDS = 0.2
MAX_CLAIMED = 16  # lanes in one transaction: callers who write wait for it
BUSY_SECONDS = 0.005
STUCK_SECONDS = 60.0  # a search for work that takes longer means that the worker hangs

log = logging.getLogger("twitter_manager.worker")


class RunningWorker:
    def __init__(self, services: Services) -> None:
        self._services = services
        self.id = secrets.token_hex(8)
        self._lock = services.db.worker_locks  # tells other processes on the database whether this one lives
        self._search_lock = threading.Lock()
        self._busy: set[int] = set()  # threads that run a task
        self._claimed: deque[LaneTask] = deque()  # for the threads that wait to look
        self._searched_at = time.monotonic()
        width = services.settings.worker_concurrency
        self._threads = [threading.Thread(target=self._work, name=f"lane-{n}", daemon=True) for n in range(width)]
        self._deliveries = DeliveryThreads(services)
        self._copies = CopyThread(services)
        self._periodic = Periodic(services, worker_id=self.id, host=socket.gethostname())

    def start(self) -> None:
        """Takes the lock, beats once, reaps dead workers, and begins."""
        self._lock.hold(self.id)
        self._periodic.begin(alive=self.is_alive)
        for thread in self._threads:
            thread.start()
        self._deliveries.start()
        self._copies.start()
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
            self._lock.release(self.id)
        log.info("worker %s stopped%s", self.id, "" if ended else " with calls in flight")
        return ended

    def _work(self) -> None:
        notifier = self._services.notifier
        while self._goes_on:
            try:
                self._run_tasks()
            except StorageUnavailable as error:
                log.warning("the database is away: %s", error.why)
                notifier.stopping.wait(1.0)
            except Exception:
                log.exception("a task could not be claimed or executed; it is tried again")
                notifier.stopping.wait(1.0)

    @property
    def _goes_on(self) -> bool:
        """Also while it stops: what is claimed is called off by whoever takes it."""
        return bool(self._claimed) or not self._services.notifier.stopping.is_set()

    def _run_tasks(self) -> None:
        with self._search_lock:
            task = None
            while task is None and self._goes_on:
                self._searched_at = time.monotonic()
                seen, changes = self._services.notifier.wakes, self._services.db.wakeups.changes()
                task = self._claim()
                if task is None:
                    self._wait(seen, changes)
            self._busy.add(threading.get_ident())  # before the next one counts who is idle
        try:
            while task is not None:
                task = self._run_task(task)
        finally:
            self._busy.discard(threading.get_ident())

    def _claim(self) -> LaneTask | None:
        """One that was claimed with an earlier one, or that is due now; then one for each idle thread is claimed."""
        if not self._claimed:
            idle = len(self._threads) - len(self._busy)
            self._claimed.extend(self._services.dispatcher.claim_up_to(min(idle, MAX_CLAIMED), self.id))
        return self._claimed.popleft() if self._claimed else None

    def _run_task(self, task: LaneTask) -> LaneTask | None:
        next_task = self._services.dispatcher.run_and_claim_next(task, self.id)
        if next_task is None or next_task.lane.account_id != task.lane.account_id:
            self._services.notifier.wake()  # the lane may be due again
        return next_task

    def _wait(self, seen: int, changes: int) -> None:
        """Until something may be due: at its time, at a wake, or when the database changed."""
        changes = max(changes, self._services.db.wakeups.changes())
        due = self._services.dispatcher.next_due()
        while not self._services.notifier.stopping.is_set():
            self._searched_at = time.monotonic()
            left = POLL_SECONDS if due is None else (due - self._services.clock()).total_seconds()
            if left <= 0:
                # what is due and was not claimed belongs to an account that somebody writes to at this moment
                self._services.notifier.wait_for_wake(seen, BUSY_SECONDS)
                return
            self._services.notifier.wait_for_wake(seen, min(left, POLL_SECONDS))
            if self._services.notifier.wakes != seen or self._services.db.wakeups.changes() != changes:
                return


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
