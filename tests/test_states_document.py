"""docs/states.md: every state and every way between them is as the program has it. Each function is called and seen."""

import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service
from twitter_manager import models
from twitter_manager.api.tweet_responses import STATUSES
from twitter_manager.services.publishing.thread_states import THREAD_STATES
from twitter_manager.storage import batches, threads, tweet_holds, tweet_states, tweets
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
MIGRATIONS = ROOT / "twitter_manager" / "storage" / "sqlite" / "migrations"
SCHEMA = "\n".join(path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("*.sql")))
# Functions of storage/threads.py that change tweets' statuses or due times.
READS = {"may_be_sent"}  # of tweet_states: changes nothing
OF_THREADS = {"cancel_unsent", "chain", "close_gap", "reschedule", "resume", "stop"}
ONLY_READING = {"tweet_states.may_be_sent"}

Call = Callable[[Transaction, int, int, int], object]

# How each function is called, for a tweet of an account in a thread. A new one needs a line here and a row there.
CALLS: dict[str, list[Call]] = {
    "tweet_states.edit": [
        lambda tx, tweet, account, thread, status=status: tweet_states.edit(
            tx,
            tweet,
            content="other",
            fingerprint="other",
            status=status,
            scheduled_at=tx.now if status == "scheduled" else None,
            due_at=None,
        )
        for status in ("draft", "pending", "scheduled", "canceled")
    ],
    "tweet_states.begin_posting": [lambda tx, tweet, account, thread: tweet_states.begin_posting(tx, tweet)],
    "tweet_states.cancel": [lambda tx, tweet, account, thread: tweet_states.cancel(tx, tweet)],
    "tweet_states.cancel_batch": [lambda tx, tweet, account, thread: cancel_batch(tx, tweet)],
    "tweet_holds.expire_overdue": [
        lambda tx, tweet, account, thread, policy=policy: expire_overdue(tx, tweet, account, policy)
        for policy in ("skip", "hold")
    ],
    "tweet_states.clear_id_of_another": [
        lambda tx, tweet, account, thread: tweet_states.clear_id_of_another(tx, account, twitter_id="2", tweet_id=0)
    ],
    "tweet_holds.clamp_future": [
        lambda tx, tweet, account, thread: tweet_holds.clamp_future(tx, held=tx.now, check=tx.now)
    ],
    "tweet_holds.release_held_for_window": [lambda tx, tweet, account, thread: tweet_holds.release_held_for_window(tx)],
    "tweet_states.mark_posted": [
        lambda tx, tweet, account, thread: tweet_states.mark_posted(tx, tweet, twitter_id="1", posted_at=tx.now)
    ],
    "tweet_states.mark_failed": [
        lambda tx, tweet, account, thread: tweet_states.mark_failed(
            tx, tweet, error_code="post_refused", twitter_error=None
        )
    ],
    "tweet_states.mark_unconfirmed": [
        lambda tx, tweet, account, thread: tweet_states.mark_unconfirmed(
            tx, tweet, check_at=tx.now, error_code="x_unclear", twitter_error=None
        )
    ],
    "tweet_states.send_again": [lambda tx, tweet, account, thread: tweet_states.send_again(tx, tweet)],
    "tweet_holds.hold": [
        lambda tx, tweet, account, thread: tweet_holds.hold(tx, tweet, error_code="rate_limited", until=None)
    ],
    "tweet_holds.hold_due_of_account": [
        lambda tx, tweet, account, thread: tweet_holds.hold_due_of_account(
            tx, account, error_code="rate_limited", until=tx.now
        )
    ],
    "tweet_holds.hold_due_of_environment": [
        lambda tx, tweet, account, thread: tweet_holds.hold_due_of_environment(
            tx, mock=True, error_code="credits_depleted", until=tx.now
        )
    ],
    "tweet_holds.hold_all_of_account": [
        lambda tx, tweet, account, thread: tweet_holds.hold_all_of_account(tx, account, error_code="account_failed")
    ],
    "tweet_holds.release_held_of_account": [
        lambda tx, tweet, account, thread: tweet_holds.release_held_of_account(tx, account)
    ],
    "tweet_holds.release_held_of_environment": [
        lambda tx, tweet, account, thread: tweet_holds.release_held_of_environment(
            tx, mock=True, error_code="rate_limited"
        )
    ],
    "tweet_states.retry": [
        lambda tx, tweet, account, thread: tweet_states.retry(tx, tweet, content="other", fingerprint="other")
    ],
    "tweet_states.make_due": [lambda tx, tweet, account, thread: tweet_states.make_due(tx, tweet, post_now=True)],
    "tweet_states.make_pending_due": [
        lambda tx, tweet, account, thread: tweet_states.make_pending_due(tx, among=[account])
    ],
    "tweet_states.schedule_check": [lambda tx, tweet, account, thread: tweet_states.schedule_check(tx, tweet, tx.now)],
    "tweet_states.postpone_checks": [
        lambda tx, tweet, account, thread: tweet_states.postpone_checks(tx, account, tx.now)
    ],
    "tweet_states.mark_needs_decision": [
        lambda tx, tweet, account, thread: tweet_states.mark_needs_decision(
            tx, tweet, error_code="doubtful_match", check_at=None
        )
    ],
    "threads.chain": [lambda tx, tweet, account, thread: threads.chain(tx, thread)],
    "threads.resume": [lambda tx, tweet, account, thread: threads.resume(tx, thread)],
    "threads.cancel_unsent": [
        lambda tx, tweet, account, thread: threads.cancel_unsent(tx, thread, error_code="too_late")
    ],
    "threads.stop": [lambda tx, tweet, account, thread: threads.stop(tx, thread)],
    "threads.reschedule": [lambda tx, tweet, account, thread: reschedule(tx, tweet, thread)],
    "threads.close_gap": [
        lambda tx, tweet, account, thread, gone=gone: close_gap(tx, tweet, gone)
        for gone in ("pending", "scheduled", "held")
    ],
}


