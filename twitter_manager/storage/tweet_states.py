"""The transitions of a tweet's status. Each names the statuses it may come from and says whether it happened."""

from collections.abc import Collection, Sequence
from datetime import datetime

from twitter_manager.models import Tweet
from twitter_manager.storage import threads
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import limit_to, mapper
from twitter_manager.storage.search_words import search_words
from twitter_manager.storage.statuses import EDITABLE, SENDABLE, UNSETTLED

__all__ = [
    "begin_posting",
    "cancel",
    "cancel_batch",
    "clear_id_of_another",
    "edit",
    "make_due",
    "make_pending_due",
    "mark_failed",
    "mark_needs_decision",
    "mark_posted",
    "mark_unconfirmed",
    "may_be_sent",
    "postpone_checks",
    "retry",
    "schedule_check",
    "send_again",
]

_tweet = mapper(Tweet)


def make_pending_due(tx: Transaction, *, among: Collection[int] | None) -> Sequence[Tweet]:
    """Makes every pending tweet of the present environment, of these accounts or of all, due now, without the parts of
    threads that wait for the previous part; returns them, by id."""
    rows = tx.all(
        """
        UPDATE tweet SET due_at = least(coalesce(due_at, :now), :now), updated_at = :now
        WHERE status = 'pending' AND (:every = 1 OR twitter_account_id = ANY(:among))
            AND (coalesce(position, 1) = 1 OR reply_to IS NOT NULL)
            AND twitter_account_id IN (
                SELECT id FROM twitter_account
                WHERE mock = (SELECT CAST(value AS INTEGER) FROM service_state WHERE name = 'mock_mode'))
        RETURNING *
        """,
        **limit_to(among),
        now=tx.now,
    )
    return sorted((_tweet(row) for row in rows), key=lambda tweet: tweet.id)


def make_due(tx: Transaction, tweet_id: int, *, post_now: bool) -> bool:
    """Makes a pending tweet due now; False when it is not pending, or waits for the previous part."""
    changed = tx.execute(
        """
        UPDATE tweet SET due_at = least(coalesce(due_at, :now), :now), post_now = greatest(post_now, :post_now),
            updated_at = :now
        WHERE id = :id AND status = 'pending' AND (coalesce(position, 1) = 1 OR reply_to IS NOT NULL)
        """,
        id=tweet_id,
        post_now=post_now,
        now=tx.now,
    )
    return changed == 1


def edit(
    tx: Transaction,
    tweet_id: int,
    *,
    content: str,
    fingerprint: str,
    status: str,
    scheduled_at: datetime | None,
    due_at: datetime | None,
) -> bool:
    """Changes a tweet that is certainly not at X; False when it is on its way, there, or refused."""
    changed = tx.execute(
        f"""
        UPDATE tweet SET content = :content, search_words = :search_words, fingerprint = :fingerprint, status = :status,
            scheduled_at = :scheduled_at, due_at = :due_at, updated_at = :now,
            error_code = CASE WHEN :status = status THEN error_code END,
            twitter_error = CASE WHEN :status = status THEN twitter_error END,
            post_now = CASE WHEN :is_due = 1 THEN post_now ELSE 0 END
        WHERE id = :id AND status IN {EDITABLE}
        """,
        id=tweet_id,
        content=content,
        search_words=search_words(content),
        fingerprint=fingerprint,
        status=status,
        scheduled_at=scheduled_at,
        due_at=due_at,
        is_due=due_at is not None,
        now=tx.now,
    )
    return changed == 1


def retry(tx: Transaction, tweet_id: int, *, content: str, fingerprint: str) -> bool:
    """Makes a failed tweet due now; False when it is not failed."""
    changed = tx.execute(
        """
        UPDATE tweet SET content = :content, search_words = :search_words, fingerprint = :fingerprint,
            status = 'pending', due_at = :now, post_now = 1, error_code = NULL, twitter_error = NULL, updated_at = :now
        WHERE id = :id AND status = 'failed'
        """,
        id=tweet_id,
        content=content,
        search_words=search_words(content),
        fingerprint=fingerprint,
        now=tx.now,
    )
    return changed == 1


