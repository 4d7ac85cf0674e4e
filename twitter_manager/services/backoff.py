"""How long one waits before the next try, and how long somebody who tries may take: pure, the time is an argument."""

from datetime import datetime

from twitter_manager.timestamps import later

__all__ = ["LEASE_SECONDS", "YOUNG_TOKEN_SECONDS", "is_young", "next_probe", "rest_after_trouble"]

LEASE_SECONDS = 120.0  # of a lane: three deadlines of a call to X
# A 401 on a token younger than that is an outage of X's, not a revocation; and such a token is not renewed.
YOUNG_TOKEN_SECONDS = 60.0
_TROUBLE = (2.0, 10.0, 45.0, 120.0, 300.0)
_PROBES = (60.0, 300.0, 900.0)
_CAP_PROBES = (60.0, 300.0, 900.0, 3600.0)


def is_young(issued_at: datetime | None, now: datetime) -> bool:
    """Whether the token was issued under a minute ago. One from the future is not: then a clock was wrong."""
    return issued_at is not None and 0 <= (now - issued_at).total_seconds() < YOUNG_TOKEN_SECONDS


def rest_after_trouble(streak: int, now: datetime) -> datetime:
    """Until when a lane rests after one more unclear or failed send: 2 s, 10 s, 45 s, … 5 min at most."""
    return later(now, _TROUBLE[min(streak, len(_TROUBLE) - 1)])


def next_probe(code: str, probes: int, now: datetime, *, until: datetime | None = None) -> datetime:
    """When one call may try whether X takes the app again, after so many in vain; `until`: when X said it would.

    A spending limit lasts for days, unless it is raised; so it is tried less often.
    """
    waits = _CAP_PROBES if code == "spend_cap_reached" else _PROBES
    usual = later(now, waits[min(probes, len(waits) - 1)])
    return until if until is not None and now < until < usual else usual
