"""Lists of tweets that callers turn the pages of, and the numbers that go with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime

from twitter_manager.models import TweetOfAccount
from twitter_manager.storage.database import Queries, TweetSearch
from twitter_manager.storage.tweet_filter import NEWEST_FIRST, Order, Place, TweetFilter, TweetTime
from twitter_manager.storage.tweets import OF_ACCOUNT, of_account

__all__ = ["NEWEST_FIRST", "Order", "Place", "TweetFilter", "TweetTime", "count", "count_by_status", "list_page"]


def list_page(
    q: Queries, which: TweetFilter, *, limit: int, offset: int = 0, order: Order = NEWEST_FIRST
) -> Sequence[TweetOfAccount]:
    """Up to `limit` of the tweets. A large `offset` is slow; `before`, `after` and `behind` are fast at any depth."""
    which, search, by_id = replace(which, dated=order.time), q.tweet_search, order.time == "created"
    if _is_contradiction(which):
        return []
    rows = q.all(  # the ids first: SQLite then stops at the page's end also where it must sort by several statuses
        f"""
        SELECT {OF_ACCOUNT}
        FROM ({_ids(which, search, order) if by_id else _ids_by_time(which, search, order)}) AS page
        CROSS JOIN tweet ON tweet.id = page.id
        CROSS JOIN twitter_account AS a ON a.id = tweet.twitter_account_id
        """,
        **_values(which, search),
        **({} if by_id else _bounds(which, order)),
        limit=limit,
        offset=offset,
        most=limit + offset,
    )
    found = [of_account(row) for row in rows]
    return sorted(found, key=lambda each: _key(each, order), reverse=order.descending)


def _direction(order: Order) -> str:
    return "DESC" if order.descending else "ASC"


def _key(found: TweetOfAccount, order: Order) -> tuple[datetime, int]:
    at: datetime = _BEGINNING if order.time == "created" else getattr(found.tweet, _COLUMNS[order.time])
    return at, found.tweet.id


def _ids(which: TweetFilter, search: TweetSearch, order: Order) -> str:
    """The page's ids in their own order."""
    id_ = _id(which, search)
    return f"""
        SELECT {id_} AS id FROM {_tables(which, search)} {_where(which, _conditions(which), search)}
        ORDER BY {id_} {_direction(order)} LIMIT :limit OFFSET :offset"""


def _ids_by_time(which: TweetFilter, search: TweetSearch, order: Order) -> str:
    """The page's ids in the order of a time. Each of several statuses has that order: of each the first are enough."""
    direction = _direction(order)
    parts = " UNION ALL ".join(
        f"SELECT id, at FROM ({_first_by_time(part, search, order)}) AS part{number}"
        for number, part in enumerate(_parts(which))
    )
    return f"SELECT id FROM ({parts}) AS found ORDER BY at {direction}, id {direction} LIMIT :limit OFFSET :offset"


def _first_by_time(which: TweetFilter, search: TweetSearch, order: Order) -> str:
    if which.time == order.time:  # then they are among the bounds
        which = replace(which, since=None, until=None)
    at, id_, direction = f"tweet.{_COLUMNS[order.time]}", _id(which, search), _direction(order)
    return f"""
        SELECT {id_} AS id, {at} AS at FROM {_tables(which, search)} {_where(which, _conditions(which), search)}
            AND ({at}, {id_}) > (:from_at, :from_id) AND ({at}, {id_}) < (:to_at, :to_id)
        ORDER BY {at} {direction}, {id_} {direction} LIMIT :most"""


def _bounds(which: TweetFilter, order: Order) -> dict[str, object]:
    """Between which two places the list lies, neither of them in it. Ids begin at 1."""
    since = which.since if which.time == order.time else None
    until = which.until if which.time == order.time else None
    behind = None if which.behind is None else (which.behind.at, which.behind.id)
    first = max((since or _BEGINNING, 0), behind if behind and not order.descending else (_BEGINNING, 0))
    last = min((until or _END_OF_TIME, 0), behind if behind and order.descending else (_END_OF_TIME, 0))
    return {"from_at": first[0], "from_id": first[1], "to_at": last[0], "to_id": last[1]}


def _is_contradiction(which: TweetFilter) -> bool:
    """Whether its criteria exclude each other: only a posted tweet has a time at which it was."""
    return which.dated == "posted" and which.statuses is not None and "posted" not in which.statuses


def _parts(which: TweetFilter) -> Iterator[TweetFilter]:
    """One filter for each status, where the index has them in the order of a time."""
    if which.statuses is None or _index(which) not in _BY_STATUS_AND_TIME or which.words is not None:
        yield which
        return
    for status in which.statuses:
        yield replace(which, statuses=(status,))


def count(q: Queries, which: TweetFilter) -> int:
    """How many tweets there are, wherever the list begins: from the counters, where those know it."""
    which, search = replace(which, before=None, after=None, behind=None), q.tweet_search
    if _is_contradiction(which):
        return 0
    asked = _asked(which)
    if asked.keys() <= {"statuses", "account_id"}:
        sql = f"SELECT coalesce(sum(n), 0) FROM tweet_count {_where(which, _COUNTED, search)}"
    elif asked.keys() == {"words"}:
        sql = search.COUNT
    else:
        sql = f"SELECT count(*) FROM {_tables(which, search)} {_where(which, _conditions(which), search)}"
    return int(q.value(sql, **_values(which, search)))


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


