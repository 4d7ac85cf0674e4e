"""Codes, tokens and who may have them."""

from typing import Any

import pytest
import requests

from tests.support.clock import Clock
from tests.support.simulator import API, Caller, exchange, new_code, refresh
from twitter_manager.simulator.world import World


def assert_refused(response: Any, status: int, error: str, words: str) -> None:
    body = response.json()
    assert (response.status_code, body["error"]) == (status, error)
    assert words in body["error_description"]


def test_a_code_becomes_a_pair_of_tokens(session: requests.Session, world: World) -> None:
    pair = exchange(session, new_code(session)).json()
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 7200)
    assert pair["scope"] == "tweet.read tweet.write users.read offline.access"
    me = Caller(session, pair["access_token"]).get("/2/users/me")
    assert me == {"data": {"id": world.user("alice").id, "name": "alice", "username": "alice"}}


def test_an_access_token_lives_as_long_as_one_likes(session: requests.Session, world: World, clock: Clock) -> None:
    world.change(token_life=60)
    pair = exchange(session, new_code(session)).json()
    caller = Caller(session, pair["access_token"])
    clock.forward(59)
    assert (pair["expires_in"], caller.call("GET", "/2/users/me").status_code) == (60, 200)
    clock.forward(1)
    assert caller.call("GET", "/2/users/me").status_code == 401
    assert refresh(session, pair["refresh_token"]).json()["expires_in"] == 60


def test_without_offline_access_there_is_no_refresh_token(session: requests.Session) -> None:
    pair = exchange(session, new_code(session, scope="tweet.read users.read")).json()
    assert "refresh_token" not in pair


def test_a_code_serves_once(session: requests.Session) -> None:
    code = new_code(session)
    assert exchange(session, code).status_code == 200
    assert_refused(exchange(session, code), 400, "invalid_request", "authorization code was invalid")


def test_a_code_dies_after_30_seconds(session: requests.Session, clock: Clock) -> None:
    early, late = new_code(session), new_code(session)
    clock.forward(29.9)
    assert exchange(session, early).status_code == 200
    clock.forward(0.1)
    assert_refused(exchange(session, late), 400, "invalid_request", "authorization code was invalid")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code_verifier": "w" * 43}, "code verifier"),
        ({"code_verifier": "short"}, "code verifier"),
        ({"redirect_uri": "http://127.0.0.1:5555/other"}, "redirect uri"),
        ({"client_id": "other"}, "authorization code was invalid"),
        ({"code": ""}, "[code]"),
        ({"grant_type": ""}, "[grant_type]"),
    ],
)
def test_an_exchange_that_does_not_fit_is_refused_and_the_code_stays_good(
    session: requests.Session, change: dict[str, Any], words: str
) -> None:
    code = new_code(session)
    assert_refused(exchange(session, **{"code": code, **change}), 400, "invalid_request", words)
    assert exchange(session, code).status_code == 200


def test_the_plain_challenge_is_the_verifier_itself(session: requests.Session) -> None:
    code = new_code(session, code_challenge="v" * 43, code_challenge_method="plain")
    assert exchange(session, code).status_code == 200


def test_json_instead_of_a_form_lacks_the_grant_type(session: requests.Session) -> None:
    response = session.post(f"{API}/2/oauth2/token", json={"grant_type": "refresh_token"})
    assert_refused(response, 400, "invalid_request", "Missing required parameter [grant_type].")


def test_a_refresh_rotates_and_the_old_refresh_token_dies(session: requests.Session, world: World) -> None:
    first = world.sign_in("alice")
    second = refresh(session, first.refresh_token or "").json()
    assert second["refresh_token"] != first.refresh_token
    assert_refused(refresh(session, first.refresh_token or ""), 400, "invalid_request", "token was invalid")
    assert refresh(session, second["refresh_token"]).status_code == 200


def test_the_old_access_token_stays_good_until_its_time_is_over(
    session: requests.Session, world: World, clock: Clock
) -> None:
    first = world.sign_in("alice")
    clock.forward(3600)
    second = refresh(session, first.refresh_token or "").json()
    old, new = Caller(session, first.access_token), Caller(session, second["access_token"])
    assert old.post("still good").status_code == 201
    clock.forward(3600)
    assert old.post("too late").status_code == 401
    assert new.post("good").status_code == 201


def test_a_revoked_refresh_token_takes_the_access_token_with_it(session: requests.Session, world: World) -> None:
    pair = world.sign_in("alice")
    response = session.post(f"{API}/2/oauth2/revoke", data={"token": pair.refresh_token, "client_id": "app"})
    assert (response.status_code, response.json()) == (200, {"revoked": True})
    assert Caller(session, pair.access_token).post("no").status_code == 401
    assert refresh(session, pair.refresh_token or "").status_code == 400


def test_a_revoked_access_token_leaves_the_refresh_token(session: requests.Session, world: World) -> None:
    pair = world.sign_in("alice")
    session.post(f"{API}/2/oauth2/revoke", data={"token": pair.access_token, "client_id": "app"})
    assert Caller(session, pair.access_token).post("no").status_code == 401
    assert refresh(session, pair.refresh_token or "").status_code == 200


def test_revoking_what_nobody_knows_is_fine(session: requests.Session) -> None:
    response = session.post(f"{API}/2/oauth2/revoke", data={"token": "nobody's", "client_id": "app"})
    assert response.status_code == 200


def test_a_user_can_take_access_back(session: requests.Session, world: World) -> None:
    pair = world.sign_in("alice")
    world.disconnect("alice")
    assert Caller(session, pair.access_token).post("no").status_code == 401
    assert_refused(refresh(session, pair.refresh_token or ""), 400, "invalid_request", "token was invalid")


def test_a_registered_confidential_client_needs_its_secret(session: requests.Session, world: World) -> None:
    world.register_client("app", "hush")
    words = "Missing valid authorization header"
    assert_refused(exchange(session, new_code(session)), 401, "unauthorized_client", words)
    wrong = exchange(session, new_code(session), auth=("app", "wrong"))
    assert_refused(wrong, 401, "unauthorized_client", words)
    assert exchange(session, new_code(session), auth=("app", "hush")).status_code == 200


def test_a_registered_public_client_names_itself_in_the_body(session: requests.Session, world: World) -> None:
    world.register_client("app", None)
    assert exchange(session, new_code(session)).status_code == 200
    stranger = refresh(session, world.sign_in("alice").refresh_token or "", client_id="stranger")
    assert_refused(stranger, 401, "unauthorized_client", "Missing valid authorization header")


def test_every_access_token_can_be_made_to_expire(alice: Caller, world: World) -> None:
    assert world.expire_access_tokens() == 1
    response = alice.post("too late")
    assert response.json() == {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}


def test_the_world_remembers_every_secret_it_gave_or_saw(session: requests.Session, world: World) -> None:
    code = new_code(session)
    pair = exchange(session, code, auth=("app", "hush")).json()
    Caller(session, "made-up-token").get("/2/users/me")
    shown = {code, "v" * 43, "hush", "made-up-token", pair["access_token"], pair["refresh_token"]}
    assert shown <= world.secrets()
