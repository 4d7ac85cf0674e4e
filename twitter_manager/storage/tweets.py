"""Tweets: what was handed over, in lists and one by one. What changes their status stands in tweet_states.py."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Tweet, TweetOfAccount
from twitter_manager.storage.database import Queries, Row, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.timestamps import later

__all__ = [
    "CleanUp",
    "TweetFilter",
    "adopted_ids",
    "count",
    "count_by_status",
    "count_due_of_world",
    "count_on_their_way",
    "delete",
    "delete_many",
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
    """Which tweets a list shows; None: whichever. `before`: only those with a smaller id."""

    status: str | None = None
    account_id: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """Which tweets are deleted: those that meet every criterion. None: no criterion; no `statuses`: any status."""

    statuses: Collection[str] | None = None
    days_old: int | None = None
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


def list_page(q: Queries, which: TweetFilter, *, limit: int, offset: int = 0) -> Sequence[TweetOfAccount]:
    """So many of the tweets, newest first. A large `offset` is slow; `which.before` is fast at any depth."""
    conditions = _conditions(which)
    rows = q.all(
        f"""
        SELECT tweet.*, a.username, a.mock FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        {conditions} ORDER BY tweet.id DESC LIMIT :limit OFFSET :offset
        """,  # noqa: S608  - conditions are constants of ours
        status=which.status,
        account_id=which.account_id,
        before=which.before,
        limit=limit,
        offset=offset,
    )
    return [_of_account(row) for row in rows]


def count(q: Queries, which: TweetFilter) -> int:
    """How many tweets there are, from the counters, wherever the list begins."""
    row = q.one(
        """
        SELECT coalesce(sum(n), 0) AS n FROM tweet_count
        WHERE (:status IS NULL OR status = :status) AND (:account_id IS NULL OR account_id = :account_id)
        """,
        status=which.status,
        account_id=which.account_id,
    )
    return int(row["n"]) if row else 0


def count_by_status(q: Queries, account_id: int | None = None) -> dict[str, int]:
    """How many tweets (of one account or of all) are in each status, from the counters."""
    rows = q.all(
        """
        SELECT status, sum(n) AS n FROM tweet_count WHERE :account_id IS NULL OR account_id = :account_id
        GROUP BY status HAVING sum(n) > 0
        """,
        account_id=account_id,
    )
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


# posting, unconfirmed, or told to go out: what is on its way is never deleted
_ON_ITS_WAY = "(status IN ('posting', 'unconfirmed') OR (status = 'pending' AND due_at IS NOT NULL))"


def delete(tx: Transaction, tweet_id: int) -> bool:
    """Deletes the tweet with its attempts; False when X may have it at this moment."""
    return tx.execute("DELETE FROM tweet WHERE id = :id AND status NOT IN ('posting', 'unconfirmed')", id=tweet_id) == 1


def delete_many(tx: Transaction, which: CleanUp) -> int:
    """Deletes those that meet every criterion and are not on their way; returns how many."""
    return tx.execute(
        f"DELETE FROM tweet WHERE {_CLEAN_UP} AND NOT {_ON_ITS_WAY}",  # noqa: S608  - constants of ours
        **_clean_up_values(tx, which),
    )


def count_on_their_way(tx: Transaction, which: CleanUp) -> int:
    """How many meet every criterion and are on their way."""
    row = tx.one(
        f"SELECT count(*) AS n FROM tweet WHERE {_CLEAN_UP} AND {_ON_ITS_WAY}",  # noqa: S608  - constants of ours
        **_clean_up_values(tx, which),
    )
    return int(row["n"]) if row else 0


_CLEAN_UP = """
    (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
    AND (:before IS NULL OR created_at < :before)
    AND (:account_id IS NULL OR twitter_account_id = :account_id)
"""


def _clean_up_values(tx: Transaction, which: CleanUp) -> dict[str, object]:
    return {
        "statuses": _json(list(which.statuses)) if which.statuses else None,
        "before": None if which.days_old is None else later(tx.now, -86_400.0 * which.days_old),
        "account_id": which.account_id,
    }


def _conditions(which: TweetFilter) -> str:
    parts = []
    if which.status is not None:
        parts.append("tweet.status = :status")
    if which.account_id is not None:
        parts.append("tweet.twitter_account_id = :account_id")
    if which.before is not None:
        parts.append("tweet.id < :before")
    return "WHERE " + " AND ".join(parts) if parts else ""


def _of_account(row: Row) -> TweetOfAccount:
    return TweetOfAccount(tweet=_tweet(row), username=row["username"], mock=bool(row["mock"]))


def _json(values: Sequence[object]) -> str:
    return json.dumps(list(values))
