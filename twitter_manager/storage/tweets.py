"""Tweets: what was handed over. What changes their status stands in tweet_states.py, the lists that callers turn the
pages of in tweet_lists.py."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Tweet, TweetOfAccount
from twitter_manager.storage.database import Queries, Row, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.timestamps import from_text, later

__all__ = [
    "CleanUp",
    "NewTweet",
    "adopted_ids",
    "count_due_of_world",
    "count_on_their_way",
    "delete",
    "delete_many",
    "find",
    "find_equal",
    "get",
    "get_many",
    "get_of_account",
    "insert",
    "list_due_times",
    "list_to_delete",
    "list_unsettled",
    "next_to_send",
]

STOPPED_SECONDS = 900.0  # a part that waits for so long belongs to a thread that stopped

_tweet = mapper(Tweet)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """Which tweets are deleted: those that meet every criterion. None: no criterion; no `statuses`: any status."""

    statuses: Collection[str] | None = None
    days_old: int | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTweet:
    """A tweet to be stored: the columns of models.Tweet that a caller chooses."""

    account_id: int
    content: str
    fingerprint: str
    status: str = "pending"
    reply_to: str | None = None
    quote_of: str | None = None
    media_ids: str = "[]"
    poll: str | None = None
    reply_settings: str | None = None
    community_id: str | None = None
    made_with_ai: bool = False
    paid_partnership: bool = False
    late_policy: str = "publish"
    scheduled_at: datetime | None = None
    due_at: datetime | None = None
    post_now: bool = False
    thread_id: int | None = None
    position: int | None = None
    batch_id: int | None = None


_COLUMNS = tuple(field.name for field in fields(NewTweet))


def insert(tx: Transaction, new: NewTweet) -> Tweet:
    """Stores it; with a due time its lane is the caller's to make due, in the same transaction."""
    row = tx.one(
        """
        INSERT INTO tweet (twitter_account_id, content, fingerprint, status, reply_to, quote_of, media_ids, poll,
            reply_settings, community_id, made_with_ai, paid_partnership, late_policy, scheduled_at, due_at, post_now,
            thread_id, position, batch_id, created_at, updated_at)
        VALUES (:account_id, :content, :fingerprint, :status, :reply_to, :quote_of, :media_ids, :poll,
            :reply_settings, :community_id, :made_with_ai, :paid_partnership, :late_policy, :scheduled_at, :due_at,
            :post_now, :thread_id, :position, :batch_id, :now, :now)
        RETURNING *
        """,
        **{name: getattr(new, name) for name in _COLUMNS},
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


# What `of_account` reads; the tweet and its account are there as `tweet` and `a`.
OF_ACCOUNT = """
    tweet.*, a.username, a.mock,
    CASE WHEN tweet.due_at IS NOT NULL AND tweet.status IN ('pending', 'scheduled', 'held') THEN EXISTS (
        SELECT 1 FROM tweet AS equal
        WHERE equal.twitter_account_id = tweet.twitter_account_id AND equal.fingerprint = tweet.fingerprint
            AND equal.status IN ('posting', 'unconfirmed')) ELSE 0 END AS waits_for_equal
"""


def get_many(q: Queries, tweet_ids: Sequence[int]) -> Sequence[TweetOfAccount]:
    """Those of the tweets that are there, by id."""
    rows = q.all(
        f"""
        SELECT {OF_ACCOUNT} FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.id IN (SELECT value FROM json_each(:ids)) ORDER BY tweet.id
        """,  # noqa: S608  - a constant of ours
        ids=_json(tweet_ids),
    )
    return [of_account(row) for row in rows]


_SENDABLE = """
    SELECT * FROM tweet AS t
    WHERE t.twitter_account_id = :account_id AND t.due_at <= :now AND t.status IN ('pending', 'scheduled', 'held')
        AND NOT EXISTS (
            SELECT 1 FROM tweet AS u
            WHERE u.twitter_account_id = t.twitter_account_id AND u.fingerprint = t.fingerprint
                AND u.status IN ('posting', 'unconfirmed'))
"""
_PLACE = "CASE t.status WHEN 'held' THEN coalesce(t.scheduled_at, t.created_at) ELSE t.due_at END"
_NEXT = f"""
    SELECT * FROM ({_SENDABLE} AND t.position > 1 ORDER BY t.due_at, t.id LIMIT 1)
    UNION ALL SELECT * FROM ({_SENDABLE} AND t.post_now = 1 ORDER BY t.due_at, t.id LIMIT 1)
    UNION ALL SELECT * FROM ({_SENDABLE} AND {_PLACE} <= :now ORDER BY {_PLACE}, t.id LIMIT 1)
    LIMIT 1
"""  # noqa: S608  - constants of ours


def next_to_send(tx: Transaction, account_id: int) -> Tweet | None:
    """What the lane sends next: the next part of a thread under way, then what somebody asked for now, then by
    (due, id), and what was held in the place it had; an equal of an unsettled one waits."""
    row = tx.one(_NEXT, account_id=account_id, now=tx.now)
    return _tweet(row) if row else None


def find_equal(
    q: Queries, account_id: int, *, fingerprint: str, reply_to: str | None, since: datetime, until: datetime
) -> Tweet | None:
    """A tweet of the account that is the same and is, was or goes out at a time between the two; the oldest one.

    One that is held without a time goes out at any time; a part that waits will have another parent.
    """
    row = q.one(
        """
        SELECT * FROM tweet
        WHERE twitter_account_id = :account_id AND fingerprint = :fingerprint
            AND coalesce(reply_to, '') = coalesce(:reply_to, '')
            AND NOT (coalesce(position, 1) > 1 AND reply_to IS NULL)
            AND status NOT IN ('draft', 'failed', 'canceled')
            AND ((status = 'held' AND due_at IS NULL)
                OR coalesce(posted_at, max(coalesce(due_at, ''), coalesce(scheduled_at, created_at)))
                    BETWEEN :since AND :until)
        ORDER BY id LIMIT 1
        """,
        account_id=account_id,
        fingerprint=fingerprint,
        reply_to=reply_to,
        since=since,
        until=until,
    )
    return _tweet(row) if row else None


def list_due_times(q: Queries, account_id: int, *, until: datetime, most: int) -> Sequence[datetime]:
    """When the account's waiting tweets are due, the earliest first; a part that waits for the one in front of it
    counts at the time of its thread, unless that is so long over that the thread must have stopped."""
    rows = q.all(
        """
        SELECT due_at AS moment FROM tweet
        WHERE twitter_account_id = :account_id AND due_at <= :until AND status IN ('pending', 'scheduled', 'held')
        UNION ALL
        SELECT coalesce(scheduled_at, created_at) AS moment FROM tweet
        WHERE twitter_account_id = :account_id AND position > 1 AND due_at IS NULL
            AND status IN ('pending', 'scheduled') AND coalesce(scheduled_at, created_at) BETWEEN :stopped AND :until
        ORDER BY moment LIMIT :most
        """,
        account_id=account_id,
        until=until,
        stopped=later(until, -STOPPED_SECONDS),
        most=most,
    )
    return [from_text(row["moment"]) for row in rows]


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


# posting, unconfirmed, told to go out, or behind such a one in its thread: what is on its way is never cleaned up
_ON_ITS_WAY = """(
    status IN ('posting', 'unconfirmed')
    OR (due_at IS NOT NULL AND (status = 'pending' OR (status = 'scheduled' AND position > 1)))
    OR (status IN ('pending', 'scheduled') AND position > 1 AND EXISTS (
        SELECT 1 FROM tweet AS front WHERE front.thread_id = tweet.thread_id AND front.position < tweet.position
            AND (front.status IN ('posting', 'unconfirmed')
                OR (front.due_at IS NOT NULL AND (front.status IN ('pending', 'held') OR front.position > 1)))))
)"""


def delete(tx: Transaction, tweet: Tweet) -> bool:
    """Deletes the tweet with its attempts; False when X may have it at this moment, or got it since it was read."""
    changed = tx.execute(
        """
        DELETE FROM tweet WHERE id = :id AND status NOT IN ('posting', 'unconfirmed')
            AND coalesce(twitter_id, '') = coalesce(:twitter_id, '')
        """,
        id=tweet.id,
        twitter_id=tweet.twitter_id,
    )
    return changed == 1


def list_to_delete(tx: Transaction, which: CleanUp, *, after: int, most: int) -> Sequence[Tweet]:
    """At most so many of those that meet every criterion and are not on their way, behind the id `after`."""
    rows = tx.all(
        f"""
        SELECT * FROM tweet WHERE {_CLEAN_UP} AND NOT {_ON_ITS_WAY}
            AND id > :after
        ORDER BY id LIMIT :most
        """,  # noqa: S608  - constants of ours
        **_clean_up_values(tx, which),
        after=after,
        most=most,
    )
    return [_tweet(row) for row in rows]


def delete_many(tx: Transaction, tweet_ids: Sequence[int]) -> None:
    """Deletes them with their attempts."""
    tx.execute("DELETE FROM tweet WHERE id IN (SELECT value FROM json_each(:ids))", ids=_json(tweet_ids))


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


def of_account(row: Row) -> TweetOfAccount:
    """From a row of what OF_ACCOUNT names."""
    return TweetOfAccount(
        tweet=_tweet(row),
        username=row["username"],
        mock=bool(row["mock"]),
        waits_for_equal=bool(row["waits_for_equal"]),
    )


def _json(values: Sequence[object]) -> str:
    return json.dumps(list(values))
