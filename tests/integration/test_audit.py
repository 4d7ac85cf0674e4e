"""The audit: one entry for each write, with the key, the request and what it concerned."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.clock import Clock
from tests.support.service import JSON, BackgroundWorker, Service, assert_error
from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage import audit
from twitter_manager.storage.api_keys import KeyChoice
from twitter_manager.timestamps import to_text

DAY = 86_400


def entries(service: Service, **query: object) -> list[dict[str, Any]]:
    """Newest first."""
    answer = service.client.get("/api/v1/audit", query_string=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["entries"]
    return found


def newest(service: Service) -> dict[str, Any]:
    return entries(service, limit=1)[0]


def test_a_write_says_who_what_and_how_it_ended(service: Service, alice: int) -> None:
    answer = service.client.post(
        "/api/v1/tweet", json={"account_id": alice, "text": "A secret text"}, headers={"X-Request-ID": "mine-1"}
    )
    assert newest(service) == {
        "id": newest(service)["id"],
        "created_at": to_text(service.clock()),
        "actor": "key",
        "key_id": 1,
        "key_name": "API_KEY",
        "request_id": "mine-1",
        "method": "POST",
        "route": "/api/v1/tweet",
        "account_id": alice,
        "subject": "tweet",
        "subject_id": answer.json["tweet_id"],
        "counts": None,
        "http_status": 201,
        "error_code": None,
    }


def test_the_entry_is_in_the_commit_of_the_change(
    service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> int:
        raise StorageUnavailable("the disk is full")

    monkeypatch.setattr(audit, "insert", fails)
    answer = service.client.post("/api/v1/tweet", json={"account_id": alice, "text": "Hello"})
    assert answer.status_code == 503
    assert service.client.get("/api/v1/tweets").json["total"] == 0


def test_a_refusal_that_cannot_be_stored_is_a_warning_and_stays_a_refusal(
    service: Service, alice: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tweet = service.tweet(alice, "Hello")

    def fails(*_: object, **__: object) -> int:
        raise StorageUnavailable("the server is away")

    monkeypatch.setattr(audit, "insert", fails)
    answer = service.client.post(f"/api/v1/tweets/{tweet}/retry", headers={"X-Request-ID": "of-mine"})
    assert_error(answer, 409, "tweet_not_failed")
    (said,) = [each for each in caplog.records if "audit" in each.message]
    assert (said.levelname, said.exc_info) == ("WARNING", None)
    assert said.message == "request of-mine is not in the audit as it ended: the server is away"


def test_a_kept_tweet_costs_one_commit(service: Service, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    db, begun = service.services.db, []
    transaction = db.transaction
    monkeypatch.setattr(db, "transaction", lambda **how: begun.append(1) or transaction(**how))  # type: ignore[func-returns-value]
    service.tweet(alice, "Hello")
    assert len(begun) == 1
    assert newest(service)["route"] == "/api/v1/tweet"


def test_who_connected_an_account(service: Service, alice: int) -> None:
    entry = newest(service)
    assert (entry["method"], entry["route"], entry["http_status"]) == ("GET", "/auth/callback", 200)
    assert (entry["key_id"], entry["account_id"], entry["subject"], entry["subject_id"]) == (1, alice, "account", alice)


def test_what_an_input_has_wrong_is_not_audited(service: Service, alice: int) -> None:
    before = entries(service)
    service.client.post("/api/v1/tweet", json={"account_id": alice, "text": ""})
    service.client.post("/api/v1/tweet", json={"account_id": 99, "text": "Hello"})
    service.client.patch("/api/v1/tweets/99", json={"text": "Hello"})
    service.client.post("/api/v1/tweets/validate", json={"account_id": alice, "text": "Hello"})
    service.anonymous.post("/api/v1/tweet", json={"account_id": alice, "text": "Hello"})
    assert entries(service) == before


def test_what_a_state_refuses_is_audited(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Hello")
    assert_error(service.client.post(f"/api/v1/tweets/{tweet}/retry"), 409, "tweet_not_failed")
    entry = newest(service)
    assert (entry["http_status"], entry["error_code"]) == (409, "tweet_not_failed")
    assert (entry["account_id"], entry["subject"], entry["subject_id"]) == (alice, "tweet", tweet)


@pytest.mark.usefixtures("worker")
def test_what_x_refuses_is_one_entry(service: Service, alice: int) -> None:
    service.world.faults.refuses()
    tweet = service.tweet(alice, "Hello")
    before = len(entries(service))
    assert service.client.post(f"/api/v1/tweet/post/{tweet}").status_code == 502
    found = entries(service)
    assert len(found) == before + 1
    assert (found[0]["http_status"], found[0]["error_code"], found[0]["subject_id"]) == (502, "post_refused", tweet)


def test_a_repeated_call_is_no_second_write(service: Service, alice: int) -> None:
    for _ in range(2):
        answer = service.client.post(
            "/api/v1/tweet", json={"account_id": alice, "text": "Hello"}, headers={"Idempotency-Key": "a"}
        )
        assert answer.status_code == 201
    assert [entry["route"] for entry in entries(service)].count("/api/v1/tweet") == 1


def test_a_call_that_changes_many_is_one_entry_with_counts(service: Service, alice: int) -> None:
    service.beat()
    rows = [{"account_id": alice, "text": "One"}, {"account_id": alice, "text": "Two"}, {"account_id": 99, "text": "3"}]
    batch = service.client.post("/api/v1/tweets/batch", json={"tweets": rows}).json["batch_id"]
    entry = newest(service)
    assert (entry["subject"], entry["subject_id"], entry["http_status"]) == ("batch", batch, 202)
    assert entry["counts"] == {"tweets": 2, "refused": 1}
    service.client.delete(f"/api/v1/batches/{batch}")
    before = len(entries(service))
    service.client.post("/api/v1/tweets/cleanup", json={"all": True})
    assert newest(service)["counts"] == {"tweets": 2}
    assert len(entries(service)) == before + 1


def test_every_call_that_writes_leaves_an_entry(service: Service, alice: int) -> None:
    """A new one is to be called here: else its route is missing."""
    call = service.client
    with BackgroundWorker(service):
        _write_everything(service, alice, call)
    written = {(entry["method"], entry["route"]) for entry in [*entries(service), *_more(service)]}
    routes = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in service.app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
        if rule.rule.startswith("/api/v1/") and rule.rule != "/api/v1/tweets/validate"
    }
    assert written - {("GET", "/auth/callback")} == routes


def _more(service: Service) -> list[dict[str, Any]]:
    more = service.client.get("/api/v1/audit").json["next_cursor"]
    return entries(service, cursor=more) if more else []


def _write_everything(service: Service, alice: int, call: FlaskClient) -> None:
    hello = service.tweet(alice, "Hello")
    call.patch(f"/api/v1/tweets/{hello}", json={"text": "Hello again"})
    call.post(f"/api/v1/tweet/post/{hello}")
    call.post(f"/api/v1/tweets/{hello}/retry")
    call.post(f"/api/v1/tweets/{hello}/resolve", json={"as": "not_posted"})
    call.post("/api/v1/tweets/post-pending", json={"account_id": alice})
    call.delete(f"/api/v1/tweets/{hello}?from_twitter=1")
    call.post("/api/v1/tweets", json={"account_id": alice, "text": "Now"})
    batch = call.post("/api/v1/tweets/batch", json={"account_ids": [alice], "text": "Many"}).json["batch_id"]
    call.delete(f"/api/v1/batches/{batch}")
    thread = call.post("/api/v1/threads", json={"account_id": alice, "tweets": ["One", "Two"]}).json["thread_id"]
    call.post(f"/api/v1/threads/{thread}/resume")
    call.delete(f"/api/v1/threads/{thread}?from_twitter=1")
    call.post("/api/v1/tweets/cleanup", json={"all": True})
    webhook = call.post("/api/v1/webhooks", json={"url": "https://93.184.216.34/"}).json["webhook"]["id"]
    call.post(f"/api/v1/webhooks/{webhook}/test")
    call.post(f"/api/v1/webhooks/{webhook}/replay", json={"since": "2020-01-01T00:00:00Z"})
    call.patch(f"/api/v1/webhooks/{webhook}", json={"is_active": False})
    call.delete(f"/api/v1/webhooks/{webhook}")
    key = call.post("/api/v1/keys", json={"name": "other", "scopes": ["read"]}).json["key"]["id"]
    call.delete(f"/api/v1/keys/{key}")
    call.post("/api/v1/mock-mode", json={"enabled": True})
    service.clock.forward(600)
    call.post(f"/api/v1/accounts/{alice}/refresh")
    call.put(f"/api/v1/accounts/{alice}/slots", json={"timezone": "UTC", "slots": []})
    call.patch(f"/api/v1/accounts/{alice}", json={"is_active": False})
    call.post("/api/v1/accounts/cleanup", json={"statuses": ["inactive"]})
    call.delete(f"/api/v1/accounts/{service.connect('bob')}")


def test_deleting_a_thread_with_its_posts_is_one_entry(service: Service, alice: int) -> None:
    with BackgroundWorker(service):
        body = {"account_id": alice, "tweets": ["One", "Two"]}
        thread = service.client.post("/api/v1/threads", json=body).json["thread_id"]
        before = len(entries(service))
        service.client.delete(f"/api/v1/threads/{thread}?from_twitter=1")
    found = entries(service)
    assert len(found) == before + 1
    assert (found[0]["subject"], found[0]["subject_id"], found[0]["account_id"]) == ("thread", thread, alice)


def test_filtered_by_key_account_and_time(service: Service, alice: int) -> None:
    bob = service.connect("bob")
    _, key = service.services.api_keys.create("other")
    service.clock.forward(60)
    later = to_text(service.clock())
    service.anonymous.post("/api/v1/tweet", json={"account_id": bob, "text": "Hi"}, headers={"X-API-Key": key})
    service.tweet(alice, "Hello")
    assert [entry["route"] for entry in entries(service, key_id=2)] == ["/api/v1/tweet"]
    assert [entry["route"] for entry in entries(service, account_id=alice)] == ["/api/v1/tweet", "/auth/callback"]
    assert [entry["key_id"] for entry in entries(service, account="@bob", since=later)] == [2]
    assert len(entries(service, since=later)) == 2


def test_a_cursor_goes_on_where_the_page_ended(service: Service, alice: int) -> None:
    for number in range(5):
        service.tweet(alice, f"Hello {number}")
    whole = [entry["id"] for entry in entries(service)]
    page = service.client.get("/api/v1/audit?limit=4").json
    rest = service.client.get("/api/v1/audit", query_string={"limit": 4, "cursor": page["next_cursor"]}).json
    assert [entry["id"] for entry in [*page["entries"], *rest["entries"]]] == whole
    assert rest["next_cursor"] is None


def test_it_is_kept_for_90_days(service: Service, alice: int, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twitter_manager.services.maintenance.MAX_PRUNED", 2)
    for number in range(4):
        service.tweet(alice, f"Hello {number}")
    clock.forward(DAY)
    service.tweet(alice, "A day later")
    clock.forward(timedelta(days=89).total_seconds() + 1)
    assert service.services.maintenance.prune_audit() == 5
    assert len(entries(service)) == 1


def test_a_command_is_an_actor_too(service: Service) -> None:
    run = service.app.test_cli_runner().invoke
    assert run(args=["keys", "create", "--name", "other"]).exit_code == 0
    assert run(args=["keys", "revoke", "2"]).exit_code == 0
    found = entries(service)
    assert [(each["actor"], each["route"], each["subject_id"], each["http_status"]) for each in found] == [
        ("command", "keys revoke", 2, None),
        ("command", "keys create", 2, None),
    ]


def test_a_consent_that_was_declined_changes_nothing(service: Service) -> None:
    state = service.begin()["state"]
    answer = service.anonymous.get(f"/auth/callback?state={state}&error=access_denied", headers=JSON)
    assert answer.status_code == 400
    assert entries(service) == []


def test_what_a_key_may_not_do_is_audited(service: Service, alice: int) -> None:
    _, key = service.services.api_keys.create("reader", KeyChoice(scopes=("read",)))
    answer = service.anonymous.post(
        "/api/v1/tweet", json={"account_id": alice, "text": "Hello"}, headers={"X-API-Key": key}
    )
    assert_error(answer, 403, "key_scope")
    entry = newest(service)
    assert (entry["key_id"], entry["http_status"], entry["error_code"]) == (2, 403, "key_scope")
    assert service.client.delete("/api/v1/keys/2").status_code == 200
    assert [entry["key_name"] for entry in entries(service)] == ["API_KEY", "reader", "API_KEY"]


def test_it_takes_a_key_that_may_do_everything(service: Service, alice: int) -> None:
    for choice in (KeyChoice(scopes=("write",)), KeyChoice(scopes=("admin",), account_ids=(alice,))):
        _, key = service.services.api_keys.create("other", choice)
        assert_error(service.anonymous.get("/api/v1/audit", headers={"X-API-Key": key}), 403, "key_scope")


def test_another_encryption_key_is_in_the_audit(service: Service, alice: int) -> None:
    assert service.app.test_cli_runner().invoke(args=["rotate-key"]).exit_code == 0
    entry = newest(service)
    assert (entry["actor"], entry["route"]) == ("command", "rotate-key")
    assert entry["counts"]["secrets"] > 0
