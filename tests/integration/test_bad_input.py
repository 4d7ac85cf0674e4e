"""Anything a client can send: the right 4xx in the one shape, and nothing stored by halves."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.service import Service, assert_error
from twitter_manager.capacity import MAX_BODY

PATH = "/api/v1/tweet"


@pytest.fixture(autouse=True)
def nothing_stored(service: Service) -> Iterator[None]:
    """Whatever is sent in this file, no tweet comes of it."""
    yield
    assert service.client.get("/api/v1/tweets").json["total"] == 0


def send(client: FlaskClient, body: bytes, content_type: str | None = "application/json") -> TestResponse:
    return client.post(PATH, data=body, content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"text=hello",
        b"{'text': 'hello'}",
        b'{"text": "hello",}',
        b'{"text": NaN}',
        b'{"text": Infinity}',
        b'{"text": "caf\xe9"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\x00"}',
        '{"text": "hello"}'.encode("utf-16"),
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b"\x00",
        b" ",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_no_json(client: FlaskClient, body: bytes) -> None:
    assert_error(send(client, body), 400, "malformed_json")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true", b"1e400", b'["\\ud800"]'])
def test_a_body_that_is_no_object(client: FlaskClient, body: bytes) -> None:
    assert send(client, body).status_code == 400
    assert send(client, body).json["code"] in ("not_an_object", "malformed_json")


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"]
)
def test_a_body_that_is_not_called_json(client: FlaskClient, content_type: str | None) -> None:
    assert_error(send(client, b'{"account_id": 1, "text": "x"}', content_type), 415, "not_json")


@pytest.mark.parametrize("path", [PATH, "/api/v1/tweets/post-pending", "/api/v1/mock-mode"])
def test_a_huge_body(client: FlaskClient, path: str) -> None:
    body = b'{"text": "' + b"a" * MAX_BODY + b'"}'
    assert_error(client.post(path, data=body, content_type="application/json"), 413, "body_too_large")


def test_no_body_is_an_empty_object(client: FlaskClient) -> None:
    assert_error(client.post(PATH), 422, "invalid_field", field="text")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"text": None}, "invalid_field", "text"),
        ({"text": 7}, "invalid_field", "text"),
        ({"text": ["a"]}, "invalid_field", "text"),
        ({"text": {"a": 1}}, "invalid_field", "text"),
        ({"text": ""}, "text_empty", "text"),
        ({"text": " \n\t\u3000"}, "text_empty", "text"),
        ({"text": "a\u0000b"}, "text_invalid", "text"),
        ({"text": "a\ufffe"}, "text_invalid", "text"),
        ({"text": "a" * 281}, "text_too_long", "text"),
        ({"text": "語" * 141}, "text_too_long", "text"),
        ({"text": "👋" * 141}, "text_too_long", "text"),
        ({"account_id": "1.0"}, "invalid_id", "account_id"),
        ({"account_id": " 1"}, "invalid_id", "account_id"),
        ({"account_id": "-1"}, "invalid_id", "account_id"),
        ({"account_id": ""}, "invalid_field", "account_id"),
        ({"account_id": True}, "invalid_id", "account_id"),
        ({"account_id": 1.0}, "invalid_id", "account_id"),
        ({"account_id": 0}, "invalid_id", "account_id"),
        ({"account_id": -1}, "invalid_id", "account_id"),
        ({"account_id": None}, "invalid_field", "account_id"),
        ({"account_id": 2**63}, "invalid_id", "account_id"),
        ({"account_id": 12345678901234567890}, "invalid_id", "account_id"),
        ({"account_id": 10**40}, "invalid_id", "account_id"),
        ({"schedule_at": "2026-11-21T00:00:00Z"}, "invalid_field", "schedule_at"),
        ({"__proto__": 1}, "invalid_field", "__proto__"),
        ({"": 1}, "invalid_field", ""),
    ],
    ids=repr,
)
def test_a_field_that_is_wrong(service: Service, alice: int, change: dict[str, Any], code: str, field: str) -> None:
    body = json.dumps({"account_id": alice, "text": "fine", **change}).encode()
    assert_error(send(service.client, body), 422, code, field=field)


@pytest.mark.parametrize("left_out", ["account_id", "text"])
def test_a_field_that_is_missing(service: Service, alice: int, left_out: str) -> None:
    body = {"account_id": alice, "text": "fine"}
    del body[left_out]
    assert_error(service.client.post(PATH, json=body), 422, "invalid_field", field=left_out)


@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"a\udfffb"', rb'"\ude00\ud83d"'])
def test_lone_surrogates(service: Service, alice: int, text: bytes) -> None:
    body = b'{"account_id": %d, "text": %s}' % (alice, text)
    assert_error(send(service.client, body), 422, "text_invalid", field="text")


def test_a_lone_surrogate_as_a_fields_name(service: Service, alice: int) -> None:
    body = rb'{"account_id": 1, "text": "x", "\ud800": 1}'
    shape = assert_error(send(service.client, body), 422, "invalid_field", field="?")
    assert shape["error"].startswith("A field is not known here")


@pytest.mark.parametrize("extra", ["txet", "zzz"])
def test_an_unknown_field_is_named_before_a_missing_one(client: FlaskClient, extra: str) -> None:
    assert_error(client.post(PATH, json={extra: "hello"}), 422, "invalid_field", field=extra)


NOT_KNOWN = "A field is not known here"
OF_TWEET = "known are: account_id, account, text"


@pytest.mark.parametrize(
    ("path", "body", "field", "sentence"),
    [
        ("/tweet", {"txet": "Hi"}, "txet", f"{NOT_KNOWN}; {OF_TWEET}"),
        ("/tweet", {"content": "Hi"}, "content", f"{NOT_KNOWN}: write text; {OF_TWEET}"),
        ("/tweet", {"draft": True}, "draft", f"{NOT_KNOWN}: POST /api/v1/tweets takes it; {OF_TWEET}"),
        ("/tweet", {"scheduled_at": 1}, "scheduled_at", f"{NOT_KNOWN}: POST /api/v1/tweets takes it; {OF_TWEET}"),
        ("/tweets", {"scheduled_at": 1}, "scheduled_at", f"{NOT_KNOWN}: write schedule_at; known are: "),
        ("/tweets", {"poll": {"option": 1}}, "poll.option", f"{NOT_KNOWN}; known are: options, duration_minutes"),
        ("/tweet/post/1", {"text": "Hi"}, "text", f"{NOT_KNOWN}; this call takes none"),
    ],
)
def test_an_unknown_field_is_told_what_there_is(
    client: FlaskClient, path: str, body: dict[str, Any], field: str, sentence: str
) -> None:
    shape = assert_error(client.post(f"/api/v1{path}", json=body), 422, "invalid_field", field=field)
    assert shape["error"].startswith(sentence)


def test_an_unknown_field_of_a_row(client: FlaskClient) -> None:
    rows = [{"account_id": 1, "text": "Hi", "scheduled_at": "now"}]
    [refused] = client.post("/api/v1/tweets/batch", json={"tweets": rows}).json["posts"]
    assert refused["error"].startswith(f"{NOT_KNOWN}: write schedule_at; known are: ")


def test_exactly_280_is_fine_and_281_is_not(service: Service, alice: int) -> None:
    url = " https://example.com/" + "a" * 200
    assert_error(service.client.post(PATH, json={"account_id": alice, "text": "a" * 257 + url}), 422, "text_too_long")
    answer = service.client.post(PATH, json={"account_id": alice, "text": "a" * 256 + url})
    assert answer.status_code == 201
    with service.services.db.transaction() as tx:
        tx.execute("DELETE FROM tweet")


@pytest.mark.parametrize(
    "text",
    [
        "a." * 12_500,
        "@" * 25_000,
        "#a" * 12_500,
        "http://" * 3_500,
        "👩‍👩‍👧‍👦" * 3_500,
        "\u0301" * 25_000,
        "a.co/" * 5_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_hostile_texts_cost_no_time(service: Service, alice: int, text: str) -> None:
    began = time.perf_counter()
    answer = service.client.post(PATH, json={"account_id": alice, "text": text})
    seconds = time.perf_counter() - began
    assert_error(answer, 422, "text_too_long", field="text")
    assert seconds < 0.25, "weighing alone takes under 0.05 s; the rest is room for a busy machine"


def test_an_account_that_does_not_exist(client: FlaskClient) -> None:
    shape = assert_error(client.post(PATH, json={"account_id": 7, "text": "x"}), 404, "account_not_found")
    assert shape["error"] == "Twitter account not found or not owned by user"


def test_no_answer_repeats_what_was_sent(service: Service, alice: int) -> None:
    marker = "zq7-marker"
    answers = [
        service.client.post(PATH, json={"account_id": alice, "text": f"{marker}\0"}),
        service.client.post(PATH, json={"account_id": marker, "text": "x"}),
        service.client.post(PATH, json={"account_id": alice, "text": [marker]}),
        service.client.post(PATH, json={"account_id": alice, "text": "x", "extra": marker}),
        send(service.client, marker.encode()),
        service.client.get(f"/api/v1/tweets?status={marker}"),
        service.client.get(f"/api/v1/tweets?page={marker}"),
        service.client.post(f"/api/v1/tweet/post/{marker}"),
        service.client.post(f"/api/v1/tweets/{marker}/resolve", json={"as": marker}),
        service.client.post("/api/v1/tweets/1/resolve", json={"as": marker}),
        service.client.get(f"/{marker}"),
        service.anonymous.get("/api/v1/accounts", headers={"X-API-Key": marker}),
        service.anonymous.get(f"/auth/callback?state={marker}{marker}&code={marker}&error_description={marker}"),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert marker not in answer.text


def test_a_very_long_unknown_field_is_named_in_part(service: Service, alice: int) -> None:
    answer = service.client.post(PATH, json={"account_id": alice, "text": "x", "f" * 5000 + "\n": 1})
    assert_error(answer, 422, "invalid_field", field="f" * 64)


@pytest.mark.parametrize("body", [b'{"x": 1}', b"[]", b"{"])
def test_calls_that_take_no_body_refuse_one(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/api/v1/tweet/post/1", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/tweets", {"text": "x" * 312}, "The text is too long for X: weighted length 312 of 280"),
        ("/tweets", {"late_policy": "never"}, "late_policy must be one of publish, skip, hold"),
        ("/tweets/cleanup", {"days_old": -1}, "days_old must be at least 0"),
        ("/tweets/cleanup", {"days_old": 40_000}, "days_old must be at most 36500"),
        (
            "/tweets",
            {"poll": {"options": ["Yes"], "duration_minutes": 60}},
            "poll.options has too few entries: 1 of at least 2",
        ),
        (
            "/tweets",
            {"poll": {"options": ["Yes", "n" * 30], "duration_minutes": 60}},
            "poll.options is too long: 30 characters of at most 25",
        ),
        ("/tweets", {"media_ids": ["7" * 13] * 5}, "media_ids has too many entries: 5 of at most 4"),
        ("/tweets", {"quote_tweet_id": "never"}, "quote_tweet_id must be an id of X's in digits, in quotes"),
        ("/tweets", {"quote_tweet_id": 20}, "quote_tweet_id must be a text, in quotes"),
        ("/tweets", {"account": "a b"}, "account must be a username such as @alice"),
        (
            "/tweets/1/resolve",
            {"as": "posted", "twitter_id": "0"},
            "twitter_id must be an id of X's in digits, in quotes",
        ),
        (
            "/tweets",
            {"schedule_at": "2050-11-20T14:05:00+0100"},
            "schedule_at must have a colon in its offset: write +01:00, not +0100",
        ),
        (
            "/tweets",
            {"schedule_at": "2050-11-20T14:05:00"},
            "schedule_at must have its offset, Z or one like +01:00, such as 2050-11-20T14:05:00Z",
        ),
    ],
)
def test_the_sentence_says_what_may_be_and_how_far_off_it_is(
    service: Service, alice: int, path: str, body: dict[str, Any], sentence: str
) -> None:
    fields = {"/tweets/cleanup": ("account_id",), "/tweets/1/resolve": ()}.get(path, ("account_id", "text"))
    more = {name: value for name, value in {"account_id": alice, "text": "Hello"}.items() if name in fields}
    answer = service.client.post(f"/api/v1{path}", json={**more, **body})
    assert answer.json["error"] == sentence
    assert_error(answer, 422, answer.json["code"], field=answer.json["field"])
