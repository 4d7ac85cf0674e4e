"""Time as the whole house speaks it: aware UTC datetimes in memory, fixed-width text in the database and in JSON.

Fixed width matters: '12:00:00Z' sorts after '12:00:00.001Z' as text, so every time carries its milliseconds.
"""

import time
from datetime import UTC, datetime, timedelta

__all__ = ["earlier", "from_text", "later", "now", "to_text", "uptime"]


def now() -> datetime:
    """The present in UTC, cut to milliseconds so that it survives a round trip through the database."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_text(moment: datetime) -> str:
    """'2026-11-20T14:05:00.123Z': 24 characters, sorted as text like the times themselves."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """The time in `text`, in UTC. Raises ValueError when it is no ISO 8601 time or names no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError("a time needs an offset, for example Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time must lie within the years 1 to 9999") from error


def later(moment: datetime, seconds: float) -> datetime:
    """`moment` moved by `seconds`."""
    return moment + timedelta(seconds=seconds)


def uptime() -> float:
    """Seconds on a clock that nobody sets and that counts the machine's sleep, too, where the system can tell."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def earlier(moment: datetime, seconds: float) -> datetime:
    """`seconds` before `moment`."""
    return later(moment, -seconds)
