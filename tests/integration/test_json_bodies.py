"""Bodies that are no JSON: where, and what is likely wrong there; never what was sent."""

import gzip
import time

import pytest
from werkzeug.test import TestResponse

from tests.support.service import Service, assert_error

NOWHERE = "/api/v1/tweet"


def send(service: Service, body: bytes, **headers: str) -> TestResponse:
    return service.client.post(NOWHERE, data=body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("body", "place", "cause"),
    [
        ('{"text": "zq7\ntwo"}', (1, 14), r"\n"),
        ('{"text": "zq7\ttwo"}', (1, 14), r"\t"),
        ('{"text": "zq7\x01two"}', (1, 14), "control character"),
        ('{"text": "zq7",}', (1, 15), "comma"),
        ('{"text": ["zq7",]}', (1, 16), "comma"),
        ("{'text': 'zq7'}", (1, 2), "single"),
        ("{\"text\": 'zq7'}", (1, 10), "single"),
        ('{text: "zq7"}', (1, 2), "name must stand in double quotes"),
        ('{\n "é": 1,\n "text": None}', (3, 10), "null"),
        ('{"draft": True}', (1, 11), "true"),
        ('{"text": NaN}', (1, 10), "no such value"),
        ('{"text": -Infinity}', (1, 11), "no such value"),
        ('{"text": undefined}', (1, 10), "no such value"),
        ('{"text": hello}', (1, 10), "double quotes"),
        ('{"text": "zq7', (1, 14), "too early"),
        ('{"text": "zq7"', (1, 15), "too early"),
        ('{"text":', (1, 9), "too early"),
        ("{“text”: 1}", (1, 2), "typographic"),
        ('{"text": “zq7”}', (1, 10), "typographic"),
        ('{"text": "say "zq7" now"}', (1, 16), "comma is missing"),
        ('{"text" "zq7"}', (1, 9), "colon"),
        ('{"text": "C:\\data"}', (1, 13), "backslash"),
        ('{"text": "zq7"} {}', (1, 17), "after the end"),
        ('{"text": 1 // zq7\n}', (1, 12), "comments"),
        ('{"account_id": 01}', (1, 16), "begin with 0"),
        ("   ", (1, 1), "empty"),
        ("text=zq7&account_id=1", (1, 1), "form"),
        ("<text>zq7</text>", (1, 1), "XML"),
        ("[" * 3000, None, "deeply"),
    ],
)
def test_the_place_and_the_likely_cause(service: Service, body: str, place: tuple[int, int] | None, cause: str) -> None:
    sentence = assert_error(send(service, body.encode()), 400, "malformed_json")["error"]
    if place is not None:
        assert f"line {place[0]}, column {place[1]}" in sentence
    assert cause in sentence.partition(": line")[2]
    assert "zq7" not in sentence


def test_bytes_that_are_not_utf_8(service: Service) -> None:
    latin = assert_error(send(service, '{\n"text": "é'.encode("latin-1")), 400, "malformed_json")["error"]
    assert latin == "The body is not UTF-8: line 2, column 10"
    for coding in ("utf-16", "utf-16-le", "utf-16-be"):
        sentence = assert_error(send(service, '{"text": "é"}'.encode(coding)), 400, "malformed_json")["error"]
        assert "UTF-16" in sentence


def test_a_bom_is_dropped(service: Service, alice: int) -> None:
    body = b'{"account_id": %d, "text": "Hello"}' % alice
    assert send(service, b"\xef\xbb\xbf" + body).status_code == 201


def test_one_bom_only(service: Service) -> None:
    began = time.thread_time()
    answer = service.client.post("/api/v1/tweet", data=b"\xef\xbb\xbf" * 1_300_000, content_type="application/json")
    assert_error(answer, 400, "malformed_json")
    assert time.thread_time() - began < 0.3


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "secret-coding"])
def test_a_compressed_body_is_415(service: Service, alice: int, coding: str) -> None:
    body = gzip.compress(b'{"account_id": 1, "text": "Hello"}')
    shape = assert_error(send(service, body, **{"Content-Encoding": coding}), 415, "content_encoding_not_supported")
    assert (coding.lower() in shape["error"]) == (coding != "secret-coding")
    assert send(service, b'{"account_id": 1, "text": "Hello"}', **{"Content-Encoding": "identity"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('{"text": "zq7", "text": "b"}', "text"),
        ('{"account_id": 1, "text": "zq7", "account_\\u0069d": 2}', "account_id"),
        ('{"poll": {"options": ["zq7"], "options": 1}, "text": "a"}', "options"),
        ('[{"a": 1}, {"text": 1, "text": 1}]', "text"),
        ('{"text": "\\ud800", "text": "zq7"}', "text"),
        ('\ufeff{"text": "zq7", "text": "b"}', "text"),
        ('{"a\\n<b>": "zq7", "a\\n<b>": "b"}', "a?<b>"),
        ('{"text": "' + "zq7" * 20_000 + '", "text": "b"}', "text"),
    ],
)
def test_a_name_that_stands_twice_is_named(service: Service, alice: int, body: str, name: str) -> None:
    shape = assert_error(send(service, body.encode()), 400, "malformed_json", field=name)
    assert shape["error"].endswith(f": {name}")
    assert "zq7" not in str(shape)


def test_names_may_stand_again_in_other_objects_and_texts(service: Service, alice: int) -> None:
    for text in ('{"text": 1, "text": 2}', "a:b", ":::"):
        body = {"account_id": alice, "text": text}
        assert service.client.post("/api/v1/tweet", json=body).status_code == 201
    rows = [{"account_id": alice, "text": f"row {each}", "draft": True} for each in range(3)]
    assert service.client.post("/api/v1/tweets/batch", json={"tweets": rows}).status_code == 202
