"""What every call has in common: who may, how often, what is unknown, what is written down."""

import pytest
import requests

from tests.support.clock import Clock
from tests.support.simulator import API, Caller
from twitter_manager.simulator import responses, routes
from twitter_manager.simulator.world import World


def test_every_route_has_its_handler() -> None:
    assert set(routes.names()) == set(responses.HANDLERS)


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Bearer ", "Basic YTpi", "OAuth oauth_token=1"])
def test_without_a_good_bearer_token_it_is_401(session: requests.Session, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    response = session.get(f"{API}/2/users/me", headers=headers)
    assert response.status_code == 401
    assert response.json() == {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}


def test_a_refresh_token_is_no_bearer_token(session: requests.Session, world: World) -> None:
    token = world.sign_in("alice").refresh_token
    assert Caller(session, token or "").call("GET", "/2/users/me").status_code == 401


def test_a_missing_scope_is_a_bare_403(session: requests.Session, world: World) -> None:
    token = world.sign_in("alice", scope="tweet.read users.read").access_token
    caller = Caller(session, token)
    assert caller.call("GET", "/2/users/me").status_code == 200
    response = caller.post("no")
    assert (response.status_code, response.json()["detail"]) == (403, "Forbidden")


def test_a_suspended_user_may_do_nothing(alice: Caller, world: World) -> None:
    world.suspend("alice")
    response = alice.post("no")
    assert (response.status_code, "suspended" in response.json()["detail"]) == (403, True)
    world.suspend("alice", suspended=False)
    assert alice.post("yes").status_code == 201


def test_unknown_paths_and_methods(session: requests.Session) -> None:
    assert session.get(f"{API}/2/nothing").status_code == 404
    assert session.get(f"{API}/_simulator/state").status_code == 404
    wrong = session.put(f"{API}/2/tweets")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST, GET")


def test_the_headers_count_each_users_window(alice: Caller, world: World, clock: Clock) -> None:
    bob = Caller(alice.session, world.sign_in("bob").access_token)
    first, second, other = alice.post("1"), alice.post("2"), bob.post("1")
    assert [answer.headers["x-rate-limit-remaining"] for answer in (first, second, other)] == ["99", "98", "99"]
    assert first.headers["x-rate-limit-limit"] == "100"
    assert int(first.headers["x-rate-limit-reset"]) == int(clock().timestamp()) + 900
    clock.forward(900)
    assert alice.post("3").headers["x-rate-limit-remaining"] == "99"


def test_limits_are_enforced_when_asked_for(alice: Caller, world: World, clock: Clock) -> None:
    for _ in range(75):
        assert alice.call("GET", "/2/users/me").status_code == 200
    assert alice.call("GET", "/2/users/me").status_code == 200
    world.change(rate_limits=True)
    refused = alice.call("GET", "/2/users/me")
    assert (refused.status_code, refused.headers["x-rate-limit-remaining"]) == (429, "0")
    clock.forward(900)
    assert alice.call("GET", "/2/users/me").status_code == 200


def test_calls_are_counted(alice: Caller, world: World) -> None:
    alice.posted("one")
    alice.get(f"/2/tweets/{world.posts()[0].id}")
    alice.get("/2/nothing")
    assert [call.status for call in world.calls(method="POST", path="/2/tweets")] == [201]
    assert [call.username for call in world.calls(path="/2/tweets/{id}")] == ["alice"]
    assert [call.status for call in world.calls(path="/2/nothing")] == [404]
    assert len(world.calls()) == 3
    assert len(world.calls(username="ALICE")) == 2


@pytest.mark.parametrize("path", ["/2/users/{}", "/2/users/by/username/Alice", "/2/users/me"])
def test_a_user_is_found_by_id_name_and_token(alice: Caller, world: World, path: str) -> None:
    world.user("alice", name="Alice A.", followers=12, subscription_type="Premium")
    user = world.user("alice")
    alice.posted("one")
    fields = {"user.fields": "public_metrics,subscription_type,created_at"}
    shown = alice.get(path.format(user.id), **fields)["data"]
    assert (shown["id"], shown["username"], shown["name"]) == (user.id, "alice", "Alice A.")
    assert (shown["public_metrics"]["followers_count"], shown["public_metrics"]["post_count"]) == (12, 1)
    assert (shown["subscription_type"], shown["created_at"]) == ("Premium", "2026-11-20T14:05:00.000Z")
    old = alice.get(path.format(user.id), **fields, **{"tweet.fields": "id"})["data"]
    assert old["public_metrics"]["tweet_count"] == 1


def test_users_who_are_not_there(alice: Caller) -> None:
    assert alice.get("/2/users/42")["errors"][0]["parameter"] == "id"
    assert alice.get("/2/users/by/username/nobody")["errors"][0]["parameter"] == "username"
    assert alice.call("GET", "/2/users/by/username/no-body").status_code == 400
    assert alice.call("GET", "/2/users/nobody").status_code == 400


@pytest.mark.parametrize(
    "change", [{"latency": -1}, {"latency": "1"}, {"rate_limits": 1}, {"dialect": "old"}, {"colour": 1}]
)
def test_a_setting_that_makes_no_sense_is_refused(world: World, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        world.change(**change)


@pytest.mark.parametrize(("known", "other"), [("tweet.fields", "post.fields"), ("post.fields", "tweet.fields")])
def test_x_can_know_one_vocabulary_only(alice: Caller, world: World, known: str, other: str) -> None:
    post_id = alice.posted("in whose words?")
    world.change(dialect=known)
    refused = alice.call("GET", f"/2/tweets/{post_id}", params={other: "created_at"})
    assert (refused.status_code, other in refused.json()["errors"][0]["message"]) == (400, True)
    assert "created_at" in alice.get(f"/2/tweets/{post_id}", **{known: "created_at"})["data"]
    world.change(dialect="both")
    assert "created_at" in alice.get(f"/2/tweets/{post_id}", **{other: "created_at"})["data"]


def test_latency_is_slept(alice: Caller, world: World) -> None:
    world.change(latency=0.05)
    assert alice.call("GET", "/2/users/me").elapsed.total_seconds() >= 0.05