def cancel(tx: Transaction, tweet_id: int) -> bool:
    changed = tx.execute(
        f"""
        UPDATE tweet SET status = 'canceled', due_at = NULL, post_now = 0, error_code = NULL, twitter_error = NULL,
            updated_at = :now
        WHERE id = :id AND status IN {SENDABLE}
        """,
        id=tweet_id,
        now=tx.now,
    )
    return changed == 1


def cancel_batch(tx: Transaction, batch_id: int, *, among: Collection[int] | None = None) -> Sequence[int]:
    """Cancels those of the batch (and of these accounts) that are certainly not at X; returns the tweets' ids."""
    rows = tx.all(
        """
        UPDATE tweet SET status = 'canceled', due_at = NULL, post_now = 0, error_code = NULL, twitter_error = NULL,
            updated_at = :now
        WHERE batch_id = :batch_id AND status IN ('draft', 'pending', 'scheduled', 'held')
            AND (:every = 1 OR twitter_account_id = ANY(:among))
        RETURNING id
        """,
        batch_id=batch_id,
        **limit_to(among),
        now=tx.now,
    )
    return sorted(row["id"] for row in rows)


def begin_posting(tx: Transaction, tweet_id: int) -> bool:
    """Stores the intent to send it; False when it is not to be sent any more."""
    changed = tx.execute(
        f"""
        UPDATE tweet SET status = 'posting', error_code = NULL, twitter_error = NULL, updated_at = :now
        WHERE id = :id AND status IN {SENDABLE}
        """,
        id=tweet_id,
        now=tx.now,
    )
    return changed == 1


def may_be_sent(q: Queries, tweet_id: int, *, lease: str, now: datetime) -> bool:
    """Whether its lane's lease is still good, and no late 201 of an earlier attempt has put it on X after all."""
    found = q.value(
        """
        SELECT 1 FROM tweet JOIN lane ON lane.account_id = tweet.twitter_account_id
        WHERE tweet.id = :id AND tweet.status <> 'posted' AND lane.lease = :lease AND lane.lease_until > :now
        """,
        id=tweet_id,
        lease=lease,
        now=now,
    )
    return found is not None


def mark_posted(tx: Transaction, tweet_id: int, *, twitter_id: str, posted_at: datetime) -> bool:
    """The tweet is at X. From any status, since this is certain; the thread's next part may go out now.

    False when it was known to be there under another id (this one is then kept as its twin), or when the row is gone.
    """
    row = tx.one(
        """
        UPDATE tweet SET status = 'posted', twitter_id = :twitter_id, posted_at = :posted_at, due_at = NULL,
            error_code = NULL, twitter_error = NULL, needs_decision = 0, updated_at = :now
        WHERE id = :id AND (twitter_id IS NULL OR twitter_id = :twitter_id)
            AND NOT EXISTS (
                SELECT 1 FROM tweet AS other WHERE other.twitter_account_id = tweet.twitter_account_id
                    AND other.twitter_id = :twitter_id AND other.id <> tweet.id)
        RETURNING thread_id
        """,
        id=tweet_id,
        twitter_id=twitter_id,
        posted_at=posted_at,
        now=tx.now,
    )
    if row is None:
        tx.execute(
            """
            UPDATE tweet SET twin_twitter_id = :twitter_id, updated_at = :now
            WHERE id = :id AND twitter_id <> :twitter_id
            """,
            id=tweet_id,
            twitter_id=twitter_id,
            now=tx.now,
        )
    elif row["thread_id"] is not None:
        threads.chain(tx, row["thread_id"])
    return row is not None


