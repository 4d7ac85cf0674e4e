"""The limits on calls to X: 450 in 15 minutes per account, and X's own per endpoint, from its table and its headers.

A call is counted before it is made, in a transaction; what X's answer says of the window is recorded afterwards. The
rules are pure: twitter/rate_limits.py.
"""

from datetime import datetime

from twitter_manager.errors import SlowDown
from twitter_manager.storage import rate_windows, x_calls
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter import rate_limits
from twitter_manager.twitter.errors import RateLimited, WindowExhausted
from twitter_manager.twitter.rate_limits import PER_ACCOUNT, PER_APP, PER_USER, Limit, RateWindow

__all__ = ["acquire", "free_at", "limit_of", "recent_calls", "record_headers", "release", "slow_down"]


def acquire(tx: Transaction, *, account_id: int | None, mock: bool, endpoint: str) -> datetime | None:
    """Counts a call to `endpoint` ("POST /2/tweets"): None; or counts none and returns when it could be made.

    `account_id` is None for the app's own token. The call counts from `tx.now` on, once `tx` is committed.
    """
    of_app = PER_APP.get(endpoint)
    # Others count at this moment, too, for their accounts: near the limit of the app one after the other.
    spare = 0 if of_app is None else of_app.calls // 10
    free = _free_at(tx, account_id=account_id, mock=mock, endpoint=endpoint, now=tx.now, spare=spare)
    if free is not None and spare:
        x_calls.take_turn_of_app(tx)
        free = free_at(tx, account_id=account_id, mock=mock, endpoint=endpoint, now=tx.now)
    if free is None:
        x_calls.insert(tx, account_id=account_id, mock=mock, endpoint=endpoint)
    return free


def free_at(q: Queries, *, account_id: int | None, mock: bool, endpoint: str, now: datetime) -> datetime | None:
    """When a call could be made if none is made before; None: now. Counts none."""
    return _free_at(q, account_id=account_id, mock=mock, endpoint=endpoint, now=now)


def _free_at(
    q: Queries, *, account_id: int | None, mock: bool, endpoint: str, now: datetime, spare: int = 0
) -> datetime | None:
    """`spare`: so many calls of the app are not to be used."""
    short, day = _of_user(endpoint)
    of_app = PER_APP.get(endpoint)
    found = x_calls.usage(
        q,
        account_id=account_id,
        mock=mock,
        endpoint=endpoint,
        of_account=PER_ACCOUNT.calls,
        of_endpoint=short.calls,
        of_day=day.calls if day else None,
        of_app=of_app.calls - spare if of_app else None,
    )
    said, unsaid = RateWindow(found.call_limit, found.remaining, found.reset_at), rate_limits.NOTHING
    windows = (
        (found.of_account, PER_ACCOUNT, unsaid),
        (found.of_endpoint, short, said),
        (found.of_day, day, unsaid),
        (found.of_app, of_app, said if account_id is None else unsaid),
    )
    moments = [rate_limits.free_at(nth, limit, now, known) for nth, limit, known in windows if limit is not None]
    return max((moment for moment in moments if moment is not None), default=None)


def record_headers(tx: Transaction, *, account_id: int | None, mock: bool, endpoint: str, window: RateWindow) -> None:
    """Writes only what was not known."""
    known = _known(tx, account_id=account_id, mock=mock, endpoint=endpoint)
    news = rate_limits.updated_window(known, window, tx.now)
    if news is None:
        return
    if account_id is not None and not rate_limits.is_same_window(known, news):
        made = recent_calls(tx, account_id=account_id, mock=mock, endpoint=endpoint, now=tx.now)
        news = rate_limits.new_window(news, rate_limits.per_user(endpoint, news), len(made))
    rate_windows.put(
        tx,
        account_id=account_id,
        mock=mock,
        endpoint=endpoint,
        call_limit=news.limit,
        remaining=news.remaining,
        reset_at=news.reset_at,
    )


def release(tx: Transaction, *, account_id: int | None, mock: bool, endpoint: str) -> None:
    """The call that was counted last was certainly never sent: it does not count."""
    if x_calls.delete_newest(tx, account_id=account_id, mock=mock, endpoint=endpoint):
        rate_windows.return_call(tx, account_id=account_id, mock=mock, endpoint=endpoint)


def recent_calls(q: Queries, *, account_id: int, mock: bool, endpoint: str, now: datetime) -> list[datetime]:
    """The account's calls that count in the endpoint's window at `now`, oldest first."""
    known = _known(q, account_id=account_id, mock=mock, endpoint=endpoint)
    limit = rate_limits.per_user(endpoint, known)
    calls = x_calls.list_of_endpoint(q, account_id, endpoint, since=earlier(now, limit.seconds))
    return rate_limits.calls_that_count(calls, limit, now, known)


def limit_of(q: Queries, *, account_id: int, mock: bool, endpoint: str) -> tuple[int, int]:
    """(calls, seconds) that X allows the account, as far as is known."""
    limit = rate_limits.per_user(endpoint, _known(q, account_id=account_id, mock=mock, endpoint=endpoint))
    return limit.calls, limit.seconds


def slow_down(error: RateLimited, now: datetime) -> SlowDown:
    """The error for a caller whose call exceeds X's window or ours; with X's own words if X refused it."""
    until = later(now, rate_limits.NO_RESET_SECONDS) if error.until is None else max(error.until, later(now, 1))
    words = None if isinstance(error, WindowExhausted) else error.problem.to_json()
    return SlowDown("rate_limit_exceeded", retryable=True, next_attempt_at=until, twitter=words)


def _of_user(endpoint: str) -> tuple[Limit, Limit | None]:
    """X's limits for an account: the short window, and the day's where it has one."""
    short, *rest = PER_USER.get(endpoint, (PER_ACCOUNT,))
    return short, rest[0] if rest else None


def _known(q: Queries, *, account_id: int | None, mock: bool, endpoint: str) -> RateWindow:
    row = rate_windows.find(q, account_id=account_id, mock=mock, endpoint=endpoint)
    return RateWindow(row.call_limit, row.remaining, row.reset_at) if row else rate_limits.NOTHING
