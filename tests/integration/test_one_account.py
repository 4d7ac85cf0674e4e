"""GET, PATCH, DELETE /api/v1/accounts/{id}, POST …/refresh, POST /api/v1/accounts/cleanup."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from werkzeug.test import TestResponse

from tests.support.service import JSON, Service, assert_error
from twitter_manager.storage import accounts


def test_one_account_shows_scopes_health_and_counts_and_no_token(service: Service, alice: int) -> None:
    service.tweet(alice, "Hello")
    answer = service.client.get(f"/api/v1/accounts/{alice}")
    assert answer.status_code == 200
    shown = answer.json
    assert (shown["id"], shown["username"], shown["status"]) == (alice, "alice", "active")
    assert "tweet.write" in shown["scopes"]
    assert (shown["health"]["state"], shown["health"]["needs_reconnect"]) == ("active", False)
    assert shown["tweet_counts"] == {"total": 1, "pending": 1}
    assert not any(secret in answer.text for secret in service.world.secrets())


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_an_account_that_is_not_there(service: Service, method: str) -> None:
    answer = getattr(service.client, method)("/api/v1/accounts/77", json={"is_active": True})
    assert_error(answer, 404, "account_not_found")


@pytest.mark.parametrize("account_id", ["abc", "0", "-1", "99999999999999999999"])
def test_a_malformed_id(service: Service, account_id: str) -> None:
    assert_error(service.client.get(f"/api/v1/accounts/{account_id}"), 422, "invalid_id", field="account_id")


def test_an_account_switched_off_holds_its_tweets_and_switched_on_posts_them(
    service: Service, alice: int, worker: object
) -> None:
    answer = service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": False})
    assert (answer.json["status"], answer.json["is_active"]) == ("inactive", False)
    tweet = service.tweet(alice, "Not now")
    held = service.client.post(f"/api/v1/tweet/post/{tweet}")
    assert (held.status_code, held.json["status"]) == (202, "held")
    assert service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": True}).json["is_active"]
    service.services.waiting.for_tweets([tweet], seconds=5)
    assert service.row(tweet)["status"] == "posted"


def test_the_switch_is_true_or_false(service: Service, alice: int) -> None:
    answer = service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": "no"})
    assert_error(answer, 422, "invalid_field", field="is_active")


def test_a_deleted_account_takes_its_tweets_along(service: Service, alice: int) -> None:
    for n in range(3):
        service.tweet(alice, f"tweet {n}")
    answer = service.client.delete(f"/api/v1/accounts/{alice}")
    assert (answer.status_code, answer.json["deleted_tweets"]) == (200, 3)
    assert service.client.get("/api/v1/accounts").json["total"] == 0
    assert service.client.get("/api/v1/tweets").json["total"] == 0
    assert len(service.world.calls(path="/2/oauth2/revoke")) == 2


def test_keeping_the_tweets(service: Service, alice: int) -> None:
    service.tweet(alice, "Stays")
    answer = service.client.delete(f"/api/v1/accounts/{alice}?keep_tweets=1")
    assert (answer.status_code, answer.json["deleted_tweets"]) == (200, 0)
    shown = service.client.get(f"/api/v1/accounts/{alice}").json
    assert (shown["status"], shown["health"]["needs_reconnect"]) == ("inactive", True)
    assert service.client.get("/api/v1/tweets").json["total"] == 1


def test_cleaning_up(service: Service, alice: int) -> None:
    bob = service.connect("bob")
    service.tweet(bob, "Bob's")
    service.client.patch(f"/api/v1/accounts/{bob}", json={"is_active": False})
    answer = service.client.post("/api/v1/accounts/cleanup", json={"statuses": ["inactive", "failed"]})
    assert (answer.json["deleted_accounts"], answer.json["deleted_tweets"]) == (1, 1)
    assert [row["id"] for row in service.client.get("/api/v1/accounts").json["accounts"]] == [alice]


@pytest.mark.parametrize("body", [{}, {"statuses": []}, {"statuses": ["active"]}, {"statuses": "failed"}])
def test_cleaning_up_needs_statuses_that_are_of_no_use(service: Service, alice: int, body: object) -> None:
    answer = service.client.post("/api/v1/accounts/cleanup", json=body)
    assert_error(answer, 422, "invalid_field", field="statuses")
    assert service.client.get("/api/v1/accounts").json["total"] == 1


def test_the_token_is_renewed_on_request(service: Service, alice: int) -> None:
    service.clock.forward(60)
    answer = service.client.post(f"/api/v1/accounts/{alice}/refresh")
    assert answer.status_code == 200
    assert answer.json["account"]["token_expires_at"] == "2026-11-20T16:06:00.123Z"


def test_without_a_client_a_renewal_is_no_failure_of_the_account(service: Service, alice: int) -> None:
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE twitter_account SET mock = 0 WHERE id = :id", id=alice)
    answer = service.client.post(f"/api/v1/accounts/{alice}/refresh")
    assert_error(answer, 409, "oauth_not_configured")
    account = accounts.get(service.services.db, alice)
    assert (account.status, account.refresh_failures, account.refresh_sent_at) == ("active", 0, None)


def test_a_renewal_with_a_token_that_cannot_be_read(service: Service, alice: int) -> None:
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE twitter_account SET refresh_token = 'nonsense' WHERE id = :id", id=alice)
    answer = service.client.post(f"/api/v1/accounts/{alice}/refresh")
    assert "retryable" not in assert_error(answer, 409, "token_unreadable")


def test_a_renewal_that_x_refuses(service: Service, alice: int) -> None:
    service.world.disconnect("alice")
    assert_error(service.client.post(f"/api/v1/accounts/{alice}/refresh"), 502, "token_refused")
    assert_error(service.client.post(f"/api/v1/accounts/{alice}/refresh"), 409, "account_needs_reconnect")
    shown = service.client.get(f"/api/v1/accounts/{alice}").json
    assert (shown["health"]["state"], shown["health"]["needs_reconnect"]) == ("failed", True)


@contextmanager
def every_seat_taken(service: Service) -> Iterator[None]:
    """As many requests wait as may."""
    free = service.services.seats._free
    taken = 0
    while free.acquire(blocking=False):
        taken += 1
    yield
    free.release(taken)


WAITING: dict[str, Callable[[Service, int, int, int], TestResponse]] = {
    "refresh": lambda service, account, tweet, thread: service.client.post(f"/api/v1/accounts/{account}/refresh"),
    "remove": lambda service, account, tweet, thread: service.client.delete(f"/api/v1/accounts/{account}"),
    "forget": lambda service, account, tweet, thread: service.client.delete(
        f"/api/v1/accounts/{account}?keep_tweets=1"
    ),
    "clean up": lambda service, account, tweet, thread: service.client.post(
        "/api/v1/accounts/cleanup", json={"statuses": ["failed"]}
    ),
    "tweet": lambda service, account, tweet, thread: service.client.delete(f"/api/v1/tweets/{tweet}?from_twitter=1"),
    "thread": lambda service, account, tweet, thread: service.client.delete(f"/api/v1/threads/{thread}?from_twitter=1"),
}


@pytest.mark.parametrize("name", WAITING)
def test_a_call_that_would_wait_for_x_is_refused_while_every_seat_is_taken(
    service: Service, alice: int, worker: object, name: str
) -> None:
    tweet = service.client.post("/api/v1/tweets", json={"account_id": alice, "text": "Out"}).json["post_id"]
    published = service.client.post("/api/v1/threads", json={"account_id": alice, "tweets": ["One", "Two"]})
    thread = published.json["thread_id"]
    with every_seat_taken(service):
        answer = WAITING[name](service, alice, tweet, thread)
        assert_error(answer, 503, "too_many_waiting", retryable=True)
        assert int(answer.headers["Retry-After"]) >= 1
        assert service.client.get(f"/api/v1/threads/{thread}").json["status"] == "posted", "nothing was begun"
    assert WAITING[name](service, alice, tweet, thread).status_code == 200


def test_a_callback_without_a_seat_uses_up_nothing(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    with every_seat_taken(service):
        assert_error(service.anonymous.get(back, headers=JSON), 503, "too_many_waiting")
    assert service.anonymous.get(back, headers=JSON).json["account"]["username"] == "alice"


def test_what_waits_for_nobody_needs_no_seat(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Only here")
    with every_seat_taken(service):
        assert service.client.delete(f"/api/v1/tweets/{tweet}").status_code == 200
        assert service.client.get("/api/v1/health").json["status"] in ("healthy", "unhealthy")
