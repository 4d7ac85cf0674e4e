"""Attempts: the intent that is on the disk before X is called, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import Attempt
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = [
    "MAX_FAILED_CHECKS",
    "SECOND_POST_POSSIBLE",
    "clamp_future",
    "close",
    "find_unsettled",
    "insert",
    "is_second_post_possible",
    "list_of_thread",
    "list_of_tweet",
    "list_open_of_account",
    "list_to_check",
    "record_absence",
    "record_failed_check",
    "record_posted",
    "schedule_check",
    "watch_others",
]

MAX_FAILED_CHECKS = 8  # in a row, before X counts as one that cannot be asked (about 15 minutes)

# Of an attempt whose tweet is posted already: X may have the tweet a second time, and it is being found out.
SECOND_POST_POSSIBLE = f"attempt.check_at IS NOT NULL AND attempt.looks_failed < {MAX_FAILED_CHECKS}"

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
            AND attempt.check_at IS NULL
        UNION ALL
        SELECT * FROM attempt WHERE account_id = :account_id AND check_at IS NOT NULL AND outcome = 'open'
        """,
        account_id=account_id,
    )
    return sorted((_attempt(row) for row in rows), key=lambda attempt: attempt.id)


def list_to_check(tx: Transaction, account_id: int) -> Sequence[Attempt]:
    """The account's attempts without a known end whose tweet is posted by an earlier one."""
    rows = tx.all(
        "SELECT * FROM attempt WHERE account_id = :account_id AND check_at IS NOT NULL ORDER BY check_at",
        account_id=account_id,
    )
    return [_attempt(row) for row in rows]


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
            check_at = CASE WHEN :outcome = 'unclear' THEN check_at END,
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
            error_code = NULL, http_status = coalesce(:http_status, http_status), check_at = NULL
        WHERE id = :id
        """,
        id=attempt_id,
        twitter_id=twitter_id,
        http_status=http_status,
        now=tx.now,
    )


def watch_others(tx: Transaction, tweet_id: int, *, posted_by: int) -> None:
    """The tweet is posted by that attempt: others of it that may be at X are looked for, too."""
    tx.execute(
        """
        UPDATE attempt SET check_at = :now
        WHERE tweet_id = :tweet_id AND outcome IN ('open', 'unclear') AND id <> :id
        """,
        tweet_id=tweet_id,
        id=posted_by,
        now=tx.now,
    )


def schedule_check(tx: Transaction, attempt_id: int, moment: datetime) -> None:
    """When an attempt is looked for next whose tweet is posted already."""
    tx.execute(
        "UPDATE attempt SET check_at = :moment WHERE id = :id AND outcome = 'unclear'", id=attempt_id, moment=moment
    )


def is_second_post_possible(q: Queries, tweet_ids: Sequence[int]) -> bool:
    """Whether X may have one of these tweets a second time, and it is being found out."""
    found = q.value(
        f"SELECT 1 FROM attempt WHERE tweet_id = ANY(:ids) AND {SECOND_POST_POSSIBLE} LIMIT 1", ids=list(tweet_ids)
    )
    return found is not None


def clamp_future(tx: Transaction, *, started: datetime, over: datetime, check: datetime) -> int:
    """The clock was set back: an unclear attempt is over, and is looked for, by these times at the latest, and it began
    nobody knows when: the look must not pass over its post as too old, so it counts from `started`."""
    tx.execute(
        """
        UPDATE attempt SET started_at = :started WHERE started_at > :now
            AND tweet_id IN (SELECT tweet_id FROM attempt WHERE outcome IN ('open', 'unclear'))
        """,
        started=started,
        now=tx.now,
    )
    return tx.execute(
        """
        UPDATE attempt SET over_at = least(over_at, :over),
            check_at = CASE WHEN check_at > :check THEN :check ELSE check_at END
        WHERE outcome IN ('open', 'unclear') AND over_at > :over
        """,
        over=over,
        check=check,
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
