"""A key that is limited to some accounts: for it there are no others, wherever one is named, listed or counted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.documented_client import bare_app, operations
from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.api.http.auth import PUBLIC
from twitter_manager.api.openapi.document import described_routes, path_of
from twitter_manager.services.webhooks.endpoints import MAX_WEBHOOKS
from twitter_manager.storage import accounts
from twitter_manager.storage.api_keys import KeyChoice
from twitter_manager.timestamps import later, to_text

NAME, TEXT = "secretive", "Confidential"
TABLES = (
    "SELECT * FROM twitter_account WHERE id = :id",
    "SELECT * FROM tweet WHERE twitter_account_id = :id ORDER BY id",
    "SELECT * FROM thread WHERE account_id = :id ORDER BY id",
    "SELECT * FROM attempt WHERE account_id = :id ORDER BY id",
    "SELECT * FROM lane WHERE account_id = :id",
    "SELECT * FROM batch_refusal WHERE twitter_account_id = :id ORDER BY batch_id, position",
    "SELECT * FROM webhook WHERE coalesce(api_key_id, 0) <> :key ORDER BY id",
    "SELECT * FROM webhook_delivery WHERE data LIKE '%Confidential%' ORDER BY id",
    "SELECT * FROM service_state WHERE name = 'mock_mode'",
)


@dataclass
class House:
    """Alice's account, which the key is for, beside another one with something of every kind."""

    service: Service
    client: FlaskClient  # with the limited key
    key_id: int
    alice: int
    other: int
    tweet_id: int
    thread_id: int
    batch_id: int
    webhook_id: int
    shared_batch_id: int
    x_ids: list[str]

    def rows(self) -> list[Any]:
        """Everything of the other one."""
        db = self.service.services.db
        return [
            [tuple(row) for row in db.all(sql, **parameters)]
            for sql in TABLES
            for parameters in [{"id": self.other} if ":id" in sql else {"key": self.key_id} if ":key" in sql else {}]
        ]

    def assert_silent(self, answer: TestResponse) -> None:
        """It says nothing of the other one."""
        for trace in (NAME, TEXT, *self.x_ids):
            assert trace not in answer.text, (answer.request.path, answer.text)
        assert self.other not in ids_in(answer.json), (answer.request.path, answer.text)


def ids_in(value: Any, name: str = "") -> Iterator[int]:
    """The accounts that an answer names, without the rows in which it repeats what was sent."""
    if isinstance(value, dict) and value.get("status") != "refused":
        for each, child in value.items():
            yield from ids_in(child, "account_id" if name == "accounts" and each == "id" else each)
    elif isinstance(value, list):
        for child in value:
            yield from ids_in(child, name)
    elif name == "account_id":
        yield value


@pytest.fixture
def house(service: Service) -> House:
    alice, other = service.connect("alice"), service.connect(NAME)
    admin = service.client
    service.beat()
    hook = admin.post("/api/v1/webhooks", json={"url": "https://1.1.1.1/hook"}).json["webhook"]["id"]
    posted = service.tweet(other, f"{TEXT} posted")
    service.services.publishing.post_now(posted)
    service.run_due()
    tweet_id = service.tweet(other, f"{TEXT} pending")
    service.tweet(alice, "Hello")
    soon = to_text(later(service.clock(), 3600))
    thread = {"account_id": other, "tweets": [f"{TEXT} one", f"{TEXT} two"], "schedule_at": soon}
    thread_id = admin.post("/api/v1/threads", json=thread).json["thread_id"]
    row = {"account_id": other, "text": f"{TEXT} in a batch", "schedule_at": soon}
    batch_id = admin.post("/api/v1/tweets/batch", json={"tweets": [row, row]}).json["batch_id"]
    both = [{**row, "text": f"{TEXT} beside"}, {**row, "account_id": alice, "text": "Beside"}, {**row, "text": ""}]
    shared = admin.post("/api/v1/tweets/batch", json={"tweets": both}).json["batch_id"]
    key, text = service.services.api_keys.create("alice's", KeyChoice(scopes=("admin",), account_ids=[alice]))
    client = service.app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = text
    account = admin.get(f"/api/v1/accounts/{other}").json
    x_ids = [account["twitter_user_id"], admin.get(f"/api/v1/tweets/{posted}").json["twitter_id"]]
    return House(service, client, key.id, alice, other, tweet_id, thread_id, batch_id, hook, shared, x_ids)


