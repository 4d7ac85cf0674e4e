"""What an account has left: of its 450 calls in 15 minutes, and of X's limits per endpoint."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import Invalid
from twitter_manager.models import Account, KnownWindow, XCall
from twitter_manager.storage import accounts, rate_windows, x_calls
from twitter_manager.storage.database import Queries
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter import rate_limits
from twitter_manager.twitter.rate_limits import PER_ACCOUNT, PER_APP, PER_USER, Limit, RateWindow, Room

__all__ = ["EndpointLimit", "RateLimitReport", "report_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointLimit:
    """`shared`: by all accounts. `source`: 'table', or 'x' for its headers."""

    endpoint: str
    shared: bool
    seconds: int
    room: Room
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitReport:
    account_id: int
    at: datetime
    room: Room
    endpoints: Sequence[EndpointLimit]


def report_of(
    q: Queries, account_id: int | None, *, now: datetime, among: Collection[int] | None = None
) -> RateLimitReport:
    """What the account has left at `now`; without an id, the only account there is (among these, if given). Raises
    NotFound, Invalid."""
    account = _only(q, among) if account_id is None else accounts.get(q, account_id)
    calls = x_calls.list_of_account(q, account.id, since=earlier(now, PER_ACCOUNT.seconds))
    known = {window.endpoint: window for window in rate_windows.list_of_account(q, account.id)}
    endpoints = [
        *(_short(endpoint, calls, known.get(endpoint), now) for endpoint in sorted({*PER_USER, *known})),
        *_days(q, account, now),
        *_of_the_app(q, account, now),
    ]
    room = rate_limits.room([call.called_at for call in calls], PER_ACCOUNT, now)
    return RateLimitReport(
        account_id=account.id, at=now, room=room, endpoints=sorted(endpoints, key=lambda each: each.endpoint)
    )


def _only(q: Queries, among: Collection[int] | None) -> Account:
    every = accounts.list_page(q, limit=2, among=among)
    if len(every) != 1:
        sentence = "account_id is required unless there is exactly one account"
        raise Invalid("invalid_field", sentence=sentence, field="account_id")
    return every[0]


def _short(endpoint: str, calls: Sequence[XCall], window: KnownWindow | None, now: datetime) -> EndpointLimit:
    said = RateWindow(window.call_limit, window.remaining, window.reset_at) if window else rate_limits.NOTHING
    limit = rate_limits.per_user(endpoint, said)
    room = rate_limits.room([call.called_at for call in calls if call.endpoint == endpoint], limit, now, said)
    from_x = said.limit is not None or rate_limits.is_current(said, now)
    return _left(endpoint, limit, room, source="x" if from_x else "table")


def _days(q: Queries, account: Account, now: datetime) -> Iterator[EndpointLimit]:
    for endpoint, (_, *days) in PER_USER.items():
        for limit in days:
            calls = x_calls.list_of_endpoint(q, account.id, endpoint, since=earlier(now, limit.seconds))
            yield _left(endpoint, limit, rate_limits.room(calls, limit, now))


def _of_the_app(q: Queries, account: Account, now: datetime) -> Iterator[EndpointLimit]:
    for endpoint, limit in PER_APP.items():
        made, oldest = x_calls.count_of_app(q, endpoint, mock=account.mock, since=earlier(now, limit.seconds))
        left, back = max(0, limit.calls - made), later(oldest, limit.seconds) if oldest else None
        yield _left(endpoint, limit, Room(limit.calls, left, None if left else back, back), shared=True)


def _left(endpoint: str, limit: Limit, room: Room, *, source: str = "table", shared: bool = False) -> EndpointLimit:
    return EndpointLimit(endpoint=endpoint, shared=shared, seconds=limit.seconds, room=room, source=source)
