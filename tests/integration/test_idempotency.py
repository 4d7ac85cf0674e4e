"""Idempotency-Key: the same POST under the same key is done once, and answered each time as the first time."""

import inspect
import io
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, request
from werkzeug.test import TestResponse

from tests.support.service import BackgroundWorker, Service, assert_error
from twitter_manager.api import posting, tweets
from twitter_manager.api.http import idempotency
from twitter_manager.api.http.application import request_in_progress
from twitter_manager.api.openapi.operations import operations_of
from twitter_manager.capacity import MAX_BODY

TWEET = "/api/v1/tweet"
DAY = 86_400


def send(service: Service, path: str, body: object = None, *, key: str = "k-1", **more: object) -> TestResponse:
    """A POST with an Idempotency-Key."""
    headers = {idempotency.HEADER: key, **more.pop("headers", {})}  # type: ignore[dict-item]
    return service.client.post(path, json=body, headers=headers, **more)


def is_replay(answer: TestResponse) -> bool:
    return answer.headers.get(idempotency.REPLAYED) == "true"


def assert_same(again: TestResponse, first: TestResponse, *, first_replayed: bool = False) -> None:
    """It is the first answer, byte by byte, and says that it is a repetition."""
    assert (again.status_code, again.data, again.content_type) == (first.status_code, first.data, first.content_type)
    assert (is_replay(first), is_replay(again)) == (first_replayed, True)


def texts(service: Service) -> list[str]:
    """Of all tweets, oldest first."""
    return [tweet["text"] for tweet in reversed(service.client.get("/api/v1/tweets").json["tweets"])]


def run(service: Service, sql: str) -> None:
    with service.services.db.transaction() as tx:
        tx.execute(sql)


def die_before_the_answer(service: Service) -> None:
    """Leaves the rows as a process leaves them that dies between its commit and its answer."""
    run(service, "UPDATE idempotency_key SET status = NULL, answer = NULL")


def test_the_same_again_is_answered_again_and_not_done_again(service: Service, alice: int) -> None:
    body = {"account_id": alice, "text": "Once"}
    first = send(service, TWEET, body, headers={"X-Request-ID": "first"})
    again = send(service, TWEET, body, headers={"X-Request-ID": "second"})
    assert first.status_code == 201
    assert_same(again, first)
    assert (first.headers["X-Request-ID"], again.headers["X-Request-ID"]) == ("first", "second")
    assert again.headers["Cache-Control"] == "no-store"
    assert texts(service) == ["Once"]


def test_it_is_the_same_however_it_is_written(service: Service, alice: int) -> None:
    first = send(service, TWEET, {"account_id": alice, "text": "Onće"})
    headers = {idempotency.HEADER: "k-1", "X-API-Key": ""}
    again = service.anonymous.post(
        f"{TWEET}?api_key={service.key}",
        data=f'{{ "text": "On\\u0107e",\n "account_id": {alice} }}',
        content_type="application/json",
        headers=headers,
    )
    assert_same(again, first)


def test_something_else_under_the_same_key_is_refused(service: Service, alice: int) -> None:
    body = {"account_id": alice, "text": "Once"}
    first = send(service, TWEET, body)
    refused = send(service, TWEET, {"account_id": alice, "text": "Twice"})
    shape = assert_error(refused, 422, "idempotency_key_reused", field="Idempotency-Key")
    assert not is_replay(refused)
    assert "k-1" not in shape["error"]
    assert_same(send(service, TWEET, body), first)
    assert texts(service) == ["Once"]


def test_without_a_key_with_another_or_by_another_caller_it_is_another_tweet(service: Service, alice: int) -> None:
    body = {"account_id": alice, "text": "Hello"}
    _, other_caller = service.services.api_keys.create("another caller")
    first = send(service, TWEET, body)
    others = [
        service.client.post(TWEET, json=body),
        send(service, TWEET, body, key="K-1"),
        send(service, TWEET, body, headers={"X-API-Key": other_caller}),
    ]
    assert [answer.status_code for answer in others] == [201] * 3
    assert len({answer.json["tweet_id"] for answer in (first, *others)}) == 4
    assert not any(is_replay(answer) for answer in others)


def test_one_key_serves_for_each_path_by_itself(service: Service, alice: int, worker: object) -> None:
    ids = [service.tweet(alice, text) for text in ("a", "b")]
    answers = [send(service, f"/api/v1/tweet/post/{tweet}") for tweet in ids]
    assert [(answer.status_code, is_replay(answer)) for answer in answers] == [(200, False)] * 2
    assert [post.text for post in service.world.posts("alice")] == ["a", "b"]


