"""Times: fixed width, so that they sort as text, and the same after a round trip."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twitter_manager.timestamps import earlier, from_text, later, now, to_text

moments = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@given(moments, moments)
def test_as_text_they_sort_like_themselves_and_come_back(one: datetime, other: datetime) -> None:
    assert len(to_text(one)) == 24
    assert from_text(to_text(one)) == one
    assert (to_text(one) < to_text(other)) == (one < other)


def test_text_is_utc_and_cut_not_rounded() -> None:
    moment = datetime(2026, 11, 20, 15, 5, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert to_text(moment) == "2026-11-20T14:05:00.999Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T14:05:00Z", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("2026-11-20T14:05:00.000Z", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("2026-11-20T16:05:00+02:00", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("2026-11-20T14:05Z", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("2026-11-20t14:05:00z", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("2026-11-20 14:05:00Z", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("2026-11-20T14:05:00-00:00", datetime(2026, 11, 20, 14, 5, tzinfo=UTC)),
        ("2026-11-20T14:05:00.5Z", datetime(2026, 11, 20, 14, 5, 0, 500_000, tzinfo=UTC)),
        ("2026-11-20T14:05:00.123456789Z", datetime(2026, 11, 20, 14, 5, 0, 123_456, tzinfo=UTC)),
        ("2024-02-29T23:59:59+23:59", datetime(2024, 2, 29, 0, 0, 59, tzinfo=UTC)),
    ],
)
def test_read(text: str, expected: datetime) -> None:
    assert from_text(text) == expected
    assert from_text(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026-11-20", "2026-11-20T14:05:00", "2026-13-20T14:05:00Z", "1795183500"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        # what one Python or another takes, and RFC 3339 does not
        *("2027-01-01T12345678Z", "2027-01-01T12:34:56.Z", "2027-01-01T.Z", "2027-01-01T123456Z", "20270101T123456Z"),
        *(
            "2027-01-01T12Z",
            "2027-01-01T12:34:56,5Z",
            "2027-01-01T24:00:00Z",
            "2027-W01-1T12:34:56Z",
            "2027-001T12:34Z",
        ),
        *("2027-01-01T12:34:56+01", "2027-01-01T12:34:56+0100", "2027-01-01T12:34:56+01:00:30", "2027-01-01_12:34:56Z"),
        *("2027-01-01T12:34:56+24:00", "2027-01-01T12:34:56+01:60", "2027-01-01T12:34:60Z", "2027-01-01T12:60:00Z"),
        *("2027-01-01T12:34:56 Z", " 2027-01-01T12:34:56Z", "2027-01-01T12:34:56Z\n", "2027-01-01T12:34:56ZZ", "Z"),
        *(
            "２０２７-01-01T12:34:56Z",
            "2027-1-1T12:34:56Z",
            "+2027-01-01T12:34:56Z",
            "2027-02-30T12:34:56Z",
            "2027-001T12:34Z",
        ),
        *(
            "2027-01-01T12:34.5Z",
            "2027-01-01T12:34:56\0Z",
            "2027-01-01TT12:34:56Z",
            "\ud83d",
            "2027-001T12:34Z",
            "9" * 10_000,
        ),
    ],
)
def test_not_to_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_text(text)


def test_the_present_survives_a_round_trip() -> None:
    present = now()
    assert from_text(to_text(present)) == present
    assert abs(datetime.now(UTC) - present) < timedelta(seconds=5)


def test_later() -> None:
    moment = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
    assert to_text(later(moment, 1.5)) == "2026-11-20T14:05:01.500Z"
    assert earlier(later(moment, 40), 40) == moment
