"""GET /api/v1/rate-limit, and what happens when a window is spent."""

from datetime import datetime
from typing import Any

import pytest

from tests.support.service import Service, assert_error
from twitter_manager.services.rate_limits import limiter
from twitter_manager.timestamps import later, to_text

DELETE = "DELETE /2/tweets/{id}"


def acquire(service: Service, account_id: int, calls: int, endpoint: str = "GET /2/tweets") -> None:
    with service.services.db.transaction() as tx:
        for _ in range(calls):
            assert limiter.acquire(tx, account_id=account_id, mock=True, endpoint=endpoint) is None


def rate_limit(service: Service, account_id: int | None = None) -> dict[str, Any]:
    query = {} if account_id is None else {"account_id": account_id}
    answer = service.client.get("/api/v1/rate-limit", query_string=query)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json
    return shown


def endpoint_of(shown: dict[str, Any], endpoint: str) -> dict[str, Any]:
    (found,) = (each for each in shown["endpoints"] if each["endpoint"] == endpoint)
    fitting: dict[str, Any] = found
    return fitting


def posted(service: Service, account_id: int) -> int:
    """A tweet that is on X."""
    tweet_id = service.tweet(account_id, "hello")
    service.beat()
    service.services.publishing.post_now(tweet_id)
    service.run_due()
    assert service.row(tweet_id)["status"] == "posted"
    return tweet_id


def deletions(service: Service) -> int:
    return sum(call.method == "DELETE" for call in service.world.calls())


class TestWhatIsLeft:
    def test_an_account_that_called_nobody(self, service: Service, alice: int) -> None:
        shown = rate_limit(service, alice)
        endpoints = shown.pop("endpoints")
        assert shown == {
            "account_id": alice,
            "remaining_requests": 450,
            "max_requests": 450,
            "window_minutes": 15,
            "reset_at": None,
            "reset_in_seconds": 0,
            "requests_until_reset": 450,
        }
        assert {
            "endpoint": DELETE,
            "per": "account",
            "limit": 50,
            "remaining": 50,
            "window_minutes": 15,
            "reset_at": None,
            "source": "table",
        } in endpoints
        likes = [each for each in endpoints if each["endpoint"] == "POST /2/users/{id}/likes"]
        assert [(each["limit"], each["window_minutes"]) for each in likes] == [(50, 15), (1000, 1440)]
        posts = [(each["per"], each["limit"]) for each in endpoints if each["endpoint"] == "POST /2/tweets"]
        assert sorted(posts) == [("account", 100), ("app", 10_000)]

    def test_calls_count_until_they_are_15_minutes_old(self, service: Service, alice: int) -> None:
        began = service.clock()
        acquire(service, alice, 2)
        service.clock.forward(60.5)
        acquire(service, alice, 1)
        shown = rate_limit(service, alice)
        assert (shown["remaining_requests"], shown["requests_until_reset"]) == (447, 447)
        assert (shown["reset_at"], shown["reset_in_seconds"]) == (to_text(later(began, 900)), 840)
        assert endpoint_of(shown, "GET /2/tweets")["remaining"] == 4997
        service.clock.forward(839.5)
        assert rate_limit(service, alice)["remaining_requests"] == 449

    def test_without_room_it_says_when_there_is_some(self, service: Service, alice: int) -> None:
        acquire(service, alice, 450)
        shown = rate_limit(service, alice)
        assert shown["remaining_requests"] == 0
        assert shown["reset_at"] == to_text(later(service.clock(), 900))

    def test_what_x_said_goes_before_the_table(self, service: Service, alice: int) -> None:
        tweet_id = posted(service, alice)
        service.world.faults.rate_limits(call=DELETE, reset_in=600)
        service.client.delete(f"/api/v1/tweets/{tweet_id}?from_twitter=1")
        shown = endpoint_of(rate_limit(service, alice), DELETE)
        assert (shown["remaining"], shown["source"]) == (0, "x")
        reset = datetime.fromisoformat(shown["reset_at"])
        assert abs((reset - later(service.clock(), 600)).total_seconds()) <= 1

    def test_other_accounts_are_counted_apart_but_for_the_app(self, service: Service, alice: int) -> None:
        bob = service.connect("bob")
        acquire(service, bob, 100, "POST /2/tweets")
        shown = rate_limit(service, alice)
        assert shown["remaining_requests"] == 450
        posts = {each["per"]: each["remaining"] for each in shown["endpoints"] if each["endpoint"] == "POST /2/tweets"}
        assert posts == {"account": 100, "app": 9900}
        assert rate_limit(service, bob)["remaining_requests"] == 350

    def test_whose_it_is(self, service: Service, alice: int) -> None:
        assert rate_limit(service)["account_id"] == alice
        client = service.client
        assert_error(client.get("/api/v1/rate-limit?account_id=999"), 404, "account_not_found")
        assert_error(client.get("/api/v1/rate-limit?account_id=x"), 422, "invalid_id", field="account_id")
        service.connect("bob")
        assert_error(client.get("/api/v1/rate-limit"), 422, "invalid_field", field="account_id")

    def test_without_an_account(self, service: Service) -> None:
        assert_error(service.client.get("/api/v1/rate-limit"), 422, "invalid_field", field="account_id")