ROUTES = sorted(
    (method, path_of(rule), rule.endpoint)
    for rule, method in described_routes(bare_app())
    if rule.endpoint not in PUBLIC
)


def bodies_for(endpoint: str, account_id: int) -> list[dict[str, Any]]:
    """The example, for this account by its id and its name, and for none."""
    example = dict(operations()[endpoint].example)
    found = [example]
    if "account_id" in example:
        found += [{**example, "account_id": account_id}]
        found += [{**{name: value for name, value in example.items() if name != "account_id"}, "account": f"@{NAME}"}]
    if "tweets" in example and "account_id" not in example:
        found += [{"tweets": [{"account_id": account_id, "text": "x"}, {"account": NAME, "text": "x"}]}]
        found += [{"account_ids": [account_id], "text": "x"}, {"accounts": [NAME], "text": "x"}]
    if endpoint == "tweets.clean_up":
        found += [{"all": True}, {"account_id": account_id}, {"account": NAME}]
    if endpoint == "posting.post_all":
        found += [{}]
    if endpoint == "accounts.clean_up":
        found += [{"statuses": ["failed", "suspended", "inactive"]}]
    return found


def test_no_call_tells_or_changes_anything_of_another_account(house: House) -> None:
    house.service.services.accounts.switch(house.other, active=False)  # what a clean-up would take
    before, called = house.rows(), 0
    with BackgroundWorker(house.service):
        for method, path, endpoint in ROUTES:
            called += call_with_other(house, method, path, endpoint)
    assert called > 60
    assert house.rows() == before


def call_with_other(house: House, method: str, path: str, endpoint: str) -> int:
    """Every way of naming what belongs to the other one in this call; returns how many there were."""
    values = {
        "account_id": [str(house.other), f"@{NAME}"],
        "tweet_id": [str(house.tweet_id)],
        "thread_id": [str(house.thread_id)],
        "batch_id": [str(house.batch_id), str(house.shared_batch_id)],
        "webhook_id": [str(house.webhook_id)],
        "key_id": ["1"],
    }
    operation, called = operations()[endpoint], 0
    (name,) = re.findall(r"{(\w+)}", path) or [""]
    known = {each.name for each in operation.query}
    queries = [each for each in ({}, {"account_id": house.other}, {"account": NAME}) if known.issuperset(each)]
    bodies = bodies_for(endpoint, house.other) if operation.bodies else [None]
    for value, query, body in product(values[name] if name else [""], queries, bodies):
        address = path.replace(f"{{{name}}}", value)
        answer = house.client.open(address, method=method, query_string=query, json=body)
        house.assert_silent(answer)
        assert answer.status_code < 500, answer.text
        if name and value != str(house.shared_batch_id):
            assert answer.status_code in (403, 404), (method, path, answer.text)
        called += 1
    return called


@pytest.mark.parametrize("account", [{"account_id": "other"}, {"account": NAME}, {"account": f"@{NAME.upper()}"}])
def test_another_account_is_as_one_that_never_was(house: House, account: dict[str, Any]) -> None:
    asked = {name: house.other if value == "other" else value for name, value in account.items()}
    never = {name: 999 if value == "other" else "@nobody" for name, value in account.items()}
    shown = []
    for which in (asked, never):
        answers = [
            house.client.get("/api/v1/tweets", query_string=which),
            house.client.get("/api/v1/rate-limit", query_string=which),
            house.client.get("/api/v1/auth/twitter", query_string=which),
            house.client.post("/api/v1/tweet", json={**which, "text": "x"}),
            house.client.post("/api/v1/tweets", json={**which, "text": "x"}),
            house.client.post("/api/v1/tweets/validate", json={**which, "text": "x"}),
            house.client.post("/api/v1/threads", json={**which, "tweets": ["x"]}),
            house.client.post("/api/v1/tweets/post-pending", json=which),
            house.client.post("/api/v1/tweets/cleanup", json=which),
        ]
        for answer in answers:
            assert_error(answer, 404, "account_not_found")
        shown.append([{**answer.json, "request_id": ""} for answer in answers])
    assert shown[0] == shown[1]