@pytest.mark.parametrize("key", ["", "k" * 256, "ключ", "a\x7fb", "a\tb"])
def test_a_key_that_is_none(service: Service, alice: int, key: str) -> None:
    environ = {"HTTP_IDEMPOTENCY_KEY": key.encode().decode("latin-1")}
    body = {"account_id": alice, "text": "Never"}
    answer = service.client.post(TWEET, json=body, environ_overrides=environ)
    assert_error(answer, 422, "invalid_field", field="Idempotency-Key")
    assert texts(service) == []


def test_a_key_of_any_printable_characters(service: Service, alice: int) -> None:
    key = "".join(map(chr, range(0x21, 0x7F))).ljust(255, "k")
    body = {"account_id": alice, "text": "Once"}
    first = send(service, TWEET, body, key=key)
    assert_same(send(service, TWEET, body, key=key), first)


def test_who_was_refused_corrects_the_call_and_keeps_the_key(service: Service, alice: int) -> None:
    refused: list[tuple[object, int, str]] = [
        ({"account_id": alice}, 422, "invalid_field"),
        ({"account_id": alice, "text": ""}, 422, "text_empty"),
        ({"account_id": 99, "text": "Once"}, 404, "account_not_found"),
        (["no object"], 400, "not_an_object"),
        ("x" * MAX_BODY, 413, "body_too_large"),
    ]
    for body, status, code in refused:
        assert_error(send(service, TWEET, body), status, code)
        assert not is_replay(send(service, TWEET, body))
    first = send(service, TWEET, {"account_id": alice, "text": "Once"})
    assert (first.status_code, is_replay(first)) == (201, False)
    assert_same(send(service, TWEET, {"account_id": alice, "text": "Once"}), first)


def test_only_a_post_of_the_api_with_a_right_key_heeds_it(service: Service, alice: int) -> None:
    headers = {idempotency.HEADER: ""}  # refused wherever it counts
    tweet = service.tweet(alice, "Hello")
    assert service.client.get("/api/v1/tweets", headers=headers).status_code == 200
    assert service.client.patch(f"/api/v1/tweets/{tweet}", json={"text": "a"}, headers=headers).status_code == 200
    assert service.client.delete(f"/api/v1/tweets/{tweet}", headers=headers).status_code == 200
    assert_error(service.client.post("/api/v1/nowhere", headers=headers), 404, "not_found")
    assert_error(service.client.post("/api/v1/tweets/1", headers=headers), 405, "method_not_allowed")
    assert_error(service.anonymous.post(TWEET, json={}, headers=headers), 401, "unauthorized")


def test_outside_the_api_it_means_nothing(service: Service) -> None:
    service.app.add_url_rule("/form", "form", lambda: "a page", methods=["POST"])
    answers = [send(service, "/form", {"number": number}) for number in range(2)]
    assert [(answer.text, is_replay(answer)) for answer in answers] == [("a page", False)] * 2


def test_after_a_day_it_is_a_new_call(service: Service, alice: int) -> None:
    first = send(service, TWEET, {"account_id": alice, "text": "Today"})
    service.clock.forward(DAY)
    assert_same(send(service, TWEET, {"account_id": alice, "text": "Today"}), first)
    service.clock.forward(1)
    second = send(service, TWEET, {"account_id": alice, "text": "Tomorrow"})
    assert_same(send(service, TWEET, {"account_id": alice, "text": "Tomorrow"}), second)
    assert texts(service) == ["Today", "Tomorrow"]
    assert service.services.maintenance.prune_idempotency_keys() == 0
    service.clock.forward(DAY + 1)
    assert service.services.maintenance.prune_idempotency_keys() == 1


# --- while the first is still under way


def test_while_the_first_is_under_way_the_second_is_told_so(service: Service, alice: int, worker: object) -> None:
    service.world.faults.is_slow(0.4)
    tweet = service.tweet(alice, "Slow")
    path = f"/api/v1/tweet/post/{tweet}"
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(send, service, path)
        while service.row(tweet)["status"] != "posting":
            pass
        refused = send(service, path)
        other_key = send(service, path, key="k-2")
        first = slow.result()
    shape = assert_error(refused, 409, "idempotency_key_in_use", retryable=True)
    assert not is_replay(refused)
    assert "k-1" not in shape["error"]
    assert_error(other_key, 409, "tweet_not_pending")
    assert first.status_code == 200
    assert_same(send(service, path), first)
    assert len(service.world.posts("alice")) == 1


