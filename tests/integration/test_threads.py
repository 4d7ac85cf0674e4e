"""Threads through the front door: parts answer each other, wait for each other, go on, and are taken down."""

from typing import Any

from werkzeug.test import TestResponse

from tests.conftest import BackgroundWorker, Service, assert_error

TEXTS = ["First of all", "Then this", "And in the end that"]


def publish(service: Service, account_id: int, tweets: list[Any] | None = None, **more: object) -> TestResponse:
    with BackgroundWorker(service):
        return service.client.post(
            "/api/v1/threads", json={"account_id": account_id, "tweets": tweets or TEXTS, **more}
        )


def at_x(service: Service, username: str = "alice") -> list[tuple[str, str | None]]:
    """Text and parent of each post, in the order in which X took them."""
    return [(post.original, post.in_reply_to) for post in service.world.posts(username)]


def state(service: Service, thread_id: int) -> dict[str, Any]:
    answer = service.client.get(f"/api/v1/threads/{thread_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_each_part_answers_the_one_before(service: Service, alice: int) -> None:
    answer = publish(service, alice)
    assert answer.status_code == 201, answer.text
    ids = [part["tweet_id"] for part in answer.json["tweets"]]
    assert at_x(service) == [(TEXTS[0], None), (TEXTS[1], ids[0]), (TEXTS[2], ids[1])]
    assert answer.json["success"] is True
    assert answer.json["thread_count"] == 3
    assert [part["text"] for part in answer.json["tweets"]] == TEXTS
    assert all(part["url"] == f"https://x.com/alice/status/{part['tweet_id']}" for part in answer.json["tweets"])
    found = state(service, answer.json["thread_id"])
    assert (found["status"], found["posted_count"]) == ("posted", 3)
    assert [len(part["attempts"]) for part in found["tweets"]] == [1, 1, 1]


def test_a_thread_that_answers_somebody(service: Service, alice: int) -> None:
    first = publish(service, alice, ["A post"]).json["tweets"][0]["tweet_id"]
    publish(service, alice, ["An answer", "Another"], reply_to_tweet_id=first)
    assert at_x(service)[1] == ("An answer", first)


def test_a_thread_at_its_time(service: Service, alice: int) -> None:
    answer = service.client.post(
        "/api/v1/threads", json={"account_id": alice, "tweets": TEXTS, "schedule_at": "2026-11-20T14:10:00Z"}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json["status"] == "scheduled"
    assert [part["tweet_id"] for part in answer.json["tweets"]] == [None, None, None]
    service.run_due()
    assert at_x(service) == []
    service.clock.forward(300)
    service.run_due()
    assert [text for text, _ in at_x(service)] == TEXTS


def test_post_pending_does_not_tear_a_thread_apart(service: Service, alice: int) -> None:
    service.world.faults.refuses(403)
    broken = publish(service, alice)
    assert broken.status_code == 502
    with BackgroundWorker(service):
        answer = service.client.post("/api/v1/tweets/post-pending", json={})
    assert answer.json["total"] == 0
    waiting = state(service, broken.json["thread_id"])["tweets"][1]
    assert waiting["waiting_for"] == "previous_part"
    with BackgroundWorker(service):
        answer = service.client.post(f"/api/v1/tweet/post/{waiting['id']}")
    assert_error(answer, 409, "part_waits")
    assert at_x(service) == []
