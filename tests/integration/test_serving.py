"""The server over real sockets: many stalled clients, limits, its own answers, and the end."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from tests.support.eventually import eventually
from twitter_manager.capacity import MAX_BODY
from twitter_manager.error_codes import CODES
from twitter_manager.logs import OneLine
from twitter_manager.serving.limits import Limits
from twitter_manager.serving.server import AddressInUse, Server
from twitter_manager.serving.signals import Stopped, StopSignals

HOST_LINE = b"Host: 127.0.0.1\r\n"
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST_LINE + b"\r\n"
LARGE = 40 * 1024 * 1024


class SmallApplication:
    """As much of the real application as matters here: at most a quarter of the threads wait for X."""

    def __init__(self, *, wait_seconds: float = 2.0) -> None:
        self.wait_seconds = wait_seconds
        self.places = threading.Semaphore(16)
        self.waiting = 0
        self.finished: list[str] = []
        self.gate = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        path = environ["PATH_INFO"]
        status, chunks = "200 OK", [b"{}"]
        if path == "/wait":
            status = self.wait()
        elif path == "/gate":
            self.waiting += 1
            self.gate.wait(10)
        elif path == "/large":
            chunks = [bytes(LARGE // 40)] * 40
        elif path == "/echo":
            chunks = [environ["wsgi.input"].read()]
        elif path == "/broken":
            raise RuntimeError("the secret of the application")
        self.finished.append(path)
        size = sum(len(chunk) for chunk in chunks)
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(size))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else chunks

    def wait(self) -> str:
        if not self.places.acquire(blocking=False):
            return "202 Accepted"
        self.waiting += 1
        time.sleep(self.wait_seconds)
        self.places.release()
        return "200 OK"


@contextmanager
def running(
    application: SmallApplication, *, limits: Limits | None = None, on_stop: Callable[[], None] | None = None
) -> Iterator[Server]:
    server = Server(application, host="127.0.0.1", port=0, limits=limits or Limits(threads=8), on_stop=on_stop)
    server.start()
    try:
        yield server
    finally:
        application.gate.set()
        server.stop(grace_seconds=0.0)


@dataclass(frozen=True)
class RawResponse:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, str]:
        parsed: dict[str, str] = json.loads(self.body)
        return parsed


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5)


def read_answer(client: socket.socket, *, head_only: bool = False) -> RawResponse:
    stream = client.makefile("rb")
    with stream:
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(": ")
            headers[name] = value
        body = b"" if head_only else stream.read(int(headers["Content-Length"]))
    return RawResponse(status, headers, body)


def ask(server: Server, request: bytes) -> RawResponse:
    with connect(server) as client:
        client.sendall(request)
        return read_answer(client)


def assert_error_shape(answer: RawResponse, *, status: int, code: str) -> None:
    assert answer.status == status
    assert list(answer.error) == ["error", "code", "request_id", "hint"]
    assert answer.error["code"] == code
    assert answer.error["hint"] == CODES[code].remedy
    assert answer.headers["X-Request-Id"] == answer.error["request_id"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Connection"] == "close"
    assert "Server" not in answer.headers


def seconds_of_health(server: Server) -> float:
    begun = time.perf_counter()
    assert ask(server, HEALTH).status == 200
    return time.perf_counter() - begun


STALLED_HEAD = b"POST /echo HTTP/1.1\r\n" + HOST_LINE + b"X-Slow: "
STALLED_BODY = b"POST /echo HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 1000\r\n\r\nhalf"


def test_stalled_and_waiting_clients_do_not_slow_health() -> None:
    application = SmallApplication()
    wait = b"GET /wait HTTP/1.1\r\n" + HOST_LINE + b"\r\n"
    with running(application, limits=Limits()) as server, ExitStack() as clients:
        for half in [STALLED_HEAD] * 40 + [STALLED_BODY] * 40:
            clients.enter_context(connect(server)).sendall(half)
        callers = [clients.enter_context(connect(server)) for _ in range(50)]
        for caller in callers:
            caller.sendall(wait)
        eventually(lambda: application.waiting == 16)
        times = sorted(seconds_of_health(server) for _ in range(250))
        assert sorted(read_answer(caller).status for caller in callers) == [200] * 16 + [202] * 34
    p99 = times[int(len(times) * 0.99)]
    print(f"health: p50 {times[125] * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms")
    assert p99 < 0.1


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"\x16\x03\x01\x02 no HTTP at all\r\n\r\n", 400, "malformed_request"),
        (b"get / HTTP/1.1\r\n" + HOST_LINE + b"\r\n", 400, "malformed_request"),
        (b"GET / HTTP/3.0\r\n" + HOST_LINE + b"\r\n", 400, "malformed_request"),
        (b"GET http://[ HTTP/1.1\r\n" + HOST_LINE + b"\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\n" + HOST_LINE + b"s3cret field\r\n\r\n", 400, "malformed_request"),
        (b"POST / HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 1,1\r\n\r\na", 400, "malformed_request"),
        (
            b"POST / HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\na",
            400,
            "malformed_request",
        ),
        (
            b"POST / HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "malformed_request",
        ),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed_request"),
        (
            b"POST / HTTP/1.1\r\n" + HOST_LINE + b"Transfer-Encoding: chunked\r\n\r\ns3cret\r\n",
            400,
            "malformed_request",
        ),
        (
            b"POST / HTTP/1.1\r\n" + HOST_LINE + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 3000,
            400,
            "malformed_request",
        ),
        (b"POST / HTTP/1.1\r\n" + HOST_LINE + b"Transfer-Encoding: gzip\r\n\r\n", 501, "malformed_request"),
        (b"GET / HTTP/1.1\r\n" + HOST_LINE + b"X-Long: " + b"s3cret" * 20_000, 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + HOST_LINE + b"X: s3cret\r\n" * 300 + b"\r\n", 431, "headers_too_large"),
        (b"POST / HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 9999999\r\n\r\n", 413, "body_too_large"),
        (b"GET /broken HTTP/1.1\r\n" + HOST_LINE + b"\r\n", 500, "internal_error"),
    ],
)
def test_what_the_server_answers_itself_has_the_one_error_to_json(request_bytes: bytes, status: int, code: str) -> None:
    with running(SmallApplication()) as server:
        answer = ask(server, request_bytes)
    assert_error_shape(answer, status=status, code=code)
    assert b"s3cret" not in answer.body
    assert b"secret of" not in answer.body


def test_a_refused_upload_reads_its_413_although_it_sends_everything_first() -> None:
    body = bytes(MAX_BODY + 2 * 1024 * 1024)
    head = b"POST /echo HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: %d\r\n\r\n" % len(body)
    with running(SmallApplication()) as server, connect(server) as client:
        client.sendall(head)
        time.sleep(0.05)  # it is refused by now
        for begin in range(0, len(body), 65536):
            client.sendall(body[begin : begin + 65536])
        assert_error_shape(read_answer(client), status=413, code="body_too_large")
        assert client.recv(1) == b""


def test_a_refused_client_that_never_stops_sending_is_cut_off() -> None:
    limits = Limits(threads=2, linger_seconds=0.3)
    with running(SmallApplication(), limits=limits) as server, connect(server) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 9999999\r\n\r\n")
        begun = time.monotonic()
        with pytest.raises(OSError, match=r"reset|pipe|abort"):
            while time.monotonic() - begun < 3:
                client.sendall(b"x")
                time.sleep(0.01)


def test_a_body_of_exactly_the_limit_passes() -> None:
    head = b"POST /echo HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 100\r\n\r\n"
    with running(SmallApplication(), limits=Limits(threads=2, max_body=100)) as server:
        assert ask(server, head + b"x" * 100).body == b"x" * 100
        too_large = ask(server, head.replace(b"100", b"101") + b"x" * 101)
    assert_error_shape(too_large, status=413, code="body_too_large")


def test_a_refused_head_gets_no_body() -> None:
    with running(SmallApplication()) as server, connect(server) as client:
        client.sendall(b"HEAD / HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 9999999\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.endswith(b"\r\n\r\n")


def test_the_callers_request_id_comes_back_also_from_a_fault_in_the_application() -> None:
    mine = b"X-Request-ID: mine.1\r\n\r\n"
    with running(SmallApplication()) as server:
        fault = ask(server, b"GET /broken HTTP/1.1\r\n" + HOST_LINE + mine)
        strange = ask(server, b"GET /broken HTTP/1.1\r\n" + HOST_LINE + b"X-Request-ID: <b>\r\n\r\n")
    assert fault.error["request_id"] == "mine.1"
    assert "<b>" not in strange.error["request_id"]


def test_the_callers_request_id_comes_back_also_from_a_head_that_is_refused() -> None:
    fields = HOST_LINE + b"X-Request-ID: mine.1\r\n"
    with running(SmallApplication()) as server:
        answers = [
            ask(server, b"get / HTTP/1.1\r\n" + fields + b"\r\n"),
            ask(server, b"GET / HTTP/1.1\r\n" + fields + b"no field\r\n\r\n"),
            ask(server, b"GET / HTTP/1.1\r\n" + fields + b"X: s\r\n" * 300 + b"\r\n"),
            ask(server, b"GET / HTTP/1.1\r\n" + fields + b"X-Long: " + b"x" * 80_000),
        ]
    assert [answer.status for answer in answers] == [400, 400, 431, 431]
    assert {answer.error["request_id"] for answer in answers} == {"mine.1"}


@pytest.mark.parametrize(
    ("request_bytes", "line"),
    [
        (b"get /?api_key=s3cret HTTP/1.1\r\n" + HOST_LINE + b"\r\n", "- - 400"),
        (b"GET /a%0Ab?api_key=s3cret HTTP/1.1\r\n\r\n", r"GET /a\nb 400"),
        (b"GET /a HTTP/1.1\r\n" + HOST_LINE + b"X: s3cret\r\n" * 300 + b"\r\n", "GET /a 431"),
        (b"POST /a HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 9999999\r\n\r\n", "POST /a 413"),
        (b"POST /a HTTP/1.1\r\n" + HOST_LINE + b"Transfer-Encoding: gzip\r\n\r\n", "POST /a 501"),
        (b"POST /a HTTP/1.1\r\n" + HOST_LINE + b"Content-Length: 9\r\n\r\nhalf", "POST /a 408"),
    ],
)
def test_what_the_server_answers_itself_has_its_line_in_the_log(
    request_bytes: bytes, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "twitter_manager.requests")
    with running(SmallApplication(), limits=Limits(threads=2, receive_seconds=0.3)) as server:
        request_id = ask(server, request_bytes).error["request_id"]
        eventually(lambda: bool(caplog.records))
    (record,) = [one for one in caplog.records if one.name == "twitter_manager.requests"]
    written = OneLine().format(record)
    assert re.search(rf" {re.escape(line)} [\d.]+ ms key=- request={request_id}$", written), written
    assert "s3cret" not in written


def test_a_call_that_comes_after_sigterm_has_its_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "twitter_manager.requests")
    with running(SmallApplication()) as server, connect(server) as late, ThreadPoolExecutor(1) as pool:
        late.sendall(HEALTH[:10])
        eventually(lambda: ask(server, HEALTH).status == 200)
        stopping = pool.submit(server.stop, 5.0)
        eventually(lambda: server.draining)
        late.sendall(HEALTH[10:])
        assert read_answer(late).status == 503
        late.close()
        assert stopping.result(3) == 0
    assert [record.getMessage().startswith("GET /health 503 ") for record in caplog.records] == [True]


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-OpenSSH\r\n", b"GET / HTTP/1.1\nHost: a\n\n"],
)
def test_what_is_no_http_is_closed_at_once(sent: bytes) -> None:
    with running(SmallApplication()) as server, connect(server) as client:
        begun = time.monotonic()
        client.sendall(sent)
        assert_error_shape(read_answer(client), status=400, code="malformed_request")
        assert client.recv(1) == b""
        assert time.monotonic() - begun < 1


@pytest.mark.parametrize("target", [b"http://evil.example/health", b"https://evil.example:80/", b"http://127.0.0.1:1/"])
def test_a_target_that_names_another_host_than_the_field_is_refused(target: bytes) -> None:
    with running(SmallApplication()) as server:
        answer = ask(server, b"GET " + target + b" HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        same = ask(server, b"GET http://127.0.0.1/health HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
    assert_error_shape(answer, status=400, code="malformed_request")
    assert same.status == 200


@pytest.mark.parametrize("half", [b"", b"\r\n", HEALTH[:20], HEALTH[:40]], ids=["nothing", "blank", "line", "field"])
def test_many_half_open_connections_give_way_to_who_asks(half: bytes) -> None:
    with running(SmallApplication(), limits=Limits(threads=2, connections=40)) as server, ExitStack() as clients:
        for _ in range(90):
            clients.enter_context(connect(server)).sendall(half)
        begun = time.monotonic()
        assert ask(server, HEALTH).status == 200
        assert time.monotonic() - begun < 4


def test_the_connection_that_is_idle_longest_goes_first_and_none_that_is_at_work() -> None:
    application = SmallApplication()
    with running(application, limits=Limits(threads=2, connections=10)) as server, ExitStack() as clients:
        at_work = clients.enter_context(connect(server))
        at_work.sendall(b"GET /gate HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        eventually(lambda: application.waiting == 1)
        idle = [clients.enter_context(connect(server)) for _ in range(9)]
        for client in idle:
            client.sendall(HEALTH)
            assert read_answer(client).status == 200
        time.sleep(0.4)
        assert ask(server, HEALTH).status == 200
        assert idle[0].recv(1) == b""
        idle[-1].sendall(HEALTH)
        assert read_answer(idle[-1]).status == 200
        application.gate.set()
        assert read_answer(at_work).status == 200


def test_with_everybody_at_work_a_further_caller_waits_until_one_is_done() -> None:
    application = SmallApplication()
    with running(application, limits=Limits(threads=8, connections=4)) as server, ExitStack() as clients:
        for _ in range(4):
            clients.enter_context(connect(server)).sendall(b"GET /gate HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        eventually(lambda: application.waiting == 4)
        further = clients.enter_context(connect(server))
        further.sendall(HEALTH)
        further.settimeout(0.3)
        with pytest.raises(TimeoutError):
            further.recv(1)
        application.gate.set()
        further.settimeout(5)
        assert read_answer(further).status == 200


def test_heads_made_to_be_slow_cost_nothing() -> None:
    blanks = b"GET / HTTP/1.1\r\n" + HOST_LINE + b"X:" + b" " * 60_000 + b"x\r\n\r\n"
    digits = b"GET a://" + b"1" * 60_000 + b" x HTTP/1.1\r\n" + HOST_LINE + b"\r\n"
    with running(SmallApplication()) as server:
        begun = time.perf_counter()
        assert [ask(server, head).status for head in (blanks, digits)] == [400, 400]
        assert time.perf_counter() - begun < 1


def test_a_request_that_trickles_is_cut_off_with_408_however_busy_it_is() -> None:
    limits = Limits(threads=2, receive_seconds=0.5)
    with running(SmallApplication(), limits=limits) as server, connect(server) as client:
        begun = time.monotonic()
        client.sendall(STALLED_HEAD)
        client.settimeout(0.02)
        while time.monotonic() - begun < 3:
            client.sendall(b"x")
            try:
                client.recv(1, socket.MSG_PEEK)
                break
            except TimeoutError:
                continue
        client.settimeout(5)
        answer = read_answer(client)
    assert_error_shape(answer, status=408, code="request_timeout")
    assert 0.4 < time.monotonic() - begun < 1.5


def test_the_time_of_a_request_does_not_run_while_the_one_before_is_worked_on() -> None:
    application = SmallApplication()
    limits = Limits(threads=2, receive_seconds=0.8)
    with running(application, limits=limits) as server, connect(server) as client:
        client.sendall(b"GET /gate HTTP/1.1\r\n" + HOST_LINE + b"\r\n" + HEALTH[:20])
        time.sleep(0.9)
        application.gate.set()
        assert read_answer(client).status == 200
        time.sleep(0.4)
        client.sendall(HEALTH[20:])
        assert read_answer(client).status == 200


def test_a_connection_that_asks_nothing_is_closed_and_blank_lines_do_not_keep_it() -> None:
    with (
        running(SmallApplication(), limits=Limits(threads=2, idle_seconds=0.4)) as server,
        connect(server) as silent,
        connect(server) as blank,
    ):
        blank.sendall(b"\r\n\r\n")
        begun = time.monotonic()
        assert silent.recv(1) == b""
        assert blank.recv(1) == b""
    assert 0.2 < time.monotonic() - begun < 1.5


def test_a_client_that_asks_now_and_then_is_kept() -> None:
    with running(SmallApplication(), limits=Limits(threads=2, idle_seconds=0.5)) as server, connect(server) as client:
        for _ in range(4):
            time.sleep(0.25)
            client.sendall(HEALTH)
            assert read_answer(client).status == 200


def test_a_client_that_does_not_read_its_answer_gives_the_thread_back() -> None:
    application = SmallApplication()
    limits = Limits(threads=1, send_seconds=0.4)
    with running(application, limits=limits) as server, connect(server) as deaf:
        deaf.sendall(b"GET /large HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        eventually(lambda: "/large" in application.finished)
        assert ask(server, HEALTH).status == 200


def test_a_large_answer_arrives_whole() -> None:
    with running(SmallApplication()) as server:
        answer = ask(server, b"GET /large HTTP/1.1\r\n" + HOST_LINE + b"Connection: close\r\n\r\n")
    assert len(answer.body) == LARGE


def test_head_keep_alive_http_1_0_and_pipelining_work() -> None:
    with running(SmallApplication()) as server, connect(server) as client:
        client.sendall(HEALTH.replace(b"GET", b"HEAD"))
        head = read_answer(client, head_only=True)
        assert (head.status, head.headers["Content-Length"]) == (200, "2")
        client.sendall(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert read_answer(client).headers["Connection"] == "Keep-Alive"
        client.sendall(HEALTH + HEALTH)
        both = b""
        while both.count(b"{}") < 2:
            both += client.recv(65536)
        old = ask(server, b"GET /health HTTP/1.0\r\n\r\n")
    assert (old.status, old.headers["Connection"]) == (200, "close")


def test_a_body_is_asked_for_with_100_continue() -> None:
    head = b"POST /echo HTTP/1.1\r\n" + HOST_LINE + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    with running(SmallApplication()) as server, connect(server) as client:
        client.sendall(head)
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert read_answer(client).body == b"body"


def test_no_body_is_asked_for_when_it_is_too_large_or_none() -> None:
    expect = HOST_LINE + b"Expect: 100-continue\r\n"
    with running(SmallApplication()) as server:
        refused = ask(server, b"POST /echo HTTP/1.1\r\n" + expect + b"Content-Length: 99999999\r\n\r\n")
        bodiless = ask(server, b"GET /health HTTP/1.1\r\n" + expect + b"\r\n")
    assert_error_shape(refused, status=413, code="body_too_large")
    assert bodiless.status == 200


def test_a_chunked_body_arrives_as_one() -> None:
    head = b"POST /echo HTTP/1.1\r\n" + HOST_LINE + b"Transfer-Encoding: chunked\r\n\r\n"
    with running(SmallApplication()) as server:
        assert ask(server, head + b"4\r\nbody\r\n3\r\nand\r\n0\r\n\r\n").body == b"bodyand"


def test_a_port_in_use_is_named_in_one_sentence() -> None:
    with running(SmallApplication()) as server:
        port = int(server.url.rpartition(":")[2])
        second = Server(SmallApplication(), host="127.0.0.1", port=port)
        with pytest.raises(AddressInUse, match=rf"^HOST 127\.0\.0\.1, PORT {port}: another program"):
            second.start()


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(Exception, match=r"^HOST 192\.0\.2\.1, PORT 0: cannot listen there"):
        Server(SmallApplication(), host="192.0.2.1", port=0).start()


def test_stop_finishes_what_is_inside_and_lets_nobody_in() -> None:
    application = SmallApplication()
    told = threading.Event()
    with (
        running(application, on_stop=told.set) as server,
        connect(server) as inside,
        connect(server) as kept_alive,
        ThreadPoolExecutor(1) as pool,
    ):
        inside.sendall(b"GET /gate HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        kept_alive.sendall(HEALTH)
        assert read_answer(kept_alive).status == 200
        eventually(lambda: application.waiting == 1)
        stopping = pool.submit(server.stop, 5.0)
        assert told.wait(2)
        with pytest.raises(ConnectionRefusedError):
            connect(server)
        kept_alive.sendall(HEALTH)
        late = read_answer(kept_alive)
        application.gate.set()
        finished = read_answer(inside)
        assert stopping.result(3) == 0
    assert_error_shape(late, status=503, code="shutting_down")
    assert int(late.headers["Retry-After"]) > 0
    assert (finished.status, finished.headers["Connection"]) == (200, "close")
    assert application.finished == ["/health", "/gate"]


def test_a_late_request_is_refused_at_once_although_every_thread_is_busy() -> None:
    application = SmallApplication()
    with (
        running(application, limits=Limits(threads=1)) as server,
        connect(server) as inside,
        connect(server) as kept_alive,
        ThreadPoolExecutor(1) as pool,
    ):
        inside.sendall(b"GET /gate HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        eventually(lambda: application.waiting == 1)
        stopping = pool.submit(server.stop, 5.0)
        eventually(lambda: server.draining)
        kept_alive.sendall(HEALTH)
        assert read_answer(kept_alive).status == 503
        application.gate.set()
        assert stopping.result(3) == 0


def test_pipelined_requests_that_were_inside_are_both_finished() -> None:
    application = SmallApplication()
    with running(application) as server, connect(server) as client, ThreadPoolExecutor(1) as pool:
        client.sendall(b"GET /gate HTTP/1.1\r\n" + HOST_LINE + b"\r\n" + HEALTH)
        eventually(lambda: application.waiting == 1)
        stopping = pool.submit(server.stop, 5.0)
        eventually(lambda: server.draining)
        application.gate.set()
        assert stopping.result(3) == 0
    assert application.finished == ["/gate", "/health"]


def test_a_request_half_sent_when_stop_begins_may_be_completed_and_reads_its_503() -> None:
    with running(SmallApplication()) as server, connect(server) as late, ThreadPoolExecutor(1) as pool:
        late.sendall(HEALTH[:10])
        eventually(lambda: ask(server, HEALTH).status == 200)
        stopping = pool.submit(server.stop, 5.0)
        eventually(lambda: server.draining)
        late.sendall(HEALTH[10:])
        assert_error_shape(read_answer(late), status=503, code="shutting_down")
        late.close()
        assert stopping.result(3) == 0


def test_stop_waits_until_a_slow_reader_has_its_whole_answer() -> None:
    with running(SmallApplication()) as server, connect(server) as slow, ThreadPoolExecutor(1) as pool:
        slow.sendall(b"GET /large HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        slow.recv(1, socket.MSG_PEEK)
        stopping = pool.submit(server.stop, 5.0)
        time.sleep(0.1)
        assert not stopping.done()
        assert len(read_answer(slow).body) == LARGE
        assert stopping.result(3) == 0


def test_stop_ends_in_time_with_every_kind_of_hopeless_client() -> None:
    application = SmallApplication()
    with running(application) as server, ExitStack() as clients:
        for request in (STALLED_HEAD, STALLED_BODY, b"", b"GET /large HTTP/1.1\r\n" + HOST_LINE + b"\r\n"):
            clients.enter_context(connect(server)).sendall(request)
        clients.enter_context(connect(server)).sendall(b"GET /gate HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        eventually(lambda: application.waiting == 1)
        begun = time.monotonic()
        assert server.stop(grace_seconds=0.5) >= 1
        assert time.monotonic() - begun < 1.5


def test_stop_with_only_stalled_clients_does_not_use_up_its_time() -> None:
    with running(SmallApplication()) as server, ExitStack() as clients:
        for _ in range(40):
            clients.enter_context(connect(server)).sendall(STALLED_BODY)
        begun = time.monotonic()
        assert server.stop(grace_seconds=8.0) == 0
        assert time.monotonic() - begun < 2


PROGRAM = """
import sys, time
from twitter_manager.serving.server import Server
from twitter_manager.serving.signals import StopSignals

