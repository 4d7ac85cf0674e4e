"""An account's tweets as a queue: what goes out next, what waits, what is unsettled."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import Tweet
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper, to_time
from twitter_manager.storage.statuses import NOT_POSTED, QUEUED, SENDABLE, UNSETTLED
from twitter_manager.timestamps import earlier

__all__ = [
    "count_due_of_environment",
    "list_due_times",
    "list_not_posted",
    "list_unsettled",
    "next_to_send",
]

_tweet = mapper(Tweet)


STOPPED_SECONDS = 900.0  # a part that waits for longer belongs to a thread that stopped


_SENDABLE = f"""
    SELECT * FROM tweet AS t
    WHERE t.twitter_account_id = :account_id AND t.due_at <= :now AND t.status IN {SENDABLE}
        AND NOT EXISTS (
            SELECT 1 FROM tweet AS u
            WHERE u.twitter_account_id = t.twitter_account_id AND u.fingerprint = t.fingerprint
                AND u.status IN {UNSETTLED})
"""


_ORIGINAL_DUE = "CASE t.status WHEN 'held' THEN coalesce(t.scheduled_at, t.created_at) ELSE t.due_at END"


_NEXT = f"""
    SELECT * FROM (
        SELECT 1 AS turn, part.* FROM ({_SENDABLE} AND t.position > 1 ORDER BY t.due_at, t.id LIMIT 1) AS part
        UNION ALL
        SELECT 2 AS turn, asked.* FROM ({_SENDABLE} AND t.post_now = 1 ORDER BY t.due_at, t.id LIMIT 1) AS asked
        UNION ALL
        SELECT 3 AS turn, due.* FROM (
            {_SENDABLE} AND {_ORIGINAL_DUE} <= :now ORDER BY {_ORIGINAL_DUE}, t.id LIMIT 1) AS due
    ) AS first ORDER BY turn LIMIT 1
"""


def next_to_send(tx: Transaction, account_id: int) -> Tweet | None:
    """What the lane sends next: the next part of a thread under way, then what was requested for now, then by (due,
    id), where what was held keeps its original position; an equal of an unsettled tweet waits."""
    row = tx.one(_NEXT, account_id=account_id, now=tx.now)
    return _tweet(row) if row else None


def list_due_times(q: Queries, account_id: int, *, until: datetime, limit: int) -> Sequence[datetime]:
    """When the account's waiting tweets are due, the earliest first; a part that waits for the previous one counts at
    the time of its thread, unless that is over STOPPED_SECONDS ago, so that the thread must have stopped."""
    rows = q.all(
        f"""
        SELECT due_at AS moment FROM tweet
        WHERE twitter_account_id = :account_id AND due_at <= :until AND status IN {SENDABLE}
        UNION ALL
        SELECT coalesce(scheduled_at, created_at) AS moment FROM tweet
        WHERE twitter_account_id = :account_id AND position > 1 AND due_at IS NULL
            AND status IN {QUEUED} AND coalesce(scheduled_at, created_at) BETWEEN :stopped AND :until
        ORDER BY moment LIMIT :limit
        """,
        account_id=account_id,
        until=until,
        stopped=earlier(until, STOPPED_SECONDS),
        limit=limit,
    )
    return [to_time(row["moment"]) for row in rows]


def list_unsettled(tx: Transaction, account_id: int) -> Sequence[Tweet]:
    rows = tx.all(  # sorted here: asked to sort by id, SQLite would walk through every tweet of the account instead
        f"SELECT * FROM tweet WHERE twitter_account_id = :account_id AND status IN {UNSETTLED}",
        account_id=account_id,
    )
    return sorted((_tweet(row) for row in rows), key=lambda tweet: tweet.id)


def list_not_posted(tx: Transaction, account_id: int) -> Sequence[Tweet]:
    """Every tweet that is not known to be at X and could be, but for parts that wait for the previous one: what would
    have gone out first comes first, then drafts and what was canceled or refused."""
    rows = tx.all(
        f"""
        SELECT * FROM tweet
        WHERE twitter_account_id = :account_id AND status IN {NOT_POSTED}
            AND (coalesce(position, 1) = 1 OR reply_to IS NOT NULL)
        ORDER BY CASE WHEN status IN {SENDABLE} THEN 0 ELSE 1 END, CASE WHEN due_at IS NULL THEN 1 ELSE 0 END,
            due_at, id
        """,
        account_id=account_id,
    )
    return [_tweet(row) for row in rows]


def count_due_of_environment(q: Queries, *, mock: bool, now: datetime) -> int:
    found: int = q.value(
        """
        SELECT count(*) FROM tweet
        WHERE due_at <= :now AND twitter_account_id IN (SELECT id FROM twitter_account WHERE mock = :mock)
        """,
        mock=mock,
        now=now,
    )
    return found
