"""Tweets as they were submitted. What changes their status is in tweet_states.py, the paged lists in tweet_lists.py."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Tweet, TweetOfAccount
from twitter_manager.storage.accounts import CAN_POST
from twitter_manager.storage.database import Queries, Row, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.storage.search_words import search_words
from twitter_manager.storage.statuses import NO_DUPLICATE, SENDABLE, UNSETTLED

__all__ = [
    "NewTweet",
    "account_of",
    "adopted_ids",
    "find",
    "find_equal",
    "get",
    "get_many",
    "get_of_account",
    "insert",
    "insert_if_can_post",
    "is_any_equal",
]


_tweet = mapper(Tweet)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTweet:
    """The columns of models.Tweet that a caller chooses."""

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


_INSERT = """
    INSERT INTO tweet (twitter_account_id, content, fingerprint, status, reply_to, quote_of, media_ids, poll,
        reply_settings, community_id, made_with_ai, paid_partnership, late_policy, scheduled_at, due_at, post_now,
        thread_id, position, batch_id, search_words, created_at, updated_at)
"""
_VALUES = """
    :account_id, :content, :fingerprint, :status, :reply_to, :quote_of, :media_ids, :poll,
    :reply_settings, :community_id, :made_with_ai, :paid_partnership, :late_policy, :scheduled_at, :due_at, :post_now,
    :thread_id, :position, :batch_id, :search_words, :now, :now
"""


def insert(tx: Transaction, new: NewTweet) -> Tweet:
    """With a due time the caller must make its lane due in the same transaction."""
    return _tweet(tx.insert(f"{_INSERT} VALUES ({_VALUES}) RETURNING *", **_values(tx, new)))


def insert_if_can_post(tx: Transaction, new: NewTweet) -> int | None:
    """As `insert`, and returns its id; None where an obstacle stands against its account: see
    accounts.get_obstacles."""
    found: int | None = tx.value(
        f"{_INSERT} SELECT {_VALUES} FROM twitter_account WHERE id = :account_id AND {CAN_POST} RETURNING id",
        **_values(tx, new),
    )
    return found


def _values(tx: Transaction, new: NewTweet) -> dict[str, object]:
    values = {name: getattr(new, name) for name in _COLUMNS}
    return values | {"search_words": search_words(new.content), "now": tx.now}


def find(q: Queries, tweet_id: int) -> Tweet | None:
    row = q.one("SELECT * FROM tweet WHERE id = :id", id=tweet_id)
    return _tweet(row) if row else None


def get(q: Queries, tweet_id: int) -> Tweet:
    """Raises NotFound."""
    tweet = find(q, tweet_id)
    if tweet is None:
        raise NotFound("tweet_not_found")
    return tweet


def account_of(q: Queries, tweet_id: int) -> int:
    """The id of its account, which is the same for ever. Raises NotFound."""
    found: int | None = q.value("SELECT twitter_account_id FROM tweet WHERE id = :id", id=tweet_id)
    if found is None:
        raise NotFound("tweet_not_found")
    return found


def get_of_account(q: Queries, tweet_id: int) -> TweetOfAccount:
    """The tweet with its account's name. Raises NotFound."""
    found = get_many(q, [tweet_id])
    if not found:
        raise NotFound("tweet_not_found")
    return found[0]


# What `of_account` reads; the tweet and its account are there as `tweet` and `a`.
OF_ACCOUNT = f"""
    tweet.*, a.username, a.mock,
    CASE WHEN tweet.due_at IS NOT NULL AND tweet.status IN {SENDABLE} THEN EXISTS (
        SELECT 1 FROM tweet AS equal
        WHERE equal.twitter_account_id = tweet.twitter_account_id AND equal.fingerprint = tweet.fingerprint
            AND equal.status IN {UNSETTLED}) ELSE FALSE END AS waits_for_equal
"""


def get_many(q: Queries, tweet_ids: Sequence[int]) -> Sequence[TweetOfAccount]:
    """Those of the tweets that exist, by id."""
    rows = q.all(
        f"""
        SELECT {OF_ACCOUNT} FROM tweet JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        WHERE tweet.id = ANY(:ids) ORDER BY tweet.id
        """,
        ids=list(tweet_ids),
    )
    return [of_account(row) for row in rows]


# Of a tweet that is, was or goes out between the two times; one that is held without a time goes out at any time.
_OUT_BETWEEN = f"""
    status NOT IN {NO_DUPLICATE}
    AND ((status = 'held' AND due_at IS NULL)
        OR coalesce(posted_at, greatest(
            coalesce(due_at, scheduled_at, created_at), coalesce(scheduled_at, created_at)))
            BETWEEN :since AND :until)
"""


def find_equal(
    q: Queries,
    account_id: int,
    *,
    fingerprint: str,
    reply_to: str | None,
    since: datetime,
    until: datetime,
    but: int = 0,
) -> Tweet | None:
    """The oldest tweet of the account, except the one with the id `but`, that is the same and is, was or goes out
    between the two times. A part that waits will have another parent."""
    row = q.one(
        f"""
        SELECT * FROM tweet
        WHERE twitter_account_id = :account_id AND fingerprint = :fingerprint
            AND coalesce(reply_to, '') = coalesce(:reply_to, '')
            AND NOT (coalesce(position, 1) > 1 AND reply_to IS NULL)
            AND id <> :but AND {_OUT_BETWEEN}
        ORDER BY id LIMIT 1
        """,
        account_id=account_id,
        fingerprint=fingerprint,
        reply_to=reply_to,
        since=since,
        until=until,
        but=but,
    )
    return _tweet(row) if row else None


def is_any_equal(q: Queries, account_id: int, *, fingerprints: Sequence[str], since: datetime, until: datetime) -> bool:
    """Whether a tweet of the account, whatever its parent, is one of these and is, was or goes out between the two
    times."""
    found = q.value(
        f"""
        SELECT 1 FROM tweet
        WHERE twitter_account_id = :account_id AND fingerprint = ANY(:fingerprints) AND {_OUT_BETWEEN} LIMIT 1
        """,
        account_id=account_id,
        fingerprints=list(fingerprints),
        since=since,
        until=until,
    )
    return found is not None


def adopted_ids(tx: Transaction, account_id: int, twitter_ids: Sequence[str]) -> set[str]:
    """Which of these posts already belong to a tweet of the account, as its post or as its twin."""
    rows = tx.all(
        """
        SELECT twitter_id FROM tweet
        WHERE twitter_account_id = :account_id AND twitter_id = ANY(:ids)
        UNION
        SELECT twin_twitter_id FROM tweet
        WHERE twitter_account_id = :account_id AND twin_twitter_id = ANY(:ids)
        """,
        account_id=account_id,
        ids=list(twitter_ids),
    )
    return {row["twitter_id"] for row in rows}


def of_account(row: Row) -> TweetOfAccount:
    return TweetOfAccount(
        tweet=_tweet(row),
        username=row["username"],
        mock=bool(row["mock"]),
        waits_for_equal=bool(row["waits_for_equal"]),
    )
