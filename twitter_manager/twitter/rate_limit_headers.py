"""What the headers of an answer say of X's windows and of X's clock (docs.x.com: rate limits), by our clock.

Values from outside: what is not plausible says nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from twitter_manager import untrusted_times
from twitter_manager.timestamps import later
from twitter_manager.twitter.rate_limits import MAX_WINDOW, RateWindow

__all__ = ["clock_ahead", "reset_at", "window"]


def window(headers: Mapping[str, str], present: datetime) -> RateWindow:
    """The endpoint's window by our clock; where one of its 24-hour windows is exhausted, that one."""
    remaining = _number(headers.get("x-rate-limit-remaining"))
    short, days = _reset(headers, "x-rate-limit", present), _exhausted_days(headers, present)
    if days:
        last = max([*days, short]) if short is not None and remaining == 0 else max(days)
        return RateWindow(_number(headers.get("x-rate-limit-limit")), 0, last)
    return RateWindow(_number(headers.get("x-rate-limit-limit")), remaining, short)


def reset_at(headers: Mapping[str, str], present: datetime) -> datetime | None:
    """The latest reset among the exhausted windows (docs.x.com: rate limits), by our clock; None when X named none
    that is plausible."""
    known = [_reset(headers, "x-rate-limit", present), *_exhausted_days(headers, present)]
    theirs = untrusted_times.http_date(headers.get("date")) or present
    after = untrusted_times.delay(headers.get("retry-after"), now=theirs, maximum=untrusted_times.MAX_SECONDS)
    if after and timedelta(seconds=after) <= MAX_WINDOW:
        known.append(later(present, after))
    return max((reset for reset in known if reset is not None), default=None)


def _exhausted_days(headers: Mapping[str, str], present: datetime) -> list[datetime]:
    """The resets of X's exhausted 24-hour windows."""
    names = ("x-app-limit-24hour", "x-user-limit-24hour")
    resets = [_reset(headers, name, present) for name in names if _number(headers.get(f"{name}-remaining")) == 0]
    return [reset for reset in resets if reset is not None]


def _reset(headers: Mapping[str, str], name: str, present: datetime) -> datetime | None:
    """When this window starts again, by our clock; None where X does not say, or nothing plausible."""
    reset = untrusted_times.epoch(headers.get(f"{name}-reset"))
    if reset is None:
        return None
    reset += clock_ahead(headers, present) or timedelta(0)
    return reset if reset - present <= MAX_WINDOW else None


def clock_ahead(headers: Mapping[str, str], present: datetime) -> timedelta | None:
    """By how much our clock is ahead of X's; 0 where the header's whole seconds could hide it, None without one."""
    theirs = untrusted_times.http_date(headers.get("date"))
    difference = present - theirs if theirs else None
    if difference is None or abs(difference) > timedelta(days=366):
        return None
    return difference if abs(difference) > timedelta(seconds=5) else timedelta(0)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
