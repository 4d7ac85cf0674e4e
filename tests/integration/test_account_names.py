"""`account`: a username wherever an account's id stands, of the present world only."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.service import Service, assert_error
from twitter_manager.storage import service_state

NAMES = ["alice", "@alice", "ALICE", "@Alice"]
LATER = "2026-11-20T15:00:00Z"


@pytest.fixture(autouse=True)
def bob(service: Service, alice: int) -> int:
    """Somebody else."""
    return service.connect("bob")


def post(service: Service, path: str, body: dict[str, Any]) -> TestResponse:
    return service.client.post(f"/api/v1{path}", json=body)


def owners(service: Service) -> list[str]:
    """Whose the tweets are, newest first."""
    return [tweet["username"] for tweet in service.client.get("/api/v1/tweets").json["tweets"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_tweet_by_a_username(service: Service, name: str) -> None:
    assert post(service, "/tweet", {"account": name, "text": "Hello"}).status_code == 201
    assert owners(service) == ["alice"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tweet", {"text": "Hello"}),
        ("/tweets", {"text": "Hello", "schedule_at": LATER}),
        ("/threads", {"tweets": ["Hello"], "schedule_at": LATER}),
        ("/tweets/validate", {"text": "Hello"}),
        ("/tweets/validate", {"tweets": ["Hello"]}),
    ],
)
class TestInBodies:
    def test_it_is_taken(self, service: Service, path: str, body: dict[str, Any]) -> None:
        assert post(service, path, {**body, "account": "@bob"}).status_code in (200, 201)
        assert set(owners(service)) <= {"bob"}

    def test_both_may_say_the_same(self, service: Service, bob: int, path: str, body: dict[str, Any]) -> None:
        assert post(service, path, {**body, "account": "bob", "account_id": bob}).status_code in (200, 201)

    def test_both_may_not_differ(self, service: Service, alice: int, path: str, body: dict[str, Any]) -> None:
        answer = post(service, path, {**body, "account": "bob", "account_id": alice})
        assert_error(answer, 422, "invalid_field", field="account")

    def test_nobody_has_it(self, service: Service, path: str, body: dict[str, Any]) -> None:
        answer = post(service, path, {**body, "account": "carol"})
        assert_error(answer, 404, "account_not_found", field="account")

    @pytest.mark.parametrize("name", ["@", "alice smith", "a" * 21, "älice", "alice\n"])
    def test_no_username_at_all(self, service: Service, path: str, body: dict[str, Any], name: str) -> None:
        assert_error(post(service, path, {**body, "account": name}), 422, "invalid_field", field="account")

    def test_neither(self, service: Service, path: str, body: dict[str, Any]) -> None:
        shape = assert_error(post(service, path, body), 422, "invalid_field", field="account_id")
        assert shape["error"] == "account_id is required, or account with a username"


class TestBatches:
    def test_rows(self, service: Service, alice: int) -> None:
        rows = [{"account": "@bob", "text": "1", "schedule_at": LATER}, {"account_id": alice, "text": "2"}]
        rows[1]["schedule_at"] = LATER
        assert post(service, "/tweets/batch", {"tweets": rows}).status_code == 202
        assert owners(service) == ["alice", "bob"]

    def test_the_row_of_an_unknown_one_is_named(self, service: Service, alice: int) -> None:
        rows = [{"account_id": alice, "text": "1", "schedule_at": LATER}, {"account": "carol", "text": "2"}]
        taken, refused = post(service, "/tweets/batch", {"tweets": rows}).json["posts"]
        assert (taken["status"], refused["status"]) == ("scheduled", "refused")
        assert (refused["field"], refused["error_code"], refused["account_id"]) == (
            "account",
            "account_not_found",
            None,
        )

    def test_a_list_of_usernames_beside_ids(self, service: Service, alice: int) -> None:
        body = {"text": "Hello", "schedule_at": LATER, "account_ids": [alice], "accounts": ["@bob", "Alice"]}
        assert post(service, "/tweets/batch", body).status_code == 202
        assert sorted(owners(service)) == ["alice", "bob"]

    def test_neither_list(self, service: Service) -> None:
        answer = post(service, "/tweets/batch", {"text": "Hello", "schedule_at": LATER, "account_ids": None})
        assert_error(answer, 422, "invalid_field", field="account_ids")


class TestEverywhereElse:
    def test_a_clean_up(self, service: Service, alice: int, bob: int) -> None:
        service.tweet(alice, "Mine")
        service.tweet(bob, "His")
        assert post(service, "/tweets/cleanup", {"account": "@bob"}).json["deleted"] == 1
        assert owners(service) == ["alice"]

    def test_posting_all_of_one(self, service: Service, alice: int, bob: int, worker: object) -> None:
        service.tweet(alice, "Mine")
        service.tweet(bob, "His")
        assert post(service, "/tweets/post-pending", {"account": "bob"}).json["posted"] == 1
        assert post(service, "/tweets/post-pending?account=@alice", {}).json["posted"] == 1

    def test_filters(self, service: Service, alice: int, bob: int) -> None:
        service.tweet(alice, "Mine")
        service.tweet(bob, "His")
        for name in ("bob", "@BOB", "%40bob"):
            listed = service.client.get(f"/api/v1/tweets?account={name}").json
            assert ([tweet["text"] for tweet in listed["tweets"]], listed["total"]) == (["His"], 1)
        wrong = service.client.get(f"/api/v1/tweets?account=bob&account_id={alice}")
        assert_error(wrong, 422, "invalid_field", field="account")
        assert_error(service.client.get("/api/v1/tweets?account=carol"), 404, "account_not_found", field="account")
        assert_error(service.client.get("/api/v1/tweets?account=a%20b"), 422, "invalid_field", field="account")

    def test_the_rate_limit_and_a_reconnect(self, service: Service, bob: int) -> None:
        assert service.client.get("/api/v1/rate-limit?account=bob").json["account_id"] == bob
        assert service.client.get("/api/v1/auth/twitter?account=@bob").status_code == 200
        assert_error(service.client.get("/api/v1/auth/twitter?account=carol"), 404, "account_not_found")

    def test_paths(self, service: Service, bob: int) -> None:
        assert service.client.get("/api/v1/accounts/@Bob").json["id"] == bob
        assert service.client.patch("/api/v1/accounts/%40bob", json={"is_active": False}).json["status"] == "inactive"
        assert_error(service.client.get("/api/v1/accounts/@carol"), 404, "account_not_found")
        assert_error(service.client.get("/api/v1/accounts/bob"), 422, "invalid_id", field="account_id")

    def test_a_username_in_the_place_of_an_id_is_told_its_own(self, service: Service) -> None:
        for answer in (
            post(service, "/tweet", {"account_id": "@alice", "text": "Hello"}),
            post(service, "/tweets/cleanup", {"account_id": "alice"}),
            service.client.get("/api/v1/tweets?account_id=alice"),
        ):
            shape = assert_error(answer, 422, "invalid_id", field="account_id")
            assert shape["error"] == "account_id is a positive whole number; a username goes into account"
        shape = assert_error(service.client.get("/api/v1/accounts/alice"), 422, "invalid_id", field="account_id")
        assert shape["error"] == "An account in a path is its id, or its username with @, such as @alice"

    def test_a_name_of_the_other_world_is_said_to_be_one(self, service: Service, bob: int) -> None:
        with service.services.db.transaction() as tx:
            service_state.set_mock_mode(tx, False)
        assert service.client.get(f"/api/v1/tweets?account_id={bob}").status_code == 200
        for path in ("tweets?account=bob", "rate-limit?account=bob", "auth/twitter?account=bob"):
            assert_error(service.client.get(f"/api/v1/{path}"), 409, "other_world", field="account")
        for path in ("/tweet", "/tweets", "/tweets/validate", "/tweets/cleanup", "/tweets/post-pending"):
            fields = {} if path.endswith(("up", "ing")) else {"text": "Hello"}
            answer = post(service, path, {"account": "@Bob", **fields})
            assert_error(answer, 409, "other_world", field="account")
        row = {"account": "bob", "text": "Hello"}
        [refused] = post(service, "/tweets/batch", {"tweets": [row]}).json["posts"]
        assert (refused["status"], refused["error_code"]) == ("refused", "other_world")
        assert_error(service.client.get("/api/v1/accounts/@bob"), 409, "other_world", field="account_id")
        assert_error(service.client.get("/api/v1/tweets?account=carol"), 404, "account_not_found")
