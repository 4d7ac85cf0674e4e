"""POST /api/v1/tweet, GET /api/v1/tweets, POST /api/v1/tweets/{id}/resolve."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.service import Service, assert_error

FIELDS = {
    "id",
    "text",
    "status",
    "created_at",
    "username",
    "account_id",
    "twitter_id",
    "url",
    "scheduled_at",
    "posted_at",
    "error",
}


def test_a_new_tweet_waits_as_pending(service: Service, alice: int) -> None:
    answer = service.client.post("/api/v1/tweet", json={"account_id": alice, "text": "Hello 👋 wörld"})
    assert answer.status_code == 201
    row = service.row(answer.json["tweet_id"])
    assert set(row) >= FIELDS
    assert row["text"] == "Hello 👋 wörld"
    assert (row["status"], row["username"], row["account_id"]) == ("pending", "alice", alice)
    assert row["created_at"] == "2026-11-20T14:05:00.123Z"
    nothing_yet = ("twitter_id", "url", "scheduled_at", "posted_at", "error", "next_attempt_at")
    assert [row[name] for name in nothing_yet] == [None] * 6


def test_a_posted_one_shows_where_it_is(service: Service, alice: int, worker: object) -> None:
    tweet = service.tweet(alice, "out")
    service.client.post(f"/api/v1/tweet/post/{tweet}")
    row = service.row(tweet)
    [post] = service.world.posts("alice")
    assert row["status"] == "posted"
    assert row["twitter_id"] == post.id
    assert row["url"] == f"http://127.0.0.1:5555/mock/x/alice/status/{post.id}"
    assert row["posted_at"] == "2026-11-20T14:05:00.123Z"


def test_newest_first_in_pages_with_the_total(service: Service, alice: int) -> None:
    numbers = [service.tweet(alice, f"tweet {n}") for n in range(5)]
    first = service.client.get("/api/v1/tweets?limit=2").json
    last = service.client.get("/api/v1/tweets?limit=2&page=3").json
    assert [row["id"] for row in first["tweets"]] == [numbers[4], numbers[3]]
    assert [row["id"] for row in last["tweets"]] == [numbers[0]]
    assert (first["total"], first["page"], first["limit"]) == (5, 1, 2)


def test_at_most_50_rows(service: Service, alice: int) -> None:
    for n in range(51):
        service.services.tweets.create(account_id=alice, text=f"tweet {n}")
    answer = service.client.get("/api/v1/tweets").json
    assert (len(answer["tweets"]), answer["total"]) == (50, 51)


def test_filters_by_status_and_account(service: Service, alice: int, worker: object) -> None:
    bob = service.connect("bob")
    waiting = service.tweet(alice, "waits")
    out = service.tweet(alice, "goes")
    service.tweet(bob, "bob's")
    service.client.post(f"/api/v1/tweet/post/{out}")

    def ids(**query: object) -> list[int]:
        answer = service.client.get("/api/v1/tweets", query_string=query).json
        assert answer["total"] == len(answer["tweets"])
        return [row["id"] for row in answer["tweets"]]

    assert ids(status="posted") == ids(status="published") == [out]
    assert ids(status="pending", account_id=alice) == [waiting]
    assert ids(account_id=alice) == [out, waiting]
    assert ids(status="failed") == []


@pytest.mark.parametrize(
    ("query", "status", "code", "field"),
    [
        ("status=sent", 422, "invalid_field", "status"),
        ("limit=51", 422, "invalid_field", "limit"),
        ("limit=0", 422, "invalid_field", "limit"),
        ("page=-1", 422, "invalid_field", "page"),
        ("page=99999999999999999999", 422, "invalid_field", "page"),
        ("account_id=0", 422, "invalid_id", "account_id"),
        ("account_id=one", 422, "invalid_id", "account_id"),
        ("account_id=9223372036854775808", 422, "invalid_id", "account_id"),
        ("account_id=9223372036854775807", 404, "account_not_found", None),
    ],
)
def test_filters_that_are_none(client: FlaskClient, query: str, status: int, code: str, field: str | None) -> None:
    shape = assert_error(client.get(f"/api/v1/tweets?{query}"), status, code)
    assert shape.get("field") == field


def test_for_an_account_of_the_other_environment(service: Service, alice: int) -> None:
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE service_state SET value = '0' WHERE name = 'mock_mode'")
    answer = service.client.post("/api/v1/tweet", json={"account_id": alice, "text": "hello"})
    assert_error(answer, 409, "other_world", field="account_id")


def test_for_an_account_of_oauth_1(service: Service, alice: int) -> None:
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE twitter_account SET access_token_secret = 'old', status = 'failed'")
    answer = service.client.post("/api/v1/tweet", json={"account_id": alice, "text": "hello"})
    assert_error(answer, 422, "oauth1_not_supported")


def doubtful(service: Service, alice: int) -> int:
    """An unconfirmed tweet whose owner has to decide: a post that is nearly the same stands at X."""
    service.world.faults.cuts_the_line()
    tweet = service.tweet(alice, "The quick brown fox jumps over the lazy dog")
    service.beat()
    service.services.publishing.post_now(tweet)
    service.run_due()
    service.world.write("alice", "The quick brown fox jumps over the lazy dogs")
    for _ in range(20):
        service.clock.forward(60)
        service.run_due()
        if service.row(tweet)["needs_decision"]:
            return tweet
    raise AssertionError(service.row(tweet))


def resolve(service: Service, tweet: int, **body: object) -> Any:
    return service.client.post(f"/api/v1/tweets/{tweet}/resolve", json=body)


def test_the_owner_says_it_is_there(service: Service, alice: int) -> None:
    tweet = doubtful(service, alice)
    row = service.row(tweet)
    assert (row["status"], row["error_code"]) == ("unconfirmed", "doubtful_match")
    answer = resolve(service, tweet, **{"as": "posted", "twitter_id": service.world.posts("alice")[0].id})
    assert answer.status_code == 200
    assert answer.json["tweet"]["status"] == "posted"
    assert answer.json["tweet"]["twitter_id"] == service.world.posts("alice")[0].id


def test_the_owner_says_it_is_not_there_and_it_goes_out(service: Service, alice: int) -> None:
    tweet = doubtful(service, alice)
    assert resolve(service, tweet, **{"as": "not_posted"}).status_code == 200
    service.run_due()
    assert service.row(tweet)["status"] == "posted"
    assert len(service.world.posts("alice")) == 2


def test_the_owner_is_asked_only_about_doubtful_ones(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "clear")
    assert_error(resolve(service, tweet, **{"as": "not_posted"}), 409, "tweet_not_unconfirmed")
    assert_error(resolve(service, 99, **{"as": "not_posted"}), 404, "tweet_not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "as"),
        ({"as": "maybe"}, "as"),
        ({"as": 1}, "as"),
        ({"as_": "posted"}, "as_"),
        ({"as": "posted"}, "twitter_id"),
        ({"as": "posted", "twitter_id": 17}, "twitter_id"),
        ({"as": "posted", "twitter_id": "x7"}, "twitter_id"),
        ({"as": "posted", "twitter_id": "1" * 20}, "twitter_id"),
        ({"as": "posted", "twitter_id": "٣"}, "twitter_id"),
        ({"as": "posted", "twitter_id": "17\n"}, "twitter_id"),
        ({"as": "not_posted", "twitter_id": "17"}, "twitter_id"),
    ],
)
def test_a_word_that_is_none(service: Service, body: dict[str, object], field: str) -> None:
    assert_error(resolve(service, 1, **body), 422, "invalid_field", field=field)


def test_a_cursor_goes_through_the_whole_list_once(service: Service, alice: int) -> None:
    numbers = [service.tweet(alice, f"tweet {n}") for n in range(7)]
    seen, query = [], "limit=3"
    for _ in range(3):
        answer = service.client.get(f"/api/v1/tweets?{query}").json
        assert answer["total"] == 7
        seen += [row["id"] for row in answer["tweets"]]
        query = f"limit=3&cursor={answer['next_cursor']}"
    assert seen == numbers[::-1]
    assert answer["next_cursor"] is None


def test_a_cursor_goes_on_where_it_was_whatever_came_meanwhile(service: Service, alice: int) -> None:
    numbers = [service.tweet(alice, f"tweet {n}") for n in range(4)]
    cursor = service.client.get("/api/v1/tweets?limit=2&status=pending").json["next_cursor"]
    service.tweet(alice, "a new one")
    answer = service.client.get(f"/api/v1/tweets?limit=2&status=pending&cursor={cursor}").json
    assert [row["id"] for row in answer["tweets"]] == [numbers[1], numbers[0]]


@pytest.mark.parametrize("cursor", ["7", "before-", "before-x", "before-99999999999999999999", "before-1 OR 1"])
def test_a_cursor_that_is_none(service: Service, cursor: str) -> None:
    answer = service.client.get("/api/v1/tweets", query_string={"cursor": cursor})
    assert_error(answer, 422, "invalid_field", field="cursor")
