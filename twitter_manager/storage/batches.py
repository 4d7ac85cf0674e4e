"""Batches: which tweets were handed over in one call."""

from collections.abc import Sequence

from twitter_manager.errors import NotFound
from twitter_manager.models import Batch, TweetOfAccount
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.storage.tweets import OF_ACCOUNT, of_account

__all__ = ["get", "insert", "list_tweets"]

_batch = mapper(Batch)


def insert(tx: Transaction) -> Batch:
    """A batch without tweets yet."""
    row = tx.insert("INSERT INTO batch (created_at) VALUES (:now) RETURNING *", now=tx.now)
    return _batch(row)


def get(q: Queries, batch_id: int) -> Batch:
    """The batch. Raises NotFound."""
    row = q.one("SELECT * FROM batch WHERE id = :id", id=batch_id)
    if row is None:
        raise NotFound("batch_not_found")
    return _batch(row)


def list_tweets(q: Queries, batch_id: int) -> Sequence[TweetOfAccount]:
    """Those of its tweets that are there, in their order."""
    rows = q.all(
        f"""
        SELECT {OF_ACCOUNT} FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.batch_id = :batch_id ORDER BY tweet.id
        """,
        batch_id=batch_id,
    )
    return [of_account(row) for row in rows]
