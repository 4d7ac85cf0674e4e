"""Warnings about posts before they go out: full rate windows, and X's rules."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.error_codes import sentence_of
from twitter_manager.services.posts import Post, PublishRequest
from twitter_manager.services.rate_limits import limiter
from twitter_manager.storage import lanes, tweet_queue
from twitter_manager.storage.database import Queries
from twitter_manager.timestamps import later
from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.cashtags import count_cashtags
from twitter_manager.twitter.tweets import CREATE

__all__ = ["PublishWarning", "forecast", "warnings_of_texts"]

MAX_WAITING = 10_000  # posts before this one that are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishWarning:
    """A code of error_codes.CODES, and for a full window the account and when its last post will really go out."""

    code: str
    account_id: int | None = None
    expected_at: datetime | None = None

    @property
    def sentence(self) -> str:
        return sentence_of(self.code)


def warnings_of_texts(posts: Sequence[Post], *, is_thread: bool = False) -> list[PublishWarning]:
    """For texts that are valid by themselves; `is_thread`: they are the parts of one."""
    found = []
    if is_thread and len({canonical(post.text) for post in posts}) < len(posts):
        found.append(PublishWarning(code="equal_parts"))
    if any(count_cashtags(post.text) > 1 for post in posts):
        found.append(PublishWarning(code="two_cashtags"))
    return found


def forecast(
    q: Queries, requests: Sequence[PublishRequest], now: datetime, *, mock: bool, enqueued: bool = False
) -> list[PublishWarning]:
    """Which accounts' windows will be full when these posts are due, and when the last of them then goes out.
    `mock`: the environment of their accounts; `enqueued`: the posts are stored already."""
    moments: defaultdict[int, list[datetime]] = defaultdict(list)
    for request in requests:
        if not request.draft:
            moments[request.account_id].append(max(request.schedule_at or now, now))
    warnings = []
    for account_id, each in moments.items():
        leaves = _last_of(q, account_id, sorted(each), now, mock=mock, enqueued=enqueued)
        if leaves > max(each):
            warnings.append(PublishWarning(code="limit_forecast", account_id=account_id, expected_at=leaves))
    return warnings


def _last_of(
    q: Queries, account_id: int, moments: Sequence[datetime], now: datetime, *, mock: bool, enqueued: bool
) -> datetime:
    limit, window = limiter.limit_of(q, account_id=account_id, mock=mock, endpoint=CREATE)
    calls = limiter.recent_calls(q, account_id=account_id, mock=mock, endpoint=CREATE, now=now)
    free_at = limiter.free_at(q, account_id=account_id, mock=mock, endpoint=CREATE, now=now)
    begins = max(_rests_until(q, account_id, now), free_at or now)
    waiting = tweet_queue.list_due_times(q, account_id, until=moments[-1], most=MAX_WAITING)
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