_CONDITIONS: Mapping[str, str] = {
    "statuses": "tweet.status IN ({statuses})",
    "account_id": "tweet.twitter_account_id = :account_id",
    "thread_id": "tweet.thread_id = :thread_id",
    "batch_id": "tweet.batch_id = :batch_id",
    "error_code": "tweet.error_code = :error_code",
    "needs_decision": "tweet.needs_decision = 1",
}
_COUNTED: Mapping[str, str] = {"statuses": "status IN ({statuses})", "account_id": "account_id = :account_id"}

_COLUMNS: Mapping[TweetTime, str] = {"created": "created_at", "scheduled": "scheduled_at", "posted": "posted_at"}
_NO_CRITERIA = (("time", "created"), ("dated", "created"))
_BEGINNING, _END_OF_TIME = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

# by the time, whether it is of one account, whether of some statuses
_INDEXES_BY_TIME: Mapping[tuple[TweetTime, bool, bool], str] = {
    ("scheduled", False, False): "tweet_scheduled",
    ("scheduled", False, True): "tweet_scheduled_by_status",
    ("scheduled", True, False): "tweet_scheduled_of_account",
    ("scheduled", True, True): "tweet_scheduled_by_account",
    ("posted", False, False): "tweet_posted",
    ("posted", False, True): "tweet_posted",
    ("posted", True, False): "tweet_posted_of_account",
    ("posted", True, True): "tweet_posted_of_account",
}
_BY_STATUS_AND_TIME = ("tweet_scheduled_by_status", "tweet_scheduled_by_account")

# Where in the order of the ids the list begins and ends: from times to ids by tweet_period (migration 0006).
_NO_END = "9223372036854775807"
_BEGIN = {
    "after": ":after",
    "since": f"""(
        SELECT coalesce(min(first_id), {_NO_END}) - 1 FROM tweet_period WHERE period >= substr(:since, 1, 15))""",
}
_END = {
    "before": ":before",
    "until": f"""(
        SELECT coalesce(min(first_id), {_NO_END}) FROM tweet_period WHERE first_id > coalesce(
            (SELECT max(first_id) FROM tweet_period WHERE period <= substr(:until, 1, 15)), 0))""",
}


def _asked(which: TweetFilter) -> dict[str, object]:
    """The criteria that there are."""
    values = {field.name: getattr(which, field.name) for field in fields(which)}
    given = {name: value for name, value in values.items() if value is not None and value is not False}
    return {name: value for name, value in given.items() if (name, value) not in _NO_CRITERIA}


def _conditions(which: TweetFilter) -> dict[str, str]:
    at = f"tweet.{_COLUMNS[which.time]}"
    times = {"since": f"{at} >= :since", "until": f"{at} < :until"}
    return {**_CONDITIONS, **times, "dated": f"tweet.{_COLUMNS[which.dated]} IS NOT NULL"}


def _where(which: TweetFilter, known: Mapping[str, str], search: TweetSearch) -> str:
    asked, id_ = _asked(which), _id(which, search)
    conditions = [] if which.words is None else [search.CONDITION]
    conditions += [sql.format(statuses=", ".join(_statuses(which))) for name, sql in known.items() if name in asked]
    if which.time != "created":
        asked = {name: value for name, value in asked.items() if name not in ("since", "until")}
    # one condition at each end: of two, SQLite would take one to begin at and walk to the other
    if beginnings := [sql for name, sql in _BEGIN.items() if name in asked]:
        conditions.append(f"{id_} > greatest(0, {', '.join(beginnings)})")
    if ends := [sql for name, sql in _END.items() if name in asked]:
        conditions.append(f"{id_} < least({_NO_END}, {', '.join(ends)})")
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _id(which: TweetFilter, search: TweetSearch) -> str:
    """What the list goes by."""
    return "tweet.id" if which.words is None else search.ID


def _tables(which: TweetFilter, search: TweetSearch) -> str:
    if which.words is not None:
        return search.TABLES
    index = _index(which)
    return f"tweet INDEXED BY {index}" if index else "tweet"


def _index(which: TweetFilter) -> str | None:
    """The planner knows neither how rare an error is nor how long an account's list: left alone it walks through it."""
    of_account = which.account_id is not None
    if which.thread_id is not None:
        return "tweet_of_thread"
    if which.batch_id is not None:
        return "tweet_of_batch"
    if which.needs_decision:
        return "tweet_to_decide"
    if which.error_code is not None:
        return "tweet_error_of_account" if of_account else "tweet_by_error"
    time = which.time if which.dated == "created" and (which.since or which.until) else which.dated
    if time != "created":
        return _INDEXES_BY_TIME[time, of_account, which.statuses is not None]
    if which.statuses is not None:
        return "tweet_by_account" if of_account else "tweet_by_status"
    return "tweet_of_account" if of_account else None


def _statuses(which: TweetFilter) -> dict[str, str]:
    """The statuses, by the names of their parameters."""
    return {f":status_{status}": status for status in which.statuses or ()}


def _values(which: TweetFilter, search: TweetSearch) -> dict[str, object]:
    """The parameters."""
    values = {name: value for name, value in _asked(which).items() if name not in ("statuses", "behind")}
    values |= {name[1:]: status for name, status in _statuses(which).items()}
    return values if which.words is None else {**values, "words": search.to_expression(which.words)}
