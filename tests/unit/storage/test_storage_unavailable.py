"""Every public function of storage says StorageUnavailable when the database is away, and stores nothing."""

import inspect
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.clock import START
from twitter_manager.errors import NotFound, StorageUnavailable
from twitter_manager.models import Tweet
from twitter_manager.storage import (
    account_tokens,
    accounts,
    alerts,
    api_key_calls,
    api_keys,
    app_rests,
    attempt_outcomes,
    attempts,
    audit,
    batches,
    copy_clock,
    idempotency_keys,
    lanes,
    media,
    oauth_states,
    rate_windows,
    restored,
    secrets,
    service_state,
    slots,
    threads,
    tweet_cleanup,
    tweet_holds,
    tweet_lists,
    tweet_queue,
    tweet_states,
    tweets,
    webhook_deliveries,
    webhooks,
    workers,
    x_calls,
)
from twitter_manager.storage.audit import AuditFilter, NewEntry
from twitter_manager.storage.copy_clock import CopyClock
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.idempotency_keys import IdempotentCall
from twitter_manager.storage.media import NewMedia
from twitter_manager.storage.restored import Restored
from twitter_manager.storage.secrets import Secret
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.tweet_cleanup import CleanUp
from twitter_manager.storage.tweet_lists import TweetFilter
from twitter_manager.storage.tweets import NewTweet
from twitter_manager.storage.webhook_deliveries import DeliveryFilter
from twitter_manager.storage.webhooks import WebhookChoice

NOUNS = (
    account_tokens,
    accounts,
    alerts,
    api_key_calls,
    api_keys,
    app_rests,
    attempt_outcomes,
    attempts,
    audit,
    batches,
    copy_clock,
    idempotency_keys,
    lanes,
    media,
    oauth_states,
    rate_windows,
    restored,
    secrets,
    service_state,
    slots,
    threads,
    tweet_cleanup,
    tweet_holds,
    tweet_lists,
    tweet_queue,
    tweet_states,
    tweets,
    webhook_deliveries,
    webhooks,
    workers,
    x_calls,
)
FUNCTIONS = [
    pytest.param(getattr(noun, name), id=f"{noun.__name__.rpartition('.')[2]}.{name}")
    for noun in NOUNS
    for name in noun.__all__
    if inspect.isfunction(getattr(noun, name))
]
EXAMPLES = {
    int: 1,
    str: "1" * 64,
    bool: False,
    datetime: START,
    TweetFilter: TweetFilter(),
    CleanUp: CleanUp(),
    NewMedia: NewMedia(sha256="1" * 64, file_key="1", type="photo", mime_type="image/png", size=1),
    Tweet: Tweet(**dict.fromkeys(field.name for field in fields(Tweet)) | {"id": 1, "thread_id": 1, "status": "held"}),
    NewTweet: NewTweet(account_id=1, content="hello", fingerprint="print"),
    AuditFilter: AuditFilter(),
    NewEntry: NewEntry(actor="key", route="/"),
    CopyClock: CopyClock(installation="0000", next_at=START),
    Restored: Restored(account_id=1, since_id=None, known_until=START, restored_at=START, check_at=START),
    Secret: Secret("canary", "gAAAA", {"name": "encryption_canary"}),
    DeliveryFilter: DeliveryFilter(webhook_id=1),
    WebhookChoice: WebhookChoice(url="https://example.org/", description="", events=["tweet.posted"]),
    IdempotentCall: IdempotentCall(api_key_id=1, method="POST", path="/", key="1", body_hash="1"),
}


# These get as far as the database, which has no such row, or takes no such value. AssertionError: lanes.get.
REFUSE_THE_EXAMPLES = {
    "account_tokens.clear",
    "accounts.change_status",
    "accounts.get",
    "accounts.get_obstacles",
    "alerts.add_failure",
    "api_key_calls.replace",
    "api_keys.insert",
    "attempts.insert",
    "batches.get",
    "batches.insert",
    "batches.insert_refusal",
    "idempotency_keys.insert",
    "idempotency_keys.try_insert",
    "lanes.get",
    "media.get",
    "oauth_states.insert",
    "rate_windows.put",
    "slots.replace",
    "threads.get",
    "threads.insert",
    "tweets.account_of",
    "tweets.get",
    "tweets.get_of_account",
    "tweets.insert",
    "webhook_deliveries.insert",
    "webhooks.get",
    "x_calls.insert",
}


def call(db: SqliteDatabase, function: Callable[..., Any]) -> Any:
    """With the database or a transaction of it, as it asks, and something of the right type for everything else."""
    first, *others = inspect.signature(function, eval_str=True).parameters.values()
    values = {each.name: example(each.annotation) for each in others if each.default is each.empty}
    if first.annotation is Queries:
        found = function(db, **values)
        return list(found) if isinstance(found, Iterator) else found
    with db.transaction() as tx:
        return function(tx, **values)


def example(annotation: Any) -> object:
    for kind, value in EXAMPLES.items():
        if annotation == kind or annotation == kind | None:
            return value
    return {} if "Mapping" in str(annotation) else []


def test_there_are_as_many_as_there_should_be() -> None:
    files = {path.stem for path in Path(accounts.__file__).parent.glob("*.py")}
    without_sql = {"__init__", "copying", "database", "moving", "rows", "search_words", "statuses", "tweet_filter"}
    assert files - without_sql == {n.__name__.rpartition(".")[2] for n in NOUNS}
    assert len(FUNCTIONS) > 70


def test_each_takes_a_database_or_a_transaction() -> None:
    for function in FUNCTIONS:
        first = next(iter(inspect.signature(function.values[0], eval_str=True).parameters.values()))
        assert first.annotation in (Queries, Transaction), function.id


def test_each_can_be_called_so_while_the_database_is_there(db: SqliteDatabase, account_id: int) -> None:
    refused = set()
    for function in FUNCTIONS:
        try:
            call(db, function.values[0])
        except (NotFound, AssertionError, sqlite3.IntegrityError, psycopg.IntegrityError):
            refused.add(function.id)
    assert refused == REFUSE_THE_EXAMPLES


@pytest.mark.sqlite
def test_vanished(db: SqliteDatabase, path: Path, account_id: int) -> None:
    path.rename(path.with_name("elsewhere"))
    for function in FUNCTIONS:
        with pytest.raises(StorageUnavailable):
            call(db, function.values[0])
    assert not path.exists()


@pytest.mark.sqlite
def test_locked(db: SqliteDatabase, path: Path, account_id: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for function in FUNCTIONS:
            if next(iter(inspect.signature(function.values[0]).parameters)) == "tx":
                with pytest.raises(StorageUnavailable):
                    call(db, function.values[0])
