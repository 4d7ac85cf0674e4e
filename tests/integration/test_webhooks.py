"""Webhooks through the front door: what happens is told to a receiver on this machine that verifies as anybody does."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from standardwebhooks import WebhookVerificationError

from tests.support.eventually import eventually
from tests.support.receiver import HERE, Receiver
from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager import timestamps
from twitter_manager.api.webhooks import EVENTS
from twitter_manager.services.webhooks.endpoints import MAX_WEBHOOKS
from twitter_manager.timestamps import earlier, later, to_text
from twitter_manager.worker import start_worker

HOUR = 3600.0
PATH = "/api/v1/webhooks"
TWEET = {
    "id", "account_id", "username", "text", "status", "twitter_id", "url", "error", "error_code", "twitter",
    "needs_decision", "next_attempt_at", "thread_id", "position", "batch_id", "created_at", "updated_at",
    "scheduled_at", "posted_at", "mock",
}  # fmt: skip


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    """A service whose webhooks may reach this machine."""
    return start(WEBHOOK_ALLOWED_NETWORKS=HERE)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


def create(service: Service, receiver: Receiver, *events: str) -> dict[str, Any]:
    """A webhook for these events, or all: what the answer says."""
    body: dict[str, Any] = {"url": receiver.url} | ({"events": list(events)} if events else {})
    answer = service.client.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def deliver(service: Service) -> None:
    """Everything that is due now is told."""
    while (delivery := service.services.deliveries.claim()) is not None:
        delivery.make()


def post(service: Service, account_id: int, text: str) -> int:
    """A tweet that goes out now, or whatever X does with it."""
    tweet = service.tweet(account_id, text)
    with BackgroundWorker(service):
        assert service.client.post(f"/api/v1/tweet/post/{tweet}").status_code in (200, 202, 502)
    return tweet


def work_for(service: Service, seconds: float) -> None:
    """The time passes, and the lanes do everything at its due time."""
    ends = later(service.clock.present, seconds)
    service.run_due()
    while (due := service.services.dispatcher.next_due()) is not None and due <= ends:
        service.clock.present = max(service.clock.present, due)
        service.run_due()
    service.clock.present = ends


def log_of(service: Service, webhook_id: int, **query: object) -> list[dict[str, Any]]:
    """The deliveries, newest first."""
    answer = service.client.get(f"{PATH}/{webhook_id}/deliveries", query_string=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["deliveries"]
    return found


# making, showing, changing, deleting


@pytest.mark.sqlite
def test_the_secret_is_shown_once_and_kept_encrypted(service: Service, receiver: Receiver) -> None:
    made = create(service, receiver)
    assert made["secret"].startswith("whsec_")
    assert made["webhook"] == {
        "id": 1,
        "url": receiver.url,
        "description": "",
        "events": list(EVENTS),
        "is_active": True,
        "error": None,
        "error_code": None,
        "health": {"state": "healthy", "failures": 0, "failing_since": None, "next_attempt_at": None},
        "api_key_id": None,
        "created_at": to_text(service.clock()),
        "updated_at": to_text(service.clock()),
    }
    assert service.client.get(f"{PATH}/1").json == made["webhook"]
    listed = {"webhooks": [made["webhook"]], "total": 1, "page": 1, "limit": 50, "next_cursor": None}
    assert service.client.get(PATH).json == listed
    assert made["secret"] not in on_disk(service)


def test_under_an_idempotency_key_neither(service: Service, receiver: Receiver) -> None:
    headers = {"Idempotency-Key": "mine"}
    first, second = (service.client.post(PATH, json={"url": receiver.url}, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert second.json == first.json
    assert service.client.get(PATH).json["total"] == 1
    assert first.json["secret"] not in on_disk(service)


def on_disk(service: Service) -> str:
    path = service.services.settings.database_path
    files = [path, path.with_name(path.name + "-wal")]
    return "".join(file.read_bytes().decode("latin-1") for file in files)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "example.org"}, "url"),
        ({"url": "https://user@example.org/"}, "url"),
        ({"url": f"https://{'a' * 64}.example.org/"}, "url"),
        ({"url": f"https://{'a.' * 126}io/"}, "url"),
        ({"url": "https://example..org/"}, "url"),
        ({"url": "https://8.8.8.8/", "events": []}, "events"),
        ({"url": "https://8.8.8.8/", "events": ["tweet.liked"]}, "events"),
        ({"url": "https://8.8.8.8/", "events": ["tweet.held", "webhook.test"]}, "events"),
        ({"url": "https://8.8.8.8/", "events": "tweet.posted"}, "events"),
        ({"url": "https://8.8.8.8/", "description": "x" * 201}, "description"),
        ({"url": "https://8.8.8.8/", "secret": "mine"}, "secret"),
    ],
)
def test_wrong_fields_are_named(service: Service, body: dict[str, Any], field: str) -> None:
    shape = assert_error(service.client.post(PATH, json=body), 422, "invalid_field")
    assert shape["field"].partition(".")[0] == field
    assert service.client.get(PATH).json["total"] == 0


def test_no_more_than_there_may_be(service: Service, receiver: Receiver) -> None:
    for _ in range(MAX_WEBHOOKS):
        create(service, receiver)
    assert_error(service.client.post(PATH, json={"url": receiver.url}), 409, "too_many_webhooks")
    page = service.client.get(PATH, query_string={"page": 2, "limit": 15}).json
    assert ([each["id"] for each in page["webhooks"]], page["total"]) == ([16, 17, 18, 19, 20], 20)


def test_a_change_changes_what_is_given(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    before = service.client.get(f"{PATH}/1").json
    service.clock.forward(60)
    assert service.client.patch(f"{PATH}/1", json={}).json["events"] == before["events"]
    changed = service.client.patch(f"{PATH}/1", json={"events": ["tweet.held", "tweet.held", "tweet.posted"]}).json
    assert changed["events"] == ["tweet.posted", "tweet.held"]
    assert changed["updated_at"] > before["updated_at"]
    other = service.client.patch(f"{PATH}/1", json={"url": "https://8.8.8.8/", "description": "mine"}).json
    assert (other["url"], other["description"], other["events"]) == ("https://8.8.8.8/", "mine", changed["events"])
    assert_error(service.client.patch(f"{PATH}/1", json={"url": "https://10.0.0.1/"}), 422, "receiver_not_public")
    assert_error(service.client.patch(f"{PATH}/1", json={"events": []}), 422, "invalid_field", field="events")
    refused = service.client.patch(f"{PATH}/1", json={"description": "a\0b"})
    assert_error(refused, 422, "invalid_field", field="description")


def test_one_that_is_not_there(service: Service) -> None:
    client = service.client
    for answer in (
        client.get(f"{PATH}/7"),
        client.patch(f"{PATH}/7", json={"is_active": True}),
        client.patch(f"{PATH}/7", json={"url": "https://8.8.8.8/"}),
        client.delete(f"{PATH}/7"),
        client.post(f"{PATH}/7/test"),
        client.get(f"{PATH}/7/deliveries"),
        client.post(f"{PATH}/7/replay", json={"delivery_ids": [1]}),
    ):
        assert_error(answer, 404, "webhook_not_found")
    assert_error(client.get(f"{PATH}/seven"), 422, "invalid_id", field="webhook_id")


def test_deleting_it_removes_its_queue(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver)
    post(service, alice, "Hello")
    assert len(log_of(service, 1)) == 1
    assert service.client.delete(f"{PATH}/1").json == {"message": "Webhook deleted", "webhook_id": 1}
    deliver(service)
    assert receiver.received == []
    assert service.services.db.all("SELECT * FROM webhook_delivery") == []


def test_another_encryption_key_keeps_the_secrets(
    start: Callable[..., Service], service: Service, receiver: Receiver
) -> None:
    service.clock.present = timestamps.now()
    secret = create(service, receiver)["secret"]
    (old,) = service.services.settings.encryption_key
    service.services.close()
    new = Fernet.generate_key().decode()
    start(WEBHOOK_ALLOWED_NETWORKS=HERE, ENCRYPTION_KEY=f"{new},{old}").services.close()
    after = start(WEBHOOK_ALLOWED_NETWORKS=HERE, ENCRYPTION_KEY=new)
    after.client.post(f"{PATH}/1/test")
    deliver(after)
    assert receiver.received[0].verified(secret)["type"] == "webhook.test"


# addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.1.2.3/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
        "http://100.64.0.1/",
        "http://2130706433/",
    ],
)
def test_private_addresses_are_refused_when_it_is_made(start: Callable[..., Service], url: str) -> None:
    service = start()
    shape = assert_error(service.client.post(PATH, json={"url": url}), 422, "receiver_not_public", field="url")
    assert url not in shape["error"]


def test_and_when_the_name_leads_there_later(
    start: Callable[..., Service], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, found = start(), {"hooks.example": "8.8.8.8"}

    def look_up(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert service.client.post(PATH, json={"url": f"http://hooks.example:{receiver.port}/"}).status_code == 201
    found["hooks.example"] = "127.0.0.1"
    service.client.post(f"{PATH}/1/test")
    deliver(service)
    [row] = log_of(service, 1)
    assert (row["status"], row["error_code"], row["last_status"]) == ("pending", "receiver_not_public", None)
    assert row["last_error"].startswith("The receiver's address is not public")
    assert receiver.received == []


# what is told


def test_posted(service: Service, receiver: Receiver, alice: int) -> None:
    service.clock.present = timestamps.now()
    secret = create(service, receiver)["secret"]
    tweet = post(service, alice, 'Grüße aus 北京 "quoted" \\ \n 🎉')
    deliver(service)
    [came] = receiver.received
    told = came.verified(secret)
    row = service.row(tweet)
    assert told["type"] == "tweet.posted"
    assert told["timestamp"] == row["updated_at"]
    assert set(told["data"]) == TWEET
    for name in TWEET & set(row):
        assert told["data"][name] == row[name], name
    assert told["data"]["url"] == f"http://127.0.0.1:5555/mock/x/alice/status/{told['data']['twitter_id']}"
    [entry] = log_of(service, 1)
    assert entry["payload"] == told
    assert (entry["status"], entry["attempts"], entry["last_status"]) == ("delivered", 1, 204)
    assert (entry["message_id"], entry["event"]) == (came.message_id, "tweet.posted")
    assert entry["delivered_at"]


def test_a_wrong_secret_is_seen_by_the_receiver(service: Service, receiver: Receiver, alice: int) -> None:
    service.clock.present = timestamps.now()
    secret, other = create(service, receiver)["secret"], create(service, receiver)["secret"]
    post(service, alice, "Hello")
    deliver(service)
    first, second = receiver.received
    assert first.message_id != second.message_id
    assert first.verified(secret)["data"]["text"] == "Hello"
    with pytest.raises(WebhookVerificationError):
        first.verified(other)
    with pytest.raises(WebhookVerificationError):
        second.verified(secret)


def test_failed(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver)
    service.world.faults.refuses(403, detail="You are not allowed to say that.")
    post(service, alice, "Hello")
    deliver(service)
    [told] = [each.payload for each in receiver.received]
    assert told["type"] == "tweet.failed"
    assert (told["data"]["status"], told["data"]["error_code"]) == ("failed", "post_refused")
    assert told["data"]["error"] == "Failed to post tweet"
    assert told["data"]["twitter"]["detail"] == "You are not allowed to say that."


def test_held_and_once_an_hour_only(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver, "tweet.held")
    service.world.faults.rate_limits(reset_in=600, times=None)
    tweet = post(service, alice, "Hello")
    deliver(service)
    [told] = [each.payload for each in receiver.received]
    assert (told["type"], told["data"]["id"]) == ("tweet.held", tweet)
    assert (told["data"]["status"], told["data"]["error_code"]) == ("held", "rate_limited")
    assert told["data"]["next_attempt_at"] == service.row(tweet)["next_attempt_at"]
    work_for(service, 3000)
    assert len(service.world.calls(method="POST", path="/2/tweets")) > 3
    assert len(log_of(service, 1)) == 1
    work_for(service, 3000)
    assert len(log_of(service, 1)) == 2
    service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": False})
    newest = log_of(service, 1)[0]["payload"]["data"]
    assert newest["error_code"] == "account_inactive", "another reason is news at once"


def test_a_stale_token_is_no_news(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver)
    service.clock.forward(600)
    service.world.faults.refuses_the_token(call="POST /2/tweets")
    tweet = post(service, alice, "Hello")
    assert service.row(tweet)["status"] == "posted"
    assert [each["event"] for each in log_of(service, 1)] == ["tweet.posted"]


def test_needs_decision(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver)
    service.world.faults.cuts_the_line(times=None)
    tweet = service.tweet(alice, "Hello")
    service.beat()
    service.services.publishing.post_now(tweet)
    work_for(service, 3 * HOUR)
    deliver(service)
    [told] = [each.payload for each in receiver.received if each.payload["type"] == "tweet.needs_decision"]
    assert (told["data"]["id"], told["data"]["needs_decision"]) == (tweet, True)
    assert (told["data"]["status"], told["data"]["error_code"]) == ("unconfirmed", "attempts_exhausted")


def test_thread_broken(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver, "thread.broken")
    service.world.faults.refuses(403, skip=1)
    with BackgroundWorker(service):
        answer = service.client.post("/api/v1/threads", json={"account_id": alice, "tweets": ["One", "Two", "Three"]})
    deliver(service)
    [told] = [each.payload for each in receiver.received]
    thread = answer.json["thread_id"]
    assert told["data"] | {"tweet": None} == {
        "thread_id": thread,
        "account_id": alice,
        "error_code": "post_refused",
        "error": "Failed to post tweet",
        "parts": 3,
        "posted": 1,
        "tweet": None,
    }
    part = told["data"]["tweet"]
    assert (part["text"], part["position"], part["thread_id"], part["status"]) == ("Two", 2, thread, "failed")
    service.client.delete(f"/api/v1/threads/{thread}")
    assert len(log_of(service, 1)) == 1, "what its owner takes down is no news"


@pytest.mark.parametrize(("policy", "code"), [("hold", "late"), ("skip", "too_late")])
def test_thread_broken_by_lateness(service: Service, receiver: Receiver, alice: int, policy: str, code: str) -> None:
    create(service, receiver, "thread.broken")
    body = {
        "account_id": alice,
        "tweets": ["One", "Two"],
        "schedule_at": to_text(later(service.clock(), 60)),
        "late_policy": policy,
    }
    assert service.client.post("/api/v1/threads", json=body).status_code == 201
    service.clock.forward(2 * HOUR)
    service.run_due()
    [row] = log_of(service, 1)
    assert (row["payload"]["data"]["error_code"], row["payload"]["data"]["posted"]) == (code, 0)


def test_account_failed(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver)
    service.world.suspend("alice")
    post(service, alice, "Hello")
    deliver(service)
    assert receiver.types() == ["account.failed", "tweet.held"]
    data = receiver.received[0].payload["data"]
    account = service.client.get(f"/api/v1/accounts/{alice}").json
    for name in ("id", "username", "name", "twitter_user_id", "status", "updated_at", "mock"):
        assert data[name] == account[name], name
    assert (data["status"], data["error_code"], data["error"]) == (
        "suspended",
        "account_suspended",
        "X says this account is suspended or locked",
    )


def test_app_resting_once_for_each_rest(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver, "app.resting")
    service.world.faults.runs_out_of_credits()
    post(service, alice, "Hello")
    work_for(service, 2 * HOUR)
    assert len(service.world.calls(method="POST", path="/2/tweets")) > 2, "probes in vain"
    [row] = log_of(service, 1)
    data = row["payload"]["data"]
    assert (data["error_code"], data["mock"], data["twitter"]["status"]) == ("credits_depleted", True, 402)
    assert data["since"] < data["next_attempt_at"]
    service.world.faults.clear()
    work_for(service, 24 * HOUR)
    service.world.faults.runs_out_of_credits()
    post(service, alice, "Good night")
    assert len(log_of(service, 1)) == 2


def test_only_what_was_asked_for_and_only_while_it_is_on(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver, "tweet.failed")
    create(service, receiver, "tweet.posted")
    create(service, receiver)
    assert service.client.patch(f"{PATH}/3", json={"is_active": False}).json["is_active"] is False
    post(service, alice, "Hello")
    assert [len(log_of(service, number)) for number in (1, 2, 3)] == [0, 1, 0]
    deliver(service)
    assert receiver.types() == ["tweet.posted"]
    for call in ("test", "replay"):
        body = {"since": to_text(service.clock())} if call == "replay" else {}
        assert_error(service.client.post(f"{PATH}/3/{call}", json=body), 409, "webhook_inactive")


# when the receiver does not take it


def test_down_for_an_hour_it_gets_everything_once_it_is_back(service: Service, receiver: Receiver, alice: int) -> None:
    service.clock.present = earlier(timestamps.now(), HOUR)
    secret = create(service, receiver, "tweet.posted")["secret"]
    receiver.stop()
    for number in range(30):
        post(service, alice, f"Tweet {number}")
        for _ in range(12):
            service.clock.forward(10)
            deliver(service)
    assert receiver.received == []
    health = service.client.get(f"{PATH}/1").json["health"]
    assert (health["state"], health["failures"] > 10) == ("retrying", True)
    receiver.start()
    service.clock.present = max(service.clock.present, timestamps.now())
    service.clock.forward(299)  # the longest rest: what it waits for at most
    deliver(service)
    assert [each.verified(secret)["data"]["text"] for each in receiver.received] == [f"Tweet {n}" for n in range(30)]
    assert len({each.message_id for each in receiver.received}) == 30
    assert {row["status"] for row in log_of(service, 1)} == {"delivered"}
    assert service.client.get(f"{PATH}/1").json["health"]["state"] == "healthy"


def test_a_clock_that_was_set_back_by_days_makes_nothing_wait_for_them(service: Service, receiver: Receiver) -> None:
    service.clock.forward(3 * 24 * HOUR)
    create(service, receiver, "tweet.posted")
    receiver.answers.append(500)
    post(service, service.connect("alice"), "Hello")
    deliver(service)
    service.clock.forward(-3 * 24 * HOUR)
    service.services.maintenance.clamp_waits()
    service.clock.forward(HOUR)
    deliver(service)
    assert receiver.types() == ["tweet.posted"] * 2


def test_ill_for_an_hour_it_gets_everything_once_it_is_well(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver, "tweet.posted")
    for number in range(5):
        post(service, alice, f"Tweet {number}")
    receiver.answers.extend([500] * 1000)
    for _ in range(360):
        service.clock.forward(10)
        deliver(service)
    assert 12 < len(receiver.received) < 40, "it is not hammered"
    receiver.answers.clear()
    receiver.received.clear()
    service.clock.forward(300)
    deliver(service)
    assert len(receiver.received) == 5
    assert {row["status"] for row in log_of(service, 1)} == {"delivered"}


def test_one_event_that_it_does_not_take_does_not_keep_back_the_others(
    service: Service, receiver: Receiver, alice: int
) -> None:
    create(service, receiver, "tweet.posted")
    post(service, alice, "Poison")
    post(service, alice, "Hello")
    receiver.answers.append(400)
    deliver(service)
    service.clock.forward(5)
    receiver.answers.append(400)
    deliver(service)
    service.clock.forward(30)
    deliver(service)
    assert [each.payload["data"]["text"] for each in receiver.received] == ["Poison", "Poison", "Hello"]
    good, poison = log_of(service, 1)
    assert (good["status"], poison["status"], poison["attempts"]) == ("delivered", "pending", 2)
    assert (poison["last_status"], poison["error_code"]) == (400, "receiver_refused")
    assert poison["next_attempt_at"] == to_text(later(service.clock(), 30))


def test_after_a_day_it_is_given_up_and_stays_in_the_log(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    receiver.answers.extend([500] * 100)
    for _ in range(200):
        deliver(service)
        service.clock.forward(600)
    [row] = log_of(service, 1, status="failed")
    assert (row["attempts"], row["next_attempt_at"], row["last_status"]) == (11, None, 500)
    assert len(receiver.received) == 11
    assert len({each.message_id for each in receiver.received}) == 1
    assert log_of(service, 1, status="pending") == []


def test_at_another_address_it_begins_anew(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    receiver.answers.extend([500] * 100)
    for _ in range(139):
        deliver(service)
        service.clock.forward(600)
    assert len(receiver.received) == 10
    receiver.received.clear()
    service.client.patch(f"{PATH}/1", json={"url": receiver.url + "&moved"})
    deliver(service)
    service.clock.forward(2 * HOUR)
    deliver(service)
    assert len(receiver.received) == 2, "at once, and then again"
    assert log_of(service, 1)[0]["status"] == "pending", "although a day is over since it happened"


def test_what_the_old_address_says_while_it_is_changed_is_not_said_of_the_new_one(
    service: Service, receiver: Receiver
) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    in_flight = service.services.deliveries.claim()
    assert in_flight is not None
    service.client.patch(f"{PATH}/1", json={"url": receiver.url + "&moved"})
    receiver.answers.append(410)
    in_flight.make()
    webhook = service.client.get(f"{PATH}/1").json
    assert (webhook["is_active"], webhook["health"]["state"]) == (True, "healthy")
    deliver(service)
    assert [row["status"] for row in log_of(service, 1)] == ["delivered"]
    assert len(receiver.received) == 2


def test_redirects_are_not_followed(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    receiver.answers.append((302, {"Location": receiver.url + "&again"}))
    service.client.post(f"{PATH}/1/test")
    deliver(service)
    [row] = log_of(service, 1)
    assert (row["status"], row["last_status"], row["error_code"]) == ("pending", 302, "receiver_refused")
    assert len(receiver.received) == 1


def test_gone_switches_it_off_until_it_is_switched_on(service: Service, receiver: Receiver, alice: int) -> None:
    create(service, receiver)
    post(service, alice, "One")
    post(service, alice, "Two")
    receiver.answers.append(410)
    deliver(service)
    assert len(receiver.received) == 1
    webhook = service.client.get(f"{PATH}/1").json
    assert (webhook["is_active"], webhook["error_code"]) == (False, "receiver_gone")
    assert [row["status"] for row in log_of(service, 1)] == ["pending", "failed"]
    service.clock.forward(48 * HOUR)
    webhook = service.client.patch(f"{PATH}/1", json={"is_active": True}).json
    assert (webhook["is_active"], webhook["error_code"], webhook["health"]["state"]) == (True, None, "healthy")
    deliver(service)
    assert [row["status"] for row in log_of(service, 1)] == ["delivered", "failed"]


def test_retry_after_is_heeded(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    service.client.post(f"{PATH}/1/test")
    receiver.answers.append((429, {"Retry-After": "120"}))
    deliver(service)
    service.clock.forward(119)
    deliver(service)
    assert len(receiver.received) == 1
    service.clock.forward(1)
    deliver(service)
    assert len(receiver.received) == 3


@pytest.mark.parametrize(
    "text", ["Fri, 20 Nov 99999999999 14:10:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "9" * 5000, "\xb2", "-1"]
)
def test_a_retry_after_of_nonsense_is_an_attempt_as_any_other(service: Service, receiver: Receiver, text: str) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    receiver.answers.append((503, {"Retry-After": text}))
    deliver(service)
    [row] = log_of(service, 1)
    assert (row["status"], row["attempts"], row["last_status"]) == ("pending", 1, 503)
    service.clock.forward(HOUR)
    deliver(service)
    assert [row["status"] for row in log_of(service, 1)] == ["delivered"]


def test_a_fault_of_ours_is_a_failed_attempt_and_ends_with_the_day(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    with service.services.db.transaction() as tx:
        tx.execute("UPDATE webhook SET url = 'gopher://a.b'")  # as an older or another program left it
    deliver(service)
    [row] = log_of(service, 1)
    assert (row["status"], row["attempts"], row["error_code"]) == ("pending", 1, "internal_error")
    service.clock.forward(25 * HOUR)
    deliver(service)
    assert [row["status"] for row in log_of(service, 1)] == ["failed"]


def test_failing_for_five_days_it_says_so_and_stays_on(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    receiver.stop()
    since = service.clock()
    for day in range(6):
        assert service.client.get(f"{PATH}/1").json["health"]["state"] == ("retrying" if day else "healthy")
        service.client.post(f"{PATH}/1/test")
        deliver(service)
        service.clock.forward(24 * HOUR)
    webhook = service.client.get(f"{PATH}/1").json
    assert (webhook["is_active"], webhook["health"]["state"]) == (True, "failing")
    assert webhook["health"]["failing_since"] == to_text(since)
    receiver.start()


# the process, and other receivers


def test_killed_in_the_middle_it_comes_again_under_the_same_id(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    assert service.services.deliveries.claim() is not None
    # killed here: nothing was stored of this attempt
    deliver(service)
    assert receiver.received == [], "it is leased"
    service.clock.forward(30)
    first = service.services.deliveries.claim()
    service.clock.forward(30)
    second = service.services.deliveries.claim()
    assert first is not None
    assert second is not None
    second.make()
    first.make()  # frozen meanwhile, and now it tells it once more
    assert len({each.message_id for each in receiver.received}) == 1
    assert [row["status"] for row in log_of(service, 1)] == ["delivered"]


def test_who_lost_the_lease_does_not_undo_what_is_known(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    first = service.services.deliveries.claim()
    service.clock.forward(30)
    deliver(service)
    receiver.answers.append(500)
    assert first is not None
    first.make()
    [row] = log_of(service, 1)
    assert (row["status"], row["attempts"]) == ("delivered", 1)
    assert service.client.get(f"{PATH}/1").json["health"]["failures"] == 0


def test_deleted_while_it_is_told(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    delivery = service.services.deliveries.claim()
    service.client.delete(f"{PATH}/1")
    assert delivery is not None
    delivery.make()
    assert_error(service.client.get(f"{PATH}/1"), 404, "webhook_not_found")


def test_a_slow_receiver_keeps_back_no_other_and_no_end(
    service: Service, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the worker's own threads."""
    monkeypatch.setattr("twitter_manager.worker.deliveries.POLL_SECONDS", 0.02)
    slow = Receiver()
    slow.pause = threading.Event()
    create(service, slow)
    create(service, receiver)
    worker = start_worker(service.services)
    try:
        for _ in range(3):
            service.client.post(f"{PATH}/1/test")
        eventually(lambda: len(slow.received) == 1)
        for _ in range(3):
            service.client.post(f"{PATH}/2/test")
        eventually(lambda: len(receiver.received) == 3)
        assert len(slow.received) == 1, "one at a time"
        began = time.monotonic()
        ending = threading.Thread(target=worker.stop, args=(5.0,))
        ending.start()
        service.services.notifier.stopping.wait(5)
        slow.pause.set()
        ending.join()
        assert time.monotonic() - began < 3
        assert [row["status"] for row in log_of(service, 1)] == ["pending", "pending", "delivered"]
    finally:
        slow.pause.set()
        slow.stop()


