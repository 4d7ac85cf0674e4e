"""Batches: which tweets were submitted in one call, and what was refused of it."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Batch, BatchRefusal, TweetOfAccount
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.storage.tweets import OF_ACCOUNT, of_account

__all__ = ["delete_empty_older_than", "get", "insert", "insert_refusal", "list_refusals", "list_tweets"]

_batch = mapper(Batch)
_refusal = mapper(BatchRefusal)


def insert(tx: Transaction) -> Batch:
    row = tx.insert("INSERT INTO batch (created_at) VALUES (:now) RETURNING *", now=tx.now)
    return _batch(row)


def get(q: Queries, batch_id: int) -> Batch:
    """Raises NotFound."""
    row = q.one("SELECT * FROM batch WHERE id = :id", id=batch_id)
    if row is None:
        raise NotFound("batch_not_found")
    return _batch(row)


def list_tweets(q: Queries, batch_id: int) -> Sequence[TweetOfAccount]:
    rows = q.all(
        f"""
        SELECT {OF_ACCOUNT} FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.batch_id = :batch_id ORDER BY tweet.id
        """,
        batch_id=batch_id,
    )
    return [of_account(row) for row in rows]


def insert_refusal(
    tx: Transaction, batch_id: int, *, position: int, account_id: int | None, after_tweet_id: int, problems: str
) -> None:
    """Stores that a row was refused; deleted with its account, if there is one with the id that was sent."""
    tx.execute(
        """
        INSERT INTO batch_refusal (batch_id, position, account_id, twitter_account_id, after_tweet_id, problems)
        VALUES (:batch_id, :position, :account_id, (SELECT id FROM twitter_account WHERE id = :account_id),
            :after_tweet_id, :problems)
        """,
        batch_id=batch_id,
        position=position,
        account_id=account_id,
        after_tweet_id=after_tweet_id,
        problems=problems,
    )


def list_refusals(q: Queries, batch_id: int) -> Sequence[BatchRefusal]:
    """In the order in which the rows were sent."""
    rows = q.all("SELECT * FROM batch_refusal WHERE batch_id = :batch_id ORDER BY position", batch_id=batch_id)
    return [_refusal(row) for row in rows]


def delete_empty_older_than(tx: Transaction, moment: datetime) -> int:
    """Deletes batches without any tweet, with their refused rows; returns how many."""
    return tx.execute(
        """
        DELETE FROM batch WHERE id IN (SELECT batch_id FROM batch_refusal) AND created_at < :moment
            AND NOT EXISTS (SELECT 1 FROM tweet WHERE tweet.batch_id = batch.id)
        """,
        moment=moment,
    )
