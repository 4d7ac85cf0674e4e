"""Threads: tweets that answer each other. A part is told to go out when the part in front of it is at X."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Thread, TweetOfAccount
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.storage.tweets import of_account
from twitter_manager.timestamps import from_text

__all__ = ["cancel_unsent", "chain", "delete", "get", "insert", "list_parts", "resume"]

_thread = mapper(Thread)


def insert(tx: Transaction, *, account_id: int) -> Thread:
    """A thread without parts yet."""
    row = tx.one(
        "INSERT INTO thread (account_id, created_at) VALUES (:account_id, :now) RETURNING *",
        account_id=account_id,
        now=tx.now,
    )
    assert row is not None  # noqa: S101  - RETURNING always gives the row
    return _thread(row)


def get(q: Queries, thread_id: int) -> Thread:
    """The thread. Raises NotFound."""
    row = q.one("SELECT * FROM thread WHERE id = :id", id=thread_id)
    if row is None:
        raise NotFound("thread_not_found")
    return _thread(row)


def list_parts(q: Queries, thread_id: int) -> Sequence[TweetOfAccount]:
    """Its parts, the first one first."""
    rows = q.all(
        """
        SELECT tweet.*, a.username, a.mock FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.thread_id = :thread_id ORDER BY tweet.position
        """,
        thread_id=thread_id,
    )
    return [of_account(row) for row in rows]


# The first part that is not at X, and what it answers: the part in front of it, which then is.
_NEXT = "(SELECT id FROM tweet WHERE thread_id = :thread_id AND status <> 'posted' ORDER BY position LIMIT 1)"
_IN_FRONT = """
    (SELECT front.twitter_id FROM tweet AS front
    WHERE front.thread_id = tweet.thread_id AND front.position < tweet.position
    ORDER BY front.position DESC LIMIT 1)
"""


def chain(tx: Transaction, thread_id: int) -> datetime | None:
    """The next part goes out behind the last one that is at X; returns when. None: none waits for that."""
    row = tx.one(
        f"""
        UPDATE tweet SET reply_to = coalesce({_IN_FRONT}, reply_to), updated_at = :now,
            due_at = CASE WHEN {_IN_FRONT} IS NULL THEN coalesce(scheduled_at, :now) ELSE :now END
        WHERE id = {_NEXT} AND status IN ('pending', 'scheduled') AND due_at IS NULL
        RETURNING due_at
        """,  # noqa: S608  - constants of ours
        thread_id=thread_id,
        now=tx.now,
    )
    return from_text(row["due_at"]) if row else None


def resume(tx: Transaction, thread_id: int) -> bool:
    """The part at which the thread stopped goes out now, as an answer to the last one that is at X; False when it did
    not stop: nothing is left, or the next part is on its way."""
    row = tx.one(
        f"""
        UPDATE tweet SET reply_to = coalesce({_IN_FRONT}, reply_to), due_at = :now, status = 'pending',
            error_code = NULL, twitter_error = NULL, updated_at = :now
        WHERE id = {_NEXT} AND (status IN ('failed', 'canceled', 'held')
            OR (status IN ('pending', 'scheduled') AND due_at IS NULL))
        RETURNING *
        """,  # noqa: S608  - constants of ours
        thread_id=thread_id,
        now=tx.now,
    )
    return row is not None


def cancel_unsent(tx: Transaction, thread_id: int) -> None:
    """No further part goes out."""
    tx.execute(
        """
        UPDATE tweet SET status = 'canceled', due_at = NULL, post_now = 0, updated_at = :now
        WHERE thread_id = :thread_id AND status IN ('draft', 'pending', 'scheduled', 'held')
        """,
        thread_id=thread_id,
        now=tx.now,
    )


def delete(tx: Transaction, thread_id: int) -> bool:
    """Deletes the thread with its parts; False when X may have one of them at this moment, or it is gone."""
    changed = tx.execute(
        """
        DELETE FROM thread WHERE id = :id AND NOT EXISTS (
            SELECT 1 FROM tweet WHERE thread_id = :id AND status IN ('posting', 'unconfirmed'))
        """,
        id=thread_id,
    )
    return changed == 1