def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(float(environ["QUERY_STRING"]))
    start_response("200 OK", [("Content-Length", "2")])
    return [b"{}"]

with StopSignals() as signals:
    server = Server(application, host="127.0.0.1", port=0)
    server.start()
    print(server.url, flush=True)
    signals.wait()
    server.stop()
"""


@contextmanager
def a_process() -> Iterator[tuple[subprocess.Popen[str], int]]:
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline().strip().rpartition(":")[2])
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process at SIGTERM without asking it")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_is_inside_and_exits_with_0(number: signal.Signals) -> None:
    with a_process() as (process, port), socket.create_connection(("127.0.0.1", port), timeout=5) as inside:
        inside.sendall(b"GET /slow?0.5 HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        time.sleep(0.2)
        process.send_signal(number)
        assert read_answer(inside).status == 200
        assert process.wait(5) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process at SIGTERM without asking it")
def test_a_second_signal_ends_the_process_at_once() -> None:
    with a_process() as (process, port), socket.create_connection(("127.0.0.1", port), timeout=5) as inside:
        inside.sendall(b"GET /slow?9 HTTP/1.1\r\n" + HOST_LINE + b"\r\n")
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(2) == 128 + signal.SIGTERM


def test_a_signal_before_wait_is_remembered_and_the_former_handler_comes_back() -> None:
    former = signal.getsignal(signal.SIGINT)
    with StopSignals() as signals:
        signal.raise_signal(signal.SIGINT)
        assert signals.wait() is signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is former


def test_work_is_abandoned_soon_after_a_signal_and_not_waited_for_after_one() -> None:
    endless = threading.Event()
    with StopSignals() as signals:
        threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM]).start()
        begun = time.monotonic()
        with pytest.raises(Stopped):
            signals.unless_stopped(endless.wait)
        with pytest.raises(Stopped):
            signals.unless_stopped(lambda: 1)
        assert time.monotonic() - begun < 3
    endless.set()


def test_work_that_ends_gives_what_it_gave() -> None:
    def refuse() -> None:
        raise ValueError("no")

    with StopSignals() as signals:
        assert signals.unless_stopped(lambda: 7) == 7
        with pytest.raises(ValueError, match="no"):
            signals.unless_stopped(refuse)