class TestASpentWindow:
    @pytest.mark.parametrize("endpoint", ["GET /2/tweets", DELETE])
    def test_a_call_is_answered_429_and_x_is_not_called(self, service: Service, alice: int, endpoint: str) -> None:
        tweet_id = posted(service, alice)
        shown = rate_limit(service, alice)
        acquire(service, alice, min(shown["remaining_requests"], endpoint_of(shown, endpoint)["remaining"]), endpoint)
        answer = service.client.delete(f"/api/v1/tweets/{tweet_id}?from_twitter=1")
        until = to_text(later(service.clock(), 900))
        shape = assert_error(answer, 429, "rate_limit_exceeded", next_attempt_at=until, retryable=True)
        assert shape["error"] == "Rate limit exceeded. Please try again later."
        assert int(answer.headers["Retry-After"]) >= 1
        assert deletions(service) == 0
        assert service.row(tweet_id)["status"] == "posted"
        service.clock.forward(900)
        assert service.client.delete(f"/api/v1/tweets/{tweet_id}?from_twitter=1").status_code == 200
        assert deletions(service) == 1

    def test_xs_own_429_is_told_and_learnt(self, service: Service, alice: int) -> None:
        tweet_id = posted(service, alice)
        service.world.faults.rate_limits(call=DELETE, reset_in=600)
        first = service.client.delete(f"/api/v1/tweets/{tweet_id}?from_twitter=1")
        told = assert_error(first, 429, "rate_limit_exceeded", retryable=True)
        assert told["twitter"]["status"] == 429
        again = service.client.delete(f"/api/v1/tweets/{tweet_id}?from_twitter=1")
        shape = assert_error(again, 429, "rate_limit_exceeded", next_attempt_at=told["next_attempt_at"])
        assert "twitter" not in shape
        assert deletions(service) == 1
        service.clock.forward(601)
        assert service.client.delete(f"/api/v1/tweets/{tweet_id}?from_twitter=1").status_code == 200

    def test_without_asking_x_the_row_goes_all_the_same(self, service: Service, alice: int) -> None:
        tweet_id = posted(service, alice)
        acquire(service, alice, 50, DELETE)
        assert service.client.delete(f"/api/v1/tweets/{tweet_id}").status_code == 200

    def test_a_renewal_that_x_puts_off(self, service: Service, alice: int) -> None:
        service.world.faults.rate_limits(call="POST /2/oauth2/token", reset_in=600)
        answer = service.client.post(f"/api/v1/accounts/{alice}/refresh")
        assert_error(answer, 429, "rate_limit_exceeded", retryable=True)
        assert rate_limit(service, alice)["remaining_requests"] == 450

    def test_a_renewal_on_request_waits_for_the_accounts_window(self, service: Service, alice: int) -> None:
        acquire(service, alice, 450)
        renewals = len(service.world.calls(path="/2/oauth2/token"))
        until = to_text(later(service.clock(), 900))
        answer = service.client.post(f"/api/v1/accounts/{alice}/refresh")
        assert_error(answer, 429, "rate_limit_exceeded", next_attempt_at=until)
        assert len(service.world.calls(path="/2/oauth2/token")) == renewals
        service.clock.forward(900)
        assert service.client.post(f"/api/v1/accounts/{alice}/refresh").status_code == 200
