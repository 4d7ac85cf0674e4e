"""When a token is renewed, and the errors when it was not. Pure, the time is an argument."""

import math
from datetime import datetime

from twitter_manager.errors import Conflict, SlowDown, XRefused
from twitter_manager.services.backoff import is_young

__all__ = ["RenewalFailed", "renewal_refused", "wants_renewal"]

_RENEW_BEFORE = 300.0  # seconds before it expires
_LAST_PART = 0.25  # of its lifetime


def wants_renewal(
    *,
    issued_at: datetime | None,
    expires_at: datetime | None,
    can_renew: bool,
    unclear_since: datetime | None,
    failures: int,
    now: datetime,
) -> bool:
    """Whether the access token is renewed before it is used: five minutes before it expires, or in the last quarter of
    a shorter lifetime."""
    # a new token is used even if it is said to have expired: renewing it would only bring the next such token
    if expires_at is None or not can_renew or is_young(issued_at, now):
        return False
    life = (expires_at - issued_at).total_seconds() if issued_at else math.inf
    left = (expires_at - now).total_seconds()
    soon = left < min(_RENEW_BEFORE, life * _LAST_PART)
    # after an unclear or failed renewal the refresh token may be dead: the access token is used while it lasts
    return left <= 0 or (soon and unclear_since is None and failures == 0)


class RenewalFailed(Exception):
    """No new pair this time: nothing is sent for the account before `until`; `code` says why."""

    def __init__(self, code: str, until: datetime) -> None:
        super().__init__(code)
        self.code = code
        self.until = until


def renewal_refused(failure: RenewalFailed) -> Conflict | SlowDown | XRefused:
    """The error for a caller who asked for the renewal, or for a call with the token."""
    if failure.code == "rate_limited":
        return SlowDown("rate_limit_exceeded", retryable=True, next_attempt_at=failure.until)
    if failure.code == "oauth_not_configured":
        return Conflict("oauth_not_configured")
    if failure.code == "token_unreadable":
        return Conflict("token_unreadable")
    if failure.code in ("token_refused", "refresh_lost"):
        return Conflict("account_needs_reconnect")
    return XRefused(failure.code, retryable=True, next_attempt_at=failure.until)
