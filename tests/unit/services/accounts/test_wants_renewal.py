"""When a token is renewed before it is used."""

from datetime import UTC, datetime, timedelta

import pytest

from twitter_manager.services.accounts.tokens import wants_renewal

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


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
    wants = wants_renewal(
        expires_at=after(left),
        can_renew=True,
        unclear_since=after(-10) if unclear else None,
        failures=failures,
        now=NOW,
    )
    assert wants is renewed


def test_without_a_refresh_token_nothing_is_renewed() -> None:
    assert not wants_renewal(expires_at=after(-1), can_renew=False, unclear_since=None, failures=0, now=NOW)
