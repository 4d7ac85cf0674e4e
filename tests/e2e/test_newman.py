"""The committed Postman collection, run by newman against services that are full of somebody's data: a run leaves
everything that it has not made as it was, to the last column."""

import json
import re
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NEWMAN, TOOLS
from tests.support.service_process import ROOT, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

COLLECTION = ROOT / "postman" / "twitter-manager.postman_collection.json"
ENVIRONMENT = ROOT / "postman" / "twitter-manager.postman_environment.json"
LATER = "2036-11-20T14:05:00Z"
EVERY_STATUS = ["canceled", "draft", "failed", "held", "pending", "posted", "posting", "scheduled", "unconfirmed"]
# A worker's heartbeat and its leases (one that lasts too long is cut by the service itself), counters of ids, and the
# index of the texts.
NO_DATA = re.compile("worker|lane|sqlite_sequence|tweet_text.*")
# What a run leaves behind: the marks of its calls, which go by themselves, and what the audit has of them.
MARKS = {"audit", "oauth_state", "x_call", "rate_window", "tweet_period"}
# The key that a run makes is revoked by it, and the row stays for the audit. When somebody's own key was last used
# is moved on by the run's calls.
_ROWS = {
    "api_key": """
        SELECT id, key_hash, name, source, created_at, is_active, scopes, account_ids, world, expires_at,
            requests_per_minute, made_by
        FROM api_key WHERE revoked_at IS NULL
        """
}

Rows = dict[str, list[tuple[Any, ...]]]


