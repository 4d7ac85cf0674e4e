"""Paged lists of tweets, and the numbers that go with them.

Every list is read along an index in its own order, so that a page costs the same at any depth. SQLite's planner knows
neither how rare an error is nor how long an account's list is: it is told the index, in hints that its dialect reads
and that are comments to PostgreSQL, which finds the same index by itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from twitter_manager.models import TweetOfAccount
from twitter_manager.storage.database import Queries, TweetSearch
from twitter_manager.storage.tweet_filter import NEWEST_FIRST, Order, Position, TweetFilter, TweetTime
from twitter_manager.storage.tweets import OF_ACCOUNT, of_account
from twitter_manager.timestamps import to_text

__all__ = ["NEWEST_FIRST", "Order", "Position", "TweetFilter", "TweetTime", "count", "count_by_status", "list_page"]


def list_page(
    q: Queries, which: TweetFilter, *, limit: int, offset: int = 0, order: Order = NEWEST_FIRST
) -> Sequence[TweetOfAccount]:
    """Up to `limit` tweets. A large `offset` is slow; `before`, `after` and `after_position` are fast at any depth.

    What another transaction commits meanwhile may come before the place where the list continues: ids are given before
    the commit. Only a list that is read again from its beginning has everything.
    """
    which, search = replace(which, dated=order.time), q.tweet_search
    if _is_contradiction(which):
        return []
    rows = q.all(  # the ids first: only the page's own tweets are read whole
        f"""
        SELECT {OF_ACCOUNT}
        FROM ({_ids(which, search, order, limit=limit, offset=offset)}) AS page
        JOIN /*+ ORDERED */ tweet ON tweet.id = page.id
        JOIN /*+ ORDERED */ twitter_account AS a ON a.id = tweet.twitter_account_id
        """,
        **_values(which, search),
        **_bounds(which, order),
        offset=offset,
        most=limit + offset,
    )
    found = [of_account(row) for row in rows]
    return sorted(found, key=lambda each: _key(each, order), reverse=order.descending)


def count(q: Queries, which: TweetFilter) -> int:
    """How many tweets there are, without regard to where the list continues: from the counters where they suffice."""
    which, search = replace(which, before=None, after=None, after_position=None), q.tweet_search
    if _is_contradiction(which):
        return 0
    if which == TweetFilter(statuses=which.statuses, account_id=which.account_id, among=which.among, time=which.time):
        sql = f"SELECT coalesce(sum(n), 0) FROM tweet_count {_where(_counted(which))}"
    else:
        sql = f"SELECT count(*) FROM {_from(which, search)} {_where(_conditions(which, search))}"
    return int(q.value(sql, **_values(which, search)))


def count_by_status(q: Queries, *, among: Collection[int] | None = None) -> dict[str, int]:
    """Of these accounts or of all, from the counters."""
    which = TweetFilter(among=None if among is None else sorted(among))
    rows = q.all(
        f"""
        SELECT status, sum(n) AS n FROM tweet_count {_where(_counted(which))}
        GROUP BY status HAVING sum(n) > 0
        """,
        **_accounts(which),
    )
    return {row["status"]: int(row["n"]) for row in rows}


# The order.

_COLUMNS: Mapping[TweetTime, str] = {
    "created": "tweet.created_at",
    "scheduled": "tweet.scheduled_at",
    "posted": "tweet.posted_at",
}
_BEGINNING, _END_OF_TIME = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def _ids(which: TweetFilter, search: TweetSearch, order: Order, *, limit: int, offset: int) -> str:
    """The page's ids. Of several parts the first of each are enough, since an index has each in the list's order."""
    parts = [_part(each, search, order) for each in _parts(which)]
    first = f"LIMIT {limit:d}"  # no parameter: a plan of PostgreSQL's for whatever limit takes a tenth of the table
    page = f"LIMIT {limit:d} OFFSET :offset" if offset else first
    if len(parts) == 1:
        return f"{parts[0]} {page}"
    most = "LIMIT :most" if offset else first
    firsts = [f"SELECT id, at FROM ({part} {most}) AS part{number}" for number, part in enumerate(parts)]
    direction = _direction(order)
    return f"""
        SELECT id FROM ({" UNION ALL ".join(firsts)}) AS found
        ORDER BY at {direction}, id {direction} {page}"""


def _parts(which: TweetFilter) -> Sequence[TweetFilter]:
    """One filter for each account and each status, where the index has the tweets of each in the list's order."""
    if _is_of_few(which) and len(which.among or ()) > 1 and which.words is None:
        return [part for each in which.among or () for part in _parts(replace(which, among=[each]))]
    if which.statuses is None or len(which.statuses) < 2 or _index(which) not in _BY_STATUS:
        return [which]
    return [replace(which, statuses=(status,)) for status in dict.fromkeys(which.statuses)]