def test_lists_and_numbers_have_what_is_the_keys(house: House) -> None:
    get = house.client.get
    assert [each["id"] for each in get("/api/v1/accounts").json["accounts"]] == [house.alice]
    assert get("/api/v1/accounts").json["total"] == 1
    listed = get("/api/v1/tweets").json
    assert (listed["total"], [each["text"] for each in listed["tweets"]]) == (2, ["Beside", "Hello"])
    for query, count in (
        ({"status": "scheduled"}, 1),
        ({"q": TEXT}, 0),
        ({"q": "hello"}, 1),
        ({"sort": "scheduled"}, 1),
        ({"since": "2020-01-01T00:00:00Z"}, 2),
        ({"batch_id": house.shared_batch_id}, 1),
        ({"batch_id": house.batch_id}, 0),
        ({"thread_id": house.thread_id}, 0),
        ({"limit": 1, "page": 2}, 2),
    ):
        found = get("/api/v1/tweets", query_string=query).json
        assert (found["total"], {each["account_id"] for each in found["tweets"]} <= {house.alice}) == (count, True), (
            query
        )
    stats = get("/api/v1/stats").json
    assert (stats["accounts"]["total"], stats["tweets"]["total"]) == (1, 2)
    assert get("/api/v1/rate-limit").json["account_id"] == house.alice, "the only one that there is"


def test_of_a_batch_it_sees_and_cancels_its_rows(house: House) -> None:
    path = f"/api/v1/batches/{house.shared_batch_id}"
    shown = house.client.get(path).json
    assert (shown["total"], [each["account_id"] for each in shown["posts"]]) == (1, [house.alice])
    assert house.client.delete(path).json["canceled"] == 1
    whole = house.service.client.get(path).json
    assert [each["status"] for each in whole["posts"]] == ["scheduled", "canceled", "refused"]


def test_it_sees_what_was_refused_of_a_batch_that_it_sent(house: House) -> None:
    rows = [{"account_id": house.other, "text": "x"}, {"account": NAME, "text": "x"}, {"account_id": 999, "text": "x"}]
    sent = house.client.post("/api/v1/tweets/batch", json={"tweets": [*rows, {"account_id": house.alice, "text": ""}]})
    codes = [each["error_code"] for each in sent.json["posts"]]
    assert codes == ["account_not_found"] * 3 + ["text_empty"]
    path = f"/api/v1/batches/{sent.json['batch_id']}"
    house.service.services.accounts.remove(house.other)
    assert [each["error_code"] for each in house.client.get(path).json["posts"]] == codes


def test_how_many_webhooks_others_have_is_none_of_its_concern(house: House) -> None:
    body = {"url": "https://1.1.1.1/hook"}
    there = house.service.client.get("/api/v1/webhooks").json["total"]
    for _ in range(MAX_WEBHOOKS - there):
        assert house.service.client.post("/api/v1/webhooks", json=body).status_code == 201
    assert_error(house.service.client.post("/api/v1/webhooks", json=body), 409, "too_many_webhooks")
    for _ in range(MAX_WEBHOOKS):
        assert house.client.post("/api/v1/webhooks", json=body).status_code == 201
    assert_error(house.client.post("/api/v1/webhooks", json=body), 409, "too_many_webhooks")


