"""Alerts: failures that repeat are told once, and once more when it is over; and the health of an account in JSON."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.service import Service
from twitter_manager.error_codes import CODES
from twitter_manager.services.alerts import Tally, is_over, rule_met, tally
from twitter_manager.storage import alerts
from twitter_manager.timestamps import later, to_text


@pytest.fixture
def told(service: Service) -> int:
    """A webhook for both alerts."""
    body = {"url": "https://93.184.216.34/", "events": ["alert.account", "alert.app"]}
    number: int = service.client.post("/api/v1/webhooks", json=body).json["webhook"]["id"]
    return number


def events(service: Service, webhook: int) -> list[tuple[str, dict[str, Any]]]:
    """Oldest first."""
    listed = service.client.get(f"/api/v1/webhooks/{webhook}/deliveries").json["deliveries"]
    return [(each["payload"]["type"], each["payload"]["data"]) for each in reversed(listed)]


def send(service: Service, account: int, times: int = 1, *, text: str = "Post") -> None:
    """One after the other, each sent until it is settled or held."""
    service.beat()
    for _ in range(times):
        tweet = service.tweet(account, f"{text} {service.clock().timestamp()}")
        service.services.publishing.post_now(tweet)
        service.run_due()
        service.clock.forward(1)


def health(service: Service, account: int) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get(f"/api/v1/accounts/{account}").json["health"]
    return found


def test_five_refusals_in_a_row_are_told_once(service: Service, alice: int, told: int) -> None:
    service.world.faults.refuses(detail="No.", times=7)
    send(service, alice, 4)
    assert events(service, told) == []
    assert health(service, alice)["alert"] is None
    send(service, alice)
    since = to_text(later(service.clock(), -1))
    [(kind, data)] = events(service, told)
    assert kind == "alert.account"
    assert data["state"] == "firing"
    assert (data["account_id"], data["username"], data["mock"]) == (alice, "alice", True)
    assert (data["error_code"], data["failures"], data["attempts"]) == ("post_refused", 5, 5)
    assert (data["since"], data["resolved_at"]) == (since, None)
    assert data["hint"] == CODES["post_refused"].remedy
    assert data["twitter"]["detail"] == "No."
    send(service, alice, 2)
    assert len(events(service, told)) == 1
    alert = health(service, alice)["alert"]
    assert (alert["state"], alert["error_code"], alert["since"], alert["failures"]) == (
        "firing",
        "post_refused",
        since,
        7,
    )


def test_it_is_over_once_a_post_is_out(service: Service, alice: int, told: int) -> None:
    service.world.faults.refuses(times=5)
    send(service, alice, 7)
    kinds = [(kind, data["state"], data["since"], data["resolved_at"]) for kind, data in events(service, told)]
    since = to_text(later(service.clock(), -3))
    assert kinds == [
        ("alert.account", "firing", since, None),
        ("alert.account", "resolved", since, to_text(later(service.clock(), -2))),
    ]
    assert health(service, alice)["alert"] is None
    service.services.alerts.check()  # what was before counts for no further one
    assert len(events(service, told)) == 2


def test_another_accounts_posts_do_not_end_it(service: Service, alice: int, told: int) -> None:
    service.world.faults.refuses(times=5)
    send(service, alice, 5)
    send(service, service.connect("bob"))
    assert [data["state"] for _, data in events(service, told)] == ["firing"]


def test_half_of_an_hours_attempts(service: Service, alice: int, told: int, clock: Clock) -> None:
    for _ in range(4):
        send(service, alice)
        service.world.faults.refuses(times=1)
        send(service, alice)
    service.services.alerts.check()
    service.services.alerts.check()
    [(_, data)] = events(service, told)
    assert (data["state"], data["failures"], data["attempts"]) == ("firing", 4, 8)
    send(service, alice, 2)
    service.services.alerts.check()
    assert [each["state"] for _, each in events(service, told)] == ["firing", "resolved"]
    clock.forward(3600)
    service.services.alerts.check()
    assert len(events(service, told)) == 2


def test_x_that_does_not_answer_is_one_alert_of_the_app(service: Service, alice: int, told: int, clock: Clock) -> None:
    service.world.faults.fails(503, times=None)
    for name in ("alice", "bob", "carol", "dora", "eve"):
        account = service.connect(name)
        for _ in range(2):
            send(service, account)
            clock.forward(400)
            service.run_due()
    told_of = {(kind, data["state"]) for kind, data in events(service, told)}
    assert told_of == {("alert.app", "firing")}
    answer = service.client.get("/api/v1/health").json
    [alert] = answer["alerts"]
    assert (alert["state"], alert["mock"], alert["error_code"]) == ("firing", True, "x_unclear")
    service.world.faults.clear()
    send(service, service.connect("frank"))
    assert [(kind, data["state"]) for kind, data in events(service, told)] == [
        ("alert.app", "firing"),
        ("alert.app", "resolved"),
    ]
    assert service.client.get("/api/v1/health").json["alerts"] == []


def test_what_x_as_a_whole_explains_is_no_alert_of_an_account(
    service: Service, alice: int, told: int, clock: Clock
) -> None:
    service.world.faults.fails(503, times=None)
    for _ in range(8):
        send(service, alice)
        clock.forward(400)
        service.run_due()
    assert [kind for kind, _ in events(service, told)] == ["alert.app"]
    assert health(service, alice)["last_failure"]["error_code"] == "x_unclear"


def test_of_two_that_look_at_once_one_tells(
    service: Service, alice: int, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.world.faults.refuses(times=4)
    send(service, alice, 4)
    seen = alerts.list_recent(service.services.db, since=service.clock.present - timedelta(hours=1))
    service.services.alerts.check()
    monkeypatch.setattr(alerts, "list_recent", lambda *_, **__: seen)  # read before the first one told
    service.services.alerts.check()
    assert len(events(service, told)) == 1


def test_an_app_without_credits(service: Service, alice: int, told: int, clock: Clock) -> None:
    service.world.faults.runs_out_of_credits()
    send(service, alice)
    for _ in range(4):
        clock.forward(1000)
        service.beat()
        service.run_due()
    [(kind, data)] = events(service, told)
    assert (kind, data["state"], data["error_code"]) == ("alert.app", "firing", "credits_depleted")
    assert "account_id" not in data


def test_a_limit_is_no_failure(service: Service, alice: int, told: int, clock: Clock) -> None:
    service.world.faults.rate_limits(reset_in=10, times=None)
    for _ in range(7):
        send(service, alice)
        clock.forward(60)
        service.run_due()
    service.services.alerts.check()
    assert events(service, told) == []


def test_a_deleted_account_has_no_alert(service: Service, alice: int, told: int) -> None:
    service.world.faults.refuses(times=5)
    send(service, alice, 5)
    service.client.delete(f"/api/v1/accounts/{alice}")
    assert [data["state"] for _, data in events(service, told)] == ["firing", "resolved"]


@pytest.mark.parametrize("by", ["switch", "tokens"])
def test_an_account_that_its_owner_switches_off_has_no_alert(service: Service, alice: int, told: int, by: str) -> None:
    service.world.faults.refuses(times=5)
    send(service, alice, 5)
    if by == "switch":
        service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": False})
    else:
        service.client.delete(f"/api/v1/accounts/{alice}?keep_tweets=1")
    service.services.alerts.check()
    assert [data["state"] for _, data in events(service, told)] == ["firing", "resolved"]
    assert health(service, alice)["alert"] is None


def test_the_success_rate_of_a_day_and_a_week(service: Service, alice: int, clock: Clock) -> None:
    assert health(service, alice)["success_rate"] == {"day": None, "week": None}
    service.world.faults.refuses(times=1)
    send(service, alice, 2)
    clock.forward(2 * 86_400)
    send(service, alice, 2)
    assert health(service, alice)["success_rate"] == {"day": 1.0, "week": 0.75}


def test_the_last_failure_stays_after_a_success(service: Service, alice: int) -> None:
    assert health(service, alice)["last_failure"] is None
    service.world.faults.refuses(detail="No.", times=1)
    send(service, alice, 2)
    found = health(service, alice)["last_failure"]
    assert (found["at"], found["error_code"]) == (to_text(later(service.clock(), -2)), "post_refused")
    assert found["hint"] == CODES["post_refused"].remedy
    assert found["twitter"]["detail"] == "No."


def test_what_rests_an_account_is_in_its_health(service: Service, alice: int, clock: Clock) -> None:
    assert health(service, alice)["resting"] is None
    service.world.faults.rate_limits(reset_in=900)
    send(service, alice)
    found = health(service, alice)["resting"]
    assert found["until"] > to_text(clock())
    assert (found["error_code"], found["hint"]) == ("rate_limited", CODES["rate_limited"].remedy)
    clock.forward(1000)
    assert health(service, alice)["resting"] is None


@pytest.mark.usefixtures("worker")
def test_a_held_post_says_what_to_do_and_what_x_said(service: Service, alice: int) -> None:
    service.world.faults.rate_limits(reset_in=900)
    answer = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Hello"})
    assert (answer.status_code, answer.json["status"], answer.json["error_code"]) == (202, "held", "rate_limited")
    assert answer.json["hint"] == CODES["rate_limited"].remedy
    assert answer.json["twitter"]["status"] == 429
    tweet = service.tweet(alice, "Hello again")
    answer = service.client.post(f"/api/v1/tweet/post/{tweet}")
    assert (answer.status_code, answer.json["hint"]) == (202, CODES["rate_limited"].remedy)


@pytest.mark.parametrize(
    ("in_a_row", "hour", "rule"),
    [
        (4, Tally(4, 4), "of_the_hour"),
        (4, Tally(9, 4), None),
        (3, Tally(3, 3), None),
        (5, Tally(0, 0), "in_a_row"),
        (0, Tally(8, 4), "of_the_hour"),
    ],
)
def test_what_an_alert_fires_for(in_a_row: int, hour: Tally, rule: str | None) -> None:
    assert rule_met(in_a_row, hour) == rule


@pytest.mark.parametrize(
    ("rule", "in_a_row", "hour", "over"),
    [
        ("in_a_row", 1, Tally(9, 1), False),
        ("in_a_row", 0, Tally(6, 5), True),
        ("of_the_hour", 0, Tally(8, 4), False),
        ("of_the_hour", 0, Tally(9, 4), True),
        ("of_the_hour", 0, Tally(0, 0), True),
    ],
)
def test_when_an_alert_is_over(rule: str, in_a_row: int, hour: Tally, over: bool) -> None:
    assert is_over(rule, in_a_row, hour) is over


def test_what_counts_as_a_failure() -> None:
    outcomes = [
        ("posted", None, 1),
        ("refused", "post_refused", 2),
        ("not_sent", "x_unreachable", 4),
        ("not_sent", None, 8),
        ("held", "rate_limited", 16),
        ("held", "credits_depleted", 32),
        ("held", "unauthorized_by_x", 64),
        ("unclear", "x_unclear", 128),
        ("open", None, 256),
    ]
    assert tally(outcomes, of_app=False) == Tally(1 + 2 + 4 + 64 + 128, 2 + 4 + 64 + 128)
    assert tally(outcomes, of_app=True) == Tally(1 + 2 + 4 + 32 + 128, 4 + 32 + 128)
