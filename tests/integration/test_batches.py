"""POST /api/v1/tweets/batch: each taken or refused for itself, or all together, or only tried."""

import json
import time
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.conftest import BackgroundWorker, Service, assert_error

SOON = "2026-11-20T14:10:00Z"


@pytest.fixture
def bob(service: Service) -> int:
    return service.connect("bob")


def close_gap(service: Service, *posts: dict[str, Any], **more: object) -> TestResponse:
    body = {"tweets": [{"schedule_at": SOON, **post} for post in posts], **more}
    return service.client.post("/api/v1/tweets/batch", data=json.dumps(body), content_type="application/json")


def total(service: Service) -> int:
    number: int = service.client.get("/api/v1/tweets").json["total"]
    return number


def test_each_goes_out_from_its_account(service: Service, alice: int, bob: int) -> None:
    answer = close_gap(service, {"account_id": alice, "text": "From Alice"}, {"account_id": bob, "text": "From Bob"})
    assert answer.status_code == 202, answer.text
    assert [(post["account_id"], post["status"], post["error"]) for post in answer.json["posts"]] == [
        (alice, "scheduled", None),
        (bob, "scheduled", None),
    ]
    service.clock.forward(300)
    service.run_due()
    batch = service.client.get(f"/api/v1/batches/{answer.json['batch_id']}").json
    assert (batch["total"], batch["counts"]) == (2, {"posted": 2})
    assert [post["post_id"] for post in batch["posts"]] == [post["post_id"] for post in answer.json["posts"]]
    assert [post.original for name in ("alice", "bob") for post in service.world.posts(name)] == [
        "From Alice",
        "From Bob",
    ]


def test_now(service: Service, alice: int) -> None:
    with BackgroundWorker(service):
        body = {"tweets": [{"account_id": alice, "text": f"Number {number}"} for number in range(3)]}
        answer = service.client.post("/api/v1/tweets/batch", json=body)
        assert [post["status"] for post in answer.json["posts"]] == ["pending"] * 3
    service.run_due()
    assert [post.original for post in service.world.posts("alice")] == ["Number 0", "Number 1", "Number 2"]


def test_one_is_refused_and_the_others_are_taken(service: Service, alice: int) -> None:
    answer = close_gap(
        service,
        {"account_id": alice, "text": "Hello"},
        {"account_id": alice, "text": "x" * 281},
        {"account_id": alice, "text": "Hello"},
    )
    assert answer.status_code == 202
    first, second, third = answer.json["posts"]
    assert first["status"] == "scheduled"
    assert (second["post_id"], second["status"], second["error_code"]) == (None, "refused", "text_too_long")
    assert (third["error_code"], third["existing_post_id"]) == ("duplicate", first["post_id"])
    assert total(service) == 1


def test_all_or_nothing(service: Service, alice: int) -> None:
    posts = [{"account_id": alice, "text": "Hello"}, {"account_id": alice, "text": ""}]
    answer = close_gap(service, *posts, atomic=True)
    assert (answer.status_code, answer.json["code"]) == (422, "batch_refused")
    assert [(post["post_id"], post["status"]) for post in answer.json["posts"]] == [
        (None, "scheduled"),
        (None, "refused"),
    ]
    assert total(service) == 0
    assert close_gap(service, posts[0], atomic=True).status_code == 202


def test_a_trial_does_nothing(service: Service, alice: int) -> None:
    answer = close_gap(
        service, {"account_id": alice, "text": "Hello"}, {"account_id": alice, "text": "Hello"}, dry_run=True
    )
    assert answer.status_code == 200
    assert answer.json["batch_id"] is None
    assert [(post["post_id"], post["status"]) for post in answer.json["posts"]] == [
        (None, "scheduled"),
        (None, "refused"),
    ]
    assert "existing_post_id" not in answer.json["posts"][1], "there is none"
    assert total(service) == 0
    assert_error(service.client.get("/api/v1/batches/1"), 404, "batch_not_found")


def test_a_trial_names_the_tweet_that_is_there_already(service: Service, alice: int) -> None:
    [existing] = close_gap(service, {"account_id": alice, "text": "Hello"}).json["posts"]
    [tried] = close_gap(service, {"account_id": alice, "text": "Hello"}, dry_run=True).json["posts"]
    assert (tried["error_code"], tried["existing_post_id"]) == ("duplicate", existing["post_id"])
    assert (tried["post_id"], tried["existing_tweet_id"]) == (None, None)


def test_one_text_for_several_accounts(service: Service, alice: int, bob: int) -> None:
    body = {"account_ids": [alice, bob, alice], "text": "Hello", "schedule_at": SOON}
    answer = service.client.post("/api/v1/tweets/batch", json=body)
    assert [post["account_id"] for post in answer.json["posts"]] == [alice, bob]
    assert [warning["code"] for warning in answer.json["warnings"]] == ["same_text"]


def test_the_forecast_is_for_the_whole_batch(service: Service, alice: int) -> None:
    answer = close_gap(service, *({"account_id": alice, "text": f"Number {number}"} for number in range(250)))
    [warning] = answer.json["warnings"]
    assert (warning["code"], warning["expected_at"]) == ("limit_forecast", "2026-11-20T14:40:00.000Z")


def test_bodies_that_cannot_be(service: Service, alice: int) -> None:
    for body, field in (
        ({}, "tweets"),
        ({"tweets": []}, "tweets"),
        ({"tweets": [{"account_id": alice}]}, "tweets.0.text"),
        ({"tweets": [{"account_id": alice, "text": "Hello", "colour": "red"}]}, "tweets.0.colour"),
        ({"tweets": [{"account_id": alice, "text": "Hello"}] * 1001}, "tweets"),
        ({"account_ids": [], "text": "Hello"}, "account_ids"),
        ({"account_ids": [alice]}, "text"),
        ({"account_ids": [alice], "text": "Hello", "tweets": []}, "tweets"),
    ):
        assert_error(service.client.post("/api/v1/tweets/batch", json=body), 422, "invalid_field", field=field)
    assert_error(close_gap(service, {"account_id": 4711, "text": "Hello"}), 404, "account_not_found")


def test_a_thousand(service: Service, alice: int) -> None:
    posts = [{"account_id": alice, "text": f"Number {number}"} for number in range(1000)]
    answer = close_gap(service, *posts)
    assert {post["status"] for post in answer.json["posts"]} == {"scheduled"}
    assert service.client.get(f"/api/v1/batches/{answer.json['batch_id']}").json["total"] == 1000


@pytest.mark.parametrize("text", ["bad \ud83d end", "\udc00", "https://\ud83d.example.com/"])
def test_half_an_emoji_costs_its_own_row_only(service: Service, alice: int, text: str) -> None:
    posts = [{"account_id": alice, "text": each} for each in ("one", text, "two", text)]
    for more in ({"dry_run": True}, {"atomic": True}, {}):
        answer = close_gap(service, *posts, **more)
        assert answer.status_code in (200, 202, 422), answer.text
        if not more:
            assert [row.get("error_code") for row in answer.json["posts"]] == [
                None,
                "text_invalid",
                None,
                "text_invalid",
            ]
    assert total(service) == 2


def test_a_batch_of_hopeless_texts_is_refused_soon(service: Service, alice: int) -> None:
    began = time.process_time()
    answer = close_gap(service, *({"account_id": alice, "text": "see a.co " * 450} for _ in range(1000)))
    assert time.process_time() - began < 2
    assert {row["error_code"] for row in answer.json["posts"]} == {"text_too_long"}