def test_a_place_is_free_again_whatever_the_call_ended_in(
    service: Service, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError

    body = {"account_id": alice, "text": "Once"}
    with monkeypatch.context() as patched:
        patched.setattr(service.services.tweets, "create", broken)
        assert_error(send(service, TWEET, body), 500, "internal_error")
    assert send(service, TWEET, body).status_code == 201
    assert texts(service) == ["Once"]


SOON = "2026-11-20T14:10:00Z"
MAKING: dict[str, Callable[[int], dict[str, object]]] = {
    TWEET: lambda account: {"account_id": account, "text": "Once"},
    "/api/v1/tweets": lambda account: {"account_id": account, "text": "Once", "schedule_at": SOON},
    "/api/v1/threads": lambda account: {"account_id": account, "tweets": ["Once"], "schedule_at": SOON},
    "/api/v1/tweets/batch": lambda account: {
        "tweets": [{"account_id": account, "text": "Once", "schedule_at": SOON}],
        "atomic": True,
    },
}


@pytest.mark.parametrize("path", MAKING)
def test_two_processes_at_the_same_moment_make_one_tweet(
    start: Callable[..., Service], service: Service, path: str
) -> None:
    """Both looked and found nothing; the second to commit learns that it was second."""
    both = [service, start()]
    alice = service.connect("alice")
    found_nothing = threading.Barrier(2)

    def wait_for_the_other() -> None:
        if "X-Together" in request.headers:
            found_nothing.wait(10)

    for each in both:
        # as the view would wait, behind the look
        each.app.before_request_funcs[None].append(wait_for_the_other)
    body = MAKING[path](alice)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda each: send(each, path, body, headers={"X-Together": "1"}), both))
    first, second = sorted(answers, key=lambda answer: answer.status_code)
    assert first.status_code < 300
    assert_error(second, 409, "idempotency_key_in_use", retryable=True)
    assert texts(service) == ["Once"]
    for each in both:
        assert_same(send(each, path, body), first)


# --- after the service died, or could not keep the answer


@pytest.mark.parametrize("path", MAKING)
def test_a_process_that_died_before_it_answered_is_answered_for_by_the_next(
    service: Service, alice: int, path: str
) -> None:
    body = MAKING[path](alice)
    first = send(service, path, body)
    die_before_the_answer(service)
    assert_error(send(service, path, {**body, "text": "Twice"}), 422, "idempotency_key_reused")
    again = send(service, path, body)
    assert (again.status_code, is_replay(again)) == (first.status_code, True)
    assert first.json.items() <= again.json.items()
    assert_same(send(service, path, body), again, first_replayed=True)
    assert texts(service) == ["Once"]


def test_a_batch_that_died_before_it_answered_tells_what_was_refused_too(service: Service, alice: int) -> None:
    rows = [{"account_id": alice, "text": text, "schedule_at": SOON} for text in ("Once", "", 5)]
    first = send(service, "/api/v1/tweets/batch", {"tweets": rows})
    assert [post["status"] for post in first.json["posts"]] == ["scheduled", "refused", "refused"]
    die_before_the_answer(service)
    assert send(service, "/api/v1/tweets/batch", {"tweets": rows}).json == first.json


def test_a_post_now_that_died_before_it_answered(service: Service, alice: int, worker: object) -> None:
    body = {"account_id": alice, "text": "Once"}
    first = send(service, "/api/v1/tweets", body)
    assert first.json["status"] == "posted"
    die_before_the_answer(service)
    assert_same(send(service, "/api/v1/tweets", body), first)
    assert len(service.world.posts("alice")) == 1


def test_what_was_deleted_meanwhile_was_made_all_the_same(service: Service, alice: int) -> None:
    body = {"account_id": alice, "text": "Once"}
    first = send(service, TWEET, body)
    die_before_the_answer(service)
    service.client.delete(f"/api/v1/tweets/{first.json['tweet_id']}")
    assert_same(send(service, TWEET, body), first)
    assert texts(service) == []


def test_an_answer_about_what_is_gone_cannot_be_built(service: Service, alice: int, worker: object) -> None:
    tweet = service.tweet(alice, "Once")
    send(service, f"/api/v1/tweet/post/{tweet}")
    die_before_the_answer(service)
    service.client.delete(f"/api/v1/tweets/{tweet}")
    answer = send(service, f"/api/v1/tweet/post/{tweet}")
    assert_error(answer, 404, "tweet_not_found")
    assert not is_replay(answer)