def expire_overdue(tx: Transaction, tweet: int, account: int, policy: str) -> None:
    tx.execute("UPDATE tweet SET late_policy = :policy WHERE id = :id", policy=policy, id=tweet)
    tweet_holds.expire_overdue(tx, account, before=later(tx.now, 1), limit=10)


def cancel_batch(tx: Transaction, tweet: int) -> None:
    batch = batches.insert(tx, api_key_id=None)
    tx.execute("UPDATE tweet SET batch_id = :batch_id WHERE id = :id", batch_id=batch.id, id=tweet)
    tweet_states.cancel_batch(tx, batch.id)


def reschedule(tx: Transaction, tweet: int, thread: int) -> None:
    """Of a part that waits."""
    tx.execute("UPDATE tweet SET position = 2, due_at = NULL WHERE id = :id", id=tweet)
    threads.reschedule(tx, thread, tx.now)


def close_gap(tx: Transaction, tweet: int, gone: str) -> None:
    """To a part that waits, by a part in front of it in the status `gone`."""
    tx.execute("UPDATE tweet SET position = 2, due_at = NULL WHERE id = :id", id=tweet)
    time = tx.now if gone == "scheduled" else None
    part = replace(tweets.get(tx, tweet), position=1, status=gone, scheduled_at=time, due_at=tx.now, twitter_id=None)
    threads.close_gap(tx, part, taken_down=False)


def section(title: str) -> str:
    return re.split(r"^## ", re.split(rf"^## {title}\n", DOCUMENT, flags=re.MULTILINE)[1], flags=re.MULTILINE)[0]


def states_in(title: str) -> list[str]:
    """The first column of the section's table of states."""
    table = re.split(r"^\| (?:Status|Outcome) \|.*\n\|[-|]+\n", section(title), flags=re.MULTILINE)[1].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def allowed(column: str) -> set[str]:
    """The words of `CHECK (column IN (…))` in the schema."""
    found = re.search(rf"\b{column} TEXT NOT NULL[^,]*?CHECK \({column} IN \(([^)]*)\)", SCHEMA, re.DOTALL)
    assert found is not None, column
    return set(re.findall(r"'(\w+)'", found[1]))


def ways() -> dict[str, set[tuple[str, str]]]:
    """By function: the ways (from, to) that the document names."""
    found: dict[str, set[tuple[str, str]]] = {}
    for start, end, name in re.findall(
        r"^\| ((?:`\w+` ?)+) \| ((?:`\w+` ?)+) \| `storage\.([\w.]+)` \|", section("A tweet"), re.MULTILINE
    ):
        starts, ends = re.findall(r"\w+", start), re.findall(r"\w+", end)
        found[name] = {(one, other) for one in starts for other in ends if one != other}
    return found


def test_the_statuses_of_tweets() -> None:
    assert set(states_in("A tweet")) == set(STATUSES)


def test_the_outcomes_of_tries() -> None:
    assert set(states_in("A try to put a tweet on X")) == allowed("outcome")


