"""When the slots of a week are, in a zone whose clocks change: pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["Slot", "times_after"]

_LAST_YEAR = 8999  # a later time is refused as a schedule
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """`weekday`: 0 is Monday; `at`: on the clocks there."""

    weekday: int
    at: time


def times_after(slots: Sequence[Slot], zone: ZoneInfo, moment: datetime) -> Iterator[datetime]:
    """The times of the slots after `moment`, in UTC, the earliest first, each once.

    A time that the clocks leave out moves on to the next that there is; of one that comes twice it is the first.
    """
    of_day = [sorted(slot.at for slot in slots if slot.weekday == number) for number in range(7)]
    last = moment
    day = moment.astimezone(zone).date() - _ONE_DAY  # where clocks are set back over midnight, the day before goes on
    while slots and day.year <= _LAST_YEAR:
        for at in of_day[day.weekday()]:
            instant = _first_instant(day, at, zone)
            if instant > last:
                last = instant
                yield instant
        day += _ONE_DAY


def _first_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, at, tzinfo=zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    return _change_between(local.replace(fold=1).astimezone(UTC), instant, zone)  # PEP 495: a time in a gap


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the clocks of the zone are set forward."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
