"""twitter-manager doctor: what it finds, that it says what to do, and that it leaves everything as it is."""

import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli import clean_environment, finished
from tests.support.clock import Clock
from tests.support.service import Service
from twitter_manager import config
from twitter_manager.crypto import new_encryption_key
from twitter_manager.factory import create_app
from twitter_manager.services import build
from twitter_manager.services.doctor import disk, queue
from twitter_manager.services.doctor import settings as set_up
from twitter_manager.services.doctor import x as at_x
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World
from twitter_manager.storage import Inspection, accounts, app_rests
from twitter_manager.timestamps import earlier, later, now

GIB = 1024**3


def examined(service: Service, **changed: object) -> dict[str, dict[str, Any]]:
    """What the doctor of another process finds, by name; its exit code fits."""
    settings = replace(service.services.settings, **changed)  # type: ignore[arg-type]
    services = build(settings, clock=service.clock)
    result = create_app(services=services).test_cli_runner().invoke(args=["doctor", "--json"])
    services.close()
    answer = json.loads(result.stdout)
    assert result.exit_code == (0 if answer["ok"] else 1)
    assert answer["ok"] == all(check["state"] != "fail" for check in answer["checks"])
    assert all((check["remedy"] is None) == (check["state"] == "ok") for check in answer["checks"])
    return {check["name"]: check for check in answer["checks"]}


def written(service: Service, sql: str, **values: object) -> None:
    with service.services.db.transaction() as tx:
        tx.execute(sql, **values)


def everything_in(folder: Path) -> dict[str, object]:
    """Every file, and what the databases hold."""
    found: dict[str, object] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        if path.suffix == ".db":
            with closing(sqlite3.connect(path)) as db:
                found[path.name] = list(db.iterdump())
        elif not path.name.endswith(("-wal", "-shm")):
            found[path.name] = path.read_bytes()
    return found


def test_a_service_that_is_well(service: Service, alice: int) -> None:
    service.beat()
    result = service.app.test_cli_runner().invoke(args=["doctor"])
    assert result.exit_code == 0, result.stdout
    names = [line.split()[1] for line in result.stdout.splitlines()]
    assert {"settings", "callback", "folder", "keys", "database", "disk", "encryption", "@alice", "worker"} < set(names)
    assert {"queue", "decisions", "scopes", "x", "clock", "client"} < set(names)
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"ok"}
    assert {check["state"] for check in examined(service).values()} == {"ok"}


def test_it_changes_nothing_beside_a_service_that_runs(service: Service, alice: int, tmp_path: Path) -> None:
    service.tweet(alice, "hello")
    service.services.simulated().close()
    (service.services.settings.simulator_path).unlink()
    before = everything_in(tmp_path)
    examined(service)
    assert everything_in(tmp_path) == before
    service.tweet(alice, "and on")