def test_a_fault_after_the_commit_is_no_answer(service: Service, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise RuntimeError

    body = {"account_id": alice, "text": "Once"}
    with monkeypatch.context() as patched:
        patched.setattr(tweets, "_created", broken)
        assert_error(send(service, TWEET, body), 500, "internal_error")
    again = send(service, TWEET, body)
    assert (again.status_code, is_replay(again)) == (201, True)
    assert texts(service) == ["Once"]


@pytest.mark.sqlite
def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    service: Service, alice: int, caplog: pytest.LogCaptureFixture
) -> None:
    run(
        service,
        "CREATE TRIGGER t BEFORE UPDATE OF status ON idempotency_key BEGIN SELECT RAISE(ABORT, 'not now'); END",
    )
    body = {"account_id": alice, "text": "Once"}
    with caplog.at_level(logging.ERROR, logger="twitter_manager.api"):
        first = send(service, TWEET, body, headers={"X-Request-ID": "abc"})
    assert first.status_code == 201
    assert [record.getMessage() for record in caplog.records] == [
        "an answer under an Idempotency-Key was not kept request=abc"
    ]
    run(service, "DROP TRIGGER t")
    assert_same(send(service, TWEET, body), first)
    assert texts(service) == ["Once"]


# --- every kind of POST


def test_post_one_that_x_refused(service: Service, alice: int, worker: object) -> None:
    """X's no is the answer to it; its request id stays that of the call that was refused."""
    service.world.faults.refuses(403)
    path = f"/api/v1/tweet/post/{service.tweet(alice, 'Once')}"
    first = send(service, path, headers={"X-Request-ID": "first"})
    again = send(service, path, headers={"X-Request-ID": "second"})
    assert (first.status_code, first.json["request_id"]) == (502, "first")
    assert_same(again, first)
    assert again.headers["X-Request-ID"] == "second"
    die_before_the_answer(service)
    rebuilt = send(service, path, headers={"X-Request-ID": "first"})
    assert_same(rebuilt, first)


def test_post_one_that_is_on_its_way(service: Service, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "ONE_SECONDS", 0.0)
    tweet = service.tweet(alice, "Once")
    service.beat()
    first = send(service, f"/api/v1/tweet/post/{tweet}")
    assert (first.status_code, first.json["tweet_id"], first.json["status"]) == (202, tweet, "pending")
    service.run_due()
    assert_same(send(service, f"/api/v1/tweet/post/{tweet}"), first)
    die_before_the_answer(service)
    rebuilt = send(service, f"/api/v1/tweet/post/{tweet}")
    assert (rebuilt.status_code, is_replay(rebuilt)) == (200, True)
    assert rebuilt.json["twitter_id"] == service.world.posts("alice")[0].id
    assert len(service.world.posts("alice")) == 1


def test_retry(service: Service, alice: int) -> None:
    service.world.faults.refuses(403, times=2)
    tweet = service.tweet(alice, "Again")
    with BackgroundWorker(service):
        service.client.post(f"/api/v1/tweet/post/{tweet}")
    path, body = f"/api/v1/tweets/{tweet}/retry", {"text": "Again!"}
    first = send(service, path, body)
    service.run_due()
    assert service.row(tweet)["status"] == "failed"
    assert_same(send(service, path, body), first)
    service.run_due()
    assert service.row(tweet)["status"] == "failed", "it was not sent a third time"
    die_before_the_answer(service)
    rebuilt = send(service, path, body)
    assert (rebuilt.status_code, is_replay(rebuilt), rebuilt.json["status"]) == (200, True, "failed")
    assert set(rebuilt.json) == set(first.json)


def test_resolve(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "Doubtful")
    run(service, "UPDATE tweet SET status = 'unconfirmed', needs_decision = 1, error_code = 'doubtful_match'")
    path, body = f"/api/v1/tweets/{tweet}/resolve", {"as": "posted", "twitter_id": "1790000000000000000"}
    first = send(service, path, body)
    assert first.json["tweet"]["status"] == "posted"
    assert_same(send(service, path, body), first)
    die_before_the_answer(service)
    assert_same(send(service, path, body), first)


def test_post_pending(service: Service, alice: int, worker: object) -> None:
    service.tweet(alice, "first")
    first = send(service, "/api/v1/tweets/post-pending", {})
    assert first.json["posted"] == 1
    service.tweet(alice, "second")
    assert_same(send(service, "/api/v1/tweets/post-pending"), first)
    assert [post.text for post in service.world.posts("alice")] == ["first"]


