"""Accounts of a database that was restored from a copy: what went out after the copy is not known here.

A row of service_state per account until its timeline was read whole; nothing of the account is sent before.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import to_time
from twitter_manager.timestamps import from_text, to_text

__all__ = ["Restored", "count", "delete", "find", "is_any", "last_trace", "mark_accounts", "put", "since"]

_NAME = "restored:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`since_id`: the highest X id of the account that the copy knows; `known_until`: what happened at X after this
    moment is unknown here; `readings`: complete readings of the timeline so far, `failures`: failed ones since."""

    account_id: int
    since_id: str | None
    known_until: datetime
    restored_at: datetime
    check_at: datetime
    readings: int = 0
    failures: int = 0


def last_trace(q: Queries) -> datetime | None:
    """The last moment at which the service certainly wrote to this database."""
    found = q.value(
        """
        SELECT max(moment) FROM (
            SELECT max(seen_at) AS moment FROM worker
            UNION ALL SELECT max(updated_at) AS moment FROM tweet
            UNION ALL SELECT max(started_at) AS moment FROM attempt
            UNION ALL SELECT max(called_at) AS moment FROM x_call
        ) AS traces
        """
    )
    return found and to_time(found)


def mark_accounts(tx: Transaction, *, check_at: datetime) -> list[int]:
    """Every account is to be looked for at X from `check_at` on, and its lane is due for that; returns their ids. One
    that is marked already keeps the earlier moment."""
    until = min(last_trace(tx) or tx.now, tx.now)
    rows = tx.all("SELECT account_id, newest_x_id FROM lane ORDER BY account_id")
    for row in rows:
        before = find(tx, row["account_id"])
        if before is None:
            found = Restored(
                account_id=row["account_id"],
                since_id=row["newest_x_id"],
                known_until=until,
                restored_at=tx.now,
                check_at=check_at,
            )
        else:
            found = replace(before, restored_at=tx.now, check_at=check_at, readings=0, failures=0)
        put(tx, found)
    tx.execute("UPDATE lane SET due_at = :now, lease = NULL, lease_until = NULL, worker_id = NULL", now=tx.now)
    return [row["account_id"] for row in rows]


def find(q: Queries, account_id: int) -> Restored | None:
    text = q.value("SELECT value FROM service_state WHERE name = :name", name=_NAME + str(account_id))
    if text is None:
        return None
    kept = json.loads(text)
    times = {name: from_text(kept[name]) for name in ("known_until", "restored_at", "check_at")}
    return Restored(account_id=account_id, **(kept | times))


def put(tx: Transaction, restored: Restored) -> None:
    kept = {
        "since_id": restored.since_id,
        "known_until": to_text(restored.known_until),
        "restored_at": to_text(restored.restored_at),
        "check_at": to_text(restored.check_at),
        "readings": restored.readings,
        "failures": restored.failures,
    }
    tx.execute(
        """
        INSERT INTO service_state (name, value) VALUES (:name, :value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        """,
        name=_NAME + str(restored.account_id),
        value=json.dumps(kept),
    )


def delete(tx: Transaction, account_id: int) -> None:
    tx.execute("DELETE FROM service_state WHERE name = :name", name=_NAME + str(account_id))


def is_any(q: Queries) -> bool:
    return q.one("SELECT 1 AS yes FROM service_state WHERE substr(name, 1, 9) = 'restored:' LIMIT 1") is not None


def since(q: Queries) -> datetime | None:
    """When the database was restored, while accounts that can post are still to be looked for."""
    account_id = q.value(
        """
        SELECT account.id FROM service_state JOIN twitter_account AS account
            ON service_state.name = 'restored:' || CAST(account.id AS TEXT)
        WHERE account.status = 'active' AND substr(service_state.name, 1, 9) = 'restored:' LIMIT 1
        """
    )
    mark = None if account_id is None else find(q, account_id)
    return None if mark is None else mark.restored_at


def count(q: Queries) -> int:
    """How many accounts that can post are still to be looked for."""
    found: int = q.value(
        """
        SELECT count(*) FROM service_state JOIN twitter_account AS account
            ON service_state.name = 'restored:' || CAST(account.id AS TEXT)
        WHERE account.status = 'active'
        """
    )
    return found
