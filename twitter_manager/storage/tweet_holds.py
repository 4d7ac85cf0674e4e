"""Holding tweets and releasing them: tweets that are certainly not at X and go out later, if they are still wanted."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import Tweet
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.storage.statuses import SENDABLE, UNSETTLED

__all__ = [
    "clamp_future",
    "expire_overdue",
    "hold",
    "hold_all_of_account",
    "hold_due_of_account",
    "hold_due_of_environment",
    "release_held_for_window",
    "release_held_of_account",
    "release_held_of_environment",
]

_tweet = mapper(Tweet)


def expire_overdue(tx: Transaction, account_id: int, *, before: datetime, limit: int) -> Sequence[Tweet]:
    """Cancels or holds, as late_policy says, up to `limit` tweets that were scheduled before `before`, were never tried
    and are not wanted late. Returns them."""
    rows = tx.all(
        f"""
        UPDATE tweet SET due_at = NULL, post_now = 0, twitter_error = NULL, updated_at = :now,
            status = CASE late_policy WHEN 'skip' THEN 'canceled' ELSE 'held' END,
            error_code = CASE late_policy WHEN 'skip' THEN :skipped ELSE :held END
        WHERE id IN (
            SELECT late.id FROM tweet AS late
            WHERE late.twitter_account_id = :account_id AND late.late_policy <> 'publish'
                AND late.due_at IS NOT NULL AND late.scheduled_at < :before
                AND late.status IN {SENDABLE} AND coalesce(late.position, 1) = 1
                AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.tweet_id = late.id)
            ORDER BY late.scheduled_at LIMIT :limit)
        RETURNING *
        """,
        account_id=account_id,
        before=before,
        limit=limit,
        skipped="too_late",
        held="late",
        now=tx.now,
    )
    return [_tweet(row) for row in rows]


def hold(
    tx: Transaction, tweet_id: int, *, error_code: str, until: datetime | None, twitter_error: str | None = None
) -> bool:
    """The tweet is certainly not at X and is held until `until` (None: until its account is back). Also where another
    worker marked it unconfirmed meanwhile."""
    changed = tx.execute(
        f"""
        UPDATE tweet SET status = 'held', error_code = :error_code, due_at = :until, twitter_error = :twitter_error,
            needs_decision = 0, updated_at = :now
        WHERE id = :id AND (status IN {SENDABLE} OR status IN {UNSETTLED})
        """,
        id=tweet_id,
        error_code=error_code,
        until=until,
        twitter_error=twitter_error,
        now=tx.now,
    )
    return changed == 1


def hold_due_of_account(tx: Transaction, account_id: int, *, error_code: str, until: datetime) -> list[int]:
    """Holds what is due in the account's lane until the lane's rest is over; returns the tweets' ids."""
    rows = tx.all(
        f"""
        UPDATE tweet SET status = 'held', error_code = :error_code, due_at = :until, updated_at = :now
        WHERE twitter_account_id = :account_id AND due_at <= :now AND status IN {SENDABLE}
        RETURNING id
        """,
        account_id=account_id,
        error_code=error_code,
        until=until,
        now=tx.now,
    )
    return [row["id"] for row in rows]


def hold_due_of_environment(tx: Transaction, *, mock: bool, error_code: str, until: datetime) -> list[int]:
    """Holds what is due in any lane of the environment until the app's next probe; returns the tweets' ids."""
    rows = tx.all(
        f"""
        UPDATE tweet SET status = 'held', error_code = :error_code, due_at = :until, updated_at = :now
        WHERE due_at <= :now AND status IN {SENDABLE}
            AND twitter_account_id IN (SELECT id FROM twitter_account WHERE mock = :mock)
        RETURNING id
        """,
        mock=mock,
        error_code=error_code,
        until=until,
        now=tx.now,
    )
    return [row["id"] for row in rows]


