"""The simulator over HTTP: lines that are really cut, silent or trickling, many of them, and its commands."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.clock import Clock
from tests.support.simulator import Caller, authorize_query
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def base(world: World) -> Iterator[str]:
    with running(world) as base:
        yield base


@pytest.fixture
def line(base: str) -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def caller(world: World, base: str, line: requests.Session) -> Caller:
    return Caller(line, world.sign_in("alice").access_token, base)


def test_a_line_serves_many_calls(caller: Caller, world: World) -> None:
    assert [caller.post(f"post {number}").status_code for number in range(3)] == [201] * 3
    assert caller.get("/2/users/me")["data"]["username"] == "alice"
    assert len(world.posts()) == 3


def test_a_cut_line_is_a_connection_error(caller: Caller, world: World) -> None:
    world.faults.accepts_then_cuts_the_line()
    with pytest.raises(requests.exceptions.ConnectionError):
        caller.post("one")
    assert len(world.posts()) == 1
    assert caller.post("two").status_code == 201


def test_silence_is_a_read_timeout(caller: Caller, world: World) -> None:
    world.faults.accepts_then_stays_silent()
    with pytest.raises(requests.exceptions.ReadTimeout):
        _post(caller, "one", timeout=0.05)
    assert len(world.posts()) == 1


def test_a_trickle_outlives_a_timeout_per_read(caller: Caller, world: World) -> None:
    world.faults.accepts_then_trickles()
    with _raw_line(caller) as raw:
        raw.settimeout(3)
        received = b""
        while b"\r\n\r\n" not in received:
            received += raw.recv(4096)
        head, _, body = received.partition(b"\r\n\r\n")
        while len(body) < 2:
            body += raw.recv(16)
    assert head.startswith(b"HTTP/1.1 201")
    assert body == b"  "
    assert len(world.posts()) == 1


def test_a_slow_answer_comes_late(caller: Caller, world: World) -> None:
    world.faults.is_slow(0.1)
    began = time.monotonic()
    assert caller.post("late").status_code == 201
    assert 0.1 <= time.monotonic() - began < 2


def test_a_hundred_silent_lines_do_not_hold_up_another(caller: Caller, world: World) -> None:
    world.change(duplicates_refused=False)
    world.faults.stays_silent(times=100)
    lines = [_raw_line(caller) for _ in range(100)]
    while len(world.calls()) < 100:
        time.sleep(0.01)
    began = time.monotonic()
    assert caller.post("not held up").status_code == 201
    assert time.monotonic() - began < 1
    for raw in lines:
        raw.close()


def test_64_callers_wait_side_by_side(world: World, base: str) -> None:
    world.change(latency=0.1)
    tokens = [world.sign_in(f"user{number}").access_token for number in range(64)]

    def post(token: str) -> int:
        with requests.Session() as session:
            return Caller(session, token, base).post("hello").status_code

    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        assert set(pool.map(post, tokens)) == {201}
    assert time.monotonic() - began < 2


def test_bodies_without_a_length_and_broken_requests_are_refused(base: str) -> None:
    address = (urlsplit(base).hostname, urlsplit(base).port)
    for request, status in [
        (b"POST /2/tweets HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", b"413"),
        (b"POST /2/tweets HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n", b"413"),
        (b"GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n", b"400"),
        (b"GET /2//tweets HTTP/1.1\r\nhost: x\r\n\r\n", b"404"),
        (b"HEAD /2/tweets HTTP/1.1\r\nhost: x\r\n\r\n", b"405"),
    ]:
        with socket.create_connection(address, timeout=5) as raw:
            raw.sendall(request)
            assert raw.recv(4096).split(b" ", 2)[1] == status, request


def test_every_answer_has_one_date(world: World, clock: Clock, caller: Caller, base: str) -> None:
    asked = [
        caller.call("GET", "/2/users/me"),
        caller.call("GET", "/2/nothing"),
        caller.call("PUT", "/2/tweets"),
        caller.call("GET", "/_simulator/state"),
        caller.session.post(f"{base}/2/tweets", data=iter([b"chunked"])),
    ]
    assert [answer.status_code for answer in asked] == [200, 404, 405, 200, 413]
    assert [answer.raw.headers.getlist("date") for answer in asked] == [["Fri, 20 Nov 2026 14:05:00 GMT"]] * 5


def test_two_processes_worth_of_worlds_share_one_x(world: World, clock: Clock, tmp_path: Path) -> None:
    other = World(tmp_path / "simulator.db", clock=clock)
    ids: list[int] = []

    def write(one: World, name: str) -> None:
        for number in range(40):
            ids.append(int(one.write(name, f"{name} {number}").id))

    threads = [threading.Thread(target=write, args=args) for args in [(world, "web"), (other, "worker")]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 80
    assert [int(post.id) for post in other.posts()] == sorted(ids)
    assert int(world.write("web", "last").id) > max(ids)
    other.faults.fails()
    assert [rule.kind for rule in world.faults.rules()] == ["error_before"]
    other.close()


def test_commands_over_http(caller: Caller, world: World, base: str, line: requests.Session) -> None:
    def command(verb: str, name: str, body: Any = None, **query: str) -> Any:
        response = line.request(verb, f"{base}/_simulator/{name}", json=body, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    command("POST", "users", {"username": "carol", "followers": 7})
    assert world.user("carol").followers == 7
    command("POST", "faults", {"kind": "rate_limit", "call": "POST /2/tweets", "times": 1, "options": {"reset_in": 60}})
    assert caller.post("no").status_code == 429
    command("POST", "faults", {"kind": "cut_before"})
    command("DELETE", "faults")
    assert caller.post("yes").status_code == 201
    assert command("POST", "settings", {"visibility_delay": 3})["visibility_delay"] == 3.0
    assert [post["original"] for post in command("GET", "posts", username="alice")["posts"]] == ["yes"]
    assert command("GET", "calls", method="POST", path="/2/tweets")["total"] == 2
    assert command("GET", "state")["posts"] == 1
    token = command("POST", "sign-in", {"username": "dave"})["access_token"]
    assert Caller(line, token, base).get("/2/users/me")["data"]["username"] == "dave"
    assert command("POST", "expire-tokens") == {"expired": 2}
    assert caller.post("expired").status_code == 401
    caller.token = world.sign_in("alice").access_token
    command("POST", "suspend", {"username": "alice"})
    assert caller.post("suspended").status_code == 403
    command("POST", "disconnect", {"username": "alice"})
    assert caller.post("disconnected").status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("faults", b'{"kind": "explode"}', 400),
        ("faults", b'{"kind": "refuse", "colour": 1}', 400),
        ("settings", b'{"colour": 1}', 400),
        ("settings", b"[1]", 400),
        ("users", b"{", 400),
        ("users", b'{"username": "no spaces"}', 400),
        ("suspend", b'{"username": "nobody"}', 400),
        ("explode", b"{}", 404),
    ],
)
def test_a_command_that_makes_no_sense_says_so(
    base: str, line: requests.Session, path: str, body: bytes, status: int
) -> None:
    response = line.post(f"{base}/_simulator/{path}", data=body, headers=JSON)
    assert response.status_code == status
    assert response.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {**JSON, "Origin": "https://evil.example"},
        {**JSON, "Origin": "null"},
        {**JSON, "Sec-Fetch-Site": "cross-site"},
        {**JSON, "Host": "evil.example"},
        {**JSON, "Host": "evil.example:80"},
        {**JSON, "Host": "127.0.0.1.evil.example"},
        {**JSON, "Host": "[::1"},
    ],
)
def test_commands_are_not_taken_from_web_pages(
    base: str, line: requests.Session, world: World, headers: dict[str, str]
) -> None:
    response = line.post(f"{base}/_simulator/users", data=b'{"username": "mallory"}', headers=headers)
    assert response.status_code == 403
    assert response.json()["error"]
    if headers.get("Host"):
        assert line.get(f"{base}/_simulator/state", headers=headers).status_code == 403
    assert world.users() == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "192.168.1.5:8081", "[::1]:8081", "127.0.0.1"])
def test_commands_come_by_an_address_or_as_localhost(base: str, line: requests.Session, host: str) -> None:
    assert line.get(f"{base}/_simulator/state", headers={"Host": host}).status_code == 200


def test_a_post_has_its_page(base: str, line: requests.Session, caller: Caller, world: World) -> None:
    post_id = caller.posted("As a person sees it")
    page = line.get(f"{base}/alice/status/{post_id}")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "As a person sees it" in page.text
    world.delete(post_id)
    assert line.get(f"{base}/alice/status/{post_id}").status_code == 404


def test_pages_are_not_shown_under_a_name_that_somebody_else_points_here(base: str, line: requests.Session) -> None:
    query = authorize_query(mock_user="mallory")
    foreign = line.get(f"{base}/i/oauth2/authorize", params=query, headers={"Host": "evil.example"})
    assert foreign.status_code == 403
    assert line.get(f"{base}/2/users/me", headers={"Host": "x.example"}).status_code == 401, "the API has no pages"
    answer = line.get(f"{base}/i/oauth2/authorize", params=query, allow_redirects=False)
    assert answer.status_code == 302


def _post(caller: Caller, text: str, *, timeout: float) -> requests.Response:
    headers = {"Authorization": f"Bearer {caller.token}"}
    return caller.session.post(f"{caller.base}/2/tweets", json={"text": text}, headers=headers, timeout=timeout)


def _raw_line(caller: Caller) -> socket.socket:
    """A connection on which a post was sent and nothing read yet."""
    body = b'{"text": "raw"}'
    raw = socket.create_connection((urlsplit(caller.base).hostname, urlsplit(caller.base).port), timeout=5)
    head = f"POST /2/tweets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {caller.token}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    raw.sendall(head.encode() + body)
    return raw
