"""Heartbeats of the posting workers."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import Worker
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper, to_time

__all__ = ["any_seen_since", "beat", "delete", "delete_unseen_since", "last_seen_at", "list_others"]

_worker = mapper(Worker)


def beat(tx: Transaction, *, worker_id: str, host: str) -> None:
    tx.execute(
        """
        INSERT INTO worker (id, host, started_at, seen_at) VALUES (:id, :host, :now, :now)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
        """,
        id=worker_id,
        host=host,
        now=tx.now,
    )


def any_seen_since(q: Queries, moment: datetime) -> bool:
    return q.one("SELECT 1 AS yes FROM worker WHERE seen_at >= :moment LIMIT 1", moment=moment) is not None


def last_seen_at(q: Queries) -> datetime | None:
    """The last heartbeat of any worker."""
    found = q.value("SELECT max(seen_at) FROM worker")
    return found and to_time(found)


def list_others(q: Queries, *, but: str) -> Sequence[Worker]:
    rows = q.all("SELECT * FROM worker WHERE id <> :but ORDER BY id", but=but)
    return [_worker(row) for row in rows]


def delete_unseen_since(tx: Transaction, moment: datetime) -> int:
    """Deletes workers of other machines that ended without saying so; returns how many."""
    return tx.execute("DELETE FROM worker WHERE seen_at < :moment", moment=moment)


def delete(tx: Transaction, worker_id: str) -> None:
    tx.execute("DELETE FROM worker WHERE id = :id", id=worker_id)
