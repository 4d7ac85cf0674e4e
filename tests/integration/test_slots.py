"""The slots of an account's week, and posts that take the next free one (contract §5.15)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.service import Service, assert_error

WEEK = {"timezone": "Europe/Berlin", "slots": [{"days": ["mon", "thu"], "time": "09:30"}]}


@pytest.fixture
def path(service: Service, alice: int) -> str:
    """Alice's slots; it is Friday the 20th of November 2026."""
    service.beat()
    found = f"/api/v1/accounts/{alice}/slots"
    assert service.client.put(found, json=WEEK).json == WEEK
    return found


def publish(service: Service, text: str, **more: object) -> dict[str, Any]:
    answer = service.client.post("/api/v1/tweets", json={"account_id": 1, "text": text, "schedule": "next", **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def free(service: Service, path: str, limit: int) -> list[str]:
    return [slot["at"] for slot in service.client.get(f"{path}/next?limit={limit}").json["slots"]]


def test_the_week_as_it_was_set(service: Service, path: str) -> None:
    assert service.client.get(path).json == WEEK
    assert service.client.get("/api/v1/accounts/@alice/slots").json == WEEK


def test_a_week_is_shown_by_times_and_each_slot_once(service: Service, path: str) -> None:
    wanted = [
        {"days": ["sun", "mon"], "time": "18:00"},
        {"days": ["mon"], "time": "08:15"},
        {"days": ["mon", "mon"], "time": "18:00"},
    ]
    shown = service.client.put(path, json={"timezone": "Asia/Tokyo", "slots": wanted}).json
    assert shown["slots"] == [{"days": ["mon"], "time": "08:15"}, {"days": ["mon", "sun"], "time": "18:00"}]


def test_an_account_without_slots(service: Service, alice: int) -> None:
    path = f"/api/v1/accounts/{alice}/slots"
    assert service.client.get(path).json == {"timezone": None, "slots": []}
    assert service.client.get(f"{path}/next").json == {"slots": []}
    answer = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "a", "schedule": "next"})
    assert_error(answer, 409, "no_slots", field="schedule")


def test_slots_that_were_taken_away(service: Service, path: str) -> None:
    assert service.client.put(path, json={"timezone": "UTC", "slots": []}).json["slots"] == []
    answer = service.client.post("/api/v1/tweets", json={"account_id": 1, "text": "a", "schedule": "next"})
    assert_error(answer, 409, "no_slots")


def test_the_next_free_ones_in_both_times(service: Service, path: str) -> None:
    assert service.client.get(f"{path}/next?limit=2").json["slots"] == [
        {"at": "2026-11-23T08:30:00.000Z", "local": "2026-11-23T09:30:00+01:00"},
        {"at": "2026-11-26T08:30:00.000Z", "local": "2026-11-26T09:30:00+01:00"},
    ]
    assert len(service.client.get(f"{path}/next").json["slots"]) == 10


def test_each_post_takes_the_next_one(service: Service, path: str) -> None:
    taken = [publish(service, f"number {n}")["scheduled_at"] for n in range(3)]
    assert taken == ["2026-11-23T08:30:00.000Z", "2026-11-26T08:30:00.000Z", "2026-11-30T08:30:00.000Z"]
    assert free(service, path, 1) == ["2026-12-03T08:30:00.000Z"]


def test_it_goes_out_at_its_slot(service: Service, path: str) -> None:
    post = publish(service, "on the second")
    assert post["status"] == "scheduled"
    service.clock.present = datetime(2026, 11, 23, 8, 29, 59, tzinfo=UTC)
    service.run_due()
    assert service.row(post["post_id"])["status"] == "scheduled"
    service.clock.present = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    service.run_due()
    assert service.row(post["post_id"])["status"] == "posted"


@pytest.mark.parametrize("frees", ["canceled", "deleted", "moved", "told to wait"])
def test_who_gives_a_slot_up_frees_it(service: Service, path: str, frees: str) -> None:
    first, second = publish(service, "first"), publish(service, "second")
    url = f"/api/v1/tweets/{first['post_id']}"
    if frees == "deleted":
        service.client.delete(url)
    else:
        change = {
            "canceled": {"status": "canceled"},
            "moved": {"schedule_at": "2030-01-01T00:00:00Z"},
            "told to wait": {"status": "pending"},
        }[frees]
        assert service.client.patch(url, json=change).status_code == 200
    assert publish(service, "third")["scheduled_at"] == first["scheduled_at"]
    assert publish(service, "fourth")["scheduled_at"] > second["scheduled_at"]


