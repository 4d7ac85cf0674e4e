"""The decisions of the server without a socket."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]
from waitress.parser import ParsingError, TransferEncodingNotImplemented  # type: ignore[import-untyped]

from twitter_manager.responses import request_id_for
from twitter_manager.serving.drain import Drain, Load
from twitter_manager.serving.limits import connections_for, files_of_the_service
from twitter_manager.serving.parsing import (
    Request,
    RequestSummary,
    TooManyFields,
    can_become_a_request,
    check_framing,
    check_head,
    host_of_target,
    summary_of,
)

NOTHING = Load(requests=0, unsent=0, arriving=0)


def head(*fields: bytes, line: bytes = b"GET /api/v1/health?a=%20 HTTP/1.1") -> bytes:
    return b"\r\n".join([line, *fields, b"", b""])


def test_an_ordinary_head_passes() -> None:
    check_head(head(b"Host: example.org:5555", b"Accept: */*", b"X-Tab:\ta", b"Transfer-Encoding: Chunked"))


@pytest.mark.parametrize(
    "line", [b"", b"GET", b"GET /", b"GET /a b HTTP/1.1", b"get / HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET / HTTP/1.2"]
)
def test_a_strange_request_line_is_refused(line: bytes) -> None:
    with pytest.raises(ParsingError):
        check_head(head(b"Host: a", line=line))


@pytest.mark.parametrize("fields", [(b"A: b", b" folded"), (b"A: b", b"\tfolded"), (b"A:" + b" " * 33 + b"b",)])
def test_folded_fields_and_runs_of_blanks_are_refused(fields: tuple[bytes, ...]) -> None:
    with pytest.raises(ParsingError):
        check_head(head(*fields))


def test_two_hundred_fields_pass_and_one_more_does_not() -> None:
    check_head(head(*[b"A: b"] * 200))
    with pytest.raises(TooManyFields):
        check_head(head(*[b"A: b"] * 201))


@pytest.mark.parametrize(
    "values", [[b"gzip"], [b""], [b"chunked, chunked"], [b"chunked", b"chunked"], [b"\x0bchunked"]]
)
def test_only_one_chunked_is_a_transfer_encoding(values: list[bytes]) -> None:
    with pytest.raises(TransferEncodingNotImplemented):
        check_head(head(*[b"transfer-Encoding: " + value for value in values]))


@pytest.mark.parametrize(
    ("version", "headers", "chunked"),
    [
        ("1.1", {"HOST": "a", "CONTENT_LENGTH": "1"}, True),
        ("1.0", {"TRANSFER_ENCODING": "chunked"}, False),
        ("1.1", {}, False),
        ("1.0", {"HOST": "a, b"}, False),
    ],
)
def test_framing_that_two_readers_may_read_differently_is_refused(
    version: str, headers: dict[str, str], chunked: bool
) -> None:
    with pytest.raises(ParsingError):
        check_framing(version, headers, chunked=chunked)


PIECES = [
    b"GET / HTTP/1.1\r\n",
    b"Host: a\r\n",
    b"Content-Length:",
    b"Transfer-Encoding: chunked\r\n",
    b"9",
    b"\r\n",
    b"//[",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=12).map(b"".join), st.integers(1, 50))
def test_whatever_comes_in_whatever_pieces_the_parser_does_not_fail(data: bytes, size: int) -> None:
    request = Request(Adjustments())
    for begin in range(0, len(data), size):
        assert 0 <= request.received(data[begin : begin + size]) <= size
    assert request.error is None or request.completed


@pytest.mark.parametrize(
    "piece", [b" ", b"\t", b":", b": ", b"a", b"\r\na:", b"\r\ntransfer-encoding:", b"\r\nx-request-id: ", b"1://"]
)
def test_64_kib_of_anything_are_checked_at_once(piece: bytes) -> None:
    begun = time.perf_counter()
    for made in (head(b"A:" + piece * (65536 // len(piece))), b"GET " + piece * (65536 // len(piece)) + b" x\r\n\r\n"):
        try:
            summary_of(made)
            check_head(made)
        except (ParsingError, TooManyFields, TransferEncodingNotImplemented):
            continue
    assert time.perf_counter() - begun < 0.2


@pytest.mark.parametrize("asked", [None, "", "a b", "x" * 65, "a\n", "ü", "1, 2"])
def test_only_a_well_formed_request_id_is_used(asked: str | None) -> None:
    assert request_id_for(asked) != asked
    assert request_id_for("a-B.9_") == "a-B.9_"


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (head(b"x-request-ID:\tmine \t", b"Host: a"), RequestSummary("GET", "/api/v1/health", "mine")),
        (head(b"X-Request-ID: a", b"X-Request-ID: b"), RequestSummary("GET", "/api/v1/health")),
        (head(line=b"GET /a?api_key=secret HTTP/1.1"), RequestSummary("GET", "/a")),
        (head(line=b"GET http://user:word@a/b?c HTTP/1.0"), RequestSummary("GET", "/b")),
        (head(line=b"GET http://a HTTP/1.1"), RequestSummary("GET", "/")),
        (head(line=b"POST /%C3%A4%0A%FF HTTP/1.1"), RequestSummary("POST", "/ä\n\ufffd")),
        (head(b"X-Request-ID: mine", line=b"get /secret HTTP/1.1"), RequestSummary("-", "-", "mine")),
        (b"GET /?api_key=sec", RequestSummary()),
        (b"\r\nGET / HTTP/1.1\r\nHos", RequestSummary("GET", "/")),
        (b"", RequestSummary()),
    ],
)
def test_what_is_seen_of_a_head_that_is_refused(raw: bytes, seen: RequestSummary) -> None:
    assert summary_of(raw) == seen


def test_a_drain_ends_at_once_when_nothing_is_inside() -> None:
    assert Drain(8.0).over(NOTHING, 0.0)


@pytest.mark.parametrize("load", [Load(requests=1, unsent=0, arriving=0), Load(requests=0, unsent=1, arriving=0)])
def test_a_drain_waits_for_what_is_inside_until_its_deadline(load: Load) -> None:
    drain = Drain(8.0)
    assert [drain.over(load, now) for now in (0.0, 7.9, 8.0)] == [False, False, True]


def test_a_drain_gives_half_a_second_to_requests_on_their_way_in() -> None:
    drain, arriving = Drain(8.0), Load(requests=0, unsent=0, arriving=1)
    assert [drain.over(arriving, now) for now in (1.0, 1.4, 1.5)] == [False, False, True]


def test_the_half_second_begins_anew_after_a_request_came_in() -> None:
    drain, arriving = Drain(8.0), Load(requests=0, unsent=0, arriving=1)
    assert not drain.over(arriving, 1.0)
    assert not drain.over(Load(requests=1, unsent=0, arriving=0), 1.4)
    assert [drain.over(arriving, now) for now in (1.6, 2.0, 2.2)] == [False, False, True]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files")
def test_connections_leave_files_for_the_database_when_the_system_gives_few() -> None:
    program = (
        "import resource; from twitter_manager.serving.limits import affordable;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (300, 656)); print(affordable(1024, 256), affordable(10, 256));"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["200", "10", "656"]


GOOD = b"GET /api/v1/health?a=%20 HTTP/1.1\r\nHost: a"


@pytest.mark.parametrize("length", range(len(GOOD) + 1))
def test_every_beginning_of_a_request_can_become_one(length: int) -> None:
    assert can_become_a_request(GOOD[:length])
    assert can_become_a_request(b"\r\n" + GOOD[:length])


@pytest.mark.parametrize(
    "sent",
    [b"\x16", b"\x16\x03\x01\x02\x00", b"SSH-2.0-X\r\n", b"GET / HTTP/2", b"get", b"GET /\n", b"\x00" * 9],
)
def test_what_is_no_http_can_not(sent: bytes) -> None:
    assert not can_become_a_request(sent)


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"/", None),
        (b"//evil.example/", None),
        (b"http://evil.example", "evil.example"),
        (b"HTTPS://Evil.example:80/a?b", "Evil.example:80"),
        (b"http://[::1]:5555/", "[::1]:5555"),
    ],
)
def test_the_host_that_a_target_names(target: bytes, host: str | None) -> None:
    assert host_of_target(head(line=b"GET " + target + b" HTTP/1.1")) == host


@pytest.mark.parametrize(
    "line",
    [b"CONNECT evil.example:443", b"GET *", b"GET evil.example/", b"GET http://", b"GET http://a@b/", b"GET ftp://a/"],
)
def test_targets_that_are_neither_a_path_nor_a_url_are_refused(line: bytes) -> None:
    with pytest.raises(ParsingError):
        host_of_target(head(line=line + b" HTTP/1.1"))


def test_the_service_needs_more_files_for_more_work_and_leaves_the_rest_to_connections() -> None:
    assert files_of_the_service(16) == 320
    assert files_of_the_service(256) > 1024
    assert connections_for(1024, 1024, 320) == 352
    assert connections_for(10_000, 1024, 320) == 1024
    assert connections_for(320, 1024, 320) == 16