def test_a_webhook_of_the_key_tells_of_its_accounts_and_is_its_own(house: House) -> None:
    service = house.service
    made = house.client.post("/api/v1/webhooks", json={"url": "https://1.1.1.1/mine"}).json["webhook"]
    assert made["api_key_id"] == house.key_id
    assert [each["id"] for each in house.client.get("/api/v1/webhooks").json["webhooks"]] == [made["id"]]
    assert house.client.get("/api/v1/webhooks").json["total"] == 1
    assert service.client.get("/api/v1/webhooks").json["total"] == 2
    for account_id, text in ((house.other, f"{TEXT} again"), (house.alice, "Mine")):
        service.services.publishing.post_now(service.tweet(account_id, text))
    service.run_due()
    told = house.client.get(f"/api/v1/webhooks/{made['id']}/deliveries").json
    assert [each["payload"]["data"]["text"] for each in told["deliveries"]] == ["Mine"]
    service.services.api_keys.revoke(house.key_id)
    service.services.publishing.post_now(service.tweet(house.alice, "After the end"))
    service.run_due()
    path = f"/api/v1/webhooks/{made['id']}/deliveries"
    assert service.client.get(path).json["total"] == 1, "a revoked key is told nothing"


def test_its_webhook_hears_no_event_of_another_account(house: House) -> None:
    """Threads, batches, alerts and lost accounts, of the other one first and of its own after that."""
    service, paths = house.service, []
    mine, admin = house.client, house.service.client
    for client in (mine, admin):
        made = client.post("/api/v1/webhooks", json={"url": "https://1.1.1.1/mine"}).json["webhook"]["id"]
        paths.append(f"/api/v1/webhooks/{made}/deliveries")
    for account_id in (house.other, house.alice):
        thread = {"account_id": account_id, "tweets": [f"{account_id} first", "second"]}
        rows = {"tweets": [{"account_id": account_id, "text": f"{account_id} in a batch {n}"} for n in range(6)]}
        service.world.faults.refuses(403, times=6)
        with BackgroundWorker(service):
            service.client.post("/api/v1/threads", json=thread)
            assert service.client.post("/api/v1/tweets/batch", json=rows).status_code == 202
            service.run_due()
        with service.services.db.transaction() as tx:
            accounts.change_status(tx, account_id, "failed", "token_refused")
    told, of_all = (
        client.get(path, query_string={"limit": 50}).json["deliveries"]
        for client, path in zip((mine, admin), paths, strict=True)
    )
    kinds = {each["event"] for each in told}
    assert kinds == {each["event"] for each in of_all}
    assert kinds >= {"account.failed", "alert.account", "thread.broken", "tweet.failed", "tweet.posted"}
    assert len(of_all) == 2 * len(told)
    for each in told:
        assert NAME not in str(each)
        assert house.alice in ids_in(each["payload"]["data"]) or each["payload"]["data"]["id"] == house.alice


def test_it_connects_its_own_account_again_and_no_other(house: House) -> None:
    shape = assert_error(house.client.get("/api/v1/auth/twitter"), 403, "key_scope", field="account_id")
    assert shape["error"] == "This key is limited to accounts: account_id says which of them is connected again"
    begun = house.client.get("/api/v1/auth/twitter", query_string={"account": "alice"}).json
    back = house.service.consent(begun["auth_url"], NAME)
    assert_error(house.service.anonymous.get(back, headers={"Accept": "application/json"}), 409, "other_user")


def test_a_key_whose_account_was_deleted_sees_nothing(house: House) -> None:
    assert house.client.delete(f"/api/v1/accounts/{house.alice}").status_code == 200
    assert house.client.get("/api/v1/accounts").json["total"] == 0
    assert house.client.get("/api/v1/tweets").json["total"] == 0
    assert_error(house.client.get(f"/api/v1/tweets/{house.tweet_id}"), 404, "tweet_not_found")


def test_a_key_of_one_world_sees_the_accounts_of_it(house: House) -> None:
    service = house.service
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE twitter_account SET mock = 0 WHERE id = :id", id=house.other)
    _, text = service.services.api_keys.create("mock", KeyChoice(world="mock"))
    client = service.app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = text
    assert [each["id"] for each in client.get("/api/v1/accounts").json["accounts"]] == [house.alice]
    assert client.get("/api/v1/stats").json["tweets"]["total"] == 2
    assert_error(client.get(f"/api/v1/tweets/{house.tweet_id}"), 404, "tweet_not_found")
    assert_error(client.get("/api/v1/tweets", query_string={"account": NAME}), 404, "account_not_found")
    assert client.get("/api/v1/auth/twitter").status_code == 200, "it may connect accounts of its world"
