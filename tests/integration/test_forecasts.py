"""The warning `limit_forecast`: whoever hands over a post learns when it will really go out."""

from typing import Any

from tests.conftest import BackgroundWorker, Service


def publish(service: Service, account_id: int, text: str, **more: object) -> dict[str, Any]:
    answer = service.client.post("/api/v1/tweets", json={"account_id": account_id, "text": text, **more})
    assert answer.status_code in (201, 202), answer.text
    taken: dict[str, Any] = answer.json
    return taken


def expected_at(taken: dict[str, Any]) -> list[str]:
    assert {warning["code"] for warning in taken["warnings"]} <= {"limit_forecast"}
    return [warning["expected_at"] for warning in taken["warnings"]]


def pass_time(service: Service, minutes: int) -> None:
    for _ in range(minutes):
        service.clock.forward(60)
        service.beat()
        service.run_due()


def test_the_waiting_parts_of_a_thread_count(service: Service, alice: int) -> None:
    parts = [f"Part {number}" for number in range(100)]
    thread = {"account_id": alice, "tweets": parts, "schedule_at": "2026-11-20T14:10:00Z"}
    assert service.client.post("/api/v1/threads", json=thread).json["warnings"] == []
    taken = publish(service, alice, "On its own", schedule_at="2026-11-20T14:10:30Z")
    assert expected_at(taken) == ["2026-11-20T14:25:00.000Z"]
    pass_time(service, 6)
    assert service.row(taken["post_id"])["status"] == "held"
    pass_time(service, 15)
    assert service.row(taken["post_id"])["status"] == "posted"


def test_x_said_that_the_window_is_spent(service: Service, alice: int) -> None:
    service.world.faults.rate_limits(reset_in=600)
    with BackgroundWorker(service):
        assert publish(service, alice, "One")["warnings"] == []
        taken = publish(service, alice, "Two")
    assert taken["status"] == "held"
    assert expected_at(taken) == ["2026-11-20T14:15:00.000Z"]
    assert expected_at(publish(service, alice, "Three", schedule_at="2026-11-20T14:12:00Z")) == expected_at(taken)
    assert expected_at(publish(service, alice, "Four", schedule_at="2026-11-20T14:16:00Z")) == []
