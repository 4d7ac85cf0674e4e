"""How long to wait before the next try, and how long a try may take: pure, the time is an argument."""

from datetime import datetime

from twitter_manager.timestamps import later

__all__ = ["LEASE_SECONDS", "YOUNG_TOKEN_SECONDS", "is_young", "next_probe", "rest_after_trouble"]

LEASE_SECONDS = 120.0  # of a lane: three deadlines of a call to X
# A 401 on a token younger than this is an outage of X's, not a revocation; and such a token is not renewed.
YOUNG_TOKEN_SECONDS = 60.0
_TROUBLE = (2.0, 10.0, 45.0, 120.0, 300.0)
_PROBES = (60.0, 300.0, 900.0)
_CAP_PROBES = (60.0, 300.0, 900.0, 3600.0)


def is_young(issued_at: datetime | None, now: datetime) -> bool:
    """Issued under a minute ago. False for a time in the future: then a clock was wrong."""
    return issued_at is not None and 0 <= (now - issued_at).total_seconds() < YOUNG_TOKEN_SECONDS


def rest_after_trouble(streak: int, now: datetime) -> datetime:
    """Until when a lane rests after one more unclear or failed send: 2 s, 10 s, 45 s, … up to 5 min."""
    return later(now, _TROUBLE[min(streak, len(_TROUBLE) - 1)])


def next_probe(code: str, probes: int, now: datetime, *, until: datetime | None = None) -> datetime:
    """When one call may probe whether X accepts the app again, after `probes` that failed; `until`: when X said so."""
    # a spending limit lasts for days, unless it is raised
    waits = _CAP_PROBES if code == "spend_cap_reached" else _PROBES
    usual = later(now, waits[min(probes, len(waits) - 1)])
    return until if until is not None and now < until < usual else usual
