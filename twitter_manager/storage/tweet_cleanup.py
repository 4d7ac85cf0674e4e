"""Deleting tweets: one, or those that meet some criteria. What is on its way to X stays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from twitter_manager.models import TWEET_STATUSES, Tweet
from twitter_manager.storage.attempts import SECOND_POST_POSSIBLE
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.rows import limit_to, mapper
from twitter_manager.storage.statuses import QUEUED, UNSETTLED
from twitter_manager.timestamps import earlier

__all__ = [
    "CleanUp",
    "count_on_their_way",
    "delete",
    "delete_many",
    "list_to_delete",
]

_tweet = mapper(Tweet)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """Which tweets are deleted: those that meet every criterion. None, no `statuses` and 0 days are no criterion;
    `everything`: without any criterion. `among`: only of these accounts, which is no criterion either."""

    statuses: Collection[str] | None = None
    days_old: int | None = None
    account_id: int | None = None
    everything: bool = False
    among: Collection[int] | None = None

    @property
    def narrows(self) -> bool:
        return bool(self.statuses or self.days_old) or self.account_id is not None


# Posting, unconfirmed, due, or after such a part in its thread: what is on its way is never cleaned up. Nor is what X
# may have a second time: that post could not be deleted any more.
_ON_ITS_WAY = f"""(
    status IN {UNSETTLED}
    OR EXISTS (SELECT 1 FROM attempt WHERE attempt.tweet_id = tweet.id AND {SECOND_POST_POSSIBLE})
    OR (due_at IS NOT NULL AND (status = 'pending' OR (status = 'scheduled' AND coalesce(position, 1) > 1)))
    OR (status IN {QUEUED} AND coalesce(position, 1) > 1 AND EXISTS (
        SELECT 1 FROM tweet AS earlier WHERE earlier.thread_id = tweet.thread_id AND earlier.position < tweet.position
            AND (earlier.status IN {UNSETTLED}
                OR (earlier.due_at IS NOT NULL AND (earlier.status IN ('pending', 'held') OR earlier.position > 1)))))
)"""


def delete(tx: Transaction, tweet: Tweet) -> bool:
    """Deletes the tweet with its attempts; False when X may have it at this moment, or got it since it was read."""
    changed = tx.execute(
        f"""
        DELETE FROM tweet WHERE id = :id AND status NOT IN {UNSETTLED}
            AND coalesce(twitter_id, '') = coalesce(:twitter_id, '')
        """,
        id=tweet.id,
        twitter_id=tweet.twitter_id,
    )
    return changed == 1


def list_to_delete(tx: Transaction, which: CleanUp, *, after: int, limit: int) -> Sequence[Tweet]:
    """Up to `limit` tweets with id > `after` that meet every criterion and are not on their way."""
    rows = tx.all(
        f"""
        SELECT * FROM tweet /*+ NO_INDEX */ WHERE {_CLEAN_UP} AND NOT {_ON_ITS_WAY}
            AND id > :after
        ORDER BY id LIMIT :limit
        """,
        **_clean_up_values(tx, which),
        after=after,
        limit=limit,
    )
    return [_tweet(row) for row in rows]


def delete_many(tx: Transaction, tweet_ids: Sequence[int]) -> None:
    """Their attempts are deleted, too."""
    tx.execute("DELETE FROM tweet WHERE id = ANY(:ids)", ids=list(tweet_ids))


def count_on_their_way(tx: Transaction, which: CleanUp) -> int:
    found: int = tx.value(
        f"SELECT count(*) FROM tweet WHERE {_CLEAN_UP} AND {_ON_ITS_WAY}",
        **_clean_up_values(tx, which),
    )
    return found


# Without a criterion the values are such that every tweet meets it.
_CLEAN_UP = """
    status = ANY(:statuses) AND created_at < :before AND twitter_account_id BETWEEN :first AND :last
    AND (:every = 1 OR twitter_account_id = ANY(:among))
"""
_MAX_ID = 9223372036854775807
_END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


def _clean_up_values(tx: Transaction, which: CleanUp) -> dict[str, object]:
    return {
        "statuses": list(which.statuses or TWEET_STATUSES),
        "before": _END_OF_TIME if which.days_old is None else earlier(tx.now, 86_400.0 * which.days_old),
        "first": 0 if which.account_id is None else which.account_id,
        "last": _MAX_ID if which.account_id is None else which.account_id,
        **limit_to(which.among),
    }
