"""Attempts: the intent that is on the disk before X is called, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import Attempt
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = [
    "close",
    "count_held",
    "count_outcome",
    "find_unsettled",
    "insert",
    "list_of_thread",
    "list_of_tweet",
    "list_open_of_account",
    "note_absent",
    "note_posted",
    "record_failed_check",
]

_attempt = mapper(Attempt)


def insert(tx: Transaction, *, tweet_id: int, account_id: int, lease: str, since_id: str | None) -> Attempt:
    """The intent to send this tweet, under this lease."""
    row = tx.insert(
        """
        INSERT INTO attempt (tweet_id, account_id, lease, started_at, since_id)
        VALUES (:tweet_id, :account_id, :lease, :now, :since_id)
        RETURNING *
        """,
        tweet_id=tweet_id,
        account_id=account_id,
        lease=lease,
        since_id=since_id,
        now=tx.now,
    )
    return _attempt(row)


def find_unsettled(q: Queries, tweet_id: int) -> Attempt | None:
    """The one attempt of the tweet whose end is not known."""
    row = q.one(
        "SELECT * FROM attempt WHERE tweet_id = :tweet_id AND outcome IN ('open', 'unclear')", tweet_id=tweet_id
    )
    return _attempt(row) if row else None


def list_of_tweet(q: Queries, tweet_id: int) -> Sequence[Attempt]:
    """Every attempt of the tweet, oldest first."""
    return [_attempt(row) for row in q.all("SELECT * FROM attempt WHERE tweet_id = :id ORDER BY id", id=tweet_id)]


def list_of_thread(q: Queries, thread_id: int) -> Sequence[Attempt]:
    """Every attempt for the thread's parts, oldest first."""
    rows = q.all(
        """
        SELECT attempt.* FROM tweet JOIN attempt ON attempt.tweet_id = tweet.id
        WHERE tweet.thread_id = :thread_id ORDER BY attempt.id
        """,
        thread_id=thread_id,
    )
    return [_attempt(row) for row in rows]


def list_open_of_account(tx: Transaction, account_id: int) -> Sequence[Attempt]:
    """The account's attempts that began and whose answer is not stored."""
    rows = tx.all(
        """
        SELECT attempt.* FROM tweet JOIN attempt ON attempt.tweet_id = tweet.id
        WHERE tweet.twitter_account_id = :account_id AND tweet.status = 'posting' AND attempt.outcome = 'open'
        ORDER BY attempt.id
        """,
        account_id=account_id,
    )
    return [_attempt(row) for row in rows]


def count_outcome(q: Queries, tweet_id: int, outcome: str) -> int:
    """How many of the tweet's attempts ended so."""
    found: int = q.value(
        "SELECT count(*) FROM attempt WHERE tweet_id = :tweet_id AND outcome = :outcome",
        tweet_id=tweet_id,
        outcome=outcome,
    )
    return found


def count_held(q: Queries, tweet_id: int, *, error_code: str, since: datetime) -> int:
    """How many of the tweet's attempts ended held with this code, of those that began after `since`."""
    found: int = q.value(
        """
        SELECT count(*) FROM attempt WHERE tweet_id = :tweet_id AND outcome = 'held'
            AND error_code = :error_code AND started_at > :since
        """,
        tweet_id=tweet_id,
        error_code=error_code,
        since=since,
    )
    return found


def close(
    tx: Transaction,
    attempt_id: int,
    *,
    outcome: str,
    over_at: datetime,
    error_code: str | None = None,
    http_status: int | None = None,
) -> bool:
    """How it ended; False when that was known already. From 'unclear' it may still become certain,
    and an unclear end that comes late makes the looks before it count for nothing."""
    changed = tx.execute(
        """
        UPDATE attempt SET outcome = :outcome, error_code = :error_code,
            http_status = coalesce(:http_status, http_status),
            over_at = CASE WHEN :outcome = 'unclear' THEN :over_at ELSE coalesce(over_at, :over_at) END,
            looks_absent = CASE WHEN :outcome = 'unclear' THEN 0 ELSE looks_absent END
        WHERE id = :id AND outcome IN ('open', 'unclear')
        """,
        id=attempt_id,
        outcome=outcome,
        over_at=over_at,
        error_code=error_code,
        http_status=http_status,
    )
    return changed == 1


def note_posted(tx: Transaction, attempt_id: int, *, twitter_id: str, http_status: int | None) -> None:
    """It put the tweet on X: knowledge, whatever was believed before."""
    tx.execute(
        """
        UPDATE attempt SET outcome = 'posted', twitter_id = :twitter_id, over_at = coalesce(over_at, :now),
            error_code = NULL, http_status = coalesce(:http_status, http_status)
        WHERE id = :id
        """,
        id=attempt_id,
        twitter_id=twitter_id,
        http_status=http_status,
        now=tx.now,
    )


def note_absent(tx: Transaction, attempt_id: int) -> int:
    """One more whole reading of the timeline without it; returns how many there are."""
    found: int | None = tx.value(
        """
        UPDATE attempt SET looks_absent = looks_absent + 1, looks_failed = 0 WHERE id = :id AND outcome = 'unclear'
        RETURNING looks_absent
        """,
        id=attempt_id,
    )
    return found or 0


def record_failed_check(tx: Transaction, attempt_id: int) -> int:
    """One more reading that failed; returns how many failed in a row."""
    found: int | None = tx.value(
        """
        UPDATE attempt SET looks_failed = looks_failed + 1 WHERE id = :id AND outcome = 'unclear'
        RETURNING looks_failed
        """,
        id=attempt_id,
    )
    return found or 0
