"""OAuth 2.0 with PKCE: the requests of both kinds of client, what the token endpoint's refusals mean, and the pair."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.wire import answering, reply, serving
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World
from twitter_manager.twitter import oauth2
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.errors import (
    ClientRefused,
    GrantRefused,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    XError,
)
from twitter_manager.twitter.oauth2 import ClientCredentials

PUBLIC = ClientCredentials("my-client")
CONFIDENTIAL = ClientCredentials("my-client", "my-secret")
CALLBACK = "http://127.0.0.1:5555/auth/callback"
PAIR = {"token_type": "bearer", "expires_in": 7200, "access_token": "new", "scope": "a.b c.d", "refresh_token": "next"}


class TestPkce:
    def test_the_challenge_of_rfc_7636_appendix_b(self) -> None:
        challenge = oauth2.challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    def test_verifiers_and_states_are_long_url_safe_and_new(self) -> None:
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", oauth2.new_verifier())
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", oauth2.new_state())
        assert len({oauth2.new_verifier() for _ in range(50)} | {oauth2.new_state() for _ in range(50)}) == 100

    def test_where_the_person_goes(self) -> None:
        url = oauth2.authorize_url(
            "https://x.com/i/oauth2/authorize",
            client_id="my&client",
            redirect_uri=CALLBACK + "?a=b",
            scopes="tweet.read offline.access",
            state="s" * 43,
            verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        )
        assert url.startswith("https://x.com/i/oauth2/authorize?response_type=code&")
        assert "scope=tweet.read%20offline.access&" in url
        assert parse_qs(urlsplit(url).query, strict_parsing=True) == {
            "response_type": ["code"],
            "client_id": ["my&client"],
            "redirect_uri": [CALLBACK + "?a=b"],
            "scope": ["tweet.read offline.access"],
            "state": ["s" * 43],
            "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
            "code_challenge_method": ["S256"],
        }

    def test_an_authorize_url_with_a_query_of_its_own(self) -> None:
        url = oauth2.authorize_url(
            "http://localhost/a?lang=de", client_id="c", redirect_uri=CALLBACK, scopes="s", state="t", verifier="v"
        )
        assert parse_qs(urlsplit(url).query)["lang"] == ["de"]


def exchange(x: XClient, client: ClientCredentials) -> object:
    return oauth2.exchange(x, client, code="the code", redirect_uri=CALLBACK, verifier="the verifier")


def refresh(x: XClient, client: ClientCredentials) -> object:
    return oauth2.refresh(x, client, "old")


def revoke(x: XClient, client: ClientCredentials) -> object:
    oauth2.revoke(x, client, "old")
    return None


class TestTheRequests:
    @pytest.mark.parametrize(
        ("call", "path", "form"),
        [
            (
                exchange,
                "/2/oauth2/token",
                {
                    "grant_type": "authorization_code",
                    "code": "the code",
                    "redirect_uri": CALLBACK,
                    "code_verifier": "the verifier",
                },
            ),
            (refresh, "/2/oauth2/token", {"grant_type": "refresh_token", "refresh_token": "old"}),
            (revoke, "/2/oauth2/revoke", {"token": "old"}),
        ],
    )
    @pytest.mark.parametrize("client", [PUBLIC, CONFIDENTIAL], ids=["public", "confidential"])
    def test_forms(self, call: Any, path: str, form: dict[str, str], client: ClientCredentials) -> None:
        with serving(answering(reply(200, PAIR))) as server:
            call(server.x(), client)
        (request,) = server.requests
        assert request.line == f"POST {path} HTTP/1.1"
        assert request.header("content-type") == "application/x-www-form-urlencoded"
        sent = {name: value for name, (value,) in parse_qs(request.body.decode(), strict_parsing=True).items()}
        if client is PUBLIC:
            assert request.header("authorization") is None
            assert sent == form | {"client_id": "my-client"}
        else:
            assert request.header("authorization") == "Basic bXktY2xpZW50Om15LXNlY3JldA=="
            assert sent == form

    def test_secrets_are_not_in_a_repr(self) -> None:
        with serving(answering(reply(200, PAIR))) as server:
            pair = refresh(server.x(), CONFIDENTIAL)
        assert not re.search("my-secret|new|next", repr(CONFIDENTIAL) + repr(pair))


def oauth_error(error: str, description: str) -> dict[str, str]:
    return {"error": error, "error_description": description}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, oauth_error("invalid_request", "Value passed for the authorization code was invalid."), GrantRefused),
        (400, oauth_error("invalid_request", "Value passed for the token was invalid."), GrantRefused),
        (400, oauth_error("invalid_grant", "anything"), GrantRefused),
        (401, oauth_error("unauthorized_client", "Missing valid authorization header"), ClientRefused),
        (400, oauth_error("unauthorized_client", "no"), ClientRefused),
        (403, oauth_error("invalid_client", "no"), ClientRefused),
        (401, {"title": "Unauthorized", "status": 401}, ClientRefused),
        (401, None, ClientRefused),
        (400, oauth_error("invalid_request", "Missing required parameter [grant_type]."), Refused),
        (400, oauth_error("unsupported_grant_type", "no"), Refused),
        (400, oauth_error("invalid_request", "Value passed for the redirect uri did not match"), Refused),
        (400, {"title": "Invalid Request", "detail": "no"}, Refused),
        (400, None, OutcomeUnknown),
        (403, {"cloudflare_error": True, "title": "invalid_grant"}, OutcomeUnknown),
        (403, {"title": "Forbidden"}, Refused),
        (403, None, OutcomeUnknown),
        (429, None, RateLimited),
        (500, None, OutcomeUnknown),
        (503, oauth_error("invalid_grant", "not really"), OutcomeUnknown),
        (302, None, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("call", [exchange, refresh, revoke])
def test_what_a_refusal_means(call: Any, status: int, body: Any, kind: type[XError]) -> None:
    answer = reply(status, body) if body else reply(status, raw=b"<html>")
    with serving(answering(answer)) as server, pytest.raises(XError) as error:
        call(server.x(), CONFIDENTIAL)
    assert type(error.value) is kind
    assert len(server.requests) == 1


def test_no_line_is_no_refusal() -> None:
    with serving(answering(reply())) as server:
        x = server.x()
    with pytest.raises(NotSent):
        refresh(x, PUBLIC)


class TestThePair:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": 60}, ("new", "next", 60, "a.b c.d")),
            ({"expires_in": 60.5}, ("new", "next", 60, "a.b c.d")),
            ({"refresh_token": ""}, ("new", None, 7200, "a.b c.d")),
            ({"refresh_token": None}, ("new", None, 7200, "a.b c.d")),
            ({"scope": None}, ("new", "next", 7200, "")),
            # whatever it says about its life: the old pair is dead, so this one is kept
            ({"expires_in": None}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": "3600"}, ("new", "next", 3600, "a.b c.d")),
            ({"expires_in": 0.5}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": True}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": [60]}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": "9" * 5000}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": 0}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": -1}, ("new", "next", 7200, "a.b c.d")),
            ({"expires_in": 10**12}, ("new", "next", 7200, "a.b c.d")),
        ],
    )
    def test_read(self, changes: dict[str, Any], expected: tuple[Any, ...]) -> None:
        with serving(answering(reply(200, PAIR | changes))) as server:
            pair = oauth2.refresh(server.x(), PUBLIC, "old")
        assert (pair.access_token, pair.refresh_token, pair.expires_in, pair.scopes) == expected

    @pytest.mark.parametrize(
        "changes",
        [
            {"access_token": None},
            {"access_token": ""},
            {"access_token": 5},
            {"access_token": "two\nlines"},
            {"access_token": "snow ☃"},
            {"refresh_token": 5},
            {"refresh_token": "two\nlines"},
        ],
    )
    def test_not_to_be_read(self, changes: dict[str, Any]) -> None:
        with serving(answering(reply(200, PAIR | changes))) as server, pytest.raises(OutcomeUnknown):
            refresh(server.x(), PUBLIC)

    @pytest.mark.parametrize("content", [b"", b"{}", b'{"revoked": true}', b"OK", b"<html>"])
    def test_any_success_revokes(self, content: bytes) -> None:
        with serving(answering(reply(200, raw=content))) as server:
            revoke(server.x(), PUBLIC)
        assert len(server.requests) == 1


class TestAgainstTheSimulator:
    """The whole round over HTTP, as X would do it."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        world = World(tmp_path / "x.db", seed=1)
        yield world
        world.close()

    @pytest.mark.parametrize("secret", [None, "s3cret"], ids=["public", "confidential"])
    def test_connect_renew_and_revoke(self, world: World, secret: str | None) -> None:
        client = ClientCredentials("app", secret)
        world.register_client("app", secret)
        verifier, state = oauth2.new_verifier(), oauth2.new_state()
        with running(world) as base:
            x = XClient(base)
            url = oauth2.authorize_url(
                f"{base}/i/oauth2/authorize",
                client_id="app",
                redirect_uri=CALLBACK,
                scopes="tweet.read tweet.write users.read offline.access",
                state=state,
                verifier=verifier,
            )
            came_back = requests.get(f"{url}&mock_user=alice", allow_redirects=False, timeout=5).headers["location"]
            returned = parse_qs(urlsplit(came_back).query)
            assert returned["state"] == [state]
            pair = oauth2.exchange(x, client, code=returned["code"][0], redirect_uri=CALLBACK, verifier=verifier)
            assert pair.expires_in == 7200
            assert pair.refresh_token is not None
            assert set(pair.scopes.split()) == {"tweet.read", "tweet.write", "users.read", "offline.access"}
            with pytest.raises(GrantRefused):
                oauth2.exchange(x, client, code=returned["code"][0], redirect_uri=CALLBACK, verifier=verifier)
            renewed = oauth2.refresh(x, client, pair.refresh_token)
            assert renewed.refresh_token not in (None, pair.refresh_token)
            with pytest.raises(GrantRefused):
                oauth2.refresh(x, client, pair.refresh_token)
            oauth2.revoke(x, client, renewed.access_token)
            with pytest.raises(ClientRefused):
                oauth2.refresh(x, ClientCredentials("nobody", "wrong"), renewed.refresh_token or "")
