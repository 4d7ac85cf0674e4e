"""POST /api/v1/tweet/post/{id}: one tweet, now, and what X says."""

import threading
import time

import pytest

from tests.support.service import Service, assert_error
from twitter_manager.api import posting


def test_it_is_on_x_once(service: Service, alice: int, worker: object) -> None:
    tweet = service.tweet(alice, "Hello")
    answer = service.client.post(f"/api/v1/tweet/post/{tweet}")
    assert answer.status_code == 200
    [on_x] = service.world.posts("alice")
    assert answer.json["tweet_id"] == tweet
    assert answer.json["twitter_id"] == on_x.id
    assert answer.json["url"] == f"http://127.0.0.1:5555/mock/x/alice/status/{on_x.id}"
    assert answer.json["message"]


def test_a_second_time_is_a_conflict(service: Service, alice: int, worker: object) -> None:
    tweet = service.tweet(alice, "Hello")
    service.client.post(f"/api/v1/tweet/post/{tweet}")
    shape = assert_error(service.client.post(f"/api/v1/tweet/post/{tweet}"), 409, "tweet_not_pending")
    assert shape["error"] == "This tweet is not pending: its status is posted"
    assert shape["status"] == "posted"
    assert len(service.world.posts("alice")) == 1


def test_x_says_no(service: Service, alice: int, worker: object) -> None:
    service.world.faults.refuses(403, detail="You are not allowed to say that.")
    tweet = service.tweet(alice, "Hello")
    shape = assert_error(service.client.post(f"/api/v1/tweet/post/{tweet}"), 502, "post_refused", retryable=False)
    assert shape["error"] == "Failed to post tweet"
    assert shape["twitter"]["status"] == 403
    assert shape["twitter"]["detail"] == "You are not allowed to say that."
    row = service.row(tweet)
    assert row["status"] == "failed"
    assert row["twitter"] == shape["twitter"]
    assert row["error"]


def test_x_has_this_text_already(service: Service, alice: int, worker: object) -> None:
    service.world.write("alice", "Hello")
    tweet = service.tweet(alice, "Hello")
    shape = assert_error(service.client.post(f"/api/v1/tweet/post/{tweet}"), 502, "duplicate_content")
    assert shape["error"] == service.row(tweet)["error"] == "X has this text from this account already"


def test_x_asks_to_wait(service: Service, alice: int, worker: object) -> None:
    service.world.faults.rate_limits(reset_in=900)
    tweet = service.tweet(alice, "Hello")
    answer = service.client.post(f"/api/v1/tweet/post/{tweet}")
    assert answer.status_code == 202
    assert (answer.json["accepted"], answer.json["tweet_id"], answer.json["status"]) == (True, tweet, "held")
    assert answer.json["next_attempt_at"] > "2026-11-20T14:19:"
    assert answer.json["message"] == "Rate limit exceeded. Please try again later."
    assert service.row(tweet)["next_attempt_at"] == answer.json["next_attempt_at"]


def test_the_account_is_lost(service: Service, alice: int, worker: object) -> None:
    service.world.suspend("alice")
    tweet = service.tweet(alice, "Hello")
    answer = service.client.post(f"/api/v1/tweet/post/{tweet}")
    assert answer.status_code == 202
    assert (answer.json["status"], answer.json["next_attempt_at"]) == ("held", None)


def test_not_sent_in_time(service: Service, alice: int, worker: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "ONE_SECONDS", 0.05)
    service.world.faults.is_slow(0.3)
    tweet = service.tweet(alice, "Hello")
    answer = service.client.post(f"/api/v1/tweet/post/{tweet}")
    assert answer.status_code == 202
    assert answer.json["status"] == "posting"


def test_too_many_callers_wait_already(service: Service, alice: int) -> None:
    service.beat()
    while service.services.seats._free.acquire(blocking=False):
        pass
    tweet = service.tweet(alice, "Hello")
    answer = service.client.post(f"/api/v1/tweet/post/{tweet}")
    assert answer.status_code == 202
    assert answer.json["status"] == "pending"
    service.run_due()
    assert service.row(tweet)["status"] == "posted", "it goes out all the same"


def test_a_seat_is_given_back(service: Service, alice: int, worker: object) -> None:
    free = 0
    service.client.post(f"/api/v1/tweet/post/{service.tweet(alice, 'Hello')}")
    while service.services.seats._free.acquire(blocking=False):
        free += 1
    assert free == 16


def test_the_service_stops_while_somebody_waits(service: Service, alice: int) -> None:
    service.beat()
    tweet = service.tweet(alice, "Hello")
    stop = threading.Timer(0.05, service.services.notifier.stop)
    stop.start()
    began = time.monotonic()
    answer = service.client.post(f"/api/v1/tweet/post/{tweet}")
    stop.join()
    assert answer.status_code == 202
    assert time.monotonic() - began < 5


def test_no_worker(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    assert_error(service.client.post(f"/api/v1/tweet/post/{tweet}"), 503, "no_worker", retryable=True)
    assert service.row(tweet)["status"] == "pending"


@pytest.mark.parametrize(
    ("tweet", "status", "code"),
    [
        ("1", 404, "tweet_not_found"),
        ("9223372036854775807", 404, "tweet_not_found"),
        ("9223372036854775808", 422, "invalid_id"),
        ("12345678901234567890", 422, "invalid_id"),
        ("0", 422, "invalid_id"),
        ("-1", 422, "invalid_id"),
        ("1.0", 422, "invalid_id"),
        ("abc", 422, "invalid_id"),
        ("%00", 422, "invalid_id"),
        ("٣", 422, "invalid_id"),
    ],
)
def test_ids_that_are_none(service: Service, tweet: str, status: int, code: str) -> None:
    shape = assert_error(service.client.post(f"/api/v1/tweet/post/{tweet}"), status, code)
    assert shape.get("field") == ("tweet_id" if status == 422 else None)
