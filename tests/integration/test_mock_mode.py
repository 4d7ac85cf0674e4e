"""GET and POST /api/v1/mock-mode, and what the switch does to accounts, tweets and the consent page."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.support.service import Service, assert_error
from twitter_manager.services import build
from twitter_manager.services.environments import CONSENT_PATH

PATH = "/api/v1/mock-mode"


@pytest.fixture
def both_environments(start: Callable[..., Service]) -> Service:
    """A service with an X app configured, switched to mock mode."""
    return start(TWITTER_CLIENT_ID="client", MOCK_MODE="on")


def test_on_with_nothing_set(client: FlaskClient) -> None:
    assert client.get(PATH).json == {"enabled": True}


def test_it_cannot_be_left_without_an_x_app(client: FlaskClient) -> None:
    shape = assert_error(client.post(PATH, json={"enabled": False}), 409, "oauth_not_configured")
    assert shape["error"] == "Twitter OAuth credentials not configured"
    assert client.get(PATH).json == {"enabled": True}


def test_switching_counts_at_once_in_every_process(both_environments: Service) -> None:
    other = build(both_environments.services.settings)
    assert both_environments.client.post(PATH, json={"enabled": False}).json == {"enabled": False}
    assert other.mock_mode.is_on() is False
    assert both_environments.client.post(PATH, json={"enabled": True}).json == {"enabled": True}
    assert other.mock_mode.is_on() is True
    other.close()


def test_a_mock_account_rests_outside_mock_mode(both_environments: Service) -> None:
    alice = both_environments.connect("alice")
    tweet = both_environments.tweet(alice, "simulated")
    both_environments.beat()
    both_environments.client.post(PATH, json={"enabled": False})
    assert_error(both_environments.client.post(f"/api/v1/tweet/post/{tweet}"), 409, "other_world")
    body = {"account_id": alice, "text": "hello"}
    assert_error(both_environments.client.post("/api/v1/tweet", json=body), 409, "other_world")
    assert both_environments.client.post("/api/v1/tweets/post-pending").json["total"] == 0
    both_environments.run_due()
    assert both_environments.world.posts() == []
    assert both_environments.row(tweet)["mock"] is True


def test_health_shows_what_rests_because_of_the_switch(both_environments: Service) -> None:
    alice = both_environments.connect("alice")
    tweet = both_environments.tweet(alice, "simulated")
    both_environments.beat()
    both_environments.services.publishing.post_now(tweet)
    both_environments.client.post(PATH, json={"enabled": False})
    assert both_environments.anonymous.get("/api/v1/health").json["resting_other_world"] == 1


def test_the_consent_page_is_there_only_in_mock_mode(both_environments: Service) -> None:
    assert both_environments.anonymous.get(CONSENT_PATH).status_code == 400, "the page, missing its parameters"
    both_environments.client.post(PATH, json={"enabled": False})
    assert_error(both_environments.anonymous.get(CONSENT_PATH), 404, "not_found")
    assert_error(both_environments.anonymous.post(CONSENT_PATH), 404, "not_found")


def test_a_person_chooses_on_the_consent_page(service: Service) -> None:
    service.world.user("alice")
    address = service.begin()["auth_url"].removeprefix("http://127.0.0.1:5555")
    page = service.anonymous.get(address)
    assert page.status_code == 200
    assert "@alice" in page.text
    assert page.headers["Referrer-Policy"] == "same-origin", "else browsers send the form with `Origin: null`"
    answer = service.anonymous.post(address, data={"decision": "approve", "new_user": "zoë"})
    assert answer.status_code == 400, "no username of X's"
    answer = service.anonymous.post(address, data={"decision": "approve", "user": "alice"})
    assert answer.status_code == 302
    assert "code=" in answer.headers["Location"]


def address_with(service: Service, **changes: str) -> str:
    """The link of a connection that begins, changed as somebody else would change it."""
    parts = urlsplit(service.begin()["auth_url"])
    return f"{parts.path}?{urlencode({**dict(parse_qsl(parts.query)), **changes})}"


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example/steal"},
        {"redirect_uri": "http://127.0.0.1:5555/other"},
        {"redirect_uri": "http://127.0.0.1:9999/auth/callback"},
        {"state": "s" * 43},
        {"state": ""},
    ],
)
@pytest.mark.parametrize("how", ["mock_user", "form", "decline"])
def test_a_link_that_was_not_made_here_leads_nowhere_and_makes_nobody(
    service: Service, change: dict[str, str], how: str
) -> None:
    address = address_with(service, **change)
    if how == "mock_user":
        answer = service.anonymous.get(f"{address}&mock_user=mallory")
    else:
        data = {"decision": "decline"} if how == "decline" else {"decision": "approve", "new_user": "mallory"}
        answer = service.anonymous.post(address, data=data)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert service.world.users() == []


def test_a_link_serves_until_it_was_used_or_ten_minutes_are_over(service: Service) -> None:
    used = service.begin()["auth_url"].removeprefix("http://127.0.0.1:5555")
    service.anonymous.get(service.consent(used, "alice"))
    old = address_with(service)
    service.clock.forward(600)
    for address in (used, old):
        assert service.anonymous.get(address).status_code == 400
        assert service.anonymous.get(f"{address}&mock_user=bob").status_code == 400
    assert [user.username for user in service.world.users()] == ["alice"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_no_other_page_can_choose(service: Service, headers: dict[str, str]) -> None:
    answer = service.anonymous.post(address_with(service), data={"new_user": "mallory"}, headers=headers)
    assert answer.status_code == 400
    assert service.world.users() == []


def test_a_program_that_only_looks_says_yes_for_nobody(service: Service) -> None:
    address = address_with(service)
    assert service.anonymous.head(f"{address}&mock_user=mallory").status_code == 405
    assert service.world.users() == []


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {}]
)
def test_the_page_itself_and_a_program_can(service: Service, headers: dict[str, str]) -> None:
    answer = service.anonymous.post(address_with(service), data={"new_user": "alice"}, headers=headers)
    assert answer.status_code == 302


@pytest.mark.parametrize("body", [{}, {"enabled": 1}, {"enabled": "off"}, {"enabled": None}])
def test_a_switch_that_is_none(client: FlaskClient, body: dict[str, object]) -> None:
    assert_error(client.post(PATH, json=body), 422, "invalid_field", field="enabled")