def test_the_states_of_threads() -> None:
    assert states_in("A thread") == list(THREAD_STATES)


def test_the_statuses_of_accounts() -> None:
    table = re.search(r"CREATE TABLE twitter_account .*?CHECK \(status IN \(([^)]*)\)", SCHEMA, re.DOTALL)
    assert table is not None
    assert set(states_in("An account")) == set(re.findall(r"'(\w+)'", table[1]))


def test_the_statuses_of_deliveries() -> None:
    assert states_in("A delivery to a webhook") == list(models.DELIVERY_STATUSES)


def test_every_function_that_is_named_exists() -> None:
    named = re.findall(r"`((?:storage|services)\.\w+)(?:\.(\w+))?`", DOCUMENT)
    assert len(named) > 20
    for module, function in named:
        found = importlib.import_module(f"twitter_manager.{module}")
        assert not function or hasattr(found, function), f"{module}.{function}"


def test_every_function_that_changes_a_tweets_state_is_named_and_called_here() -> None:
    named = set(re.findall(r"`storage\.((?:tweet_states|tweet_holds|threads)\.\w+)`", section("A tweet")))
    of_tweets = {f"tweet_states.{name}" for name in tweet_states.__all__ if name not in READS}
    of_tweets |= {f"tweet_holds.{name}" for name in tweet_holds.__all__}
    there = (of_tweets - ONLY_READING) | {f"threads.{name}" for name in OF_THREADS}
    assert named == there
    assert set(CALLS) == there


def test_no_other_function_of_storage_changes_a_tweets_status() -> None:
    for path in (ROOT / "twitter_manager" / "storage").rglob("*.py"):
        if path.stem not in ("tweet_states", "tweet_holds"):
            changing = re.findall(r"UPDATE tweet SET[^\"]*?[\s,]status = ", path.read_text(encoding="utf-8"))
            assert bool(changing) == (path.stem == "threads"), path.name


@pytest.mark.parametrize("name", CALLS)
def test_what_a_function_does_to_a_tweet_in_every_status(service: Service, name: str) -> None:
    account = service.connect("alice")
    seen: set[tuple[str, str]] = set()
    for call in CALLS[name]:
        for status in STATUSES:
            for has_time in (False, True):
                seen |= {(status, after) for after in outcome(service, account, status, call, has_time=has_time)}
    changes = {(before, after) for before, after in seen if before != after}
    assert changes == ways().get(name, set()), f"docs/states.md says something else of {name}"


def outcome(service: Service, account: int, status: str, call: Call, *, has_time: bool) -> set[str]:
    """The status after the call, of a tweet in a thread of its own; nothing if a tweet cannot be like that."""
    if status == "scheduled" and not has_time:
        return set()
    found: set[str] = set()
    for is_due in (False, True):
        with pytest.raises(_Undone), service.services.db.transaction() as tx:
            thread = threads.insert(tx, account_id=account)
            tweet = tx.one(
                """
                INSERT INTO tweet (twitter_account_id, content, fingerprint, status, twitter_id, posted_at,
                    scheduled_at, due_at, thread_id, position, error_code)
                VALUES (:account, 'text', 'print', :status, :twitter_id, :posted_at, :time, :due, :thread, 1,
                    'rate_limited')
                RETURNING id
                """,
                account=account,
                status=status,
                twitter_id="2" if status == "posted" else None,
                posted_at=tx.now if status == "posted" else None,
                time=tx.now if has_time else None,
                due=tx.now if is_due and status not in ("posted", "failed", "canceled", "draft") else None,
                thread=thread.id,
            )
            assert tweet is not None
            call(tx, tweet["id"], account, thread.id)
            row = tx.one("SELECT status FROM tweet WHERE id = :id", id=tweet["id"])
            assert row is not None
            found.add(row["status"])
            raise _Undone
    return found


class _Undone(Exception):
    """Nothing of it is kept."""


def test_the_functions_of_accounts_take_them_where_the_document_says() -> None:
    services: Any = importlib.import_module("twitter_manager.services.accounts.tokens")
    assert '"active"' in inspect.getsource(services.reactivate_account)
    lost = set(
        re.findall(
            r"`(\w+)`", section("An account").split("`services.accounts.tokens.deactivate_account`")[0].splitlines()[-1]
        )
    )
    calls = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "twitter_manager/services").rglob("*.py"))
    given = set(re.findall(r"deactivate_account\([^)]*?status=\"(\w+)\"", calls)) | set(
        re.findall(r"AccountLost\(\s*\"(\w+)\"", calls)
    )
    assert given == lost
