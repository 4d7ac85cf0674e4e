"""How long one waits before the next try, and how long somebody who tries may take: pure, the time is an argument."""

from datetime import datetime

from twitter_manager.timestamps import later

__all__ = ["LEASE_SECONDS", "YOUNG_TOKEN_SECONDS", "probe_at", "rest_after_trouble"]

LEASE_SECONDS = 120.0  # of a lane: three deadlines of a call to X
YOUNG_TOKEN_SECONDS = 60.0  # a 401 on a token younger than that is an outage of X's, not a revocation
_TROUBLE = (2.0, 10.0, 45.0, 120.0, 300.0)
_PROBES = (60.0, 300.0, 900.0)


def rest_after_trouble(streak: int, now: datetime) -> datetime:
    """Until when a lane rests after one more unclear or failed send: 2 s, 10 s, 45 s, … 5 min at most."""
    return later(now, _TROUBLE[min(streak, len(_TROUBLE) - 1)])


def probe_at(probes: int, now: datetime) -> datetime:
    """When one call may try whether X takes the app again."""
    return later(now, _PROBES[min(probes, len(_PROBES) - 1)])
