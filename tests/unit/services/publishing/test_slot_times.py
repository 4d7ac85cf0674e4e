"""When slots are: against tables computed by hand, over changes of the clocks."""

from datetime import UTC, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest

from twitter_manager.services.publishing.slot_times import Slot, times_after

DAILY = range(7)


def after(zone: str, moment: str, slots: list[tuple[int, str]], count: int) -> list[str]:
    found = times_after(
        [Slot(day, time.fromisoformat(at)) for day, at in slots],
        ZoneInfo(zone),
        datetime.fromisoformat(moment).replace(tzinfo=UTC),
    )
    return [f"{at:%Y-%m-%dT%H:%M:%S}" for at in islice(found, count)]


def test_a_year_over_two_changes_of_the_clocks() -> None:
    """Berlin, Mondays and Thursdays at 09:30, 2026: CET until 29 March and from 25 October, CEST between."""
    expected = []
    # the 53 Thursdays and 52 Mondays of 2026, which begins on a Thursday: every 4 and 3 days in turn
    day, steps = datetime(2026, 1, 1, tzinfo=UTC), (4, 3)
    while day.year == 2026:
        summer = (3, 29) <= (day.month, day.day) < (10, 25)
        expected.append(day.replace(hour=7 if summer else 8, minute=30))
        day += timedelta(days=steps[(len(expected) - 1) % 2])
    found = times_after(
        [Slot(0, time(9, 30)), Slot(3, time(9, 30))], ZoneInfo("Europe/Berlin"), datetime(2025, 12, 31, 23, tzinfo=UTC)
    )
    of_the_year = list(takewhile(lambda at: at.year == 2026, found))
    assert len(of_the_year) == 105
    assert of_the_year == expected


@pytest.mark.parametrize(
    ("zone", "moment", "at", "expected"),
    [
        # 2026-03-29 in Berlin: after 01:59:59 CET comes 03:00 CEST, which is 01:00 UTC
        ("Europe/Berlin", "2026-03-28T12:00", "02:00", ["2026-03-29T01:00:00", "2026-03-30T00:00:00"]),
        ("Europe/Berlin", "2026-03-28T12:00", "02:30", ["2026-03-29T01:00:00", "2026-03-30T00:30:00"]),
        ("Europe/Berlin", "2026-03-28T12:00", "03:00", ["2026-03-29T01:00:00", "2026-03-30T01:00:00"]),
        # 2026-10-25: 02:00 to 02:59 come twice, first in CEST
        ("Europe/Berlin", "2026-10-24T12:00", "02:30", ["2026-10-25T00:30:00", "2026-10-26T01:30:00"]),
        # New York, 2026-03-08 and 2026-11-01
        ("America/New_York", "2026-03-08T00:00", "02:15", ["2026-03-08T07:00:00", "2026-03-09T06:15:00"]),
        ("America/New_York", "2026-11-01T00:00", "01:30", ["2026-11-01T05:30:00", "2026-11-02T06:30:00"]),
        # Lord Howe's clocks change by half an hour: on 2026-10-04 after 01:59 comes 02:30, at 15:30 UTC of the 3rd
        ("Australia/Lord_Howe", "2026-10-03T10:00", "02:10", ["2026-10-03T15:30:00", "2026-10-04T15:10:00"]),
        # Beirut's clocks go forward at midnight: 2026-03-29 begins at 01:00, which is 22:00 UTC of the 28th
        ("Asia/Beirut", "2026-03-28T12:00", "00:20", ["2026-03-28T22:00:00", "2026-03-29T21:20:00"]),
        # Havana's go back over midnight: 00:00 to 00:59 of 2026-11-01 come twice
        ("America/Havana", "2026-10-31T12:00", "00:30", ["2026-11-01T04:30:00", "2026-11-02T05:30:00"]),
        # Samoa left the whole 30th of December 2011 out
        ("Pacific/Apia", "2011-12-29T20:00", "09:30", ["2011-12-30T10:00:00", "2011-12-30T19:30:00"]),
        ("Asia/Kathmandu", "2026-06-01T00:00", "05:45", ["2026-06-02T00:00:00", "2026-06-03T00:00:00"]),
        ("UTC", "2026-06-01T05:45", "05:45", ["2026-06-02T05:45:00", "2026-06-03T05:45:00"]),
    ],
)
def test_around_a_change(zone: str, moment: str, at: str, expected: list[str]) -> None:
    assert after(zone, moment, [(day, at) for day in DAILY], len(expected)) == expected


def test_slots_that_a_change_puts_together_are_one() -> None:
    slots = [(6, "02:00"), (6, "02:30"), (6, "03:00"), (6, "03:01")]
    assert after("Europe/Berlin", "2026-03-28T12:00", slots, 2) == ["2026-03-29T01:00:00", "2026-03-29T01:01:00"]


def test_the_second_of_an_hour_that_comes_twice_has_no_slot() -> None:
    slots = [(day, "02:30") for day in DAILY]
    assert after("Europe/Berlin", "2026-10-25T00:31", slots, 1) == ["2026-10-26T01:30:00"]


def test_without_slots_there_are_no_times() -> None:
    assert after("UTC", "2026-06-01T00:00", [], 1) == []
