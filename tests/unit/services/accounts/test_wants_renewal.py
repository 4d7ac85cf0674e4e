"""When a token is renewed before it is used."""

from datetime import UTC, datetime, timedelta

import pytest

from twitter_manager.services.accounts.renewal import wants_renewal

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
TWO_HOURS = 7200


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def wants(*, left: float, life: float = TWO_HOURS, unclear: bool = False, failures: int = 0) -> bool:
    return wants_renewal(
        issued_at=after(left - life),
        expires_at=after(left),
        can_renew=True,
        unclear_since=after(-10) if unclear else None,
        failures=failures,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("left", "unclear", "failures", "renewed"),
    [
        (3600, False, 0, False),
        (301, False, 0, False),
        (299, False, 0, True),
        (299, True, 0, False),  # X may have renewed already: the token that is there is used first
        (299, False, 1, False),
        (0, True, 3, True),
        (-5, False, 0, True),
    ],
)
def test_a_token_is_renewed_in_time_but_an_unclear_renewal_is_not_repeated_early(
    left: int, unclear: bool, failures: int, renewed: bool
) -> None:
    assert wants(left=left, unclear=unclear, failures=failures) is renewed


@pytest.mark.parametrize(
    ("life", "left", "renewed"),
    [
        (300, 239, False),
        (300, 76, False),
        (300, 74, True),  # in the last quarter of its life
        (600, 149, True),
        (600, 151, False),
        (60, 10, False),  # in its last quarter, but issued under a minute ago
        (60, 0, True),
        (10, -49, False),  # dead, but issued under a minute ago: another one would not live longer
        (10, -50, True),
        (0, -59, False),
    ],
)
def test_a_short_lived_token_is_renewed_in_its_last_quarter_and_never_when_it_was_just_issued(
    life: int, left: int, renewed: bool
) -> None:
    assert wants(life=life, left=left) is renewed


def test_a_token_from_the_future_is_not_a_young_one() -> None:
    assert wants(left=-1, life=-3600), "a clock was set back: only its end counts"


def test_a_token_of_unknown_age_is_renewed_five_minutes_before_its_end() -> None:
    for left, renewed in ((301, False), (299, True)):
        wanted = wants_renewal(
            issued_at=None, expires_at=after(left), can_renew=True, unclear_since=None, failures=0, now=NOW
        )
        assert wanted is renewed


def test_without_a_refresh_token_nothing_is_renewed() -> None:
    assert not wants_renewal(
        issued_at=after(-7200), expires_at=after(-1), can_renew=False, unclear_since=None, failures=0, now=NOW
    )
