"""/api/v1/keys, and the commands: who may make and see which key, and that nobody is locked out."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.service import Service, assert_error
from twitter_manager.timestamps import later, to_text

PATH = "/api/v1/keys"


def make(client: FlaskClient, **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={"name": "a key", "scopes": ["read"], **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def with_key(service: Service, made: dict[str, Any]) -> FlaskClient:
    client = service.app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = made["api_key"]
    return client


def test_a_key_is_made_shown_once_used_and_revoked(service: Service, client: FlaskClient, alice: int) -> None:
    end = to_text(later(service.clock(), 3600))
    made = make(
        client,
        name="newsroom",
        scopes=["write", "read", "write"][:2],
        account_ids=[str(alice)],
        world="mock",
        expires_at=end,
        requests_per_minute=60,
    )
    key = made["key"]
    limits = {"account_ids": [alice], "world": "mock", "expires_at": end, "requests_per_minute": 60}
    assert {**key, **limits} == key
    assert (key["scopes"], key["state"], key["source"], key["last_used_at"]) == (
        ["read", "write"],
        "active",
        "api",
        None,
    )
    mine = with_key(service, made)
    mine.get("/api/v1/test").close()
    shown = client.get(f"{PATH}/{key['id']}")
    assert shown.json == {**key, "last_used_at": to_text(service.clock())}
    listed = client.get(PATH)
    assert [each["name"] for each in listed.json["keys"]] == ["API_KEY", "newsroom"]
    for answer in (shown, listed):
        assert made["api_key"] not in answer.text
    service.clock.forward(3600)
    assert client.get(f"{PATH}/{key['id']}").json["state"] == "expired"
    assert client.delete(f"{PATH}/{key['id']}").json["key"]["state"] == "revoked"
    assert_error(mine.get("/api/v1/test"), 401, "unauthorized")
    assert client.delete(f"{PATH}/{key['id']}").status_code == 200, "and stays so"


def test_the_list_has_pages(client: FlaskClient) -> None:
    for number in range(4):
        make(client, name=f"key {number}")
    first = client.get(PATH, query_string={"limit": 2}).json
    behind = client.get(PATH, query_string={"limit": 2, "cursor": first["next_cursor"]}).json
    second = client.get(PATH, query_string={"limit": 2, "page": 2}).json
    assert (first["total"], behind["keys"], behind["next_cursor"]) == (5, second["keys"], second["next_cursor"])
    assert [each["name"] for each in behind["keys"]] == ["key 1", "key 2"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "\u3164\u2800 "}, "name"),
        ({"accounts": []}, "accounts"),
        ({"accounts": ["not a name"]}, "accounts"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"account_ids": []}, "account_ids"),
        ({"account_ids": None}, "account_ids"),
        ({"world": "both"}, "world"),
        ({"expires_at": "2026-11-20T14:05:00Z"}, "expires_at"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
    ],
)
def test_a_limit_that_is_none_is_refused(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = client.post(PATH, json={"name": "a key", "scopes": ["read"], **body})
    assert_error(answer, 422, "invalid_field", field=field)
    assert client.get(PATH).json["total"] == 1


def test_an_account_of_a_key_must_be_there_and_in_its_world(client: FlaskClient, alice: int) -> None:
    body = {"name": "a key", "scopes": ["read"]}
    answer = client.post(PATH, json={**body, "account_ids": [alice, 999]})
    assert_error(answer, 404, "account_not_found", field="account_ids")
    answer = client.post(PATH, json={**body, "account_ids": [alice], "world": "live"})
    assert_error(answer, 422, "invalid_field", field="account_ids")


def test_its_accounts_by_their_names(service: Service, client: FlaskClient, alice: int) -> None:
    bob, carol = service.connect("bob"), service.connect("carol")
    made = make(client, account_ids=[alice, bob], accounts=["@ALICE", "carol"])
    assert made["key"]["account_ids"] == [alice, bob, carol]
    assert make(client, accounts=["@bob"])["key"]["account_ids"] == [bob]
    body = {"name": "a key", "scopes": ["admin"], "accounts": ["@nobody"]}
    assert_error(client.post(PATH, json=body), 404, "account_not_found", field="accounts")
    limited = with_key(service, make(client, scopes=["admin"], accounts=["@bob"]))
    assert_error(limited.post(PATH, json={**body, "accounts": ["alice"]}), 404, "account_not_found", field="accounts")
    assert limited.post(PATH, json={**body, "accounts": ["bob"]}).status_code == 201


def test_a_key_makes_none_that_may_do_more(service: Service, client: FlaskClient, alice: int) -> None:
    bob = service.connect("bob")
    end = later(service.clock(), 3600)
    whole = {"account_ids": [alice], "world": "mock", "expires_at": to_text(end), "requests_per_minute": 100}
    limited = with_key(service, make(client, scopes=["admin"], **whole))
    body = {"name": "a key", "scopes": ["admin"]}
    for wider in ({name: value for name, value in whole.items() if name != left_out} for left_out in whole):
        (missing,) = whole.keys() - wider.keys()
        assert_error(limited.post(PATH, json={**body, **wider}), 403, "key_scope", field=missing)
    later_end = {**whole, "expires_at": to_text(later(end, 1))}
    assert_error(limited.post(PATH, json={**body, **later_end}), 403, "key_scope", field="expires_at")
    answer = limited.post(PATH, json={**body, **whole, "account_ids": [bob]})
    assert_error(answer, 404, "account_not_found", field="account_ids")
    assert limited.post(PATH, json={**body, **whole}).status_code == 201


def test_a_key_with_limits_sees_the_keys_that_see_no_more(service: Service, client: FlaskClient, alice: int) -> None:
    bob = service.connect("bob")
    limited = make(client, name="alice's", scopes=["admin"], account_ids=[alice])
    other = make(client, name="bob's", account_ids=[bob])["key"]["id"]
    mine = with_key(service, limited)
    assert [each["name"] for each in mine.get(PATH).json["keys"]] == ["alice's"]
    for number in (1, other, 77):
        assert_error(mine.get(f"{PATH}/{number}"), 404, "api_key_not_found")
        assert_error(mine.delete(f"{PATH}/{number}"), 404, "api_key_not_found")
    assert_error(client.get(f"{PATH}/77"), 404, "api_key_not_found")
    assert client.get(f"{PATH}/{other}").json["state"] == "active"


def test_nobody_is_locked_out(service: Service, client: FlaskClient, alice: int) -> None:
    soon = to_text(later(service.clock(), 3600))
    for less in ({"scopes": ["write"]}, {"account_ids": [alice]}, {"world": "mock"}, {"expires_at": soon}):
        make(client, **{"scopes": ["admin"], **less})
    assert_error(client.delete(f"{PATH}/1"), 409, "last_admin_key")
    another = with_key(service, make(client, scopes=["admin"]))
    revoked = another.delete(f"{PATH}/1").json
    assert "the value of API_KEY" in revoked["message"]
    assert_error(client.get("/api/v1/test"), 401, "unauthorized")
    assert_error(another.delete(f"{PATH}/6"), 409, "last_admin_key")


def test_a_revoked_key_switches_its_webhooks_off(service: Service, client: FlaskClient, alice: int) -> None:
    made = make(client, scopes=["write"], account_ids=[alice])
    hook = with_key(service, made).post("/api/v1/webhooks", json={"url": "https://1.1.1.1/hook"}).json["webhook"]
    client.delete(f"{PATH}/{made['key']['id']}")
    shown = client.get(f"/api/v1/webhooks/{hook['id']}").json
    assert (shown["is_active"], shown["error_code"]) == (False, "key_revoked")


def test_the_key_is_nowhere_in_the_clear(service: Service, client: FlaskClient) -> None:
    headers, body = {"Idempotency-Key": "once"}, {"name": "a key", "scopes": ["read"]}
    first, again = (client.post(PATH, json=body, headers=headers) for _ in range(2))
    assert first.json["api_key"] == again.json["api_key"], "an answer that was lost can be asked for again"
    assert client.get(PATH).json["total"] == 2
    kept = service.services.db.all("SELECT * FROM idempotency_key") + service.services.db.all("SELECT * FROM api_key")
    assert len(kept) == 3
    assert first.json["api_key"] not in str([[row[name] for name in row.keys()] for row in kept])  # noqa: SIM118


def test_the_command_makes_keys_that_may_do_less(service: Service, alice: int) -> None:
    runner = service.app.test_cli_runner()
    words = (
        "keys create --name press --scope write --account @alice --world mock --rpm 5 --expires 2050-01-01T00:00:00Z"
    )
    made = runner.invoke(args=words.split())
    assert made.exit_code == 0, made.output
    assert f"is active (write; accounts {alice}; mock; until 2050" in made.stderr
    key = service.client.get(f"{PATH}/2").json
    assert (key["scopes"], key["account_ids"], key["world"]) == (["write"], [alice], "mock")
    assert (key["expires_at"], key["requests_per_minute"], key["source"]) == ("2050-01-01T00:00:00.000Z", 5, "command")
    listed = runner.invoke(args=["keys", "list"]).stdout.splitlines()[-1]
    assert listed.endswith(
        f"press  (write; accounts {alice}; mock; until 2050-01-01T00:00:00.000Z; 5 a minute; never used)"
    )
    for wrong in (
        "--account @nobody",
        "--account 77",
        "--expires tomorrow",
        "--expires 2020-01-01T00:00:00Z",
        "--rpm 0",
    ):
        assert runner.invoke(args=["keys", "create", *wrong.split()]).exit_code != 0
    unknown = runner.invoke(args=["keys", "create", "--account", "@alice,@bob"])
    assert "no account '@alice,@bob' is connected while mock mode is on" in unknown.stderr
    assert service.client.get(PATH).json["total"] == 2