def test_a_post_whose_time_is_that_of_a_slot_takes_it(service: Service, path: str) -> None:
    at = "2026-11-23T09:30:00+01:00"
    service.client.post("/api/v1/tweets", json={"account_id": 1, "text": "by hand", "schedule_at": at})
    assert publish(service, "after it")["scheduled_at"] == "2026-11-26T08:30:00.000Z"


def test_a_draft_with_a_time_takes_none(service: Service, path: str) -> None:
    body = {"account_id": 1, "text": "maybe", "schedule_at": "2026-11-23T08:30:00Z", "draft": True}
    assert service.client.post("/api/v1/tweets", json=body).json["status"] == "draft"
    assert publish(service, "sure")["scheduled_at"] == "2026-11-23T08:30:00.000Z"


def test_a_draft_takes_a_slot_when_it_is_queued(service: Service, path: str) -> None:
    draft = service.client.post("/api/v1/tweets", json={"account_id": 1, "text": "maybe", "draft": True}).json
    for _ in range(2):  # its own slot is none that is taken: saying it twice changes nothing
        queued = service.client.patch(f"/api/v1/tweets/{draft['post_id']}", json={"schedule": "next"}).json
        assert (queued["status"], queued["scheduled_at"]) == ("scheduled", "2026-11-23T08:30:00.000Z")


def test_another_week_leaves_what_is_scheduled(service: Service, path: str) -> None:
    post = publish(service, "kept")
    service.client.put(path, json={"timezone": "UTC", "slots": [{"days": ["tue"], "time": "10:00"}]})
    assert service.row(post["post_id"])["scheduled_at"] == post["scheduled_at"]
    assert publish(service, "new week")["scheduled_at"] == "2026-11-24T10:00:00.000Z"


def test_a_thread_takes_one(service: Service, path: str) -> None:
    body = {"account_id": 1, "tweets": ["one", "two", "three"], "schedule": "next"}
    answer = service.client.post("/api/v1/threads", json=body)
    assert (answer.status_code, answer.json["status"]) == (201, "scheduled")
    shown = service.client.get(f"/api/v1/threads/{answer.json['thread_id']}").json["tweets"]
    assert {part["scheduled_at"] for part in shown} == {"2026-11-23T08:30:00.000Z"}
    assert free(service, path, 1) == ["2026-11-26T08:30:00.000Z"]


def test_a_batch_fills_the_following_ones_and_skips_none_for_a_refused_row(service: Service, path: str) -> None:
    rows: list[dict[str, object]] = [
        {"account_id": 1, "text": "a", "schedule": "next"},
        {"account_id": 1, "text": "b", "schedule_at": "2026-11-26T08:30:00Z"},
        {"account_id": 1, "text": "x" * 281, "schedule": "next"},
        {"account_id": 1, "text": "a", "schedule": "next", "late_policy": "skip"},
        {"account_id": 1, "text": "c", "schedule": "next"},
    ]
    answer = service.client.post("/api/v1/tweets/batch", json={"tweets": rows})
    assert answer.status_code == 202
    posts = service.client.get(f"/api/v1/batches/{answer.json['batch_id']}").json["posts"]
    assert [post.get("scheduled_at") or post["error_code"] for post in posts] == [
        "2026-11-23T08:30:00.000Z",
        "2026-11-26T08:30:00.000Z",
        "text_too_long",
        "2026-11-30T08:30:00.000Z",
        "2026-12-03T08:30:00.000Z",
    ]


def test_a_trial_takes_none_and_needs_no_worker(service: Service, path: str) -> None:
    rows = [{"account_id": 1, "text": text, "schedule": "next"} for text in "ab"]
    answer = service.client.post("/api/v1/tweets/batch", json={"tweets": rows, "dry_run": True})
    assert (answer.status_code, [post["status"] for post in answer.json["posts"]]) == (200, ["scheduled"] * 2)
    assert free(service, path, 1) == ["2026-11-23T08:30:00.000Z"]


def test_validate_says_when_it_would_go_out(service: Service, path: str) -> None:
    publish(service, "first")
    report = service.client.post("/api/v1/tweets/validate", json={"account_id": 1, "text": "b", "schedule": "next"})
    assert (report.json["valid"], report.json["scheduled_at"]) == (True, "2026-11-26T08:30:00.000Z")
    assert free(service, path, 1) == ["2026-11-26T08:30:00.000Z"]


