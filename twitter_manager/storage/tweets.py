"""Tweets: what was handed over, in lists and one by one. What changes their status stands in tweet_states.py."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Tweet, TweetOfAccount
from twitter_manager.storage.database import Queries, Row, Transaction
from twitter_manager.storage.rows import mapper

__all__ = [
    "TweetFilter",
    "adopted_ids",
    "count",
    "count_by_status",
    "count_due_of_world",
    "find",
    "get",
    "get_many",
    "get_of_account",
    "insert",
    "list_page",
    "list_unsettled",
    "next_to_send",
]

_tweet = mapper(Tweet)


@dataclass(frozen=True, slots=True, kw_only=True)
class TweetFilter:
    """Which tweets a list shows; None: whichever."""

    status: str | None = None
    account_id: int | None = None


def insert(tx: Transaction, *, account_id: int, content: str, fingerprint: str, reply_to: str | None = None) -> Tweet:
    """A pending tweet that waits to be told."""
    row = tx.one(
        """
        INSERT INTO tweet (twitter_account_id, content, fingerprint, status, reply_to, created_at, updated_at)
        VALUES (:account_id, :content, :fingerprint, 'pending', :reply_to, :now, :now)
        RETURNING *
        """,
        account_id=account_id,
        content=content,
        fingerprint=fingerprint,
        reply_to=reply_to,
        now=tx.now,
    )
    assert row is not None  # noqa: S101  - RETURNING always gives the row
    return _tweet(row)


def find(q: Queries, tweet_id: int) -> Tweet | None:
    """The tweet, or None."""
    row = q.one("SELECT * FROM tweet WHERE id = :id", id=tweet_id)
    return _tweet(row) if row else None


def get(q: Queries, tweet_id: int) -> Tweet:
    """The tweet. Raises NotFound."""
    tweet = find(q, tweet_id)
    if tweet is None:
        raise NotFound("tweet_not_found")
    return tweet


def get_of_account(q: Queries, tweet_id: int) -> TweetOfAccount:
    """The tweet with its account's name. Raises NotFound."""
    found = get_many(q, [tweet_id])
    if not found:
        raise NotFound("tweet_not_found")
    return found[0]


def get_many(q: Queries, tweet_ids: Sequence[int]) -> Sequence[TweetOfAccount]:
    """Those of the tweets that are there, by id."""
    rows = q.all(
        """
        SELECT tweet.*, a.username, a.mock FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.id IN (SELECT value FROM json_each(:ids)) ORDER BY tweet.id
        """,
        ids=_json(tweet_ids),
    )
    return [_of_account(row) for row in rows]


def list_page(q: Queries, which: TweetFilter, *, page: int, limit: int) -> Sequence[TweetOfAccount]:
    """One page (from 1) of the tweets, newest first."""
    conditions = _conditions(which)
    rows = q.all(
        f"""
        SELECT tweet.*, a.username, a.mock FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        {conditions} ORDER BY tweet.id DESC LIMIT :limit OFFSET :offset
        """,  # noqa: S608  - conditions are constants of ours
        status=which.status,
        account_id=which.account_id,
        limit=limit,
        offset=(page - 1) * limit,
    )
    return [_of_account(row) for row in rows]


def count(q: Queries, which: TweetFilter) -> int:
    """How many tweets there are, from the counters."""
    row = q.one(
        """
        SELECT coalesce(sum(n), 0) AS n FROM tweet_count
        WHERE (:status IS NULL OR status = :status) AND (:account_id IS NULL OR account_id = :account_id)
        """,
        status=which.status,
        account_id=which.account_id,
    )
    return int(row["n"]) if row else 0


def count_by_status(q: Queries) -> dict[str, int]:
    """How many tweets are in each status, from the counters."""
    rows = q.all("SELECT status, sum(n) AS n FROM tweet_count GROUP BY status HAVING sum(n) > 0")
    return {row["status"]: row["n"] for row in rows}


def next_to_send(tx: Transaction, account_id: int) -> Tweet | None:
    """What the lane sends next: what somebody asked for now, then (due, id); an equal of an unsettled one waits."""
    for only_now in ("AND t.post_now = 1", ""):
        row = tx.one(
            f"""
            SELECT * FROM tweet AS t
            WHERE t.twitter_account_id = :account_id AND t.due_at <= :now {only_now}
                AND t.status IN ('pending', 'scheduled', 'held')
                AND NOT EXISTS (
                    SELECT 1 FROM tweet AS u
                    WHERE u.twitter_account_id = t.twitter_account_id AND u.fingerprint = t.fingerprint
                        AND u.status IN ('posting', 'unconfirmed'))
            ORDER BY t.due_at, t.id LIMIT 1
            """,  # noqa: S608  - only_now is a constant of ours
            account_id=account_id,
            now=tx.now,
        )
        if row:
            return _tweet(row)
    return None


def list_unsettled(tx: Transaction, account_id: int) -> Sequence[Tweet]:
    """The account's tweets of which it is not known whether they are at X."""
    rows = tx.all(  # sorted here: asked to sort by id, SQLite would walk through every tweet of the account instead
        "SELECT * FROM tweet WHERE twitter_account_id = :account_id AND status IN ('posting', 'unconfirmed')",
        account_id=account_id,
    )
    return sorted((_tweet(row) for row in rows), key=lambda tweet: tweet.id)


def adopted_ids(tx: Transaction, account_id: int, twitter_ids: Sequence[str]) -> set[str]:
    """Which of these posts already belong to a tweet of the account, as its post or as its twin."""
    rows = tx.all(
        """
        SELECT twitter_id FROM tweet
        WHERE twitter_account_id = :account_id AND twitter_id IN (SELECT value FROM json_each(:ids))
        UNION
        SELECT twin_twitter_id FROM tweet
        WHERE twitter_account_id = :account_id AND twin_twitter_id IN (SELECT value FROM json_each(:ids))
        """,
        account_id=account_id,
        ids=_json(twitter_ids),
    )
    return {row["twitter_id"] for row in rows}


def count_due_of_world(q: Queries, *, mock: bool, now: datetime) -> int:
    """How many due tweets of the world wait."""
    row = q.one(
        """
        SELECT count(*) AS n FROM tweet
        WHERE due_at <= :now AND twitter_account_id IN (SELECT id FROM twitter_account WHERE mock = :mock)
        """,
        mock=mock,
        now=now,
    )
    return int(row["n"]) if row else 0


def _conditions(which: TweetFilter) -> str:
    parts = []
    if which.status is not None:
        parts.append("tweet.status = :status")
    if which.account_id is not None:
        parts.append("tweet.twitter_account_id = :account_id")
    return "WHERE " + " AND ".join(parts) if parts else ""


def _of_account(row: Row) -> TweetOfAccount:
    return TweetOfAccount(tweet=_tweet(row), username=row["username"], mock=bool(row["mock"]))


def _json(values: Sequence[object]) -> str:
    return json.dumps(list(values))
