"""Time in all of the program: aware UTC datetimes in memory, fixed-width text in the database and in JSON.

Fixed width matters: '12:00:00Z' sorts after '12:00:00.001Z' as text, so every time carries its milliseconds.
"""

import re
import time
from datetime import UTC, datetime, timedelta

__all__ = ["earlier", "from_text", "later", "now", "to_text", "uptime"]

# RFC 3339, where the seconds may be left out. What datetime.fromisoformat takes beyond that differs from one Python
# to the next ("T12345678Z", ".Z", "24:00", weeks); within this format all agree.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def now() -> datetime:
    """In UTC, cut to milliseconds so that it survives a round trip through the database."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_text(moment: datetime) -> str:
    """'2026-11-20T14:05:00.123Z': 24 characters, which sort as text like the times themselves."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """In UTC. Raises ValueError when it is no RFC 3339 time; leap seconds are not accepted."""
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError("a time must look like 2026-11-20T14:05:00Z")
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time must lie within the years 1 to 9999") from error


def later(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=seconds)


def uptime() -> float:
    """Seconds on a monotonic clock that also counts the machine's sleep, where the system has one."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def earlier(moment: datetime, seconds: float) -> datetime:
    return later(moment, -seconds)
