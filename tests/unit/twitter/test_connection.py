"""The line to X: one deadline for all of a call, and certainty about whether anything was written."""

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.wire import Behaviour, Line, answering, certificate, reply, serving
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World
from twitter_manager.twitter import connection, tweets
from twitter_manager.twitter.client import XClient, new_session
from twitter_manager.twitter.errors import NotSent, OutcomeUnknown, Problem, XError

SHORT = 0.3
SOON = 1.0  # seconds within which a call with a SHORT deadline is over, on a slow machine too


def post(x: XClient, **how: object) -> object:
    return x.request("POST", "/2/tweets", json={"text": "hello"}, authorization="Bearer secret", **how)  # type: ignore[arg-type]


@contextmanager
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


def trickles_a_body(line: Line) -> None:
    line.read()
    line.send(b"HTTP/1.1 201 Created\r\ncontent-length: 100000\r\n\r\n")
    while True:
        line.send(b" ")
        time.sleep(0.02)


def trickles_a_head(line: Line) -> None:
    line.read()
    for byte in b"HTTP/1.1 201 Created\r\n" + b"x-header: " + b"a" * 10_000:
        line.send(bytes([byte]))
        time.sleep(0.02)


def trickles_headers(line: Line) -> None:
    line.read()
    line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    while True:
        line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.02)


def stays_silent(line: Line) -> None:
    line.read()
    line.wait_for_close()


def does_not_read(line: Line) -> None:
    time.sleep(2)


BAD_ANSWERS: dict[str, Behaviour] = {
    "a body byte by byte": trickles_a_body,
    "a head byte by byte": trickles_a_head,
    "wait, wait, wait": trickles_headers,
    "silence": stays_silent,
}


