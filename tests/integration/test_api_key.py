"""The key on every call: where it counts, what a wrong one gets, and that guessing is slowed down."""

import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.service import Service, assert_error
from twitter_manager import config
from twitter_manager.api.http.wrong_keys import WrongKeys
from twitter_manager.errors import StartRefused
from twitter_manager.services import prepare

MINE, OTHER = "a key of my own making", "another key of my own making"
WRONG = {"X-API-Key": "w" * 43}


def test_the_key_in_the_header_or_the_query(service: Service, anonymous: FlaskClient) -> None:
    assert anonymous.get("/api/v1/accounts", headers={"X-API-Key": service.key}).status_code == 200
    assert anonymous.get("/api/v1/accounts", query_string={"api_key": service.key}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, WRONG, {"X-API-Key": "ключ".encode().decode("latin-1")}])
def test_missing_empty_wrong_or_strange(anonymous: FlaskClient, headers: dict[str, str]) -> None:
    shape = assert_error(anonymous.get("/api/v1/accounts", headers=headers), 401, "unauthorized")
    assert shape["error"] == "Unauthorized"


def test_a_key_under_another_name_does_not_count(service: Service, anonymous: FlaskClient) -> None:
    for headers in ({"Authorization": f"Bearer {service.key}"}, {"Api-Key": service.key}):
        assert_error(anonymous.get("/api/v1/accounts", headers=headers), 401, "unauthorized")


def test_a_right_key_passes_whatever_stands_beside_it_and_is_not_counted(
    service: Service, anonymous: FlaskClient
) -> None:
    right = {"X-API-Key": service.key}
    for _ in range(25):
        for headers, query in ((WRONG, service.key), (right, "wrong")):
            answer = anonymous.get("/api/v1/accounts", headers=headers, query_string={"api_key": query})
            assert answer.status_code == 200
    answer = anonymous.get("/api/v1/accounts", headers=WRONG, query_string={"api_key": "wrong"})
    assert_error(answer, 401, "unauthorized")


def test_two_wrong_keys_in_one_call_are_one_guess(anonymous: FlaskClient) -> None:
    for _ in range(20):
        answer = anonymous.get("/api/v1/accounts", headers=WRONG, query_string={"api_key": "wrong"})
        assert_error(answer, 401, "unauthorized")


def test_a_revoked_key_stops_at_once(service: Service, anonymous: FlaskClient) -> None:
    key, text = service.services.api_keys.create("laptop")
    assert anonymous.get("/api/v1/test", headers={"X-API-Key": text}).status_code == 200
    service.services.api_keys.revoke(key.id)
    assert_error(anonymous.get("/api/v1/test", headers={"X-API-Key": text}), 401, "unauthorized")


