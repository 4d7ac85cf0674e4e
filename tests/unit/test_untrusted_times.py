"""Times and delays that others name: what can be read is read, and nothing raises."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from twitter_manager import untrusted_times
from twitter_manager.timestamps import to_text

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
NONSENSE: list[Any] = [
    *(None, True, False, -1, -0.5, float("nan"), float("-inf"), [], {}, b"1", 1j),
    *("", " ", "soon", "-1", "²", "١٢", "1e3", "0x10", "1.5.", "\ud800", "\x00", "+5", "1_000", "20 Nov"),
    *("Fri, 99 Nov 2026 14:10:00 GMT", "Fri, 20 Nov 99999999999 14:10:00 GMT", "Fri, 20 Nov 2026 99:99:99 GMT"),
    *("Fri, 31 Dec 9999 23:59:59 -2359", "Fri, 20 Nov 2026 14:10:00 +99999999999", "Fri, 20 Nov " + "9" * 5000),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-13-01", "2026-02-30"),
]


@pytest.mark.parametrize(
    ("given", "expected"), [(0, 0), (60, 60), (60.5, 60.5), (" 7 ", 7), ("9" * 5000, 1e9), (10**400, 1e9), (1e300, 1e9)]
)
def test_seconds(given: object, expected: float) -> None:
    assert untrusted_times.seconds(given) == expected
    assert untrusted_times.seconds(float("inf"), maximum=5) == 5


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1795183800", "2026-11-20T14:10:00.000Z"),
        (1795183800, "2026-11-20T14:10:00.000Z"),
        ("0", "1970-01-01T00:00:00.000Z"),
        ("32503680000", None),
        ("9" * 5000, None),
        (10**400, None),
        (1e300, None),
    ],
)
def test_epoch(given: object, expected: str | None) -> None:
    moment = untrusted_times.epoch(given)
    assert (moment and to_text(moment)) == expected


@pytest.mark.parametrize(
    "given",
    [
        "Fri, 20 Nov 2026 14:10:00 GMT",
        "Friday, 20-Nov-26 14:10:00 GMT",
        "Fri Nov 20 14:10:00 2026",
        "Fri, 20 Nov 2026 15:10:00 +0100",
        " Fri, 20 Nov 2026 14:10:00 ",
    ],
)
def test_http_date(given: str) -> None:
    moment = untrusted_times.http_date(given)
    assert moment is not None
    assert to_text(moment) == "2026-11-20T14:10:00.000Z"
    assert untrusted_times.delay(given, now=NOW, maximum=3600) == 600
    assert untrusted_times.delay(given, now=NOW, maximum=60) == 60


@pytest.mark.parametrize("given", ["2026-12-01T00:00:00Z", "2026-12-01T01:00:00+01:00"])
def test_iso_time(given: str) -> None:
    assert untrusted_times.iso_time(given) == datetime(2026, 12, 1, tzinfo=UTC)
    assert untrusted_times.iso_date(given) == datetime(2026, 12, 1, tzinfo=UTC)


def test_iso_date() -> None:
    assert untrusted_times.iso_date("2026-12-01") == datetime(2026, 12, 1, tzinfo=UTC)
    assert untrusted_times.iso_date("2026-12-01T00:00:00") == datetime(2026, 12, 1, tzinfo=UTC)
    assert untrusted_times.iso_time("2026-12-01") is None


@pytest.mark.parametrize("given", NONSENSE, ids=repr)
def test_nonsense_says_nothing(given: object) -> None:
    assert untrusted_times.seconds(given) is None
    assert untrusted_times.epoch(given) is None
    assert untrusted_times.http_date(given) is None
    assert untrusted_times.iso_time(given) is None
    assert untrusted_times.iso_date(given) is None
    assert untrusted_times.delay(given, now=NOW, maximum=60) is None


def test_whatever_is_made_of_pieces_of_times_raises_nothing() -> None:
    pieces = ["Fri, ", "20", " Nov ", "2026", "-11-20", "T", "14:10", ":00", "GMT", " +", "-", "9" * 20, "Z", ".", " "]
    chance = random.Random(5)
    for _ in range(5000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 8)))
        for read in (untrusted_times.epoch, untrusted_times.http_date, untrusted_times.iso_date):
            moment = read(text)
            assert moment is None or 1970 <= moment.year < 3000
        assert 0 <= (untrusted_times.delay(text, now=NOW, maximum=60) or 0) <= 60
        assert 0 <= (untrusted_times.seconds(json.loads("1e" + str(chance.randint(0, 400)))) or 0) <= 1e9