def _part(which: TweetFilter, search: TweetSearch, order: Order) -> str:
    id_, direction = _id(which, search), _direction(order)
    if order.time == "created":
        return f"""
            SELECT {id_} AS id, {id_} AS at FROM {_from(which, search)} {_where(_conditions(which, search))}
            ORDER BY {id_} {direction}"""
    at = _COLUMNS[order.time]
    if which.time == order.time:  # then they are among the bounds
        which = replace(which, since=None, until=None)
    bounds = [f"({at}, {id_}) > (:from_at, :from_id)", f"({at}, {id_}) < (:to_at, :to_id)"]
    return f"""
        SELECT {id_} AS id, {at} AS at FROM {_from(which, search)} {_where([*_conditions(which, search), *bounds])}
        ORDER BY {at} {direction}, {id_} {direction}"""


def _bounds(which: TweetFilter, order: Order) -> dict[str, object]:
    """The times and ids between which the list is, both exclusive. Ids begin at 1."""
    since = which.since if which.time == order.time else None
    until = which.until if which.time == order.time else None
    bound = None if which.after_position is None else (which.after_position.at, which.after_position.id)
    first = max((since or _BEGINNING, 0), bound if bound and not order.descending else (_BEGINNING, 0))
    last = min((until or _END_OF_TIME, 0), bound if bound and order.descending else (_END_OF_TIME, 0))
    return {"from_at": first[0], "from_id": first[1], "to_at": last[0], "to_id": last[1]}


def _direction(order: Order) -> str:
    return "DESC" if order.descending else "ASC"


def _key(found: TweetOfAccount, order: Order) -> tuple[datetime, int]:
    times = {"created": _BEGINNING, "scheduled": found.tweet.scheduled_at, "posted": found.tweet.posted_at}
    return times[order.time] or _BEGINNING, found.tweet.id


# The criteria.

_NO_END = 9223372036854775807
# From times to ids by tweet_period: SQLite's migration 0006. In PostgreSQL, where transactions side by side take ids in
# any order, it has a row for each period that a tweet among a hundred ids (1200 to 1299) was made in, with one of them.
_BLOCK = 100
_SINCE = f"""(
    SELECT coalesce(min(first_id), {_NO_END}) - {_BLOCK} FROM tweet_period WHERE period >= :since_period)"""
_UNTIL = f"""(
    SELECT coalesce(min(first_id), {_NO_END} - {_BLOCK}) + {_BLOCK} FROM tweet_period WHERE first_id > coalesce(
        (SELECT max(first_id) FROM tweet_period WHERE period <= :until_period), 0))"""


def _conditions(which: TweetFilter, search: TweetSearch) -> list[str]:
    at = _COLUMNS[which.time]
    conditions = {
        f"tweet.status IN ({', '.join(_statuses(which))})": which.statuses is not None,
        "tweet.twitter_account_id = :account_id": which.account_id is not None,
        f"tweet.twitter_account_id {_in_accounts(which)}": which.among is not None,
        "tweet.thread_id = :thread_id": which.thread_id is not None,
        "tweet.batch_id = :batch_id": which.batch_id is not None,
        "tweet.error_code = :error_code": which.error_code is not None,
        "tweet.needs_decision = 1": which.needs_decision,
        f"{at} >= :since": which.since is not None,
        f"{at} < :until": which.until is not None,
        f"{_COLUMNS[which.dated]} IS NOT NULL": which.dated != "created",
    }
    return [sql for sql, wanted in conditions.items() if wanted] + _bounds_of_ids(which, search)


def _bounds_of_ids(which: TweetFilter, search: TweetSearch) -> list[str]:
    """One condition at each end: of two, SQLite would take one to begin at and walk to the other."""
    made = which.time == "created"
    begins = {":after": which.after is not None, _SINCE: made and which.since is not None}
    ends = {":before": which.before is not None, _UNTIL: made and which.until is not None}
    conditions, id_ = [], _id(which, search)
    if any(begins.values()):
        conditions.append(f"{id_} > greatest(0, {', '.join(sql for sql, wanted in begins.items() if wanted)})")
    if any(ends.values()):
        conditions.append(f"{id_} < least({_NO_END}, {', '.join(sql for sql, wanted in ends.items() if wanted)})")
    return conditions


