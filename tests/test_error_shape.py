"""Every route of the application: refused without a key, in the one error shape, and nothing else on unknown paths."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.support.service import assert_error
from twitter_manager import errors
from twitter_manager.api import BLUEPRINTS
from twitter_manager.api.http.auth import PUBLIC
from twitter_manager.api.http.errors import STATUSES, status_of

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def calls(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Every method of every route, with 1 for each value in its path."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield rule, method, re.sub(r"<[^>]+>", "1", rule.rule)


def test_without_a_key_every_route_but_the_public_ones_is_refused(app: Flask, anonymous: FlaskClient) -> None:
    closed = [(method, path) for rule, method, path in calls(app) if rule.endpoint not in PUBLIC]
    assert len(closed) >= 10
    for method, path in closed:
        shape = assert_error(anonymous.open(path, method=method), 401, "unauthorized")
        assert set(shape) == {"error", "code", "request_id", "hint"}


def test_the_public_ones_are_exactly_those_of_the_contract(app: Flask) -> None:
    paths = {rule.rule for rule, _, _ in calls(app) if rule.endpoint in PUBLIC}
    docs = {"/docs", "/docs/start.js", "/docs/swagger-ui.css", "/docs/swagger-ui.js", "/api/v1/openapi.json"}
    assert (
        paths
        == {
            "/",
            "/favicon.ico",
            "/api/v1/health",
            "/auth/callback",
            "/mock/i/oauth2/authorize",
            "/mock/x/<username>/status/<post_id>",
        }
        | docs
    )


def test_head_and_options_need_a_key_too(app: Flask, anonymous: FlaskClient) -> None:
    for rule, _, path in calls(app):
        if rule.endpoint not in PUBLIC:
            assert anonymous.options(path).status_code == 401
            assert anonymous.head(path).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/api", "/api/v2/tweets", "/static/x", "/%00", "/%F0%9F%91%8B", "/a" * 2000, "/../etc/passwd"],
)
def test_unknown_paths(anonymous: FlaskClient, path: str) -> None:
    assert_error(anonymous.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1", "/api/v1/", "/api/v1/tweets//", "/api/v1/nowhere/"])
def test_unknown_paths_of_the_api(client: FlaskClient, anonymous: FlaskClient, path: str) -> None:
    assert_error(client.get(path), 404, "not_found")
    assert_error(anonymous.get(path), 401, "unauthorized")


@pytest.mark.parametrize(
    ("path", "status"), [("//api/v1/accounts", 401), ("/api/v1//accounts", 401), ("//", 422), ("/auth//callback", 404)]
)
def test_doubled_slashes_are_never_redirected(anonymous: FlaskClient, path: str, status: int) -> None:
    answer = anonymous.get("/", environ_overrides={"PATH_INFO": path}, query_string={"api_key": "wrong"})
    assert answer.status_code == status, "a redirect would repeat the key"


def test_wrong_methods_say_which_are_right(app: Flask, client: FlaskClient) -> None:
    for _, _, path in calls(app):
        answer = client.open(path, method="TRACE")
        assert_error(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"]


def test_methods_nobody_knows(client: FlaskClient) -> None:
    assert_error(client.open("/api/v1/accounts", method="BREW"), 405, "method_not_allowed")


def test_every_answer_carries_the_headers(app: Flask, client: FlaskClient, anonymous: FlaskClient) -> None:
    for caller in (client, anonymous):
        for _, method, path in [*calls(app), (None, "GET", "/nowhere"), (None, "PUT", "/")]:
            headers = caller.open(path, method=method).headers
            assert {name: headers.get(name) for name in HEADERS} == HEADERS, path
            assert headers["X-Request-ID"]


def test_every_kind_of_error_has_a_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ServiceError)]
    assert set(STATUSES) == set(kinds) - {errors.ServiceError, errors.StorageUnavailable}
    assert status_of(errors.StorageUnavailable("locked")) == 503


def test_every_route_belongs_to_a_blueprint_in_the_list_and_says_what_it_does(app: Flask) -> None:
    names = {blueprint.name for blueprint in BLUEPRINTS}
    for rule in app.url_map.iter_rules():
        assert rule.endpoint.partition(".")[0] in names
        assert app.view_functions[rule.endpoint].__doc__


def test_a_fault_of_ours_tells_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr("twitter_manager.storage.accounts.list_page", broken)
    shape = assert_error(client.get("/api/v1/accounts"), 500, "internal_error")
    assert shape["error"] == "Internal server error"
    assert set(shape) == {"error", "code", "request_id", "hint"}