@pytest.mark.parametrize("where", ["tweets", "threads", "tweets/validate", "tweets/batch"])
def test_not_beside_a_time(service: Service, path: str, where: str) -> None:
    when = {"account_id": 1, "schedule": "next", "schedule_at": "2030-01-01T00:00:00Z"}
    body = {
        "threads": {"tweets": ["a"], **when},
        "tweets/batch": {"tweets": [{"text": "a", **when}], "atomic": True},
    }.get(where, {"text": "a", **when})
    answer = service.client.post(f"/api/v1/{where}", json=body)
    if where == "tweets/batch":
        assert answer.json["posts"][0]["field"] == "schedule"
    else:
        assert_error(answer, 422, "invalid_field", field="schedule")
    assert service.client.get("/api/v1/tweets").json["total"] == 0


def test_a_draft_cannot_take_one(service: Service, path: str) -> None:
    body = {"account_id": 1, "text": "a", "schedule": "next", "draft": True}
    assert_error(service.client.post("/api/v1/tweets", json=body), 422, "invalid_field", field="schedule")


def test_the_same_text_in_the_slot_of_a_week_later_is_no_duplicate(service: Service, path: str) -> None:
    publish(service, "weekly")
    assert publish(service, "weekly", allow_duplicate=False)["scheduled_at"] == "2026-11-26T08:30:00.000Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"timezone": "Europe/Berlin", "slots": [{"days": ["mon"], "time": "25:00"}]}, "slots.0.time"),
        ({"timezone": "Europe/Berlin", "slots": [{"days": ["mon"], "time": "9:30"}]}, "slots.0.time"),
        ({"timezone": "Europe/Berlin", "slots": [{"days": ["mon"], "time": "09:30\n"}]}, "slots.0.time"),
        ({"timezone": "Europe/Berlin", "slots": [{"days": ["mon"], "time": 930}]}, "slots.0.time"),
        ({"timezone": "Europe/Berlin", "slots": [{"days": ["Monday"], "time": "09:30"}]}, "slots.0.days"),
        ({"timezone": "Europe/Berlin", "slots": [{"days": [], "time": "09:30"}]}, "slots.0.days"),
        ({"timezone": "Europe/Berlin", "slots": [{"time": "09:30"}]}, "slots.0.days"),
        ({"timezone": "Europe/Berlin", "slots": "mon 09:30"}, "slots"),
        ({"timezone": "Europe/Berlin"}, "slots"),
        ({"timezone": "Europe/Atlantis", "slots": []}, "timezone"),
        ({"timezone": "europe/berlin ", "slots": []}, "timezone"),
        ({"timezone": "../../etc/passwd", "slots": []}, "timezone"),
        ({"timezone": "America", "slots": []}, "timezone"),
        ({"timezone": "", "slots": []}, "timezone"),
        ({"timezone": "x" * 4000, "slots": []}, "timezone"),
        ({"slots": []}, "timezone"),
    ],
)
def test_a_week_that_is_none(service: Service, path: str, body: dict[str, object], field: str) -> None:
    assert_error(service.client.put(path, json=body), 422, "invalid_field", field=field)
    assert service.client.get(path).json == WEEK


def test_whose_there_are_not(service: Service, path: str) -> None:
    for answer in (
        service.client.get("/api/v1/accounts/99/slots"),
        service.client.get("/api/v1/accounts/99/slots/next"),
        service.client.put("/api/v1/accounts/99/slots", json=WEEK),
    ):
        assert_error(answer, 404, "account_not_found")
    answer = service.client.post("/api/v1/tweets", json={"account_id": 99, "text": "a", "schedule": "next"})
    assert_error(answer, 404, "account_not_found")


def test_with_hundreds_of_posts_in_front(service: Service, path: str) -> None:
    rows = [{"account_id": 1, "text": f"number {n}", "schedule": "next"} for n in range(300)]
    assert service.client.post("/api/v1/tweets/batch", json={"tweets": rows}).status_code == 202
    monday = datetime(2026, 11, 23, 8, 30, tzinfo=UTC) + timedelta(weeks=150)
    # the clocks of Berlin are on summer time that day
    assert publish(service, "last")["scheduled_at"] == f"{monday - timedelta(hours=1):%Y-%m-%dT%H:%M}:00.000Z"


def test_callers_at_once_get_a_slot_each(service: Service, path: str) -> None:
    with ThreadPoolExecutor(8) as callers:
        found = list(callers.map(lambda n: publish(service, f"number {n}")["scheduled_at"], range(40)))
    assert len(set(found)) == 40
    assert sorted(found)[-1] < free(service, path, 1)[0]
