"""What follows from what X answered: pure functions, the time is an argument.

A send ends as one of
Posted        it is there
Unconfirmed   it may be there: reconcile
Held          it is certainly not there and goes out later
TokenStale    it is certainly not there; renew the token, then send it
Failed        X does not want it
AccountLost   X does not want the account
AppRests      X does not want the app
"""

from dataclasses import dataclass
from datetime import datetime

from twitter_manager.services.backoff import YOUNG_TOKEN_SECONDS, is_young, next_probe, rest_after_trouble
from twitter_manager.storage.attempts import MAX_FAILED_CHECKS
from twitter_manager.timestamps import later
from twitter_manager.twitter.errors import (
    AccountPaused,
    AccountSuspended,
    AppRefused,
    ClientRefused,
    DuplicateContent,
    NotPermitted,
    NotSent,
    NotVisible,
    RateLimited,
    Refused,
    Unauthorized,
    XError,
)
from twitter_manager.twitter.tweets import CreatedPost

__all__ = [
    "ACCOUNT_REFUSALS",
    "ATTEMPTS",
    "CALL_SECONDS",
    "CHECKS",
    "PARENT_SECONDS",
    "TOO_LATE_SECONDS",
    "AccountLost",
    "AppRests",
    "Decision",
    "Failed",
    "Held",
    "Posted",
    "Situation",
    "TokenStale",
    "Unconfirmed",
    "account_succeeds",
    "after_failed_check",
    "app_succeeds",
    "decide",
    "first_check",
    "next_check",
]

