"""The first and the last seconds of `python app.py`: what is checked before anything is made, who answers when, what is
said, and what happens with few files and no place for a line."""

import os
import shlex
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.integration.test_cli import (
    clean_environment,
    end,
    finished,
    free_port,
    healthy,
    key_in,
    process,
    reachable,
)
from tests.support.eventually import eventually
from tests.support.service import JSON
from twitter_manager.config import Settings
from twitter_manager.services import build, prepare
from twitter_manager.simulator.world import World

ON_UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither such limits nor such signals")
WORKER = ["-m", "flask", "--app", "app", "worker"]


def limited(environment: dict[str, str], limit: str, *words: str) -> subprocess.CompletedProcess[str]:
    """python WORDS under `ulimit -n LIMIT` until it ends."""
    command = f"ulimit -n {limit} && exec {shlex.join([sys.executable, *words])}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=environment["PWD"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_that_is_taken_is_one_line_and_nothing_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = finished({**clean_environment(tmp_path), "PORT": str(port)}, "app.py")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"PORT {port}" in line
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_health_is_well_from_the_first_answer_on(tmp_path: Path) -> None:
    port = free_port()
    answers: list[int] = []
    with process({**clean_environment(tmp_path), "PORT": str(port)}, "app.py") as running:
        ends = time.monotonic() + 20
        while len(answers) < 20 and time.monotonic() < ends:
            with suppress(requests.ConnectionError):
                answers.append(requests.get(f"http://127.0.0.1:{port}/api/v1/health", timeout=10).status_code)
        end(running)
    assert answers == [200] * 20


@ON_UNIX
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_says_what_it_waits_for_and_how_to_end_it_at_once(tmp_path: Path, by: signal.Signals) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with process({**clean_environment(tmp_path), "PORT": str(port)}, "app.py") as running:
        eventually(lambda: healthy(port))
        headers = {"X-API-Key": key_in(tmp_path)}
        auth_url = requests.get(f"{base}/api/v1/auth/twitter", headers=headers, timeout=5).json()["auth_url"]
        account = requests.get(f"{auth_url}&mock_user=alice", headers=JSON, timeout=5).json()["account"]["id"]
        body = {"account_id": account, "text": "in flight"}
        tweet = requests.post(f"{base}/api/v1/tweet", json=body, headers=headers, timeout=5).json()["tweet_id"]
        with closing(World(tmp_path / "instance" / "simulator.db")) as world:
            world.faults.is_slow(1.0)
            url = f"{base}/api/v1/tweet/post/{tweet}"
            caller = threading.Thread(target=requests.post, args=(url,), kwargs={"headers": headers, "timeout": 10})
            caller.start()
            eventually(lambda: len(world.posts()) == 1)
            out, err = end(running, by=by)
            caller.join()
    assert out.splitlines()[-1] == (
        "Stopping: waits at most 8 s for 1 post or other call to X and 1 request in flight."
        " Ctrl-C again ends it at once; the next start finds out what became of them."
    )
    assert (running.returncode, err) == (0, "")


@ON_UNIX
def test_a_stop_with_nothing_to_wait_for_says_so(tmp_path: Path) -> None:
    port = free_port()
    with process({**clean_environment(tmp_path), "PORT": str(port)}, "app.py") as running:
        eventually(lambda: healthy(port))
        time.sleep(0.2)  # until that request is over on its side, too
        assert end(running)[0].splitlines()[-1] == "Stopping: nothing is in flight."


@ON_UNIX
@pytest.mark.parametrize("limit", ["20", "128", "300"])
@pytest.mark.parametrize("words", [["app.py"], WORKER], ids=["service", "worker"])
def test_too_few_files_are_refused_in_one_line_and_nothing_is_made(
    tmp_path: Path, words: list[str], limit: str
) -> None:
    environment = {**clean_environment(tmp_path), "PORT": str(free_port()), "WORKER_CONCURRENCY": "64"}
    done = limited(environment, limit, *words)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.removeprefix("Error: ").startswith("WORKER_CONCURRENCY: with 64 ")
    assert f"{limit} are allowed" in line
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