def test_a_revoked_key_of_the_first_start_is_replaced_at_the_next_one(
    start: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    first = start()
    secrets = first.services.settings.secrets_path
    encryption_key = first.services.settings.encryption_key
    assert first.services.api_keys.revoke(1)
    second = start()
    assert works(second, second.key)
    assert not works(second, first.key)
    assert [line.partition("=")[0] for line in secrets.read_text().splitlines()] == ["ENCRYPTION_KEY", "API_KEY"]
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert second.services.settings.encryption_key == encryption_key
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"the API key in {secrets} was revoked: another one stands there now"
    assert start().key == second.key


def test_of_two_starts_with_a_revoked_key_the_second_takes_what_the_first_made(
    start: Callable[..., Service], tmp_path: Path
) -> None:
    service = start()
    service.services.api_keys.revoke(1)
    read_before = config.load(tmp_path, {})
    made = start().key
    assert prepare(read_before).settings.api_key == made
    assert works(service, made)


def test_a_revoked_key_that_somebody_set_is_refused_at_the_start(start: Callable[..., Service]) -> None:
    service = start(API_KEY=MINE)
    service.services.api_keys.revoke(1)
    with pytest.raises(StartRefused, match=r"^API_KEY is a key that was revoked; [^\n]*$"):
        start(API_KEY=MINE)
    assert not works(service, MINE)
    assert works(service, start(API_KEY=OTHER).key)


def test_an_earlier_setting_works_again_when_it_is_set_again_unless_it_was_revoked(
    start: Callable[..., Service],
) -> None:
    service = start(API_KEY=MINE)
    start(API_KEY=OTHER)
    assert not works(service, MINE)
    assert works(start(API_KEY=MINE), MINE)
    start(API_KEY=OTHER)
    assert service.services.api_keys.revoke(1), "also one that a later setting replaced"
    with pytest.raises(StartRefused):
        start(API_KEY=MINE)


def test_a_key_made_by_the_command_and_set_as_api_key_goes_with_the_next_setting(
    start: Callable[..., Service],
) -> None:
    service = start()
    _, text = service.services.api_keys.create("laptop")
    assert works(start(API_KEY=text), text)
    start(API_KEY=OTHER)
    assert not works(service, text)
    assert works(service, OTHER)


def works(service: Service, key: str) -> bool:
    return service.anonymous.get("/api/v1/test", headers={"X-API-Key": key}).status_code == 200


def test_after_20_wrong_keys_the_21st_is_told_to_wait_and_the_right_one_still_passes(
    service: Service, anonymous: FlaskClient
) -> None:
    for _ in range(20):
        assert_error(anonymous.get("/api/v1/accounts", headers=WRONG), 401, "unauthorized")
    answer = anonymous.get("/api/v1/accounts", headers=WRONG)
    assert_error(answer, 429, "too_many_wrong_keys", retryable=True)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert service.client.get("/api/v1/accounts").status_code == 200
    assert anonymous.get("/api/v1/health").status_code == 503, "no key is asked for there"


def test_wrong_keys_of_one_address_are_not_held_against_another(service: Service) -> None:
    for _ in range(21):
        service.anonymous.get("/api/v1/accounts", headers=WRONG)
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert_error(
        service.anonymous.get("/api/v1/accounts", headers=WRONG, environ_overrides=elsewhere), 401, "unauthorized"
    )


def test_calls_without_any_key_are_not_counted_as_guesses(service: Service, anonymous: FlaskClient) -> None:
    for _ in range(25):
        assert_error(anonymous.get("/api/v1/accounts"), 401, "unauthorized")


def test_the_window_slides() -> None:
    wrong = WrongKeys(tries=2, window=60.0)
    assert wrong.record("a", 0.0) is None
    assert wrong.record("a", 30.0) is None
    assert wrong.record("a", 50.0) == 10.0
    assert wrong.record("a", 60.0) is None
    assert wrong.record("a", 61.0) == 29.0


def test_the_memory_for_addresses_is_bounded() -> None:
    wrong = WrongKeys(tries=1, max_addresses=2)
    for address in ("a", "b", "c"):
        assert wrong.record(address, 0.0) is None
    assert wrong.record("c", 1.0) is not None, "still known"
    assert wrong.record("a", 1.0) is None, "forgotten when c came"


@pytest.mark.sqlite
def test_a_database_that_is_away_is_503_and_not_401(service: Service, client: FlaskClient) -> None:
    file = service.services.settings.database_path
    away = file.with_name("away.db")
    file.rename(away)
    assert_error(client.get("/api/v1/accounts"), 503, "database_unavailable", retryable=True)
    away.rename(file)
    assert client.get("/api/v1/accounts").status_code == 200


@pytest.mark.sqlite
def test_a_locked_database_is_503_for_writers_and_comes_back(
    service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.services.db, "_patience", 0.05)
    service.services.db.close()  # the next connection takes the new patience
    other = sqlite3.connect(service.services.settings.database_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    body = {"account_id": alice, "text": "hello"}
    assert_error(service.client.post("/api/v1/tweet", json=body), 503, "database_unavailable", retryable=True)
    assert service.client.get("/api/v1/tweets").status_code == 200, "reading goes on"
    other.execute("ROLLBACK")
    other.close()
    assert service.client.post("/api/v1/tweet", json=body).status_code == 201