def rows(service: Installation) -> Rows:
    """Every row of every table."""
    with closing(sqlite3.connect(service.database, timeout=10)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        kept = [name for name in tables if not NO_DATA.fullmatch(name)]
        return {name: sorted(db.execute(_ROWS.get(name, f"SELECT * FROM {name}")), key=repr) for name in kept}


def assert_as_before(before: Rows, after: Rows) -> None:
    for table in before:
        gone = [row for row in before[table] if row not in after[table]]
        assert gone == [], f"{table}: these rows are not as they were"
        new = [row for row in after[table] if row not in before[table]]
        assert new == [] or table in MARKS, f"{table}: the run left these rows behind"


def fill(service: Installation) -> None:
    """Accounts, tweets, threads, batches and webhooks of somebody, in every status."""
    alice, bob, carol = (service.connect(name) for name in ("alice", "bob", "carol"))
    posted = service.create(alice, "This one is out")
    assert service.ask("POST", f"/api/v1/tweet/post/{posted}").status_code == 200
    canceled, failed, unconfirmed, posting = (service.create(alice, f"Number {number} of alice") for number in range(4))
    service.create(bob, "Bob is lost")
    held = service.create(carol, "Carol has a rest")
    for account in (alice, bob):
        service.create(account, f"Account {account} keeps this one")
    calls = (
        ("PATCH", f"/api/v1/tweets/{canceled}", {"status": "canceled"}),
        ("PATCH", f"/api/v1/accounts/{carol}", {"is_active": False}),
        ("POST", "/api/v1/tweets", {"account_id": alice, "text": "A draft", "draft": True}),
        ("POST", "/api/v1/threads", {"account_id": alice, "tweets": ["one", "two"], "schedule_at": LATER}),
        ("POST", "/api/v1/tweets/batch", {"account_ids": [alice, bob], "text": "To all", "schedule_at": LATER}),
    )
    ask_all(service, calls)
    with service.locked_database() as db:
        for status, number in (("failed", failed), ("unconfirmed", unconfirmed), ("posting", posting), ("held", held)):
            db.execute(_IN_STATUS[status], {"id": number})
        db.execute("UPDATE twitter_account SET status = 'failed', error_code = 'token_unusable' WHERE id = ?", [bob])
        db.execute(
            "UPDATE lane SET lease = 'a', lease_until = ?, worker_id = (SELECT id FROM worker) WHERE account_id = ?",
            [LATER, alice],
        )
        db.execute(
            "INSERT INTO attempt (tweet_id, account_id, lease, started_at) VALUES (?, ?, 'a', ?)",
            [posting, alice, "2026-11-20T14:05:00.000Z"],
        )
        db.execute("COMMIT")
    # after what they would be told of
    hooks = (
        ("POST", "/api/v1/webhooks", {"url": "https://example.com/alice", "events": ["account.failed"]}),
        ("POST", "/api/v1/webhooks", {"url": "https://example.com/off"}),
        ("PATCH", "/api/v1/webhooks/2", {"is_active": False}),
    )
    ask_all(service, hooks)
    assert sorted(set(service.statuses().values())) == EVERY_STATUS


def ask_all(service: Installation, calls: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
    for method, path, body in calls:
        asked = service.ask(method, path, json=body)
        assert asked.status_code < 300, asked.text


# What takes an accident to come about, as the service would write it.
_IN_STATUS = {
    "failed": "UPDATE tweet SET status = 'failed', error_code = 'x_refused' WHERE id = :id",
    "held": "UPDATE tweet SET status = 'held', error_code = 'account_inactive' WHERE id = :id",
    "posting": "UPDATE tweet SET status = 'posting' WHERE id = :id",
    "unconfirmed": "UPDATE tweet SET status = 'unconfirmed', needs_decision = 1 WHERE id = :id",
}


def newman(service: Installation, *more: str, collection: Path = COLLECTION) -> subprocess.CompletedProcess[str]:
    assert NEWMAN.exists(), f"{NEWMAN} is not there: `make e2e` installs it"
    words = [str(NEWMAN), "run", str(collection), "--environment", str(ENVIRONMENT), "--color", "off"]
    values = ["--env-var", f"apiKey={service.api_key}", "--env-var", f"baseUrl={service.url}"]
    return subprocess.run([*words, *values, *more], capture_output=True, text=True, timeout=110, check=False, cwd=TOOLS)


def assert_good(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr


def assert_stopped(done: subprocess.CompletedProcess[str], why: str) -> None:
    """It failed, said so in these words, and has not gone on."""
    assert done.returncode == 1, done.stdout[-20_000:] + done.stderr
    assert why in done.stdout
    assert "Publishes a post" not in done.stdout


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The collection with what `change` does to it."""
    whole = json.loads(COLLECTION.read_text(encoding="utf-8"))
    change(whole)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def request_in(whole: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for folder in whole["item"] for item in folder["item"] if item["name"].startswith(name))


def test_two_runs_leave_all_data_as_it_was(in_mock_mode: Installation) -> None:
    fill(in_mock_mode)
    before = rows(in_mock_mode)
    for _ in range(2):
        assert_good(newman(in_mock_mode))
        assert_as_before(before, rows(in_mock_mode))
    assert in_mock_mode.error_lines() == []


def test_a_run_beside_real_accounts_leaves_them_as_they_were(against_simulator: Installation) -> None:
    fill(against_simulator)
    assert against_simulator.ask("POST", "/api/v1/mock-mode", json={"enabled": True}).status_code == 200
    before = rows(against_simulator)
    assert_good(newman(against_simulator))
    assert_as_before(before, rows(against_simulator))


def test_with_mock_mode_off_it_stops_before_anything(against_simulator: Installation) -> None:
    fill(against_simulator)
    before = rows(against_simulator)
    assert_stopped(newman(against_simulator), "Mock mode is off")
    assert rows(against_simulator) == before


def test_what_an_environment_or_an_earlier_run_keeps_is_not_used(in_mock_mode: Installation, tmp_path: Path) -> None:
    fill(in_mock_mode)
    before = rows(in_mock_mode)
    alice = in_mock_mode.accounts()[0]["id"]
    in_environment = newman(in_mock_mode, "--env-var", f"accountId={alice}")
    assert_stopped(in_environment, "Take accountId out of the environment")
    kept = {"accountId": alice, "tweetId": 1, "threadId": 1, "batchId": 1, "webhookId": 1, "trialUser": "pm_earlier"}

    def give_values(whole: dict[str, Any]) -> None:
        whole["variable"] += [{"key": name, "value": value} for name, value in kept.items()]

    for folder in ("Posting", "Webhooks", "Clean up"):
        done = newman(in_mock_mode, "--folder", folder, collection=changed(tmp_path, give_values))
        assert_stopped(done, "not the one that this run has connected")
    assert rows(in_mock_mode) == before
    assert_good(newman(in_mock_mode, collection=changed(tmp_path, give_values)))
    assert_as_before(before, rows(in_mock_mode))


def test_a_webhook_is_not_told_of_a_run(in_mock_mode: Installation) -> None:
    """What would be told does not go out, and everything else works."""
    hook = {"url": "https://example.com/every-event"}
    ask_all(in_mock_mode, [("POST", "/api/v1/webhooks", hook)])
    before = rows(in_mock_mode)
    done = newman(in_mock_mode)
    assert_good(done)
    assert "not sent, since a webhook would be told of it" in done.stdout
    assert_as_before(before, rows(in_mock_mode))


def test_a_consent_without_an_account_ends_the_run(in_mock_mode: Installation, tmp_path: Path) -> None:
    fill(in_mock_mode)
    before = rows(in_mock_mode)

    def lead_elsewhere(whole: dict[str, Any]) -> None:
        request_in(whole, "A new user says yes")["request"]["url"] = "{{baseUrl}}/api/v1/health?{{authUrl}}"

    assert_stopped(newman(in_mock_mode, collection=changed(tmp_path, lead_elsewhere)), "accountId is there to be kept")
    assert_as_before(before, rows(in_mock_mode))


def test_a_step_that_fails_leaves_nothing_behind(in_mock_mode: Installation, tmp_path: Path) -> None:
    fill(in_mock_mode)
    before = rows(in_mock_mode)

    def spoil(whole: dict[str, Any]) -> None:
        for name in ("Keeps a tweet", "Publishes a thread"):
            request_in(whole, name)["request"]["body"]["raw"] = "{}"

    done = newman(in_mock_mode, collection=changed(tmp_path, spoil))
    assert done.returncode == 1
    assert "There is no tweetId of this run" in done.stdout
    assert_as_before(before, rows(in_mock_mode))
