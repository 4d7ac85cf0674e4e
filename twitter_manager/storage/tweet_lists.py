"""Lists of tweets that callers turn the pages of, and the numbers that go with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from twitter_manager.models import TweetOfAccount
from twitter_manager.storage.database import Queries
from twitter_manager.storage.tweets import of_account

__all__ = ["TweetFilter", "count", "count_by_status", "list_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TweetFilter:
    """Which tweets a list shows; None: whichever. `before`: only those with a smaller id."""

    status: str | None = None
    account_id: int | None = None
    before: int | None = None


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
    return [of_account(row) for row in rows]


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


def _conditions(which: TweetFilter) -> str:
    parts = []
    if which.status is not None:
        parts.append("tweet.status = :status")
    if which.account_id is not None:
        parts.append("tweet.twitter_account_id = :account_id")
    if which.before is not None:
        parts.append("tweet.id < :before")
    return "WHERE " + " AND ".join(parts) if parts else ""