def test_cleaning_up_tweets(service: Service, alice: int) -> None:
    path, body = "/api/v1/tweets/cleanup", {"statuses": ["pending"]}
    service.tweet(alice, "first")
    first = send(service, path, body)
    assert first.json["deleted"] == 1
    service.tweet(alice, "second")
    assert_same(send(service, path, body), first)
    assert texts(service) == ["second"]


def test_cleaning_up_accounts(service: Service, alice: int) -> None:
    path, body = "/api/v1/accounts/cleanup", {"statuses": ["inactive"]}
    first = send(service, path, body)
    assert first.json["deleted_accounts"] == 0
    service.client.patch(f"/api/v1/accounts/{alice}", json={"is_active": False})
    assert_same(send(service, path, body), first)
    assert send(service, path, body, key="k-2").json["deleted_accounts"] == 1


def test_mock_mode(start: Callable[..., Service]) -> None:
    service, path = start(TWITTER_CLIENT_ID="client", MOCK_MODE="on"), "/api/v1/mock-mode"
    first = send(service, path, {"enabled": False})
    send(service, path, {"enabled": True}, key="k-2")
    assert_same(send(service, path, {"enabled": False}), first)
    assert service.client.get(path).json == {"enabled": True}


def test_renewing_a_token(service: Service, alice: int) -> None:
    path = f"/api/v1/accounts/{alice}/refresh"
    first = send(service, path)
    assert first.status_code == 200
    renewed = len(service.world.calls(method="POST", path="/2/oauth2/token"))
    assert_same(send(service, path), first)
    assert len(service.world.calls(method="POST", path="/2/oauth2/token")) == renewed


def test_x_did_not_do_what_leaves_no_trace_here(service: Service, alice: int) -> None:
    """A 502 about a thing that was made is its answer; another one only says that nothing came of it."""
    path = f"/api/v1/accounts/{alice}/refresh"
    service.world.faults.fails(503, call="POST /2/oauth2/token")
    assert send(service, path).status_code in (502, 503)
    again = send(service, path)
    assert (again.status_code, is_replay(again)) == (200, False)


# --- what must not drift


def test_whoever_hands_it_to_a_service_can_build_the_answer_again(app: Flask) -> None:
    handing = {
        name
        for name, view in app.view_functions.items()
        if "current.idempotent_call()" in inspect.getsource(inspect.unwrap(view))
    }
    assert handing == {name for name, operation in operations_of(app).items() if operation.rebuild is not None}


def test_a_file_is_the_same_behind_another_boundary_and_can_be_read_afterwards(app: Flask) -> None:
    def sent(content: bytes, *, name: str = "cat.png") -> tuple[str, bytes]:
        data = {"alt_text": "a cat", "file": (io.BytesIO(content), name)}
        with app.test_request_context("/", method="POST", data=data):
            return idempotency._body_hash(request_in_progress()), request.files["file"].read()

    first, read = sent(b"pixels")
    assert read == b"pixels"
    assert sent(b"pixels")[0] == first
    assert first not in (sent(b"other pixels")[0], sent(b"pixels", name="dog.png")[0])


@pytest.mark.parametrize("deep", [b"[" * 300 + b"]" * 300, b"[" * 5000 + b"]" * 5000, b'{"a": "\\ud800"}', b"\xff"])
def test_a_body_that_has_no_shape_of_its_own_counts_by_its_bytes(app: Flask, deep: bytes) -> None:
    def hash_of(data: bytes) -> str:
        with app.test_request_context("/", method="POST", data=data, content_type="application/json"):
            return idempotency._body_hash(request_in_progress())

    assert hash_of(deep) == hash_of(deep) != hash_of(deep + b" ")


def test_a_kept_answer_cannot_be_read_in_the_database(service: Service) -> None:
    """The answer about a new webhook has its secret in it."""
    body = {"url": "https://example.com/hook"}
    first = send(service, "/api/v1/webhooks", body)
    assert first.status_code == 201, first.text
    kept = service.services.db.one("SELECT answer FROM idempotency_key")
    assert kept is not None
    assert first.json["secret"] not in kept["answer"]
    assert_same(send(service, "/api/v1/webhooks", body), first)


def test_an_answer_whose_encryption_key_is_gone_is_built_again(service: Service, alice: int) -> None:
    body = {"account_id": alice, "text": "Once"}
    first = send(service, TWEET, body)
    run(service, "UPDATE idempotency_key SET answer = 'of another key'")
    assert_same(send(service, TWEET, body), first)
    assert texts(service) == ["Once"]
