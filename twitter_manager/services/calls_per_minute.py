"""At most so many calls in any 60 seconds, counted by whole seconds."""

from collections.abc import Mapping
from datetime import UTC, datetime

__all__ = ["free_at", "with_one_more"]

# A call counts for its whole second: one that began less than 60 s ago is in one of these.
_SECONDS = 61


def with_one_more(calls: Mapping[int, int], now: datetime) -> dict[int, int]:
    """`calls`, by second, with one at `now` and without those that do not count any more."""
    second = _second(now)
    counting = _counting(calls, now)
    return {**counting, second: counting.get(second, 0) + 1}


def free_at(calls: Mapping[int, int], limit: int, now: datetime) -> datetime | None:
    """When the next call may be made; None: now."""
    counting = _counting(calls, now)
    too_many = sum(counting.values()) - limit + 1
    for second, count in sorted(counting.items()):
        too_many -= count
        if too_many <= 0 < too_many + count:  # with this one the last that has to leave is gone
            return datetime.fromtimestamp(second + _SECONDS, UTC)
    return None


def _counting(calls: Mapping[int, int], now: datetime) -> dict[int, int]:
    """Those of the last minute; and of the next one, since clocks differ."""
    second = _second(now)
    return {each: count for each, count in calls.items() if abs(second - each) < _SECONDS}


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
