"""Which workers of this machine live: each holds a lock on a file of its own, beside the database.

The system releases it with the process, and not while that is only frozen.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from twitter_manager import private_files

__all__ = ["WorkerLocks"]


class WorkerLocks:
    """A database.WorkerLocks."""

    only_this_machine = True

    def __init__(self, database: Path) -> None:
        self._folder = database.with_name(f"{database.name}.workers")
        self._held: dict[str, FileLock] = {}

    def hold(self, worker_id: str) -> None:
        if worker_id not in self._held:
            private_files.make_folder(self._folder)
            lock = FileLock(self._file(worker_id), thread_local=False, mode=private_files.FILE_MODE)
            lock.acquire()
            self._held[worker_id] = lock

    def release(self, worker_id: str) -> None:
        lock = self._held.pop(worker_id, None)
        if lock is not None:
            lock.release()
            self._file(worker_id).unlink(missing_ok=True)

    @contextmanager
    def taken_over(self, worker_id: str) -> Iterator[bool]:
        try:
            with FileLock(self._file(worker_id), timeout=0):
                yield True
        except Timeout:
            yield False
            return
        self._file(worker_id).unlink(missing_ok=True)

    def _file(self, worker_id: str) -> Path:
        return self._folder / f"{worker_id}.lock"
