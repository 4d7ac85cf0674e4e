"""Times and delays from outside: headers and fields of X's answers and of receivers'.

Nothing in here raises, whatever is given, and results are in a safe range: times within the years 1970 to 2999,
numbers and delays within 0 and a maximum.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from twitter_manager.timestamps import from_text

__all__ = ["MAX_SECONDS", "delay", "epoch", "http_date", "iso_date", "iso_time", "seconds"]

MAX_SECONDS = 10.0**9  # some thirty years
_MAX_TEXT = 100
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(3000, 1, 1, tzinfo=UTC)
_ALL_SECONDS = (_LAST - _FIRST).total_seconds()


def seconds(given: object, *, maximum: float = MAX_SECONDS) -> float | None:
    """A number of 0 or more, from JSON or in digits, `maximum` where it is above that; None: it is no such number."""
    if isinstance(given, str):
        digits = given.strip()
        given = int(digits[:_MAX_TEXT]) if digits.isascii() and digits.isdigit() else None
    if isinstance(given, bool) or not isinstance(given, int | float) or not given >= 0:
        return None
    return float(min(given, maximum))


def epoch(given: object) -> datetime | None:
    """Seconds since 1970-01-01 UTC."""
    number = seconds(given, maximum=_ALL_SECONDS)
    return None if number is None or number == _ALL_SECONDS else _FIRST + timedelta(seconds=number)


def http_date(given: object) -> datetime | None:
    """A Date header, in each of its forms (RFC 9110 §5.6.7); one without a zone is in UTC."""
    if not isinstance(given, str) or len(given) > _MAX_TEXT:
        return None
    try:
        return _within(parsedate_to_datetime(given.strip()))
    except (ValueError, TypeError, LookupError, ArithmeticError):  # which one differs with Python's version
        return None


def iso_time(given: object) -> datetime | None:
    """ISO 8601 with an offset."""
    if not isinstance(given, str) or len(given) > _MAX_TEXT:
        return None
    try:
        return _within(from_text(given))
    except ValueError:
        return None


def iso_date(given: object) -> datetime | None:
    """The start in UTC of the day of an ISO 8601 date; also accepts a time, one without an offset in UTC."""
    return iso_time(f"{given}T00:00:00Z") or iso_time(given) or iso_time(f"{given}Z")


def delay(given: object, *, now: datetime, maximum: float) -> float | None:
    """The seconds that a Retry-After asks for, a number or a date (RFC 9110 §10.2.3); up to `maximum`."""
    number = seconds(given, maximum=maximum)
    if number is not None:
        return number
    moment = http_date(given)
    return None if moment is None else max(0.0, min((moment - now).total_seconds(), maximum))


def _within(moment: datetime) -> datetime | None:
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if _FIRST <= moment < _LAST else None