def hold_all_of_account(tx: Transaction, account_id: int, *, error_code: str) -> list[int]:
    """The account is lost: holds what would go out until it is back; unsettled tweets need their owner's decision.
    Returns the ids of all these."""
    held = tx.all(
        f"""
        UPDATE tweet SET status = 'held', error_code = :error_code, due_at = NULL, updated_at = :now
        WHERE twitter_account_id = :account_id AND due_at IS NOT NULL AND status IN {SENDABLE}
        RETURNING id
        """,
        account_id=account_id,
        error_code=error_code,
        now=tx.now,
    )
    asked = tx.all(
        """
        UPDATE tweet SET needs_decision = 1, due_at = NULL, updated_at = :now,
            error_code = CASE WHEN error_code IN ('doubtful_match', 'attempts_exhausted', 'id_of_another')
                THEN error_code ELSE :error_code END
        WHERE twitter_account_id = :account_id AND status = 'unconfirmed'
        RETURNING id
        """,
        account_id=account_id,
        error_code=error_code,
        now=tx.now,
    )
    tx.execute(
        "UPDATE attempt SET check_at = NULL WHERE account_id = :account_id AND check_at IS NOT NULL",
        account_id=account_id,
    )
    return [row["id"] for row in (*held, *asked)]


def release_held_of_account(tx: Transaction, account_id: int) -> None:
    """The account is back: what was held for it or for its token goes on, and what was unsettled because of it is
    checked again."""
    tx.execute(
        """
        UPDATE tweet SET status = CASE WHEN scheduled_at IS NULL THEN 'pending' ELSE 'scheduled' END,
            due_at = coalesce(scheduled_at, :now), error_code = NULL, twitter_error = NULL, updated_at = :now
        WHERE twitter_account_id = :account_id AND status = 'held' AND coalesce(error_code, '') <> 'late'
            AND (due_at IS NULL OR error_code IN ('renewal_rate_limited', 'client_refused', 'unauthorized_by_x'))
        """,
        account_id=account_id,
        now=tx.now,
    )
    tx.execute(
        """
        UPDATE tweet SET due_at = :now, needs_decision = 0, error_code = 'x_unclear', updated_at = :now
        WHERE twitter_account_id = :account_id AND status = 'unconfirmed'
            AND coalesce(error_code, '') NOT IN ('doubtful_match', 'attempts_exhausted', 'id_of_another')
            AND EXISTS (SELECT 1 FROM attempt WHERE attempt.tweet_id = tweet.id AND attempt.outcome = 'unclear')
        """,
        account_id=account_id,
        now=tx.now,
    )
    tx.execute(
        """
        UPDATE attempt SET check_at = :now WHERE account_id = :account_id AND outcome IN ('open', 'unclear')
            AND EXISTS (SELECT 1 FROM tweet WHERE tweet.id = attempt.tweet_id AND tweet.status = 'posted')
        """,
        account_id=account_id,
        now=tx.now,
    )


def clamp_future(tx: Transaction, *, held: datetime, check: datetime) -> int:
    """The clock was set back: what was held for a time of ours, and what is to be looked for, is due by these times at
    the latest."""
    changed = tx.execute(
        """
        UPDATE tweet SET due_at = :held, updated_at = :now WHERE status = 'held' AND due_at > :held
            AND coalesce(error_code, '') NOT IN ('rate_limited', 'renewal_rate_limited', 'rate_limit_exceeded')
        """,
        held=held,
        now=tx.now,
    )
    return changed + tx.execute(
        """
        UPDATE tweet SET due_at = :check, updated_at = :now
        WHERE status = 'unconfirmed' AND due_at > :check AND updated_at > :now
        """,
        check=check,
        now=tx.now,
    )


def release_held_for_window(tx: Transaction) -> None:
    """The resets that X named are no longer valid: what was held for them is due now."""
    tx.execute(
        """
        UPDATE tweet SET due_at = :now, updated_at = :now
        WHERE status = 'held' AND due_at IS NOT NULL
            AND error_code IN ('rate_limited', 'renewal_rate_limited', 'rate_limit_exceeded')
        """,
        now=tx.now,
    )


def release_held_of_environment(tx: Transaction, *, mock: bool, error_code: str) -> None:
    """X accepts the app's calls again: what was held for that is due now."""
    tx.execute(
        """
        UPDATE tweet SET due_at = :now, updated_at = :now
        WHERE status = 'held' AND error_code = :error_code
            AND twitter_account_id IN (SELECT id FROM twitter_account WHERE mock = :mock)
        """,
        mock=mock,
        error_code=error_code,
        now=tx.now,
    )
