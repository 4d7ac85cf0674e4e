"""Paged lists of tweets, and the numbers that go with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from twitter_manager.models import TweetOfAccount
from twitter_manager.storage.database import Queries, TweetSearch
from twitter_manager.storage.tweets import OF_ACCOUNT, of_account

__all__ = ["TweetFilter", "count", "count_by_status", "list_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TweetFilter:
    """Which tweets a list shows: those that meet every criterion. None: no such criterion."""

    statuses: Collection[str] | None = None
    account_id: int | None = None
    words: str | None = None  # as a person types them
    thread_id: int | None = None
    batch_id: int | None = None
    error_code: str | None = None
    needs_decision: bool = False  # True: only those that ask their owner
    since: datetime | None = None  # made at this time or later
    until: datetime | None = None  # made before this time
    before: int | None = None  # only smaller ids; does not change the count


def list_page(q: Queries, which: TweetFilter, *, limit: int, offset: int = 0) -> Sequence[TweetOfAccount]:
    """Up to `limit` tweets, newest first. A large `offset` is slow; `which.before` is fast at any depth."""
    search = q.tweet_search
    id_ = _id(which, search)
    rows = q.all(  # the ids first: SQLite then stops at the page's end also where it must sort by several statuses
        f"""
        SELECT {OF_ACCOUNT}
        FROM (
            SELECT {id_} AS id FROM {_tables(which, search)} {_where(which, _CONDITIONS, search)}
            ORDER BY {id_} DESC LIMIT :limit OFFSET :offset
        ) AS page
        CROSS JOIN tweet ON tweet.id = page.id
        CROSS JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        """,
        **_values(which, search),
        limit=limit,
        offset=offset,
    )
    return sorted((of_account(row) for row in rows), key=lambda each: -each.tweet.id)


def count(q: Queries, which: TweetFilter) -> int:
    """How many tweets there are, without regard to `before`: from the counters where they suffice."""
    which, search = replace(which, before=None), q.tweet_search
    asked = _asked(which)
    if asked.keys() <= {"statuses", "account_id"}:
        sql = f"SELECT coalesce(sum(n), 0) FROM tweet_count {_where(which, _COUNTED, search)}"
    elif asked.keys() == {"words"}:
        sql = search.COUNT
    else:
        sql = f"SELECT count(*) FROM {_tables(which, search)} {_where(which, _CONDITIONS, search)}"
    return int(q.value(sql, **_values(which, search)))


def count_by_status(q: Queries, account_id: int | None = None) -> dict[str, int]:
    """Of one account or of all, from the counters."""
    rows = q.all(
        """
        SELECT status, sum(n) AS n FROM tweet_count WHERE :account_id IS NULL OR account_id = :account_id
        GROUP BY status HAVING sum(n) > 0
        """,
        account_id=account_id,
    )
    return {row["status"]: row["n"] for row in rows}


_CONDITIONS: Mapping[str, str] = {
    "statuses": "tweet.status IN ({statuses})",
    "account_id": "tweet.twitter_account_id = :account_id",
    "thread_id": "tweet.thread_id = :thread_id",
    "batch_id": "tweet.batch_id = :batch_id",
    "error_code": "tweet.error_code = :error_code",
    "needs_decision": "tweet.needs_decision = 1",
    "since": "tweet.created_at >= :since",
    "until": "tweet.created_at < :until",
}
_COUNTED: Mapping[str, str] = {"statuses": "status IN ({statuses})", "account_id": "account_id = :account_id"}

# Where in the order of the ids the list begins and ends: from times to ids by tweet_period (migration 0006).
_NO_END = "9223372036854775807"
_FIRST = {"since": "(SELECT min(first_id) FROM tweet_period WHERE period >= substr(:since, 1, 15))"}
_END = {
    "before": ":before",
    "until": f"""(
        SELECT coalesce(min(first_id), {_NO_END}) FROM tweet_period WHERE first_id > coalesce(
            (SELECT max(first_id) FROM tweet_period WHERE period <= substr(:until, 1, 15)), 0))""",
}


def _asked(which: TweetFilter) -> dict[str, object]:
    """The criteria that are set."""
    values = {field.name: getattr(which, field.name) for field in fields(which)}
    return {name: value for name, value in values.items() if value is not None and value is not False}


def _where(which: TweetFilter, known: Mapping[str, str], search: TweetSearch) -> str:
    asked, id_ = _asked(which), _id(which, search)
    conditions = [] if which.words is None else [search.CONDITION]
    conditions += [sql.format(statuses=", ".join(_statuses(which))) for name, sql in known.items() if name in asked]
    conditions += [f"{id_} >= {sql}" for name, sql in _FIRST.items() if name in asked]
    if ends := [sql for name, sql in _END.items() if name in asked]:
        # one condition: of two, SQLite would use one to begin at and scan up to the other
        conditions.append(f"{id_} < least({_NO_END}, {', '.join(ends)})")
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _id(which: TweetFilter, search: TweetSearch) -> str:
    """The column that the list is sorted by."""
    return "tweet.id" if which.words is None else search.ID


def _tables(which: TweetFilter, search: TweetSearch) -> str:
    if which.words is not None:
        return search.TABLES
    index = _index(which)
    return f"tweet INDEXED BY {index}" if index else "tweet"


def _index(which: TweetFilter) -> str | None:
    """The planner knows neither how rare an error is nor how long an account's list is: left alone it scans the
    list."""
    of_account = which.account_id is not None
    if which.thread_id is not None:
        return "tweet_of_thread"
    if which.batch_id is not None:
        return "tweet_of_batch"
    if which.needs_decision:
        return "tweet_to_decide"
    if which.error_code is not None:
        return "tweet_error_of_account" if of_account else "tweet_by_error"
    if which.statuses is not None:
        return "tweet_by_account" if of_account else "tweet_by_status"
    return "tweet_of_account" if of_account else None


def _statuses(which: TweetFilter) -> dict[str, str]:
    """By the names of their parameters."""
    return {f":status{number}": status for number, status in enumerate(which.statuses or ())}


def _values(which: TweetFilter, search: TweetSearch) -> dict[str, object]:
    values = {name: value for name, value in _asked(which).items() if name != "statuses"}
    values |= {name[1:]: status for name, status in _statuses(which).items()}
    return values if which.words is None else {**values, "words": search.to_expression(which.words)}
