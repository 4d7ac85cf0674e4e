"""What follows from an attempt to bring an event to a webhook: again when, rest how long, given up."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twitter_manager.crypto import SecretUnreadable
from twitter_manager.receivers.client import DEADLINE, AddressRefused, NoResponse, NotReached, Response
from twitter_manager.services.webhooks.deliveries import (
    DAY,
    LEASE_SECONDS,
    PAUSES,
    RESTS,
    AttemptFailed,
    Delivered,
    NotDelivered,
    Outcome,
    decide,
)

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
REFUSED = Response(500)
UNREACHED = NotReached("Connection refused")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def decided(outcome: Outcome, *, attempts: int = 0, age: float = 0, failures: int = 0) -> NotDelivered:
    decision = decide(outcome, attempts=attempts, queued_at=after(-age), failures=failures, now=NOW)
    assert isinstance(decision, NotDelivered)
    return decision


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_delivered(status: int) -> None:
    assert decide(Response(status), attempts=9, queued_at=after(-2 * DAY), failures=99, now=NOW) == Delivered(status)


@pytest.mark.parametrize("status", [100, 199, 300, 302, 400, 401, 404, 409, 500, 502, 599])
def test_any_other_answer_is_tried_again(status: int) -> None:
    assert decided(Response(status)) == NotDelivered(
        code="receiver_refused", rest_until=after(5), next_attempt_at=after(5), status=status
    )


def test_gone() -> None:
    assert decided(Response(410)) == NotDelivered(
        code="receiver_gone", rest_until=NOW, next_attempt_at=None, status=410, gone=True
    )


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (UNREACHED, "receiver_unreachable"),
        (AddressRefused("not public"), "receiver_not_public"),
        (NoResponse("timed out"), "receiver_silent"),
        (SecretUnreadable("no key"), "webhook_secret_unreadable"),
        (AttemptFailed("KeyError"), "internal_error"),
    ],
)
def test_no_answer_says_why(outcome: Outcome, code: str) -> None:
    decision = decided(outcome)
    assert (decision.code, decision.status, decision.detail) == (code, None, str(outcome))


def test_the_pauses_grow_and_fill_a_day() -> None:
    waited = 0.0
    for attempts, pause in enumerate(PAUSES):
        expected = min(pause, DAY - waited)
        assert decided(REFUSED, attempts=attempts, age=waited).next_attempt_at == after(expected)
        waited += expected
    assert waited == DAY
    assert decided(REFUSED, attempts=len(PAUSES), age=DAY).next_attempt_at is None


def test_the_document_has_the_same_pauses() -> None:
    document = (Path(__file__).resolve().parents[4] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    units = {"s": 1, "min": 60, "h": 3600}
    rows = re.findall(r"^\| (\d+) \| (\d+) (s|min|h) \| (\d+) (s|min|h) \|$", document, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(range(2, len(PAUSES) + 2))
    assert [int(row[1]) * units[row[2]] for row in rows] == list(PAUSES)
    for number, row in enumerate(rows, 1):
        assert sum(PAUSES[:number]) == pytest.approx(int(row[3]) * units[row[4]], abs=5)
    assert "5 s,\n30 s, 1 min, then 5 min" in document
    assert RESTS == (5, 30, 60, 300)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 5), (1, 30), (2, 60), (3, 300), (4, 300), (400, 300)])
def test_the_rests_grow_with_failures_in_a_row(failures: int, seconds: float) -> None:
    assert decided(REFUSED, failures=failures).rest_until == after(seconds)


def test_who_was_not_reached_is_tried_with_the_same_event_as_soon_as_the_rest_is_over() -> None:
    decision = decided(UNREACHED, attempts=50, failures=50)
    assert decision.next_attempt_at == decision.rest_until == after(300)


def test_an_event_that_was_refused_lets_the_others_pass() -> None:
    decision = decided(REFUSED, attempts=5, failures=0)
    assert (decision.rest_until, decision.next_attempt_at) == (after(5), after(3600))


def test_no_event_is_due_before_the_rest_is_over() -> None:
    decision = decided(REFUSED, attempts=0, failures=9)
    assert decision.next_attempt_at == decision.rest_until == after(300)


@pytest.mark.parametrize("outcome", [REFUSED, UNREACHED, NoResponse("timed out")])
def test_after_a_day_it_is_given_up(outcome: Outcome) -> None:
    assert decided(outcome, age=DAY - 1).next_attempt_at is not None
    assert decided(outcome, age=DAY).next_attempt_at is None


@pytest.mark.parametrize(
    ("status", "text", "seconds"),
    [
        (429, "120", 120),
        (503, " 120 ", 120),
        (503, "Fri, 20 Nov 2026 14:10:00 GMT", 600),
        (503, "1", 5),
        (429, "86400", 3600),
        (429, "9" * 30, 3600),
        (503, "Sat, 21 Nov 2026 14:10:00 GMT", 3600),
        (503, "Fri, 20 Nov 2026 13:00:00 GMT", 5),
        (503, "Fri, 20 Nov 2026 14:10:00", 600),
        (503, "Fri, 20 Nov 99999999999 14:10:00 GMT", 5),
        (503, "Fri, 31 Dec 9999 23:59:59 -2359", 5),
        (503, "9" * 5000, 3600),
        (503, "soon", 5),
        (503, "-5", 5),
        (503, "", 5),
        (503, "²", 5),
        (503, "Fri, 99 Nov 2026 14:10:00 GMT", 5),
        (500, "120", 5),
        (301, "120", 5),
    ],
)
def test_retry_after(status: int, text: str, seconds: float) -> None:
    decision = decided(Response(status, text))
    assert decision.rest_until == decision.next_attempt_at == after(seconds)


def test_a_lease_outlives_every_attempt() -> None:
    assert LEASE_SECONDS > DEADLINE
