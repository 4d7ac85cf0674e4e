"""Idempotency-Keys: which POST was made under which key, what came of it, and the first response to it."""

from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import Conflict
from twitter_manager.models import IdempotencyKey
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.timestamps import earlier

__all__ = [
    "RETENTION_SECONDS",
    "IdempotentCall",
    "check_free",
    "delete_older_than",
    "find",
    "insert",
    "store_response",
    "try_insert",
]

RETENTION_SECONDS = 86_400.0  # an older row counts as not there

_row = mapper(IdempotencyKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentCall:
    """What must happen only once: this body, sent with this Idempotency-Key by this API key to this path."""

    api_key_id: int
    method: str
    path: str
    key: str
    body_hash: str

    @property
    def scope(self) -> tuple[int, str, str, str]:
        """What makes two calls different; the body does not."""
        return self.api_key_id, self.method, self.path, self.key


def find(q: Queries, call: IdempotentCall, *, now: datetime) -> IdempotencyKey | None:
    """What was made in this scope at most a day before `now`, with whatever body; None: nothing (or only refused)."""
    row = q.one(
        """
        SELECT * FROM idempotency_key
        WHERE api_key_id = :api_key_id AND method = :method AND path = :path AND key = :key AND created_at >= :oldest
        """,
        **_scope(call),
        oldest=earlier(now, RETENTION_SECONDS),
    )
    return _row(row) if row else None


def check_free(tx: Transaction, call: IdempotentCall | None) -> None:
    """Raises Conflict when another call, in whatever process, was first. To be called before what that one made is in
    the way."""
    if call is not None and find(tx, call, now=tx.now) is not None:
        raise Conflict("idempotency_key_in_use", retryable=True)


def insert(tx: Transaction, call: IdempotentCall | None, *, subject_id: int) -> None:
    """Stores what is made in this very transaction; nothing where no key was sent.

    Raises Conflict when another call, in whatever process, was first: then this transaction must not commit.
    """
    if call is not None and not try_insert(tx, call, subject_id=subject_id):
        raise Conflict("idempotency_key_in_use", retryable=True)


def try_insert(
    tx: Transaction,
    call: IdempotentCall,
    *,
    subject_id: int | None = None,
    status: int | None = None,
    answer: str | None = None,
) -> bool:
    """Stores what is made, or the response of a call that made nothing of its own. Replaces a row that is too old to
    count; False when there is another."""
    changed = tx.execute(
        """
        INSERT INTO idempotency_key (api_key_id, method, path, key, body_hash, subject_id, status, answer, created_at)
        VALUES (:api_key_id, :method, :path, :key, :body_hash, :subject_id, :status, :answer, :now)
        ON CONFLICT (api_key_id, method, path, key) DO UPDATE SET
            body_hash = excluded.body_hash, subject_id = excluded.subject_id, status = excluded.status,
            answer = excluded.answer, created_at = excluded.created_at
        WHERE idempotency_key.created_at < :oldest
        """,
        **_scope(call),
        body_hash=call.body_hash,
        subject_id=subject_id,
        status=status,
        answer=answer,
        now=tx.now,
        oldest=earlier(tx.now, RETENTION_SECONDS),
    )
    return changed == 1


def store_response(tx: Transaction, call: IdempotentCall, *, status: int, answer: str) -> bool:
    """Stores the first response about what was made; False when nothing was, or a response is stored already."""
    changed = tx.execute(
        """
        UPDATE idempotency_key SET status = :status, answer = :answer
        WHERE api_key_id = :api_key_id AND method = :method AND path = :path AND key = :key
            AND status IS NULL AND created_at >= :oldest
        """,
        **_scope(call),
        status=status,
        answer=answer,
        oldest=earlier(tx.now, RETENTION_SECONDS),
    )
    return changed == 1


def delete_older_than(tx: Transaction, moment: datetime, *, limit: int) -> int:
    """Deletes up to `limit` that were made before `moment`; returns how many."""
    return tx.execute(
        """
        DELETE FROM idempotency_key WHERE (api_key_id, method, path, key) IN (
            SELECT api_key_id, method, path, key FROM idempotency_key
            WHERE created_at < :moment ORDER BY created_at LIMIT :limit)
        """,
        moment=moment,
        limit=limit,
    )


def _scope(call: IdempotentCall) -> dict[str, object]:
    return {"api_key_id": call.api_key_id, "method": call.method, "path": call.path, "key": call.key}