CALL_SECONDS = 40.0  # after its intent an attempt without an answer is over
CHECKS = (2.0, 10.0, 45.0)  # seconds after the attempt was over; absent in all of them: it is not there
ATTEMPTS = 5  # absent ones before the owner is asked
_UNAUTHORIZED = (30.0, 120.0, 600.0)
_PARENT_WAITS = (5.0, 5.0, 5.0)
_NEXT_PART_WAITS = (5.0, 5.0, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0)  # X took the previous part: it will show it
PARENT_SECONDS = 900.0  # in which answers that the parent is not visible are counted
TOO_LATE_SECONDS = 3600.0
_RATE_LIMIT_UNKNOWN = 60.0  # X's own sample waits a minute when it names no reset
_ACCOUNT_PAUSE = 1800.0  # X counts an account's posts of the day by the half-hour
_NOT_PERMITTED_PAUSE = 900.0
# Refusals of the app that may concern an account after all; empty credits and caps cannot.
ACCOUNT_REFUSALS = ("client_not_enrolled", "app_misconfigured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a decision needs besides X's answer."""

    trouble_streak: int = 0  # sends of this lane in a row without a clear answer
    unauthorized_streak: int = 0  # 401s of this account in a row on fresh tokens
    token_issued_at: datetime | None = None
    token_was_replaced: bool = False  # since the call began: X's answer is about the old one
    token_is_over: bool = False  # by the expires_in that X gave
    can_renew: bool = True  # there is a refresh token
    unclear_before: bool = False  # an earlier attempt for this tweet was unclear and then found absent
    not_visible_before: int = 0  # answers within PARENT_SECONDS that the parent is not visible
    is_next_part: bool = False  # the parent is the previous part of its thread
    probes: int = 0  # that failed since the app rests
    refused_alone: bool = False  # the app does not rest, and X took other posts since it refused this one as the app's
    account_is_refused: bool = False  # the app does not rest, and such a refusal turned out to be this account's
    not_permitted_before: int = 0  # answers of the last day that the account is not permitted


@dataclass(frozen=True, slots=True)
class Posted:
    twitter_id: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    code: str
    check_at: datetime
    rest_until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """`lane_rests`: the reason concerns the whole lane. `outcome`: how the attempt ended."""

    code: str
    until: datetime
    lane_rests: bool = True
    outcome: str = "held"
    trouble: bool = False
    unauthorized: bool = False


@dataclass(frozen=True, slots=True)
class TokenStale:
    code: str = "unauthorized_by_x"


@dataclass(frozen=True, slots=True)
class Failed:
    """`of_post`: X refused the post itself, so it accepts the token and the app."""

    code: str
    of_post: bool = True


@dataclass(frozen=True, slots=True)
class AccountLost:
    status: str
    code: str


@dataclass(frozen=True, slots=True)
class AppRests:
    code: str
    probe_at: datetime


Decision = Posted | Unconfirmed | Held | TokenStale | Failed | AccountLost | AppRests


def decide(outcome: CreatedPost | XError, situation: Situation, now: datetime) -> Decision:
    match outcome:
        case CreatedPost():
            return Posted(outcome.id)
        case NotSent():
            until = rest_after_trouble(situation.trouble_streak, now)
            return Held("x_unreachable", until, outcome="not_sent", trouble=True)
        case AppRefused() if outcome.code in ACCOUNT_REFUSALS and situation.refused_alone:
            return Failed("account_not_permitted", of_post=False)
        case AppRefused() if outcome.code in ACCOUNT_REFUSALS and situation.account_is_refused:
            return _not_permitted(situation, now)
        case AppRefused():
            return AppRests(outcome.code, next_probe(outcome.code, situation.probes, now, until=outcome.until))
        case AccountPaused():
            return Held(outcome.code, later(now, _ACCOUNT_PAUSE))
        case RateLimited():
            return Held("rate_limited", _after_reset(outcome.until, now))
        case Unauthorized() | ClientRefused():
            return _unauthorized(situation, now)
        case Refused():
            return _refused(outcome, situation, now)
        case _:
            rest = rest_after_trouble(situation.trouble_streak, now)
            return Unconfirmed("x_unclear", first_check(now), rest)


def account_succeeds(decision: Decision) -> bool | None:
    """For the alert of the account; None: it says nothing, since what is waited for is a limit, a part, a token, or
    the app's matter."""
    match decision:
        case Posted():
            return True
        case Failed() | Unconfirmed() | AccountLost():
            return False
        case Held() if decision.trouble or decision.unauthorized or decision.code == "account_not_permitted":
            return False
        case _:
            return None


def app_succeeds(decision: Decision) -> bool | None:
    """For the alert of X as a whole: whether it answers, and takes the app; None: it says nothing."""
    match decision:
        case Posted():
            return True
        case Failed():
            return True if decision.of_post else None
        case AppRests() | Unconfirmed():
            return False
        case _:
            return False if isinstance(decision, Held) and decision.trouble else None


def _unauthorized(situation: Situation, now: datetime) -> Decision:
    """One renewal, one more try; a 401 on a fresh token is an outage of X's, not a revocation. A token with a very
    short life waits until it may be renewed."""
    if situation.token_was_replaced:
        return TokenStale()
    issued = situation.token_issued_at
    young = is_young(issued, now)
    if issued is not None and young and situation.token_is_over and situation.can_renew:
        return Held("unauthorized_by_x", later(issued, YOUNG_TOKEN_SECONDS), unauthorized=True)
    if not young and not situation.unauthorized_streak:
        return TokenStale() if situation.can_renew else AccountLost("failed", "account_failed")
    if not young and situation.can_renew:
        return TokenStale()
    until = later(now, _UNAUTHORIZED[min(situation.unauthorized_streak, len(_UNAUTHORIZED) - 1)])
    return Held("unauthorized_by_x", until, unauthorized=True)


def _refused(error: Refused, situation: Situation, now: datetime) -> Decision:
    match error:
        case DuplicateContent() if situation.unclear_before:
            # the attempt that was believed absent may have been taken after all
            return Unconfirmed("duplicate_after_unclear", first_check(now), rest_after_trouble(0, now))
        case DuplicateContent():
            return Failed("duplicate_content")
        case NotVisible():
            return _not_visible(situation, now)
        case AccountSuspended():
            return AccountLost("suspended", "account_suspended")
        case NotPermitted():
            return _not_permitted(situation, now)
        case _:
            return Failed("post_refused")


def _not_permitted(situation: Situation, now: datetime) -> Decision:
    """X does not say whether it means the account or this post: the lane rests once for each post refused so."""
    if situation.not_permitted_before:
        return Failed("account_not_permitted", of_post=False)
    return Held("account_not_permitted", later(now, _NOT_PERMITTED_PAUSE))


def _not_visible(situation: Situation, now: datetime) -> Decision:
    waits = _NEXT_PART_WAITS if situation.is_next_part else _PARENT_WAITS
    if situation.not_visible_before >= len(waits):
        return Failed("parent_not_visible")
    return Held("parent_not_visible", later(now, waits[situation.not_visible_before]), lane_rests=False)


def first_check(over_at: datetime) -> datetime:
    """When the timeline is read first after an attempt was over."""
    return later(over_at, CHECKS[0])


def next_check(absent: int, over_at: datetime, now: datetime) -> datetime:
    """When it is read next, after `absent` readings without the post, the last of them at `now`.

    Late readings (the service was down) keep their distance: three at one moment are one piece of evidence.
    """
    this = min(absent, len(CHECKS) - 1)
    return max(later(over_at, CHECKS[this]), later(now, CHECKS[this] - CHECKS[this - 1] if this else 0))


def after_failed_check(failed: int, now: datetime) -> tuple[datetime, bool]:
    """When a reading that failed is repeated, and whether the owner is told."""
    return rest_after_trouble(failed - 1, now), failed >= MAX_FAILED_CHECKS


def _after_reset(until: datetime | None, now: datetime) -> datetime:
    return later(now, _RATE_LIMIT_UNKNOWN) if until is None else max(until, later(now, 1))
