"""Threads through the front door: parts answer each other, wait for each other, go on, and are taken down."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.api import posting
from twitter_manager.error_codes import CODES

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
    hers = "http://127.0.0.1:5555/mock/x/alice"
    assert all(part["url"] == f"{hers}/status/{part['tweet_id']}" for part in answer.json["tweets"])
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


def test_a_part_that_x_refuses(service: Service, alice: int) -> None:
    service.world.faults.refuses(403, detail="Not like this", skip=1)
    answer = publish(service, alice)
    shape = answer.json
    assert (answer.status_code, shape["code"], shape["error"]) == (502, "post_refused", "Failed to post tweet")
    assert shape["twitter"]["detail"] == "Not like this"
    assert [part["status"] for part in shape["tweets"]] == ["posted", "failed", "pending"]
    assert shape["tweets"][0]["tweet_id"] == service.world.posts("alice")[0].id
    found = state(service, shape["thread_id"])
    assert (found["status"], found["posted_count"], found["thread_count"]) == ("broken", 1, 3)


def test_it_goes_on_after_the_last_part_that_is_out(service: Service, alice: int) -> None:
    service.world.faults.refuses(403, skip=1)
    thread_id = publish(service, alice).json["thread_id"]
    with BackgroundWorker(service):
        answer = service.client.post(f"/api/v1/threads/{thread_id}/resume")
    assert answer.status_code == 201, answer.text
    assert [text for text, _ in at_x(service)] == TEXTS
    again = service.client.post(f"/api/v1/threads/{thread_id}/resume")
    assert assert_error(again, 409, "thread_not_stopped")["status"] == "posted"


def test_a_thread_that_is_held_on_its_way_is_no_success(service: Service, alice: int) -> None:
    service.world.faults.rate_limits(reset_in=600, skip=1)
    answer = publish(service, alice)
    assert (answer.status_code, answer.json["status"]) == (202, "held")
    assert (answer.json["accepted"], answer.json["success"]) == (True, False)
    part = answer.json["tweets"][1]
    assert part["error_code"] == "rate_limited"
    for name in ("error", "error_code", "next_attempt_at"):
        assert answer.json[name] == part[name], "what the thread waits for"
    assert answer.json["hint"] == CODES["rate_limited"].remedy
    assert answer.json["twitter"]["status"] == 429


def test_a_corrected_part_goes_on_with_the_thread(service: Service, alice: int) -> None:
    service.world.faults.refuses(403, skip=1)
    failed = publish(service, alice).json["tweets"][1]["post_id"]
    service.client.post(f"/api/v1/tweets/{failed}/retry", json={"text": "Then that"})
    service.run_due()
    assert [text for text, _ in at_x(service)] == [TEXTS[0], "Then that", TEXTS[2]]


def test_a_part_is_taken_back_and_the_thread_stops(service: Service, alice: int) -> None:
    later = {"account_id": alice, "tweets": TEXTS, "schedule_at": "2026-11-20T14:10:00Z"}
    answer = service.client.post("/api/v1/threads", json=later)
    second = answer.json["tweets"][1]["post_id"]
    assert service.client.patch(f"/api/v1/tweets/{second}", json={"status": "canceled"}).status_code == 200
    service.clock.forward(300)
    service.run_due()
    assert [text for text, _ in at_x(service)] == TEXTS[:1]
    assert state(service, answer.json["thread_id"])["status"] == "broken"


def test_a_part_that_is_deleted_is_left_out(service: Service, alice: int) -> None:
    later = {"account_id": alice, "tweets": TEXTS, "schedule_at": "2026-11-20T14:10:00Z"}
    answer = service.client.post("/api/v1/threads", json=later)
    second = answer.json["tweets"][1]["post_id"]
    assert service.client.delete(f"/api/v1/tweets/{second}").status_code == 200
    service.clock.forward(300)
    service.run_due()
    (first, _), (last, parent) = at_x(service)
    assert (first, last, parent) == (TEXTS[0], TEXTS[2], service.world.posts("alice")[0].id)


def test_the_part_that_is_next_is_deleted(service: Service, alice: int) -> None:
    service.world.faults.rate_limits(reset_in=600, skip=1)
    answer = publish(service, alice)
    assert answer.status_code == 202
    assert answer.json["status_url"] == f"/api/v1/threads/{answer.json['thread_id']}"
    held = answer.json["tweets"][1]
    assert (held["status"], held["error_code"]) == ("held", "rate_limited")
    assert service.client.delete(f"/api/v1/tweets/{held['post_id']}").status_code == 200
    service.clock.forward(601)
    service.run_due()
    assert [text for text, _ in at_x(service)] == [TEXTS[0], TEXTS[2]]


def test_the_first_part_is_deleted(service: Service, alice: int) -> None:
    later = {"account_id": alice, "tweets": TEXTS, "schedule_at": "2026-11-20T14:10:00Z"}
    first = service.client.post("/api/v1/threads", json=later).json["tweets"][0]["post_id"]
    assert service.client.delete(f"/api/v1/tweets/{first}").status_code == 200
    service.clock.forward(300)
    service.run_due()
    assert [text for text, _ in at_x(service)] == TEXTS[1:]


def test_taken_down_here_and_at_x(service: Service, alice: int) -> None:
    thread_id = publish(service, alice).json["thread_id"]
    answer = service.client.delete(f"/api/v1/threads/{thread_id}?from_twitter=1")
    assert answer.json == {"message": "Thread deleted", "thread_id": thread_id, "deleted_posts": 3}
    assert at_x(service) == []
    assert_error(service.client.get(f"/api/v1/threads/{thread_id}"), 404, "thread_not_found")


def test_deleted_here_only(service: Service, alice: int) -> None:
    thread_id = publish(service, alice).json["thread_id"]
    assert service.client.delete(f"/api/v1/threads/{thread_id}").json["deleted_posts"] == 0
    assert len(at_x(service)) == 3
    assert service.client.get("/api/v1/tweets").json["total"] == 0


def test_x_does_not_take_a_part_down(service: Service, alice: int) -> None:
    thread_id = publish(service, alice).json["thread_id"]
    service.world.faults.fails(503, call="DELETE /2/tweets/{id}", skip=1)
    answer = service.client.delete(f"/api/v1/threads/{thread_id}?from_twitter=1")
    assert_error(answer, 502, "delete_refused")
    assert [part["text"] for part in state(service, thread_id)["tweets"]] == TEXTS[:2]
    again = service.client.delete(f"/api/v1/threads/{thread_id}?from_twitter=1")
    assert again.json["deleted_posts"] == 2
    assert at_x(service) == []


def test_a_thread_on_its_way_goes_no_further_when_it_is_to_be_deleted(
    service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "ONE_SECONDS", 0.3)  # nobody waits for the look
    service.world.faults.accepts_then_cuts_the_line(skip=1)
    thread_id = publish(service, alice).json["thread_id"]
    assert state(service, thread_id)["tweets"][1]["status"] == "unconfirmed"
    assert_error(service.client.delete(f"/api/v1/threads/{thread_id}"), 409, "thread_in_flight", retryable=True)
    service.clock.forward(60)
    service.run_due()
    assert [part["status"] for part in state(service, thread_id)["tweets"]] == ["posted", "posted", "canceled"]
    assert service.client.delete(f"/api/v1/threads/{thread_id}?from_twitter=1").json["deleted_posts"] == 2


def test_the_same_thread_twice(service: Service, alice: int) -> None:
    first = publish(service, alice).json["tweets"][0]
    shape = publish(service, alice).json
    assert (shape["code"], shape["existing_post_id"]) == ("duplicate", first["post_id"])
    assert shape["existing_tweet_id"] == first["tweet_id"]


def test_one_text_twice_in_a_thread(service: Service, alice: int) -> None:
    service.world.change(duplicates_refused=False)
    publish(service, alice, ["Again", "Again", "And again"])
    assert [text for text, _ in at_x(service)] == ["Again", "Again", "And again"]


def test_a_hundred_parts(service: Service, alice: int) -> None:
    texts = [f"Part {number}" for number in range(100)]
    thread = {"account_id": alice, "tweets": texts, "schedule_at": "2026-11-20T14:10:00Z"}
    assert service.client.post("/api/v1/threads", json=thread).json["thread_count"] == 100
    one_more = {**thread, "tweets": [*texts, "one more"]}
    assert_error(service.client.post("/api/v1/threads", json=one_more), 422, "invalid_field", field="tweets")


def test_parts_that_cannot_be(service: Service, alice: int) -> None:
    for tweets, code, field in (
        ([], "invalid_field", "tweets"),
        (["a", ""], "text_empty", "tweets.1.text"),
        (["a", {"text": "x" * 281}], "text_too_long", "tweets.1.text"),
        (["a", {"text": "b", "colour": "red"}], "invalid_field", "tweets.1.colour"),
        (["a", 5], "invalid_field", "tweets.1"),
        ([{"text": "a", "media_ids": [1]}], "media_not_found", "tweets.0.media_ids"),
    ):
        answer = service.client.post("/api/v1/threads", json={"account_id": alice, "tweets": tweets})
        assert_error(answer, 422, code, field=field)
    assert service.client.get("/api/v1/tweets").json["total"] == 0


def test_a_part_waits_with_others_going_first(service: Service, alice: int) -> None:
    """A thread that is held at its second part does not keep the account's other posts."""
    service.world.change(visibility_delay=10.0)
    thread_id = publish_later(service, alice)
    single = service.tweet(alice, "On its own")
    service.run_due()
    assert [text for text, _ in at_x(service)] == [TEXTS[0]]
    service.beat()
    service.services.publishing.post_now(single)
    service.run_due()
    assert [text for text, _ in at_x(service)] == [TEXTS[0], "On its own"]
    for _ in TEXTS[1:]:
        service.clock.forward(15)
        service.run_due()
    assert state(service, thread_id)["status"] == "posted"