# the log, and again


def test_the_log_goes_on_by_cursor_and_by_page(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    for _ in range(5):
        service.client.post(f"{PATH}/1/test")
    first = service.client.get(f"{PATH}/1/deliveries", query_string={"limit": 2}).json
    assert ([row["id"] for row in first["deliveries"]], first["total"], first["page"]) == ([5, 4], 5, 1)
    second = service.client.get(f"{PATH}/1/deliveries", query_string={"limit": 2, "cursor": first["next_cursor"]}).json
    assert [row["id"] for row in second["deliveries"]] == [3, 2]
    last = service.client.get(f"{PATH}/1/deliveries", query_string={"limit": 2, "page": 3}).json
    assert ([row["id"] for row in last["deliveries"]], last["next_cursor"]) == ([1], None)
    wrong = service.client.get(f"{PATH}/1/deliveries", query_string={"status": "lost"})
    assert_error(wrong, 422, "invalid_field", field="status")


def test_again_under_the_same_id(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    create(service, receiver)
    for number in (1, 1, 2):
        service.client.post(f"{PATH}/{number}/test")
    deliver(service)
    ids = {row["id"]: row["message_id"] for row in log_of(service, 1)}
    before = receiver.received.copy()
    receiver.received.clear()
    answer = service.client.post(f"{PATH}/1/replay", json={"delivery_ids": [1, 3, 999]})
    assert answer.json == {"message": "Deliveries queued again: 1", "replayed": 1}, "the third is another's"
    assert service.client.post(f"{PATH}/1/replay", json={"delivery_ids": [1]}).json["replayed"] == 0
    deliver(service)
    [again] = receiver.received
    assert again.message_id == ids[1]
    assert again.body in {each.body for each in before}
    assert [row["status"] for row in log_of(service, 1)] == ["delivered", "delivered"]


def test_again_since_a_time(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    service.clock.forward(HOUR)
    service.client.post(f"{PATH}/1/test")
    deliver(service)
    since = {"since": to_text(service.clock())}
    assert service.client.post(f"{PATH}/1/replay", json=since).json["replayed"] == 1
    deliver(service)
    assert len(receiver.received) == 3
    for body in ({}, {"delivery_ids": []}, {"delivery_ids": list(range(1, 1002))}):
        assert_error(service.client.post(f"{PATH}/1/replay", json=body), 422, "invalid_field", field="delivery_ids")


def test_what_is_over_a_month_old_is_forgotten(service: Service, receiver: Receiver) -> None:
    create(service, receiver)
    service.client.post(f"{PATH}/1/test")
    deliver(service)
    service.clock.forward(29 * 24 * HOUR)
    service.client.post(f"{PATH}/1/test")
    assert service.services.maintenance.prune_deliveries() == 0
    service.clock.forward(2 * 24 * HOUR)
    assert service.services.maintenance.prune_deliveries() == 1
    assert [row["id"] for row in log_of(service, 1)] == [2]


# what may drift


@pytest.mark.sqlite
def test_the_document_names_every_event_and_the_triggers_write_no_other(service: Service) -> None:
    root = Path(__file__).resolve().parents[2]
    document = (root / "docs" / "webhooks.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### `(.+)`$", document, re.MULTILINE)
    assert headings == [*EVENTS, "webhook.test"]
    assert set(types_in_triggers(service)) == {event for event in EVENTS if not event.startswith("alert.")}


def types_in_triggers(service: Service) -> Iterator[str]:
    """Every type that a trigger of the database writes as an event."""
    for row in service.services.db.all("SELECT sql FROM sqlite_master WHERE type = 'trigger'"):
        for written in re.findall(r"INSERT INTO event \([^)]*\)\s+(?:SELECT|VALUES \()\s*(.*?),", row["sql"]):
            if written == "'tweet.' || new.status":
                yield from (f"tweet.{status}" for status in statuses_told(row["sql"]))
            else:
                yield written.strip("'")


def statuses_told(sql: str) -> list[str]:
    """Those in the condition of the one event that is named after the tweet's status."""
    told = re.search(r"'tweet.' \|\| new.status.*?new.status IN \(([^)]*)\)", sql, re.DOTALL)
    assert told is not None
    return re.findall(r"'(\w+)'", told[1])
