"""What a key may do: its scopes, its world, until when, and how often."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import Clock
from tests.support.documented_client import bare_app, document, operations
from tests.support.service import Service, assert_error
from twitter_manager.api.http.auth import PUBLIC
from twitter_manager.api.openapi.document import described_routes, path_of
from twitter_manager.services.api_keys import SCOPES
from twitter_manager.services.calls_per_minute import free_at, with_one_more
from twitter_manager.storage.api_keys import KeyChoice
from twitter_manager.timestamps import later

ROUTES = sorted(
    (method, path_of(rule), rule.endpoint)
    for rule, method in described_routes(bare_app())
    if rule.endpoint not in PUBLIC
)
BEYOND_WRITE = {
    "api_keys.create",
    "api_keys.show_all",
    "api_keys.show",
    "api_keys.revoke",
    "audit.show",
    "accounts.remove",
    "accounts.clean_up",
    "mock_mode.switch",
}


def client_of(service: Service, **choice: Any) -> FlaskClient:
    """Somebody with a key that may do less."""
    _, text = service.services.api_keys.create("limited", KeyChoice(**choice))
    client = service.app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = text
    return client


def test_every_call_needs_the_scope_that_the_document_names(service: Service) -> None:
    clients = {scope: client_of(service, scopes=(scope,)) for scope in SCOPES}
    for method, path, endpoint in ROUTES:
        needed = document()["paths"][path][method.lower()]["x-required-scope"]
        by_method = "write" if method != "GET" or endpoint == "oauth.begin" else "read"
        assert needed == ("admin" if endpoint in BEYOND_WRITE else by_method), endpoint
        address = re.sub(r"{\w+}", "77", path.replace("{account_id}", "@nobody"))
        for scope, client in clients.items():
            # a body that is no JSON ends every call that comes so far
            answer = client.open(address, method=method, data="no JSON")
            if SCOPES.index(scope) < SCOPES.index(needed):
                shape = assert_error(answer, 403, "key_scope")
                assert shape["error"] == f"This call needs a key with the scope {needed}; this key has {scope}"
            else:
                assert answer.status_code != 403, (endpoint, answer.text)


def test_the_operation_says_what_is_needed_for_every_route() -> None:
    assert {endpoint for _, _, endpoint in ROUTES} == operations().keys() - PUBLIC


def test_of_several_scopes_the_widest_counts(service: Service, alice: int) -> None:
    client = client_of(service, scopes=("read", "write"))
    assert client.post("/api/v1/tweet", json={"account_id": alice, "text": "hello"}).status_code == 201
    assert client.get("/api/v1/tweets").json["total"] == 1


def test_an_expired_key_says_so_and_is_no_guess(service: Service, clock: Clock) -> None:
    client = client_of(service, expires_at=later(clock(), 60))
    assert client.get("/api/v1/test").status_code == 200
    clock.forward(60)
    for _ in range(25):
        assert_error(client.get("/api/v1/test"), 401, "key_expired")
    beside = client.get("/api/v1/test", query_string={"api_key": service.key})
    assert beside.status_code == 200, "a valid one beside it counts"


@pytest.mark.parametrize(("world", "mock", "words"), [("mock", False, "simulated"), ("live", True, "real")])
def test_a_key_of_one_world_rests_while_the_other_is_on(
    start: Callable[..., Service], world: str, mock: bool, words: str
) -> None:
    service = start(TWITTER_CLIENT_ID="client", MOCK_MODE="on" if mock else "off")
    client = client_of(service, world=world)
    shape = assert_error(client.get("/api/v1/accounts"), 403, "key_scope")
    assert shape["error"] == f"This key is for the {words} X only, and mock mode is {'on' if mock else 'off'}"
    service.services.mock_mode.switch(not mock)
    assert client.get("/api/v1/accounts").status_code == 200


def test_who_is_bound_to_a_world_does_not_switch_it(service: Service) -> None:
    answer = client_of(service, world="mock").post("/api/v1/mock-mode", json={"enabled": False})
    shape = assert_error(answer, 403, "key_scope")
    assert shape["error"] == "This call concerns every account, and this key is limited to the world mock"


def test_the_last_use_is_kept_to_the_minute(service: Service, clock: Clock) -> None:
    client = client_of(service)
    key = service.services.api_keys.list_all()[-1]

    def used() -> datetime | None:
        return service.services.api_keys.list_all()[-1].last_used_at

    assert used() is None
    begun = clock()
    client.get("/api/v1/test").close()
    assert used() == begun
    clock.forward(59)
    client.get("/api/v1/test").close()
    assert used() == begun
    clock.forward(1)
    client.get("/api/v1/test").close()
    assert used() == clock()
    assert key.id == service.services.api_keys.list_all()[-1].id


def test_so_many_calls_a_minute_and_then_when_to_come_back(service: Service, clock: Clock) -> None:
    client = client_of(service, requests_per_minute=3)
    assert client.get("/api/v1/test").status_code == 200
    clock.forward(30)
    assert [client.get("/api/v1/test").status_code for _ in range(3)] == [200, 200, 429]
    shape = assert_error(client.get("/api/v1/test"), 429, "key_rate_limited")
    assert shape["retryable"] is True
    assert client.get("/api/v1/test").headers["Retry-After"]
    clock.forward(31)
    assert [client.get("/api/v1/test").status_code for _ in range(2)] == [200, 429]
    assert service.client.get("/api/v1/test").status_code == 200, "others are not concerned"


def test_never_more_than_the_limit_in_any_minute(clock: Clock) -> None:
    calls: dict[int, int] = {}
    made: list[datetime] = []
    for _ in range(3000):
        clock.forward(0.13)
        if free_at(calls, 20, clock()) is None:
            calls = with_one_more(calls, clock())
            made.append(clock())
            assert len(calls) <= 122
    for first, last in zip(made, made[20:], strict=False):
        assert (last - first).total_seconds() > 60
    assert len(made) >= 20 * 6, "and hardly less: 390 s have passed"


def test_processes_share_the_calls_of_a_key(service: Service, app: Flask) -> None:
    from twitter_manager.factory import create_app
    from twitter_manager.services import build

    mine = client_of(service, requests_per_minute=2)
    services = build(service.services.settings, clock=service.clock)
    try:
        theirs = create_app(services=services).test_client()
        theirs.environ_base["HTTP_X_API_KEY"] = mine.environ_base["HTTP_X_API_KEY"]
        answers = [each.get("/api/v1/test").status_code for each in (mine, theirs, mine, theirs)]
    finally:
        services.close()
    assert answers == [200, 200, 429, 429]
