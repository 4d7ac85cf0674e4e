"""Times in the input: ISO 8601 with their offset, and what is wrong with one that is not."""

import re
from datetime import date, datetime

from twitter_manager.timestamps import from_text

__all__ = ["moment_fault", "to_moment"]

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME_OF_DAY = re.compile(r"[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?")
_NO_COLON = re.compile(r"[+-][0-9]{4}")
_EXAMPLE = "such as 2050-11-20T14:05:00Z"  # of a time to come: it is tried as it stands


def to_moment(text: str) -> datetime:
    """Truncated to milliseconds. Raises ValueError."""
    moment = from_text(text)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def moment_fault(text: str) -> str:
    """What is wrong with a time that `to_moment` refuses, to follow the field's name."""
    day = _DAY.match(text)
    time_of_day = _TIME_OF_DAY.match(text, day.end()) if day else None
    if day and not _is_in_calendar(day):
        return "names a day that is not in the calendar"
    if time_of_day and not _is_on_clock(time_of_day):
        return "names a time of day that does not exist"
    if day and day.end() == len(text):
        return f"must have a time of day and its offset, {_EXAMPLE}"
    if time_of_day and time_of_day.end() == len(text):
        return f"must have its offset, Z or one like +01:00, {_EXAMPLE}"
    if time_of_day and _NO_COLON.fullmatch(text, time_of_day.end()):
        return "must have a colon in its offset: write +01:00, not +0100"
    return f"must be a time with its offset, {_EXAMPLE}"


def _is_in_calendar(found: re.Match[str]) -> bool:
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True


def _is_on_clock(found: re.Match[str]) -> bool:
    hour, minute, second = (int(part or 0) for part in found.groups())
    return hour < 24 and minute < 60 and second < 60