def publish_later(service: Service, account_id: int) -> int:
    """A thread that is due at once, without anybody waiting for it."""
    thread = {"account_id": account_id, "tweets": TEXTS, "schedule_at": "2026-11-20T14:05:00Z"}
    number: int = service.client.post("/api/v1/threads", json=thread).json["thread_id"]
    return number


def test_cleaning_up_does_not_tear_a_thread_apart(service: Service, alice: int) -> None:
    service.world.faults.rate_limits(reset_in=600, skip=1)
    thread_id = publish(service, alice).json["thread_id"]
    cleaned = service.client.post("/api/v1/tweets/cleanup", json={"statuses": ["pending"]}).json
    assert (cleaned["deleted"], cleaned["skipped"]) == (0, 1)
    service.clock.forward(601)
    service.run_due()
    assert state(service, thread_id)["status"] == "posted"


def test_a_thread_without_parts_is_none(service: Service, alice: int) -> None:
    thread_id = publish(service, alice).json["thread_id"]
    service.client.post("/api/v1/tweets/cleanup", json={"statuses": ["posted"]})
    assert_error(service.client.get(f"/api/v1/threads/{thread_id}"), 404, "thread_not_found")


def test_the_account_goes_with_its_threads(service: Service, alice: int) -> None:
    thread_id = publish(service, alice).json["thread_id"]
    assert service.client.delete(f"/api/v1/accounts/{alice}").json["deleted_tweets"] == 3
    assert_error(service.client.get(f"/api/v1/threads/{thread_id}"), 404, "thread_not_found")