def clear_id_of_another(tx: Transaction, account_id: int, *, twitter_id: str, tweet_id: int) -> bool:
    """X itself said that this post is the tweet `tweet_id`: another tweet that has its id, by a check or by its owner's
    word, needs a decision after all. False: none has it."""
    changed = tx.execute(
        """
        UPDATE tweet SET status = 'unconfirmed', twitter_id = NULL, posted_at = NULL, needs_decision = 1,
            due_at = NULL, error_code = :error_code, updated_at = :now
        WHERE twitter_account_id = :account_id AND twitter_id = :twitter_id AND id <> :tweet_id
        """,
        account_id=account_id,
        twitter_id=twitter_id,
        tweet_id=tweet_id,
        error_code="id_of_another",
        now=tx.now,
    )
    return changed > 0


def mark_failed(tx: Transaction, tweet_id: int, *, error_code: str, twitter_error: str | None) -> bool:
    changed = tx.execute(
        f"""
        UPDATE tweet SET status = 'failed', due_at = NULL, post_now = 0, needs_decision = 0,
            error_code = :error_code, twitter_error = :twitter_error, updated_at = :now
        WHERE id = :id AND status IN {UNSETTLED}
        """,
        id=tweet_id,
        error_code=error_code,
        twitter_error=twitter_error,
        now=tx.now,
    )
    return changed == 1


def mark_unconfirmed(
    tx: Transaction, tweet_id: int, *, check_at: datetime, error_code: str, twitter_error: str | None
) -> bool:
    """It was sent, and whether X accepted it is unknown: the first check is at `check_at`."""
    changed = tx.execute(
        f"""
        UPDATE tweet SET status = 'unconfirmed', due_at = :check_at, error_code = :error_code,
            twitter_error = :twitter_error, updated_at = :now
        WHERE id = :id AND status IN {UNSETTLED}
        """,
        id=tweet_id,
        check_at=check_at,
        error_code=error_code,
        twitter_error=twitter_error,
        now=tx.now,
    )
    return changed == 1


def schedule_check(tx: Transaction, tweet_id: int, moment: datetime | None) -> None:
    """Sets the next check of an unconfirmed tweet; None: not before its account is back or its owner decided."""
    tx.execute(
        "UPDATE tweet SET due_at = :moment, updated_at = :now WHERE id = :id AND status = 'unconfirmed'",
        id=tweet_id,
        moment=moment,
        now=tx.now,
    )


def postpone_checks(tx: Transaction, account_id: int, moment: datetime) -> None:
    """No check for the account before `moment`."""
    tx.execute(
        """
        UPDATE tweet SET due_at = :moment, updated_at = :now
        WHERE twitter_account_id = :account_id AND status = 'unconfirmed' AND due_at < :moment
        """,
        account_id=account_id,
        moment=moment,
        now=tx.now,
    )
    tx.execute(
        "UPDATE attempt SET check_at = :moment WHERE account_id = :account_id AND check_at < :moment",
        account_id=account_id,
        moment=moment,
    )


def mark_needs_decision(
    tx: Transaction, tweet_id: int, *, error_code: str, check_at: datetime | None, twitter_error: str | None = None
) -> bool:
    """Only its owner can say now whether it is at X; the service checks again at `check_at` all the same, if it can."""
    changed = tx.execute(
        """
        UPDATE tweet SET needs_decision = 1, error_code = :error_code, due_at = :check_at,
            twitter_error = coalesce(:twitter_error, twitter_error), updated_at = :now
        WHERE id = :id AND status = 'unconfirmed'
        """,
        id=tweet_id,
        error_code=error_code,
        check_at=check_at,
        twitter_error=twitter_error,
        now=tx.now,
    )
    return changed == 1


def send_again(tx: Transaction, tweet_id: int) -> bool:
    """It is certainly not at X: it goes out again as it would have."""
    changed = tx.execute(
        f"""
        UPDATE tweet SET status = CASE WHEN scheduled_at IS NULL THEN 'pending' ELSE 'scheduled' END, due_at = :now,
            needs_decision = 0, error_code = NULL, twitter_error = NULL, updated_at = :now
        WHERE id = :id AND status IN {UNSETTLED}
        """,
        id=tweet_id,
        now=tx.now,
    )
    return changed == 1
