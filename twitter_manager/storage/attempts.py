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
    "is_account_refused",
    "list_of_thread",
    "list_of_tweet",
    "list_open_of_account",
    "record_absence",
    "record_failed_check",
    "record_posted",
    "was_refused_alone",
]

_attempt = mapper(Attempt)


def insert(tx: Transaction, *, tweet_id: int, account_id: int, lease: str, since_id: str | None) -> Attempt:
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
    """The one attempt of the tweet whose outcome is unknown."""
    row = q.one(
        "SELECT * FROM attempt WHERE tweet_id = :tweet_id AND outcome IN ('open', 'unclear')", tweet_id=tweet_id
    )
    return _attempt(row) if row else None


def list_of_tweet(q: Queries, tweet_id: int) -> Sequence[Attempt]:
    """Oldest first."""
    return [_attempt(row) for row in q.all("SELECT * FROM attempt WHERE tweet_id = :id ORDER BY id", id=tweet_id)]


def list_of_thread(q: Queries, thread_id: int) -> Sequence[Attempt]:
    """The attempts for all parts of the thread, oldest first."""
    rows = q.all(
        """
        SELECT attempt.* FROM tweet JOIN attempt ON attempt.tweet_id = tweet.id
        WHERE tweet.thread_id = :thread_id ORDER BY attempt.id
        """,
        thread_id=thread_id,
    )
    return [_attempt(row) for row in rows]


def list_open_of_account(tx: Transaction, account_id: int) -> Sequence[Attempt]:
    """Begun, and without a stored answer."""
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
    found: int = q.value(
        "SELECT count(*) FROM attempt WHERE tweet_id = :tweet_id AND outcome = :outcome",
        tweet_id=tweet_id,
        outcome=outcome,
    )
    return found


def count_held(q: Queries, tweet_id: int, *, error_code: str, since: datetime) -> int:
    """How many attempts of the tweet that began after `since` ended held with this code."""
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


def was_refused_alone(q: Queries, tweet_id: int, *, error_code: str, mock: bool) -> bool:
    """Whether X accepted another tweet of this environment after it had held this one with that code."""
    row = q.one(
        """
        SELECT 1 AS yes FROM attempt AS refused
        WHERE refused.tweet_id = :tweet_id AND refused.outcome = 'held' AND refused.error_code = :error_code
            AND EXISTS (
                SELECT 1 FROM attempt AS other WHERE other.id > refused.id AND other.outcome = 'posted'
                    AND other.tweet_id <> refused.tweet_id AND other.started_at > refused.over_at
                    AND other.account_id IN (SELECT id FROM twitter_account WHERE mock = :mock))
        LIMIT 1
        """,
        tweet_id=tweet_id,
        error_code=error_code,
        mock=mock,
    )
    return row is not None


def is_account_refused(q: Queries, account_id: int, *, error_code: str, since: datetime) -> bool:
    """Whether X refused a tweet of the account with that code after `since`, and accepted none of it later."""
    row = q.one(
        """
        SELECT 1 AS yes FROM tweet AS refused
        WHERE refused.twitter_account_id = :account_id AND refused.error_code = :error_code
            AND refused.status IN ('failed', 'held') AND refused.updated_at > :since
            AND NOT EXISTS (
                SELECT 1 FROM tweet AS accepted WHERE accepted.twitter_account_id = :account_id
                    AND accepted.status = 'posted' AND accepted.posted_at > refused.updated_at)
        LIMIT 1
        """,
        account_id=account_id,
        error_code=error_code,
        since=since,
    )
    return row is not None


def close(
    tx: Transaction,
    attempt_id: int,
    *,
    outcome: str,
    over_at: datetime,
    error_code: str | None = None,
    http_status: int | None = None,
) -> bool:
    """Stores the outcome; False when it was known already. From 'unclear' it may still become certain,
    and an unclear outcome that comes late voids the checks made before it."""
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


def record_posted(tx: Transaction, attempt_id: int, *, twitter_id: str, http_status: int | None) -> None:
    """It put the tweet on X. From any outcome: this is certain knowledge."""
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


def record_absence(tx: Transaction, attempt_id: int) -> int:
    """Counts one more complete reading of the timeline without the tweet; returns how many there are."""
    found: int | None = tx.value(
        """
        UPDATE attempt SET looks_absent = looks_absent + 1, looks_failed = 0 WHERE id = :id AND outcome = 'unclear'
        RETURNING looks_absent
        """,
        id=attempt_id,
    )
    return found or 0


def record_failed_check(tx: Transaction, attempt_id: int) -> int:
    """Counts one more reading that failed; returns how many failed in a row."""
    found: int | None = tx.value(
        """
        UPDATE attempt SET looks_failed = looks_failed + 1 WHERE id = :id AND outcome = 'unclear'
        RETURNING looks_failed
        """,
        id=attempt_id,
    )
    return found or 0
