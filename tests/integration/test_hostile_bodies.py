"""4 MiB of anything, to every route that takes a body: refused in little time and memory."""

import ctypes
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.documented_client import operations
from tests.support.service import Service
from twitter_manager.capacity import MAX_BODY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the highest use of memory is read from /proc")

SECONDS = 0.3
BYTES = 50 * 1024 * 1024
BODIES = [endpoint for endpoint, operation in operations().items() if operation.bodies]


def fill(begin: bytes, piece: bytes, end: bytes) -> bytes:
    """As many pieces as there is room for."""
    return begin + piece * ((MAX_BODY - len(begin) - len(end)) // len(piece)) + end


def many(pattern: bytes, count: int) -> bytes:
    return b",".join(pattern % number for number in range(count))


def values_of(names: list[str]) -> Iterator[tuple[str, bytes]]:
    """What can stand in a field."""
    field = "text" if "text" in names else names[0]
    for name in names[:2]:
        yield f"empty texts in {name}", fill(b'{"%s": [""' % name.encode(), b',""', b"]}")
    for what, begin, piece, end in (
        ("a huge text", b'"', b"a", b'"'),
        ("a huge text of links", b'"', b"a.co/ ", b'"'),
        ("digits", b'"', b"1", b'"'),
        ("lone surrogates", b'"', rb"\ud800", b'"'),
        ("lists", b"[[]", b",[]", b"]"),
        ("numbers", b"[1.5", b",1.5", b"]"),
        ("a huge number", b"1", b"1", b""),
        ("deep nesting", b"", b"[", b""),
        ("few values, long", b"[" + many(b'"%d"', 40_000) + b',"', b"b", b'"]'),
        ("escapes", b'["\\\\"', rb',"\\"', b"]"),
    ):
        yield what, fill(b'{"%s": ' % field.encode() + begin, piece, end + b"}")


def hostile(names: list[str]) -> Iterator[tuple[str, bytes]]:
    yield from values_of(names)
    yield "unknown fields", b"{" + many(b'"f%d":1', 300_000) + b"}"
    yield "few unknown fields", b"{" + many(b'"f%d":1', 40_000) + b"}"
    yield "names with surrogates", b"{" + many(rb'"\ud800%d":1', 40_000) + b"}"
    yield "one name again and again", fill(b'{"a":1', b',"a":1', b"}")
    yield "a name without end", fill(b'{"', b"\xf0\x9f\x90\xa6", b'": 1}')
    yield "quotes without end", fill(b"", rb"\"", b"")
    yield "no end", fill(b'{"text": "', b"\xf0\x9f\x90\xa6", b"")


def cost_of(call: Callable[[], TestResponse]) -> tuple[TestResponse, float, int]:
    """The answer, the seconds of this thread, and the bytes of memory that were in use beyond those before.

    Resident memory: orjson asks for twelve times the size of a body, and touches what it needs of that.
    """
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the highest use so far is forgotten
    before, began = memory("VmRSS"), time.thread_time()
    answer = call()
    return answer, time.thread_time() - began, memory("VmHWM") - before


def least_cost_of(call: Callable[[], TestResponse]) -> tuple[TestResponse, float, int]:
    """Up to three times: on a busy machine the seconds of a thread are more than its work needs, never fewer."""
    answer, seconds, used = cost_of(call)
    for _ in range(2):
        if seconds >= SECONDS:
            answer, again, used = cost_of(call)
            seconds = min(seconds, again)
    return answer, seconds, used


def memory(name: str) -> int:
    found = re.search(rf"{name}:\s+([0-9]+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.parametrize("endpoint", BODIES)
def test_no_body_takes_long_or_much(app: Flask, service: Service, alice: int, endpoint: str) -> None:
    client, (path, method) = service.client, where(app, endpoint)
    names = list(dict.fromkeys(name for model in operations()[endpoint].bodies for name in model.model_fields))
    for what, body in hostile([*names, "a"]):
        assert len(body) <= MAX_BODY, what
        answer, seconds, used = least_cost_of(
            lambda body=body: client.open(path, method=method, data=body, content_type="application/json")
        )
        assert 400 <= answer.status_code < 500, (what, answer.status_code)
        assert seconds < SECONDS, f"{what}: {seconds:.2f} s"
        assert used < BYTES, f"{what}: {used / 1024 / 1024:.0f} MB"


def test_the_simulated_x_takes_no_long_form(service: Service) -> None:
    body, path = b"a&" * (MAX_BODY // 2), "/mock/i/oauth2/authorize"
    answer, seconds, used = least_cost_of(
        lambda: service.anonymous.post(path, data=body, content_type="application/x-www-form-urlencoded")
    )
    assert answer.status_code == 413
    assert seconds < SECONDS
    assert used < BYTES


def where(app: Flask, endpoint: str) -> tuple[str, str]:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    (method,) = (rule.methods or set()) - {"OPTIONS"}
    return re.sub(r"<[^>]+>", "1", rule.rule), method


def test_the_same_under_an_idempotency_key(service: Service) -> None:
    body, headers = fill(b'{"statuses": [[]', b",[]", b"]}"), {"Idempotency-Key": "one"}
    answer, seconds, used = least_cost_of(
        lambda: service.client.post(
            "/api/v1/tweets/cleanup", data=body, content_type="application/json", headers=headers
        )
    )
    assert answer.status_code == 413
    assert seconds < SECONDS
    assert used < BYTES
