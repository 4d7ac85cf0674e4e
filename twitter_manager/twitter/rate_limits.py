"""X's limits as data, and what a sliding window admits: pure functions, the time is an argument.

A call is admitted while fewer than `Limit.calls` were made in the `Limit.seconds` up to now; a call exactly that old
no longer counts. X counts in fixed windows that start again at a reset; where its headers describe the present
window, they override our own counting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from twitter_manager.timestamps import earlier, later

__all__ = [
    "MAX_WINDOW",
    "NOTHING",
    "NO_RESET_SECONDS",
    "PER_ACCOUNT",
    "PER_APP",
    "PER_USER",
    "Limit",
    "RateWindow",
    "Room",
    "calls_that_count",
    "free_at",
    "is_current",
    "is_same_window",
    "new_window",
    "per_user",
    "room",
    "updated_window",
]

QUARTER = 15 * 60
DAY = 24 * 3600
MAX_WINDOW = timedelta(hours=25)  # X's longest has 24; a reset beyond is no epoch in seconds
NO_RESET_SECONDS = 60.0  # as X's own sample waits where an exhausted window names no reset
SAME_WINDOW = timedelta(seconds=60)  # X's Date has whole seconds, so one reset comes out differently each time


@dataclass(frozen=True, slots=True)
class Limit:
    """`calls` calls in `seconds` seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class RateWindow:
    """X's x-rate-limit-* headers: calls per window, calls left, start of the next window. None: X did not say.

    Stored as knowledge, `remaining` is what X left us less the calls since.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What a window has left. `free_at`: when a call is admitted, None: now. `reset_at`: when the next one becomes
    free."""

    limit: int
    remaining: int
    free_at: datetime | None
    reset_at: datetime | None


NOTHING = RateWindow()
PER_ACCOUNT = Limit(450, QUARTER)  # ours, over all endpoints


def _quarters(calls: int, *endpoints: str) -> dict[str, tuple[Limit, ...]]:
    return {endpoint: (Limit(calls, QUARTER),) for endpoint in endpoints}


# Per user token (docs.x.com: rate limits). Of several limits X's headers tell of the first.
PER_USER: Mapping[str, tuple[Limit, ...]] = MappingProxyType(
    _quarters(100, "POST /2/tweets")
    | _quarters(50, "DELETE /2/tweets/{id}")
    | _quarters(5000, "GET /2/tweets")
    | _quarters(900, "GET /2/tweets/{id}", "GET /2/users/{id}/tweets")
    | _quarters(300, "GET /2/users/{id}/mentions", "GET /2/tweets/search/recent", "GET /2/tweets/analytics")
    | _quarters(180, "GET /2/users/{id}/timelines/reverse_chronological", "GET /2/users/{id}/bookmarks")
    | _quarters(75, "GET /2/users/{id}/liked_tweets", "GET /2/tweets/{id}/liking_users")
    | _quarters(75, "GET /2/tweets/{id}/retweeted_by", "GET /2/tweets/{id}/quote_tweets")
    | dict.fromkeys(
        ("POST /2/users/{id}/likes", "DELETE /2/users/{id}/likes/{tweet_id}"), (Limit(50, QUARTER), Limit(1000, DAY))
    )
    | _quarters(50, "POST /2/users/{id}/retweets", "DELETE /2/users/{id}/retweets/{source_tweet_id}")
    | _quarters(50, "POST /2/users/{id}/bookmarks", "DELETE /2/users/{id}/bookmarks/{tweet_id}")
    | _quarters(50, "GET /2/users/{id}/bookmarks/folders")
    | _quarters(900, "GET /2/users", "GET /2/users/{id}", "GET /2/users/by", "GET /2/users/by/username/{username}")
    | _quarters(900, "GET /2/users/search")
    | _quarters(75, "GET /2/users/me")
    | {"GET /2/users/personalized_trends": (Limit(10, QUARTER), Limit(100, DAY))}
    | _quarters(500, "POST /2/media/upload", "POST /2/media/metadata")
    | _quarters(1000, "GET /2/media/upload")
    | _quarters(1875, "POST /2/media/upload/initialize", "POST /2/media/upload/{id}/append")
    | _quarters(1875, "POST /2/media/upload/{id}/finalize")
    | _quarters(100, "POST /2/media/subtitles", "DELETE /2/media/subtitles")
)

