"""Which host names are served, and what proxies may say."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.service import JSON, Service, assert_error


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:5555", "localhost", "LOCALHOST:80", "[::1]", "[::1]:5555", "localhost:"]
)
def test_names_of_this_machine(anonymous: FlaskClient, host: str) -> None:
    assert anonymous.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5555",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example/localhost",
        "evil.example:80:localhost",
        "[::1].evil.example",
        "::1",
        "",
        "0.0.0.0",
        "192.168.1.5",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/api/v1/accounts", "/auth/callback", "/nowhere"])
def test_other_names(anonymous: FlaskClient, host: str, path: str) -> None:
    answer = anonymous.get(path, headers={"Host": host, **JSON})
    assert_error(answer, 400, "host_not_allowed")


def test_names_that_were_allowed_and_the_callbacks(start: Callable[..., Service]) -> None:
    service = start(ALLOWED_HOSTS="manager.lan, [fe80::1], proxy:8443", TWITTER_CALLBACK_URL="https://x.example/cb")
    for host in ("manager.lan:5555", "MANAGER.lan", "x.example", "[fe80::1]:5555", "proxy"):
        assert service.anonymous.get("/", headers={"Host": host}).status_code == 200, host
    assert service.anonymous.get("/", headers={"Host": "other.lan"}).status_code == 400


def test_forwarded_headers_are_not_believed_unless_a_proxy_is_set(start: Callable[..., Service]) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}
    service = start()
    assert service.anonymous.get("/", headers=forwarded).status_code == 200
    for n in range(21):
        last = service.anonymous.get("/api/v1/test", headers={"X-API-Key": "w", "X-Forwarded-For": f"203.0.113.{n}"})
    assert_error(last, 429, "too_many_wrong_keys")


def test_forwarded_headers_of_a_trusted_proxy(start: Callable[..., Service]) -> None:
    service = start(TRUSTED_PROXIES="1")
    assert_error(
        service.anonymous.get("/", headers={"X-Forwarded-Host": "evil.example", **JSON}), 400, "host_not_allowed"
    )
    for n in range(21):
        last = service.anonymous.get("/api/v1/test", headers={"X-API-Key": "w", "X-Forwarded-For": f"203.0.113.{n}"})
    assert_error(last, 401, "unauthorized")