class TestDeadline:
    @pytest.mark.parametrize("behave", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
    def test_it_ends_whatever_the_server_does(self, behave: Behaviour) -> None:
        with serving(behave) as server, soon(), pytest.raises(OutcomeUnknown):
            post(server.x(deadline=SHORT))
        assert len(server.requests) == 1

    def test_it_ends_while_a_large_body_is_being_written(self) -> None:
        with serving(does_not_read) as server, soon(), pytest.raises(OutcomeUnknown):
            server.x(deadline=SHORT).request("POST", "/2/tweets", json={"text": "a" * 50_000_000})

    def test_it_ends_over_tls(self, tmp_path: Path) -> None:
        tls, trusted = certificate(tmp_path)
        with serving(trickles_a_body, tls=tls) as server, soon(), pytest.raises(OutcomeUnknown) as error:
            post(XClient(server.base, lambda: trusting(trusted), deadline=SHORT))
        assert error.value.problem.title == "No answer in time"

    def test_it_does_not_reach_into_the_next_call(self) -> None:
        """The first call's deadline passes while the second one uses the same line."""

        def behave(line: Line) -> None:
            line.read()
            line.send(reply())
            line.read()
            time.sleep(2 * SHORT)
            line.send(reply(201))

        with serving(behave) as server:
            x = server.x(deadline=1.5 * SHORT)
            post(x)
            began = time.monotonic()
            time.sleep(0.5 * SHORT)
            with pytest.raises(OutcomeUnknown):
                post(x)
            assert time.monotonic() - began > 1.9 * SHORT
            assert server.lines == 1

    def test_what_is_too_late_before_the_first_byte_is_not_sent(self) -> None:
        calls = []

        def slow() -> None:
            calls.append(1)
            if len(calls) == 2:
                time.sleep(1.5 * SHORT)

        with serving(answering(reply(201))) as server:
            with pytest.raises(NotSent):
                post(server.x(deadline=SHORT), before_first_byte=slow)
            time.sleep(0.02)
            assert server.bytes_read == 0

    def test_many_at_once(self) -> None:
        with serving(stays_silent) as server, ThreadPoolExecutor(20) as pool:
            x = server.x(deadline=SHORT)
            with soon():
                failures = list(pool.map(lambda _: _failure(x), range(20)))
        assert [type(failure) for failure in failures] == [OutcomeUnknown] * 20


class TestNotSent:
    def test_refused(self) -> None:
        with serving(stays_silent) as server:
            base = server.base
        with pytest.raises(NotSent):
            post(XClient(base))

    def test_no_such_host(self) -> None:
        with pytest.raises(NotSent):
            post(XClient("http://no-such-host.invalid"))

    @pytest.mark.parametrize(
        "behave",
        [lambda _: None, lambda line: line.send(reply(400)), stays_silent],
        ids=["hangs up", "speaks no TLS", "says nothing"],
    )
    def test_a_handshake_that_fails(self, behave: Behaviour) -> None:
        with serving(behave) as server, soon(), pytest.raises(NotSent):
            post(XClient(server.base.replace("http:", "https:"), deadline=SHORT))

    def test_a_certificate_nobody_signed(self, tmp_path: Path) -> None:
        tls, trusted = certificate(tmp_path)
        with serving(answering(reply(201)), tls=tls) as server:
            with pytest.raises(NotSent) as error:
                post(XClient(server.base))
            assert error.value.problem.detail == "SSLError"
            assert server.requests == []
            post(XClient(server.base, lambda: trusting(trusted)))
            assert len(server.requests) == 1

    def test_called_off_when_the_line_stands(self) -> None:
        asked = []

        def lease_lost_meanwhile() -> None:
            asked.append(server.lines)
            if len(asked) == 2:
                raise NotSent(Problem(None, title="The lease was lost"))

        with serving(answering(reply(201))) as server:
            with pytest.raises(NotSent, match="lease"):
                post(server.x(), before_first_byte=lease_lost_meanwhile)
            time.sleep(0.02)
            assert (server.lines, server.bytes_read) == (1, 0)

    def test_asked_before_connecting_and_before_each_first_byte(self) -> None:
        asked: list[int] = []
        with serving(answering(reply(201))) as server:
            x = server.x()
            for _ in range(3):
                post(x, before_first_byte=lambda: asked.append(server.bytes_read))
            whole = server.bytes_read // 3
        assert asked == [0, 0, whole, 2 * whole]

    def test_head_and_body_arrive_as_one(self) -> None:
        arrived: list[bytes] = []

        def peeks(line: Line) -> None:
            arrived.append(line.socket.recv(65_536))
            line.send(reply(201))

        with serving(peeks) as server:
            post(server.x())
        assert arrived[0].startswith(b"POST ")
        assert arrived[0].endswith(b'{"text":"hello"}')

    def test_called_off_before_anything(self) -> None:
        def stopping() -> None:
            raise NotSent(Problem(None, title="The service stops"))

        with serving(answering(reply(201))) as server:
            with pytest.raises(NotSent, match="stops"):
                post(server.x(), before_first_byte=stopping)
            assert server.lines == 0

    def test_after_being_called_off_the_next_call_is_fine(self) -> None:
        def never() -> None:
            raise NotSent(Problem(None))

        with serving(answering(reply(201))) as server:
            x = server.x()
            post(x)
            with pytest.raises(NotSent):
                post(x, before_first_byte=never)
            post(x)
            assert len(server.requests) == 2

    @pytest.mark.parametrize("token", ["new\nline", "new\r\nx-evil: 1"])
    def test_a_header_that_cannot_be_is_not_sent(self, token: str) -> None:
        with serving(answering(reply(201))) as server:
            with pytest.raises(NotSent):
                server.x().request("GET", "/2/users/me", authorization=f"Bearer {token}")
            assert server.lines == 0


class TestOneRequestIsSentOnce:
    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            reply(503),
            b"HTTP/1.1 garbage\r\n\r\n",
            b"\x00\xff" * 100,
            b"HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{}",
            b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ],
        ids=["cut", "503", "a bad status line", "noise", "too short", "a bad chunk"],
    )
    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_whatever_the_answer(self, method: str, answer: bytes) -> None:
        def answers_and_hangs_up(line: Line) -> None:
            line.read()
            line.send(answer)

        with serving(answers_and_hangs_up) as server:
            with pytest.raises(OutcomeUnknown):
                server.x().request(method, "/2/tweets")
            time.sleep(0.02)
            assert (len(server.requests), server.lines) == (1, 1)

    def test_a_line_that_the_server_closed_while_idle_is_not_used(self) -> None:
        def one_answer(line: Line) -> None:
            line.read()
            line.send(reply(201))

        with serving(one_answer) as server:
            x = server.x()
            for number in range(1, 4):
                post(x)
                time.sleep(0.02)
                assert (len(server.requests), server.lines) == (number, number)

    def test_a_line_that_is_cut_at_the_second_request_is_unknown_and_not_sent_again(self) -> None:
        def cuts_the_second(line: Line) -> None:
            line.read()
            line.send(reply(201))
            line.read()

        with serving(cuts_the_second) as server:
            x = server.x()
            post(x)
            with pytest.raises(OutcomeUnknown):
                post(x)
            time.sleep(0.02)
            assert (len(server.requests), server.lines) == (2, 1)

    def test_a_line_is_used_again_while_it_is_young(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(answering(reply(201))) as server:
            x = server.x()
            post(x)
            post(x)
            assert server.lines == 1
            monkeypatch.setattr(connection, "IDLE_SECONDS", 0.0)
            post(x)
            assert (len(server.requests), server.lines) == (3, 2)

    def test_threads_do_not_share_lines(self) -> None:
        barrier = threading.Barrier(4)

        def call(_: int) -> None:
            barrier.wait(5)
            post(x)

        with serving(answering(reply(201))) as server, ThreadPoolExecutor(4) as pool:
            x = server.x()
            list(pool.map(call, range(4)))
            assert (len(server.requests), server.lines) == (4, 4)


class TestTheSimulatorsBadDays:
    """The same over the simulator's own lines: X has the post, and nobody sends it twice."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        world = World(tmp_path / "x.db", seed=1)
        yield world
        world.close()

    @pytest.mark.parametrize(
        ("fault", "posts"),
        [
            ("accept_then_cut", 1),
            ("cut_before", 0),
            ("accept_then_error", 1),
            ("error_before", 0),
            ("accept_then_silence", 1),
            ("silence_before", 0),
            ("trickle", 1),
            ("garbage", 1),
            ("garbage_before", 0),
            ("empty", 1),
        ],
    )
    def test_unknown(self, world: World, fault: str, posts: int) -> None:
        token = world.sign_in("alice").access_token
        world.faults.add(fault, times=1)
        with running(world) as base, soon():
            x = XClient(base, deadline=SHORT)
            with pytest.raises(OutcomeUnknown):
                tweets.create(x, token, tweets.NewPost(text="hello"))
            assert len(world.calls(method="POST", path="/2/tweets")) == 1
            assert len(world.posts("alice")) == posts
            assert tweets.create(x, token, tweets.NewPost(text="another")).text == "another"


def test_a_call_that_is_over_holds_nothing_but_its_deadline() -> None:
    class Heavy:
        def check(self) -> None:
            """What a task would do before the first byte."""

    with serving(answering(reply(201))) as server:
        heavy = Heavy()
        gone = weakref.ref(heavy)
        post(server.x(deadline=40), before_first_byte=heavy.check)
        del heavy
        gc.collect()
        assert gone() is None


def test_one_watchdog_for_all_calls() -> None:
    with serving(answering(reply(201))) as server:
        x = server.x()
        for _ in range(50):
            post(x)
    assert [thread.name for thread in threading.enumerate()].count("x-deadlines") == 1


def trusting(trusted: Path) -> requests.Session:
    session = new_session()
    session.verify = str(trusted)
    return session


def _failure(x: XClient) -> XError | None:
    try:
        post(x)
    except XError as error:
        return error
    return None


@pytest.mark.parametrize("status", [100, 102, 103])
def test_what_comes_before_the_answer_is_read_past(status: int) -> None:
    """Also on the next call over the same line: nothing of it is left there."""
    interim = f"HTTP/1.1 {status} Not Yet\r\nlink: </style.css>\r\n\r\n".encode()
    with serving(answering(interim * 2 + reply(201, {"data": 1}), reply(200, {"data": 2}))) as server:
        x = server.x()
        assert post(x).body == {"data": 1}  # type: ignore[attr-defined]
        assert x.request("GET", "/2/users/me").body == {"data": 2}
