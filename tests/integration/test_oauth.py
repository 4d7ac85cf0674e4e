"""Connecting accounts through the browser: begin, consent at the simulated X, callback."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.support.clock import Clock
from tests.support.service import JSON, PAGE, Service, assert_error
from twitter_manager.api.http import head
from twitter_manager.errors import StartRefused
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World

CALLBACK = "/auth/callback"


def test_begin_gives_the_address_and_its_state(service: Service) -> None:
    begun = service.begin()
    query = parse_qs(urlsplit(begun["auth_url"]).query)
    assert query["state"] == [begun["state"]]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://localhost/auth/callback"]


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
    again = service.anonymous.get(back.replace("code=", "code=another"), headers=JSON)
    shape = assert_error(again, 400, "invalid_state")
    assert shape["error"] == "Invalid or expired state"


def test_the_same_browser_hears_that_it_is_connected_already(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    first = service.anonymous.get(back, headers=JSON).json
    again = service.anonymous.get(back, headers=JSON)
    assert (again.status_code, again.json["message"]) == (200, "@alice is already connected")
    assert again.json["account"] == first["account"]
    assert "@alice is already connected" in service.anonymous.get(back, headers=PAGE).text
    assert len(service.world.calls(path="/2/oauth2/token")) == 1, "X is not asked again"


def test_nobody_else_hears_what_a_state_led_to(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    assert service.anonymous.get(back, headers=JSON).status_code == 200
    state = parse_qs(urlsplit(back).query)["state"][0]
    for query in ({"state": state}, {"state": state, "code": "guessed"}, {"state": state, "error": "access_denied"}):
        answer = service.anonymous.get(CALLBACK, query_string=query, headers=JSON)
        assert_error(answer, 400, "invalid_state")
        assert "alice" not in answer.text


@pytest.mark.parametrize("end", ["ten minutes", "the key", "the account"])
def test_what_a_state_led_to_is_forgotten_with(service: Service, end: str) -> None:
    key, text = service.services.api_keys.create("short-lived")
    begun = service.anonymous.get("/api/v1/auth/twitter", headers={"X-API-Key": text}).json
    back = service.consent(begun["auth_url"], "alice")
    account = service.anonymous.get(back, headers=JSON).json["account"]["id"]
    if end == "ten minutes":
        service.clock.forward(601)
    elif end == "the key":
        service.services.api_keys.revoke(key.id)
    else:
        service.client.delete(f"/api/v1/accounts/{account}")
    assert_error(service.anonymous.get(back, headers=JSON), 400, "invalid_state")


def test_an_address_that_is_loaded_twice_at_once_connects_once(service: Service) -> None:
    back = service.consent(service.begin()["auth_url"], "alice")
    service.world.faults.is_slow(0.5, call="POST /2/oauth2/token")
    with ThreadPoolExecutor(3) as pool:
        loads = [pool.submit(service.anonymous.get, back, headers=JSON) for _ in range(3)]
        assert {load.result().status_code for load in loads} == {200}
    assert len(service.world.calls(path="/2/oauth2/token")) == 1


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


def test_the_person_declines_and_the_state_is_used_up(service: Service) -> None:
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
    assert "Ask whoever gave you the link for a new one" in answer.text
    assert "/api/v1" not in answer.text, "a person in a browser has no key"
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


def test_x_cannot_be_reached_for_the_code(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CLIENT_ID="client-1", TWITTER_API_URL="http://127.0.0.1:9")
    query = {"state": service.begin()["state"], "code": "good"}
    answer = service.anonymous.get(CALLBACK, query_string=query, headers=JSON)
    shape = assert_error(answer, 400, "exchange_unanswered")
    assert shape["twitter"]["status"] is None


def test_x_fails_at_the_code_and_the_page_lets_one_begin_again(service: Service) -> None:
    service.world.faults.token_endpoint_fails(503, times=None)
    back = service.consent(service.begin()["auth_url"], "alice")
    assert_error(service.anonymous.get(back, headers=JSON), 400, "exchange_unanswered")
    back = service.consent(service.begin()["auth_url"], "alice")
    page = service.anonymous.get(back, headers=PAGE)
    assert "X did not accept the code" not in page.text
    assert "Begin again at X" in page.text


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
    assert len(revocations(service)) == 2, "what mallory gave is given back"


def test_reconnecting_as_somebody_who_is_connected_too_leaves_their_account_alone(service: Service, alice: int) -> None:
    bob = service.connect("bob")
    back = service.consent(service.begin(account_id=alice)["auth_url"], "bob")
    assert_error(service.anonymous.get(back, headers=JSON), 409, "other_user")
    assert revocations(service) == [], "X may take bob's other tokens along"
    service.clock.forward(60)
    assert service.client.post(f"/api/v1/accounts/{bob}/refresh").status_code == 200


def revocations(service: Service) -> list[Any]:
    return list(service.world.calls(method="POST", path="/2/oauth2/revoke"))


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


@pytest.mark.parametrize("path", ["/auth/callback", "/connect/done", "/"])
def test_head_uses_up_nothing_wherever_the_callback_is(start: Callable[..., Service], path: str) -> None:
    service = start(TWITTER_CALLBACK_URL=f"http://127.0.0.1:5555{path}")
    back = service.consent(service.begin()["auth_url"], "alice")
    answer = service.anonymous.head(back)
    assert (answer.status_code, "HEAD" in answer.headers["Allow"]) == (405, False)
    assert service.client.get("/api/v1/accounts").json["total"] == 0
    assert service.anonymous.get(back, headers=JSON).json["message"] == "Connected @alice"


def test_a_callback_at_the_bare_address_leaves_head_to_the_home_page(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CALLBACK_URL="http://127.0.0.1:5555/")
    assert service.anonymous.head("/").status_code == 200


@pytest.mark.sqlite
def test_every_get_that_changes_something_has_no_head(service: Service, alice: int) -> None:
    files = (service.services.settings.database_path, service.services.settings.simulator_path)
    consent = urlsplit(service.begin()["auth_url"])
    back = service.consent(service.begin()["auth_url"], "bob")
    queries = {"consent.show": f"{consent.query}&mock_user=bob", "oauth.callback": urlsplit(back).query}
    changing = set()
    for rule in service.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "consent.show_post":  # only its log of calls grows
            continue
        path = re.sub(r"<[^>]*>", "1", rule.rule) + "?" + queries.get(rule.endpoint, "")
        with closing(sqlite3.connect(files[0])) as service_file, closing(sqlite3.connect(files[1])) as x_file:
            before = [_version(each) for each in (service_file, x_file)]
            service.client.head(path)
            assert [_version(each) for each in (service_file, x_file)] == before, f"HEAD {path}"
            service.client.get(path)
            if [_version(each) for each in (service_file, x_file)] != before:
                changing.add(rule.endpoint)
    assert changing == head.CHANGING


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA data_version").fetchone()[0]
    return version


@pytest.mark.parametrize("way", ["declines", "too late", "somebody else", "X is away"])
def test_who_is_not_connected_reads_what_to_do_and_can_begin_again_without_a_key(
    service: Service, alice: int, way: str
) -> None:
    begun = service.begin(account_id=alice)
    back = service.consent(begun["auth_url"], "mallory" if way == "somebody else" else "alice")
    if way == "declines":
        back = f"{CALLBACK}?state={begun['state']}&error=access_denied"
    elif way == "too late":
        service.clock.forward(31)
    elif way == "X is away":
        service.world.faults.fails(503, call="GET /2/users/me")
    answer = service.anonymous.get(back, headers=PAGE)
    assert answer.status_code in (400, 409)
    words = re.sub(r"<[^>]*>", "", answer.text)
    assert not re.search("/api/v1|console|callback|scope", words), "not in a person's words"
    again = unescape(re.findall(r'href="([^"]*authorize[^"]*)"', answer.text)[0])
    connected = service.anonymous.get(service.consent(again, "alice"), headers=JSON)
    assert connected.json["account"]["id"] == alice
    other = service.anonymous.get(service.consent(service.begin(account_id=alice)["auth_url"], "eve"), headers=JSON)
    assert_error(other, 409, "other_user")


def test_beginning_again_and_again_ends_ten_minutes_after_the_key_began(service: Service) -> None:
    state = service.begin()["state"]
    for _ in range(5):
        service.clock.forward(119)
        page = service.anonymous.get(f"{CALLBACK}?state={state}&error=access_denied", headers=PAGE).text
        state = re.findall(r"state=([A-Za-z0-9_-]+)", page)[0]
    service.clock.forward(10)
    page = service.anonymous.get(f"{CALLBACK}?state={state}&error=access_denied", headers=PAGE).text
    assert "Invalid or expired state" in page
    assert "authorize" not in page


def test_a_used_state_alone_begins_nothing_again(service: Service) -> None:
    decline = f"{CALLBACK}?state={service.begin()['state']}&error=access_denied"
    assert "authorize" in service.anonymous.get(decline, headers=PAGE).text
    assert "authorize" not in service.anonymous.get(decline, headers=PAGE).text


def test_what_x_itself_refuses_is_for_whoever_runs_the_service(service: Service) -> None:
    query = {"state": service.begin()["state"], "error": "invalid_scope"}
    shape = assert_error(service.anonymous.get(CALLBACK, query_string=query, headers=JSON), 400, "connect_refused")
    assert shape["twitter"]["title"] == "invalid_scope"


@pytest.mark.parametrize("origin", ["http://[::1]:5555", "http://127.0.0.1:8080", "http://tm.example.org"])
def test_in_mock_mode_consent_and_callback_are_at_the_address_one_came_by(
    start: Callable[..., Service], origin: str
) -> None:
    service = start(ALLOWED_HOSTS="tm.example.org", HOST="::1")
    begun = service.client.get("/api/v1/auth/twitter", base_url=origin).json
    assert begun["auth_url"].startswith(f"{origin}/mock/i/oauth2/authorize?")
    assert parse_qs(urlsplit(begun["auth_url"]).query)["redirect_uri"] == [f"{origin}/auth/callback"]
    back = service.consent(begun["auth_url"], "alice")
    assert service.anonymous.get(back, headers=JSON, base_url=origin).json["account"]["username"] == "alice"


def test_a_name_that_is_not_served_becomes_no_callback(service: Service) -> None:
    answer = service.client.get("/api/v1/auth/twitter", base_url="http://evil.example.org")
    assert_error(answer, 400, "host_not_allowed")


def test_a_callback_of_the_same_name_stays_as_it_is_set(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CALLBACK_URL="https://tm.example.org/connect/done")
    begun = service.client.get("/api/v1/auth/twitter", base_url="http://tm.example.org").json
    assert begun["auth_url"].startswith("https://tm.example.org/mock/i/oauth2/authorize?")


def test_with_a_real_client_the_callback_is_the_one_that_x_knows(start: Callable[..., Service]) -> None:
    service = start(TWITTER_CLIENT_ID="client-1", ALLOWED_HOSTS="tm.example.org")
    begun = service.client.get("/api/v1/auth/twitter", base_url="http://tm.example.org").json
    query = parse_qs(urlsplit(begun["auth_url"]).query)
    assert query["redirect_uri"] == ["http://127.0.0.1:5555/auth/callback"]
