"""GET /api/v1/accounts."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import Service, assert_error
from twitter_manager.models import Account
from twitter_manager.storage import accounts

FIELDS = {
    "id",
    "username",
    "name",
    "twitter_user_id",
    "status",
    "is_active",
    "followers",
    "created_at",
    "linked_at",
    "updated_at",
    "token_expires_at",
    "mock",
}


def test_nobody_is_connected_yet(client: FlaskClient) -> None:
    answer = client.get("/api/v1/accounts").json
    assert (answer["accounts"], answer["total"]) == ([], 0)


def test_a_connected_account_with_exactly_the_promised_fields(service: Service, alice: int) -> None:
    [account] = service.client.get("/api/v1/accounts").json["accounts"]
    assert set(account) == FIELDS
    assert account["id"] == alice
    assert account["username"] == "alice"
    assert account["status"] == "active"
    assert account["is_active"] is True
    assert account["mock"] is True
    assert account["twitter_user_id"] == service.world.user("alice").id
    assert account["token_expires_at"] == "2026-11-20T16:05:00.123Z"


def test_no_secret_is_in_the_answer(service: Service, alice: int) -> None:
    text = service.client.get("/api/v1/accounts").text
    assert not [secret for secret in service.world.secrets() if secret in text]


def test_an_account_that_x_lost_is_shown_as_failed(service: Service, alice: int) -> None:
    service.world.disconnect("alice")
    service.clock.forward(3 * 3600)
    service.beat()
    service.services.publishing.post_now(service.tweet(alice, "hello"))
    service.run_due()
    [account] = service.client.get("/api/v1/accounts").json["accounts"]
    assert (account["status"], account["is_active"]) == ("failed", False)


def test_pages(service: Service) -> None:
    for name in ("a", "b", "c"):
        service.connect(name)
    first = service.client.get("/api/v1/accounts?limit=2").json
    second = service.client.get("/api/v1/accounts?limit=2&page=2").json
    assert [account["username"] for account in first["accounts"]] == ["a", "b"]
    assert [account["username"] for account in second["accounts"]] == ["c"]
    assert first["total"] == second["total"] == 3


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "9" * 20, "٣"])
def test_a_page_that_is_none(client: FlaskClient, page: str) -> None:
    answer = client.get("/api/v1/accounts", query_string={"page": page})
    assert_error(answer, 422, "invalid_field", field="page")


def test_the_last_page_there_can_be_is_empty(client: FlaskClient) -> None:
    assert client.get("/api/v1/accounts?page=2147483648").json["accounts"] == []


def test_a_page_reads_its_own_rows_only(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        service.connect(name)
    read: list[int] = []

    def counting(row: Any) -> Account:
        read.append(1)
        return accounts_mapper(row)

    accounts_mapper = accounts._account
    monkeypatch.setattr(accounts, "_account", counting)
    assert service.client.get("/api/v1/accounts?limit=1&page=2").json["accounts"][0]["username"] == "b"
    assert len(read) == 2, "and whether there is a next one"
