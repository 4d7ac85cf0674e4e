"""Which workers live, on whatever machine: each holds an advisory lock by a connection of its own.

The server releases it when that connection ends. That need not be the end of the worker: the network may have cut it,
or the server was restarted. It takes the lock again with its next beat, by another connection.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from twitter_manager.storage.postgres.connection import Link, raise_

__all__ = ["WorkerLocks"]


# the server may not know yet that the worker's earlier connection is lost
_END_EARLIER = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE pid = %(pid)s AND locktype = 'advisory' AND objsubid = 1
        AND (classid::bigint << 32 | objid::bigint) = %(key)s::bigint
"""


class WorkerLocks:
    """A database.WorkerLocks. Ids of workers are 16 hexadecimal digits."""

    only_this_machine = False

    def __init__(self, opened: Callable[[], Link]) -> None:
        self._opened = opened
        self._held: dict[str, Link] = {}
        self._sessions: dict[str, int] = {}  # the process of the server that has, or had, a worker's lock

    def hold(self, worker_id: str) -> None:
        link = self._held.pop(worker_id, None)
        try:
            if link is None or not _answers(link):
                link = self._locked(worker_id)
        except psycopg.Error as error:
            raise_(error)
        self._held[worker_id] = link

    def _locked(self, worker_id: str) -> Link:
        link = self._opened()
        try:
            link.execute(_END_EARLIER, {"key": _key(worker_id), "pid": self._sessions.get(worker_id, 0)})
            row = link.execute("SELECT pg_backend_pid(), pg_advisory_lock(%s)", (_key(worker_id),)).fetchone()
        except BaseException:
            link.close()
            raise
        self._sessions[worker_id] = row[0] if row else 0
        return link

    def release(self, worker_id: str) -> None:
        link = self._held.pop(worker_id, None)
        if link is not None:
            link.close()

    @contextmanager
    def taken_over(self, worker_id: str) -> Iterator[bool]:
        try:
            link = self._opened()
            try:
                row = link.execute("SELECT pg_try_advisory_lock(%s)", (_key(worker_id),)).fetchone()
            except BaseException:
                link.close()
                raise
        except psycopg.Error as error:
            raise_(error)
        try:
            yield row is not None and bool(row[0])
        finally:
            link.close()

    def close(self) -> None:
        while self._held:
            self._held.popitem()[1].close()


def _answers(link: Link) -> bool:
    with suppress(psycopg.Error):
        link.execute("SELECT 1")
        return True
    link.close()
    return False


def _key(worker_id: str) -> int:
    """Advisory locks have a signed bigint for a key; these are apart from the pairs of integers of the engine."""
    return int.from_bytes(bytes.fromhex(worker_id), signed=True)