# For the whole app (docs.x.com: rate limits): the calls of all its accounts, or those with the app's own token.
PER_APP: Mapping[str, Limit] = MappingProxyType(
    {
        "POST /2/tweets": Limit(10_000, DAY),
        "POST /2/media/upload": Limit(50_000, DAY),
        "GET /2/media/upload": Limit(100_000, DAY),
        "POST /2/media/upload/initialize": Limit(180_000, DAY),
        "POST /2/media/upload/{id}/append": Limit(180_000, DAY),
        "POST /2/media/upload/{id}/finalize": Limit(180_000, DAY),
        "POST /2/media/metadata": Limit(50_000, DAY),
        "POST /2/media/subtitles": Limit(10_000, DAY),
        "DELETE /2/media/subtitles": Limit(10_000, DAY),
        "GET /2/trends/by/woeid/{woeid}": Limit(75, QUARTER),
        "GET /2/usage/tweets": Limit(50, QUARTER),
    }
)


def per_user(endpoint: str, known: RateWindow = NOTHING) -> Limit:
    """The limit of an account for `endpoint` that X's headers describe; they override the table.

    An endpoint that is in neither has the limit of the account.
    """
    table = PER_USER.get(endpoint, (PER_ACCOUNT,))[0]
    return replace(table, calls=known.limit) if known.limit else table


def is_current(known: RateWindow, now: datetime) -> bool:
    """Whether X described the window that runs now."""
    return known.remaining is not None and known.reset_at is not None and now < known.reset_at


def calls_that_count(
    calls: Sequence[datetime], limit: Limit, now: datetime, known: RateWindow = NOTHING
) -> list[datetime]:
    """Those of `calls` that are in the window at `now`, in their order; none from before X's last reset."""
    return [call for call in calls if _counts(call, limit, now, known)]


def free_at(nth_newest: datetime | None, limit: Limit, now: datetime, known: RateWindow = NOTHING) -> datetime | None:
    """The earliest moment at which a call is admitted if none is made before; None: now.

    `nth_newest`: the call with `limit.calls` - 1 newer ones, if there is one.
    """
    if is_current(known, now):
        return None if known.remaining else known.reset_at
    if nth_newest is None or not _counts(nth_newest, limit, now, known):
        return None
    return later(nth_newest, limit.seconds)


def room(calls: Sequence[datetime], limit: Limit, now: datetime, known: RateWindow = NOTHING) -> Room:
    """What is left at `now` after `calls`, oldest first."""
    nth = calls[-limit.calls] if len(calls) >= limit.calls else None
    free = free_at(nth, limit, now, known)
    if is_current(known, now):
        return Room(limit.calls, known.remaining or 0, free, known.reset_at)
    counted = calls_that_count(calls, limit, now, known)
    back = later(counted[max(0, len(counted) - limit.calls)], limit.seconds) if counted else None
    return Room(limit.calls, max(0, limit.calls - len(counted)), free, back)


def updated_window(known: RateWindow, said: RateWindow, now: datetime) -> RateWindow | None:
    """What is known after an answer with these headers; None: nothing new.

    Answers may come in another order than X gave them, and while other calls are under way. Within one window what
    is left only shrinks, so X's number counts where it is lower than ours; for a new window see `new_window`.
    """
    limit, reset = said.limit or known.limit, said.reset_at
    if reset is None and said.remaining == 0:
        reset = later(now, NO_RESET_SECONDS)
    if said.remaining is None or reset is None or not now < reset <= now + MAX_WINDOW:
        return _with_limit(known, limit)
    news = RateWindow(limit, said.remaining, reset)
    if is_same_window(known, news):
        return news if said.remaining < (known.remaining or 0) else _with_limit(known, limit)
    if is_current(known, now) and known.reset_at and reset < known.reset_at and said.remaining:
        return None  # it came late: another window runs since
    return news


def is_same_window(one: RateWindow, other: RateWindow) -> bool:
    """Whether both describe the same window of X's."""
    if one.reset_at is None or other.reset_at is None:
        return one.reset_at is other.reset_at
    return abs(one.reset_at - other.reset_at) < SAME_WINDOW


def new_window(news: RateWindow, limit: Limit, made: int) -> RateWindow:
    """A window that X describes for the first time, in which we made `made` calls: some may still be under way."""
    if news.remaining is None:
        return news
    return replace(news, remaining=min(news.remaining, max(0, limit.calls - made)))


def _with_limit(known: RateWindow, limit: int | None) -> RateWindow | None:
    return replace(known, limit=limit) if limit != known.limit else None


def _counts(call: datetime, limit: Limit, now: datetime, known: RateWindow) -> bool:
    began_anew = known.reset_at
    if began_anew is not None and call < began_anew <= now:
        return False
    return call > earlier(now, limit.seconds)
