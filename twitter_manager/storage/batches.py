"""Batches: which tweets were submitted in one call, and what was refused of it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Batch, BatchRefusal, TweetOfAccount
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import limit_to, mapper
from twitter_manager.storage.tweets import OF_ACCOUNT, of_account

__all__ = ["delete_empty_older_than", "get", "has_rows_of", "insert", "insert_refusal", "list_refusals", "list_tweets"]

_batch = mapper(Batch)
_refusal = mapper(BatchRefusal)


def insert(tx: Transaction, *, api_key_id: int | None) -> Batch:
    row = tx.insert(
        "INSERT INTO batch (api_key_id, created_at) VALUES (:api_key_id, :now) RETURNING *",
        api_key_id=api_key_id,
        now=tx.now,
    )
    return _batch(row)


def get(q: Queries, batch_id: int) -> Batch:
    """Raises NotFound."""
    row = q.one("SELECT * FROM batch WHERE id = :id", id=batch_id)
    if row is None:
        raise NotFound("batch_not_found")
    return _batch(row)


def has_rows_of(q: Queries, batch_id: int, *, account_ids: Collection[int]) -> bool:
    """Whether one of its rows, taken or refused, is of one of these accounts."""
    row = q.one(
        """
        SELECT 1 AS yes FROM tweet WHERE batch_id = :batch_id AND twitter_account_id = ANY(:account_ids)
        UNION ALL
        SELECT 1 AS yes FROM batch_refusal WHERE batch_id = :batch_id AND twitter_account_id = ANY(:account_ids)
        LIMIT 1
        """,
        batch_id=batch_id,
        account_ids=list(account_ids),
    )
    return row is not None


def list_tweets(q: Queries, batch_id: int, *, among: Collection[int] | None = None) -> Sequence[TweetOfAccount]:
    """Of these accounts or of all."""
    rows = q.all(
        f"""
        SELECT {OF_ACCOUNT} FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.batch_id = :batch_id AND (:every = 1 OR tweet.twitter_account_id = ANY(:among))
        ORDER BY tweet.id
        """,
        batch_id=batch_id,
        **limit_to(among),
    )
    return [of_account(row) for row in rows]


def insert_refusal(
    tx: Transaction,
    batch_id: int,
    *,
    position: int,
    account_id: int | None,
    found: bool,
    after_tweet_id: int,
    problems: str,
) -> None:
    """Stores that a row was refused. With `found`, which says that there is an account for the id that was sent, it is
    deleted with that account."""
    tx.execute(
        """
        INSERT INTO batch_refusal (batch_id, position, account_id, twitter_account_id, after_tweet_id, problems)
        VALUES (:batch_id, :position, :account_id,
            (SELECT id FROM twitter_account WHERE id = :account_id AND :found = 1), :after_tweet_id, :problems)
        """,
        batch_id=batch_id,
        position=position,
        account_id=account_id,
        found=found,
        after_tweet_id=after_tweet_id,
        problems=problems,
    )


def list_refusals(q: Queries, batch_id: int, *, among: Collection[int] | None = None) -> Sequence[BatchRefusal]:
    """Of these accounts or of all, in the order in which the rows were sent."""
    rows = q.all(
        """
        SELECT * FROM batch_refusal
        WHERE batch_id = :batch_id AND (:every = 1 OR coalesce(twitter_account_id, 0) = ANY(:among))
        ORDER BY position
        """,
        batch_id=batch_id,
        **limit_to(among),
    )
    return [_refusal(row) for row in rows]


def delete_empty_older_than(tx: Transaction, moment: datetime, *, limit: int) -> int:
    """Deletes up to `limit` batches without any tweet, with their refused rows; returns how many."""
    return tx.execute(
        """
        DELETE FROM batch WHERE id IN (
            SELECT id FROM batch AS old WHERE id IN (SELECT batch_id FROM batch_refusal) AND created_at < :moment
                AND NOT EXISTS (SELECT 1 FROM tweet WHERE tweet.batch_id = old.id)
            LIMIT :limit)
        """,
        moment=moment,
        limit=limit,
    )
