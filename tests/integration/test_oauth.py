"""Connecting accounts through the browser: begin, consent at the simulated X, callback."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.conftest import JSON, PAGE, Clock, Service, assert_error
from twitter_manager.errors import StartRefused
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World

CALLBACK = "/auth/callback"


def test_begin_gives_the_address_and_its_state(service: Service) -> None:
    begun = service.begin()
    query = parse_qs(urlsplit(begun["auth_url"]).query)
    assert query["state"] == [begun["state"]]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://127.0.0.1:5555/auth/callback"]


def test_a_browser_gets_a_page_that_names_the_account(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    answer = service.anonymous.get(back, headers=PAGE)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert "@alice is connected" in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_program_gets_json(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    answer = service.anonymous.get(back, headers=JSON)
    assert answer.json["account"]["username"] == "alice"
    assert "alice" in answer.json["message"]


def test_connecting_again_updates_the_same_account(service: Service, alice: int) -> None:
    assert service.connect("alice") == alice
    assert service.connect("bob") != alice
    assert service.client.get("/api/v1/accounts").json["total"] == 2


def test_a_state_serves_once(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    assert service.anonymous.get(back, headers=JSON).status_code == 200
    shape = assert_error(service.anonymous.get(back, headers=JSON), 400, "invalid_state")
    assert shape["error"] == "Invalid or expired state"


def test_a_state_expires_after_ten_minutes(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    service.clock.forward(601)
    assert_error(service.anonymous.get(back, headers=JSON), 400, "invalid_state")


@pytest.mark.parametrize("state", ["", "foreign-state-of-somebody", "x", "s" * 501, "<b>bold</b>state-state", "ś" * 20])
def test_a_state_that_was_not_begun_here(service: Service, state: str) -> None:
    answer = service.anonymous.get(CALLBACK, query_string={"state": state, "code": "c"}, headers=JSON)
    assert_error(answer, 400, "invalid_state")


def test_a_state_of_a_revoked_key(service: Service, anonymous: FlaskClient) -> None:
    key, text = service.services.api_keys.create("short-lived")
    begun = anonymous.get("/api/v1/auth/twitter", headers={"X-API-Key": text}).json
    back = service.consent(begun["auth_url"], "alice")
    service.services.api_keys.revoke(key.id)
    assert_error(anonymous.get(back, headers=JSON), 400, "invalid_state")


def test_the_person_declines_and_the_state_is_spent(service: Service) -> None:
    begun = service.begin()
    query = {"state": begun["state"], "error": "access_denied"}
    shape = assert_error(service.anonymous.get(CALLBACK, query_string=query, headers=JSON), 400, "connect_declined")
    assert shape["twitter"]["title"] == "access_denied"
    assert_error(service.anonymous.get(CALLBACK, query_string=query, headers=JSON), 400, "invalid_state")


def test_markup_in_the_parameters_stays_out_of_page_and_json(service: Service) -> None:
    for headers in (PAGE, JSON):
        query = {"state": service.begin()["state"], "error": "<script>alert(1)</script>", "error_description": "<b>"}
        answer = service.anonymous.get(CALLBACK, query_string=query, headers=headers)
        assert answer.status_code == 400
        assert "alert(1)" not in answer.text


def test_the_error_page_says_what_to_do(service: Service) -> None:
    answer = service.anonymous.get(CALLBACK, query_string={"state": "s" * 43, "code": "c"}, headers=PAGE)
    assert answer.status_code == 400
    assert answer.content_type == "text/html; charset=utf-8"
    assert "Invalid or expired state" in answer.text
    assert "Begin again" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_a_program_reads_why_the_simulated_x_refuses_in_the_one_shape(service: Service) -> None:
    auth_url = service.begin()["auth_url"]
    for url in ("/mock/i/oauth2/authorize?client_id=x", urlsplit(auth_url)._replace(scheme="", netloc="").geturl()):
        path = f"{url}&mock_user=" + "n" * 16
        assert_error(service.anonymous.get(path, headers=JSON), 400, "consent_refused")
        for accept in (PAGE, {"Accept": "*/*"}, {}):
            answer = service.anonymous.get(path, headers=accept)
            assert (answer.status_code, answer.mimetype) == (400, "text/html")


def test_no_code(service: Service) -> None:
    answer = service.anonymous.get(CALLBACK, query_string={"state": service.begin()["state"]}, headers=JSON)
    assert_error(answer, 400, "code_missing")


def test_a_code_that_x_does_not_know(service: Service) -> None:
    query = {"state": service.begin()["state"], "code": "invented"}
    answer = service.anonymous.get(CALLBACK, query_string=query, headers=JSON)
    shape = assert_error(answer, 400, "exchange_failed")
    assert shape["twitter"]
    assert "invented" not in answer.text


def test_x_does_not_say_who_it_is(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    service.world.faults.fails(503, call="GET /2/users/me", times=None)
    answer = service.anonymous.get(back, headers=JSON)
    assert_error(answer, 400, "identity_unreadable")
    assert service.client.get("/api/v1/accounts").json["total"] == 0


@pytest.mark.parametrize("query", [{"oauth_token": "t"}, {"oauth_verifier": "v"}, {"oauth_token": "", "state": "s"}])
def test_a_callback_of_oauth_1(service: Service, query: dict[str, str]) -> None:
    answer = service.anonymous.get(CALLBACK, query_string=query, headers=JSON)
    assert_error(answer, 422, "oauth1_not_supported")


def test_reconnecting_one_account_as_somebody_else(service: Service, alice: int) -> None:
    back = service.consent(service.begin(account_id=alice)["auth_url"], "mallory")
    assert_error(service.anonymous.get(back, headers=JSON), 409, "other_user")
    assert service.client.get("/api/v1/accounts").json["total"] == 1


@pytest.mark.parametrize(("account_id", "status", "code"), [("7", 404, "account_not_found"), ("x", 422, "invalid_id")])
def test_reconnecting_an_account_that_is_none(service: Service, account_id: str, status: int, code: str) -> None:
    answer = service.client.get("/api/v1/auth/twitter", query_string={"account_id": account_id})
    assert_error(answer, status, code)


def test_not_configured(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CLIENT_ID="client", MOCK_MODE="off")
    service.services.close()
    service = start(ENCRYPTION_KEY=service.services.settings.encryption_key[0], API_KEY=service.key)
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE service_state SET value = '0' WHERE name = 'mock_mode'")
    answer = service.client.get("/api/v1/auth/twitter")
    shape = assert_error(answer, 503, "oauth_not_configured")
    assert shape["error"] == "Twitter OAuth credentials not configured"


def test_the_callbacks_own_path_answers_too(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CALLBACK_URL="http://127.0.0.1:5555/connect/done?tenant=7")
    back = service.consent(service.begin()["auth_url"], "alice")
    assert back.startswith("/connect/done?tenant=7&")
    assert service.anonymous.get(back, headers=JSON).json["account"]["username"] == "alice"
    begun = service.begin()
    answer = service.anonymous.get(CALLBACK, query_string={"state": begun["state"]}, headers=JSON)
    assert_error(answer, 400, "code_missing")


def test_a_callback_at_the_bare_address(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CALLBACK_URL="http://127.0.0.1:5555/")
    back = service.consent(service.begin()["auth_url"], "alice")
    assert service.anonymous.get(back, headers=JSON).json["account"]["username"] == "alice"
    assert "Twitter Manager" in service.anonymous.get("/").text


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/accounts", "/<x>"])
def test_a_callback_where_something_else_is(start: Callable[..., Service], path: str) -> None:
    with pytest.raises(StartRefused, match="TWITTER_CALLBACK_URL"):
        start(TWITTER_CALLBACK_URL=f"http://127.0.0.1:5555{path}")


@pytest.fixture
def real_x(tmp_path: Path, clock: Clock) -> Iterator[tuple[World, str]]:
    """An X that is reached over HTTP, as the real one."""
    world = World(tmp_path / "x.db", clock=clock)
    with running(world) as url:
        yield world, url
    world.close()


def test_a_real_account_over_http_with_a_confidential_client(
    start: Callable[..., Service], real_x: tuple[World, str]
) -> None:
    world, url = real_x
    world.register_client("client-1", "secret-1")
    service = start(
        TWITTER_CLIENT_ID="client-1",
        TWITTER_CLIENT_SECRET="secret-1",
        TWITTER_API_URL=url,
        TWITTER_AUTHORIZE_URL=f"{url}/i/oauth2/authorize",
    )
    auth_url = service.begin()["auth_url"]
    assert auth_url.startswith(f"{url}/i/oauth2/authorize?")
    location = _consent_at(auth_url, "carol")
    answer = service.anonymous.get(location, headers=JSON)
    assert answer.json["account"]["username"] == "carol"
    assert answer.json["account"]["mock"] is False


def test_wrong_client_credentials_are_named(start: Callable[..., Service], real_x: tuple[World, str]) -> None:
    world, url = real_x
    world.register_client("client-1", "secret-1")
    service = start(
        TWITTER_CLIENT_ID="client-1",
        TWITTER_CLIENT_SECRET="not-the-secret",
        TWITTER_API_URL=url,
        TWITTER_AUTHORIZE_URL=f"{url}/i/oauth2/authorize",
    )
    location = _consent_at(service.begin()["auth_url"], "carol")
    answer = service.anonymous.get(location, headers=JSON)
    assert_error(answer, 400, "client_refused")
    assert "not-the-secret" not in answer.text


def _consent_at(auth_url: str, username: str) -> str:
    import requests

    answer = requests.get(f"{auth_url}&mock_user={username}", allow_redirects=False, timeout=5)
    parts = urlsplit(answer.headers["location"])
    return f"{parts.path}?{parts.query}"