@ON_UNIX
def test_after_a_storm_of_connections_under_a_low_limit_it_answers_at_once(tmp_path: Path) -> None:
    port = free_port()
    environment = {**clean_environment(tmp_path), "PORT": str(port)}
    command = f"ulimit -n 400 && exec {shlex.quote(sys.executable)} app.py"
    running = subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        eventually(lambda: healthy(port))
        with ExitStack() as storm:
            for _ in range(600):
                storm.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)).sendall(b"GET /api")
            time.sleep(0.5)
        begun = time.monotonic()
        assert healthy(port)
        assert time.monotonic() - begun < 2
        running.terminate()
        assert running.wait(10) == 0
    finally:
        running.kill()
        running.communicate()


@ON_UNIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_with_no_place_for_any_line_it_starts_serves_and_ends_well(tmp_path: Path) -> None:
    port = free_port()
    environment = {**clean_environment(tmp_path), "PORT": str(port), "TWITTER_CALLBACK_URL": "http://localhost:1/cb"}
    with Path("/dev/full").open("wb") as full:
        running = subprocess.Popen([sys.executable, "app.py"], cwd=tmp_path, env=environment, stdout=full, stderr=full)
        try:
            eventually(lambda: healthy(port))
            running.terminate()
            assert running.wait(10) == 0
        finally:
            running.kill()
            running.wait()


@ON_UNIX
def test_under_a_lax_umask_all_that_a_running_service_makes_is_its_owners_alone(tmp_path: Path) -> None:
    port = free_port()
    before = os.umask(0o022)
    try:
        with process({**clean_environment(tmp_path), "PORT": str(port)}, "app.py") as running:
            eventually(lambda: healthy(port))
            headers = {"X-API-Key": key_in(tmp_path)}
            requests.get(f"http://127.0.0.1:{port}/api/v1/auth/twitter", headers=headers, timeout=5)
            folder = tmp_path / "instance"
            modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob("*"))}
            end(running)
    finally:
        os.umask(before)
    assert {path.name for path in modes} >= {"twitter_manager.db-wal", "secrets.env", "logs"}
    assert {path: oct(mode) for path, mode in modes.items() if mode not in (0o700, 0o600)} == {}
    with closing(sqlite3.connect(tmp_path / "instance" / "twitter_manager.db")) as database:
        assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)


def lines_of_a_start(folder: Path, **settings: str) -> str:
    """What a start says, with these settings."""
    port = free_port()
    with process({**clean_environment(folder), "PORT": str(port), **settings}, "app.py") as running:
        eventually(lambda: reachable(f"http://127.0.0.1:{port}/") == 200)
        return end(running)[0]


def test_a_start_says_where_posts_go_and_why(tmp_path: Path) -> None:
    said = lines_of_a_start(tmp_path, TWITTER_CLIENT_ID="client", MOCK_MODE="off", WORKER="off")
    assert "Mock mode is off because MOCK_MODE is off: posts go to x.com\n" in said
    assert "WORKER=off: nothing goes out from here" in said
    said = lines_of_a_start(tmp_path, TWITTER_CLIENT_ID="client", TWITTER_API_URL="http://127.0.0.1:9")
    assert "Mock mode is off because TWITTER_CLIENT_ID is set: posts go to http://127.0.0.1:9\n" in said
    assert "WORKER=off" not in said


def test_a_start_with_mock_mode_off_and_no_client_says_that_nobody_can_connect(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path)
    services = build(prepare(replace(settings, twitter_client_id="client", mock_mode=True)).settings)
    services.mock_mode.switch(False)
    services.close()
    said = lines_of_a_start(tmp_path)
    assert "Mock mode is off because it was switched off at 20" in said
    assert "TWITTER_CLIENT_ID is not set: no account can be connected\n" in said