def _counted(which: TweetFilter) -> list[str]:
    """Conditions for the counters."""
    conditions = {
        f"status IN ({', '.join(_statuses(which))})": which.statuses is not None,
        "account_id = :account_id": which.account_id is not None,
        f"account_id {_in_accounts(which)}": which.among is not None,
    }
    return [sql for sql, wanted in conditions.items() if wanted]


def _where(conditions: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _is_contradiction(which: TweetFilter) -> bool:
    """Whether no tweet can meet its criteria: only a posted one has posted_at."""
    if which.among is not None and not which.among:
        return True
    if which.statuses is None:
        return False
    return not which.statuses or (which.dated == "posted" and "posted" not in which.statuses)


# The index that has them in the order of the list.

# by the time, whether it is of one account, whether of some statuses
_INDEXES: Mapping[tuple[TweetTime, bool, bool], str | None] = {
    ("created", False, False): None,
    ("created", False, True): "tweet_by_status",
    ("created", True, False): "tweet_of_account",
    ("created", True, True): "tweet_by_account",
    ("scheduled", False, False): "tweet_scheduled",
    ("scheduled", False, True): "tweet_scheduled_by_status",
    ("scheduled", True, False): "tweet_scheduled_of_account",
    ("scheduled", True, True): "tweet_scheduled_by_account",
    ("posted", False, False): "tweet_posted",
    ("posted", False, True): "tweet_posted",
    ("posted", True, False): "tweet_posted_of_account",
    ("posted", True, True): "tweet_posted_of_account",
}
_BY_STATUS = ("tweet_by_status", "tweet_by_account", "tweet_scheduled_by_status", "tweet_scheduled_by_account")


def _index(which: TweetFilter) -> str | None:
    of_account = which.account_id is not None or _is_of_few(which)
    if which.words is not None:
        return None
    if which.thread_id is not None:
        return "tweet_of_thread"
    if which.batch_id is not None:
        return "tweet_of_batch"
    if which.needs_decision:
        return "tweet_to_decide"
    if which.error_code is not None:
        return "tweet_error_of_account" if of_account else "tweet_by_error"
    time = which.time if which.dated == "created" and (which.since or which.until) else which.dated
    return _INDEXES[time, of_account, which.statuses is not None]


def _from(which: TweetFilter, search: TweetSearch) -> str:
    if which.words is None:
        index = _index(which)
        return f"tweet /*+ INDEX({index}) */" if index else "tweet"
    if which == TweetFilter(words=which.words, before=which.before, after=which.after, time=which.time):
        return search.FOUND
    return f"{search.FOUND} JOIN /*+ ORDERED */ tweet ON tweet.id = {search.ID}"


def _id(which: TweetFilter, search: TweetSearch) -> str:
    """The column that the list is sorted by."""
    return "tweet.id" if which.words is None else search.ID


# The values.


def _statuses(which: TweetFilter) -> dict[str, str]:
    """The statuses, by the names of their parameters."""
    return {f":status_{status}": status for status in which.statuses or ()}


_FEW = 10  # accounts


def _is_of_few(which: TweetFilter) -> bool:
    """Whether it is of so few accounts that each is read by itself; of more, whoever walks the whole list soon has a
    page."""
    return which.among is not None and len(which.among) <= _FEW


def _in_accounts(which: TweetFilter) -> str:
    return f"IN ({', '.join(f':{name}' for name in _accounts(which))})" if _is_of_few(which) else "= ANY(:among)"


def _accounts(which: TweetFilter) -> dict[str, object]:
    """The accounts, by the names of their parameters."""
    if not _is_of_few(which):
        return {"among": list(which.among or ())}
    return {f"among_{each}": each for each in which.among or ()}


def _values(which: TweetFilter, search: TweetSearch) -> dict[str, object]:
    names = ("account_id", "thread_id", "batch_id", "error_code", "since", "until", "before", "after")
    values: dict[str, object] = {name: getattr(which, name) for name in names}
    values |= _accounts(which)
    values |= {name[1:]: status for name, status in _statuses(which).items()}
    values |= {f"{name}_period": _period(at) for name, at in (("since", which.since), ("until", which.until)) if at}
    return values if which.words is None else values | search.parameters(which.words)


def _period(moment: datetime) -> str:
    """The ten minutes in which it lies, as tweet_period has them."""
    return to_text(moment)[:15]