def test_before_the_first_start_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    result = create_app(config.load(tmp_path, {})).test_cli_runner().invoke(args=["doctor"])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("fail")] == ["folder", "database"]
    first_start = "start the service once (`make run` in a clone, else `twitter-manager serve`): the first start makes"
    assert len([line for line in lines if line.startswith(f"      do: {first_start}")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    environment = {**clean_environment(tmp_path), "PORT": "many", "API_KEY": "mine-is-short"}
    done = finished(environment, "-m", "flask", "--app", "app", "doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split()[:3] for line in done.stdout.splitlines()[::2]] == [
        ["fail", "settings", "API_KEY"],
        ["fail", "settings", "PORT"],
    ]
    assert done.stdout.splitlines()[1].startswith("      do: ")
    assert "mine" not in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_a_name_that_is_nearly_a_setting(service: Service) -> None:
    found = examined(service, misspelt={"MOCK_MOD": "MOCK_MODE"})["names"]
    assert (found["state"], found["text"]) == ("warn", "MOCK_MOD is no setting")
    assert "MOCK_MODE" in found["remedy"]


def test_a_proxy_in_the_environment_is_not_used(tmp_path: Path) -> None:
    environment = {**clean_environment(tmp_path), "HTTPS_PROXY": "http://user:secret@127.0.0.1:1"}
    done = finished(environment, "-m", "flask", "--app", "app", "doctor")
    (line,) = (line for line in done.stdout.splitlines() if "HTTPS_PROXY" in line)
    assert line.split()[:2] == ["ok", "proxy"]
    assert "not used" in line
    assert "secret" not in done.stdout


def test_in_mock_mode_nothing_leaves_the_machine(service: Service, alice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        pytest.fail("it opened a line")

    monkeypatch.setattr(socket.socket, "connect", connect)
    found = examined(service)
    assert {found[name]["text"] for name in ("x", "clock", "client at X")} == {"not asked: mock mode"}


def test_no_secret_is_shown(start: Callable[..., Service]) -> None:
    secret = {
        "TWITTER_CLIENT_SECRET": "SECRET-of-the-client",
        "TWITTER_BEARER_TOKEN": "SECRET-of-the-app",
        "TWITTER_CONSUMER_KEY": "SECRET-1",
        "TWITTER_CONSUMER_SECRET": "SECRET-2",
        "TWITTER_OAUTH1_TOKEN": "SECRET-3",
        "TWITTER_OAUTH1_TOKEN_SECRET": "SECRET-4",
        "API_KEY": "SECRET-key-of-the-api",
        "ENCRYPTION_KEY": new_encryption_key(),
    }
    service = start(**secret, TWITTER_CLIENT_ID="client", MOCK_MODE="on")
    account = accounts.get(service.services.db, service.connect("alice"))
    tokens = [service.services.tokens.open(account), account.access_token or "", account.refresh_token or ""]
    for wrong in (
        service.services.settings,
        replace(service.services.settings, encryption_key=(new_encryption_key(),)),
    ):
        app = create_app(services=build(wrong, clock=service.clock))
        for words in (["doctor"], ["doctor", "--json"]):
            shown = app.test_cli_runner().invoke(args=words).output
            assert "alice" in shown
            assert [each for each in [*secret.values(), *tokens] if each in shown] == []
            assert "SECRET" not in shown


# keys and accounts


def test_another_encryption_key(service: Service, alice: int) -> None:
    found = examined(service, encryption_key=(new_encryption_key(),))
    assert (found["encryption"]["state"], found["@alice"]["state"]) == ("fail", "fail")
    assert "earlier key back" in found["encryption"]["remedy"]
    assert "access token and refresh token" in found["@alice"]["text"]
    assert examined(service, encryption_key=())["encryption"]["text"].startswith("ENCRYPTION_KEY is missing")


def test_a_revoked_key_of_the_settings(start: Callable[..., Service]) -> None:
    service = start()
    assert examined(service)["api key"]["state"] == "ok"
    service.services.api_keys.revoke(1)
    assert examined(service)["api key"]["state"] == "warn", "the next start makes another"
    assert examined(service, from_secrets=frozenset())["api key"]["state"] == "fail", "it is set by its owner"


@pytest.mark.parametrize(
    ("change", "state", "text"),
    [
        ("status = 'inactive'", "ok", "switched off"),
        ("status = 'failed', error_code = 'token_refused'", "warn", "X refused to renew the token"),
        ("access_token = 'garbage'", "fail", "opens its access token"),
        ("scopes = replace(scopes, 'media.write', '')", "warn", "was not granted media.write"),
        ("scopes = replace(scopes, 'tweet.write', '')", "fail", "was not granted tweet.write"),
        ("refresh_token = NULL", "warn", "until 2026-11-20T16:05:00.123Z, and cannot be renewed"),
        ("token_expires_at = '2026-11-20T14:00:00.000Z'", "ok", "ended 2026-11-20T14:00:00.000Z; it is renewed"),
    ],
)
def test_an_account(service: Service, alice: int, change: str, state: str, text: str) -> None:
    written(service, f"UPDATE twitter_account SET {change}")
    check = examined(service)["@alice"]
    assert check["state"] == state
    assert text in check["text"]
    assert check["remedy"] is None or f"/api/v1/auth/twitter?account_id={alice}" in check["remedy"]


# the disk and the database


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (50 * GIB, 100 * GIB, "ok"),
        (4 * GIB, 100 * GIB, "warn"),
        (GIB - 1, 2 * GIB, "warn"),
        (100 * 1024**2 - 1, GIB, "fail"),
    ],
)
def test_room(free: int, total: int, state: str) -> None:
    assert disk.room(free=free, total=total).state == state


@pytest.mark.parametrize(
    ("found", "state", "word"),
    [
        (Inspection(6, 6, "wal", None), "ok", "whole"),
        (Inspection(5, 6, "wal", None), "fail", "brings it up to date"),
        (Inspection(7, 6, "wal", None), "fail", "newer"),
        (Inspection(6, 6, "delete", None), "warn", "WAL"),
        (Inspection(6, 6, "wal", "Tree 5 page 7: btreeInitPage() returns error code 11"), "fail", "reliability.md"),
    ],
)
def test_what_is_found_in_the_database(found: Inspection, state: str, word: str) -> None:
    check = disk.contents(found)
    assert check.state == state
    assert word in f"{check.text} {check.remedy}"


@pytest.mark.sqlite
def test_a_database_of_another_version_and_one_that_is_none(service: Service) -> None:
    path = service.services.settings.database_path
    service.services.close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 1")
    found = examined(service)
    assert "its version is 1" in found["database"]["text"]
    assert "encryption" not in found
    path.write_bytes(b"a letter to my grandmother" * 100)
    assert "not a database" in examined(service)["database"]["text"]
    assert path.read_bytes().startswith(b"a letter")


@pytest.mark.sqlite
def test_a_damaged_database(service: Service, alice: int) -> None:
    for number in range(100):
        service.tweet(alice, f"tweet {number}")
    path = service.services.settings.database_path
    service.services.close()
    pages = bytearray(path.read_bytes())
    pages[10 * 4096 : 60 * 4096] = b"\xff" * (50 * 4096)
    path.write_bytes(pages)
    assert examined(service)["database"]["state"] == "fail"


def test_a_secrets_file_that_others_can_read(service: Service) -> None:
    path = service.services.settings.secrets_path
    path.chmod(0o644)
    assert examined(service)["keys"]["remedy"] == f"chmod 600 {path}"


# work


def test_no_worker_and_tweets_that_wait(service: Service, alice: int) -> None:
    assert examined(service)["worker"]["text"] == "none runs: nothing is posted"
    service.beat()
    service.clock.forward(60)
    assert "60 s old" in examined(service)["worker"]["text"]
    service.clock.forward(121)
    assert examined(service)["queue"]["state"] == "ok", "the lane is due since the account was connected, but no tweet"
    service.beat()
    service.services.publishing.post_now(service.tweet(alice, "it waits"))
    assert examined(service)["queue"]["state"] == "ok"
    service.clock.forward(121)
    found = examined(service)["queue"]
    assert (found["state"], found["text"]) == ("fail", "tweets that have been due for over 120 s: 1")


def test_an_app_that_x_refuses_and_tweets_that_wait_for_a_word(service: Service, alice: int) -> None:
    tweet = service.tweet(alice, "is it there?")
    written(service, "UPDATE tweet SET status = 'unconfirmed', needs_decision = 1 WHERE id = :id", id=tweet)
    with service.services.db.transaction() as tx:
        app_rests.put(tx, mock=True, code="credits_depleted", probe_at=later(tx.now, 600), twitter_error="{}")
    found = examined(service)
    assert (found["app"]["state"], found["decisions"]["state"]) == ("warn", "warn")
    assert "next try is at 2026-11-20T14:15:00.123Z" in found["app"]["text"]
    assert "needs_decision=1" in found["decisions"]["remedy"]


def test_a_worker_on_a_clock_ahead_of_ours() -> None:
    assert queue.worker(later(now(), 2), now()).text == "alive 0 s ago"


# settings that fit X


@pytest.mark.parametrize(
    ("url", "port", "state", "word"),
    [
        (None, 5555, "ok", "127.0.0.1:5555/auth/callback"),
        (None, 5555, "ok", "if the service runs with another one, put that into .env"),
        ("http://127.0.0.1:5555/back", 5555, "ok", "/back"),
        ("http://127.0.0.1:5555/auth/callback", 8000, "warn", "http://127.0.0.1:8000/auth/callback"),
        ("http://127.0.0.1:5555/auth/callback", 8000, "warn", "if the service itself runs with PORT=5555"),
        ("http://127.0.0.1/auth/callback", 5555, "warn", "port 80"),
        ("http://localhost:5555/auth/callback", 5555, "warn", "http://127.0.0.1:5555/auth/callback"),
        ("https://tweets.example.org/auth/callback", 5555, "ok", "registered"),
        ("http://tweets.example.org/auth/callback", 5555, "warn", "https"),
        ("https://someone:SECRET@tweets.example.org/auth/callback?x=SECRET", 5555, "ok", "registered"),
    ],
)
def test_the_callback(url: str | None, port: int, state: str, word: str) -> None:
    check = set_up.callback(config.Settings(twitter_callback_url=url, port=port))
    assert check.state == state
    assert word in f"{check.text} {check.remedy}"
    assert "SECRET" not in f"{check.text} {check.remedy}"


# X over HTTP


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> Iterator[World]:
    world = World(tmp_path / "x.db", clock=clock)
    world.register_client("our client", "our secret")
    yield world
    world.close()


@pytest.fixture
def at_work(start: Callable[..., Service], world: World) -> Iterator[Service]:
    """A service with the real world switched on, which is the simulated X over HTTP."""
    with running(world) as url:
        yield start(
            TWITTER_CLIENT_ID="our client", TWITTER_CLIENT_SECRET="our secret", TWITTER_API_URL=url, MOCK_MODE="off"
        )


def test_x_knows_the_client(at_work: Service, world: World) -> None:
    found = examined(at_work)
    assert [found[name]["state"] for name in ("client", "x", "clock", "client at X")] == ["ok"] * 4
    assert found["client at X"]["text"] == "X knows it"


@pytest.mark.parametrize("changed", [{"twitter_client_id": "typo"}, {"twitter_client_secret": "typo"}])
def test_x_does_not_know_the_client(at_work: Service, changed: dict[str, str]) -> None:
    found = examined(at_work, **changed)
    assert (found["x"]["state"], found["client at X"]["state"]) == ("ok", "fail")
    assert "TWITTER_CLIENT_ID" in found["client at X"]["remedy"]


def test_x_cannot_be_reached(at_work: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    found = examined(at_work, twitter_api_url=nobody)
    assert (found["x"]["state"], found["clock"]["state"], found["client at X"]["state"]) == ("fail", "ok", "ok")
    assert found["clock"]["text"].startswith("not checked")
    assert found["client at X"]["text"].startswith("not checked")


def test_x_is_in_trouble(at_work: Service, world: World) -> None:
    world.faults.token_endpoint_fails(503)
    assert examined(at_work)["x"]["text"] == "was reached, but gave no clear answer: HTTP 503"


def test_a_clock_that_is_wrong(at_work: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = Clock()
    behind.present = earlier(clock(), 90)
    monkeypatch.setattr(at_work, "clock", behind)
    check = examined(at_work)["clock"]
    assert check["state"] == "fail"
    assert "s behind X's" in check["text"]


@pytest.mark.parametrize(
    ("ahead", "state"), [(None, "ok"), (0, "ok"), (-30, "ok"), (30, "ok"), (31, "fail"), (-31, "fail")]
)
def test_the_clock(ahead: int | None, state: str) -> None:
    assert at_x.clock(None if ahead is None else timedelta(seconds=ahead)).state == state


def test_going_live_without_a_client(service: Service) -> None:
    written(service, "UPDATE service_state SET value = '0' WHERE name = 'mock_mode'")
    service.beat()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    found = examined(service, twitter_api_url=nobody)
    assert found["client"]["state"] == "fail"
    assert "client at X" not in found
    assert found["x"]["state"] == "fail"


def test_a_switch_that_stayed_on_is_named_with_its_time(at_work: Service) -> None:
    at_work.client.post("/api/v1/mock-mode", json={"enabled": True})
    because = "mock mode is on because it was switched on at 2026-11-20T14:05:00.123Z"
    at_work.beat()
    assert f"{because}, and MOCK_MODE=off counts" in examined(at_work)["settings"]["text"]
    assert f"{because}, and MOCK_MODE is not set" in examined(at_work, mock_mode=None)["settings"]["text"]


def test_what_the_next_start_will_be_is_looked_at_while_nothing_runs(at_work: Service) -> None:
    assert "mock mode is off" in examined(at_work)["settings"]["text"]
    assert "mock mode is on" in examined(at_work, mock_mode=True)["settings"]["text"]
    at_work.beat()
    assert "mock mode is off" in examined(at_work, mock_mode=True)["settings"]["text"]
