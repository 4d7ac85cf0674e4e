"""When posts will really go out, where an account's rate windows will be full by then."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from twitter_manager.services.posts import PublishRequest
from twitter_manager.services.rate_limits import limiter
from twitter_manager.storage import lanes, tweet_queue
from twitter_manager.storage.database import Queries
from twitter_manager.timestamps import later
from twitter_manager.twitter.tweets import CREATE

__all__ = ["forecast"]

MAX_WAITING = 10_000  # posts before this one that are counted


def forecast(
    q: Queries, requests: Sequence[PublishRequest], now: datetime, *, mock: bool, enqueued: bool
) -> dict[int, datetime]:
    """Of each account whose window will be full when these posts are due: when the last of them then goes out.

    `mock`: the environment of their accounts; `enqueued`: the posts are stored already."""
    moments: defaultdict[int, list[datetime]] = defaultdict(list)
    for request in requests:
        if not request.draft:
            moments[request.account_id].append(max(request.schedule_at or now, now))
    late = {}
    for account_id, each in moments.items():
        leaves = _last_of(q, account_id, sorted(each), now, mock=mock, enqueued=enqueued)
        if leaves > max(each):
            late[account_id] = leaves
    return late


def _last_of(
    q: Queries, account_id: int, moments: Sequence[datetime], now: datetime, *, mock: bool, enqueued: bool
) -> datetime:
    limit, window = limiter.limit_of(q, account_id=account_id, mock=mock, endpoint=CREATE)
    calls = limiter.recent_calls(q, account_id=account_id, mock=mock, endpoint=CREATE, now=now)
    free_at = limiter.free_at(q, account_id=account_id, mock=mock, endpoint=CREATE, now=now)
    begins = max(_rests_until(q, account_id, now), free_at or now)
    waiting = tweet_queue.list_due_times(q, account_id, until=moments[-1], limit=MAX_WAITING)
    others = waiting[:-1] if enqueued else (*waiting, *moments[:-1])
    due = sorted(max(each, begins) for each in others)
    return expected_at(calls, due, max(moments[-1], begins), limit=limit, window=window)


def _rests_until(q: Queries, account_id: int, now: datetime) -> datetime:
    """When the lane's rest for a used-up window is over; other rests are short, or of unknown length."""
    lane = lanes.get(q, account_id)
    if lane.rest_until is None or lane.rest_code not in ("rate_limited", "renewal_rate_limited", "rate_limit_exceeded"):
        return now
    return max(lane.rest_until, now)


def expected_at(
    calls: Sequence[datetime], due: Sequence[datetime], moment: datetime, *, limit: int, window: float
) -> datetime:
    """When a post that is due at `moment` goes out, after the posts that are `due` no later and the past `calls`.

    At most `limit` go out in any `window` seconds; each goes as soon as it is due and the window has room. All times
    in order. It is `moment` itself where the window never fills.
    """
    going = list(calls)
    for each in (*due, moment):
        leaves = later(going[-limit], window) if len(going) >= limit else each
        going.append(max(each, leaves, going[-1] if going else each))
    return going[-1]
