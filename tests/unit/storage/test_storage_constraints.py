"""NOT NULL, UNIQUE, FOREIGN KEY, CHECK, types and DEFAULT: proven by rows that the database refuses or completes."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.support import databases
from tests.support.clock import START
from tests.support.factories import put
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.rows import to_time
from twitter_manager.storage.sqlite.engine import SqliteDatabase

Values = dict[str, Any]
NOW = "2026-11-20T14:05:00.123Z"
REFUSED = (sqlite3.IntegrityError, psycopg.IntegrityError, psycopg.DataError, psycopg.errors.DatatypeMismatch)

# the least that each table takes: what is here is required, what is not has a default or may be empty
LEAST: dict[str, Values] = {
    "api_key": {"key_hash": "b" * 64},
    "twitter_account": {"username": "bob", "access_token": "encrypted", "x_user_id": "200"},
    "oauth_state": {"state": "s" * 16, "code_verifier": "encrypted", "redirect_uri": "http://127.0.0.1"},
    "tweet": {"twitter_account_id": 1, "content": "hello", "fingerprint": "print"},
    "attempt": {"tweet_id": 1, "account_id": 1, "lease": "lease", "started_at": NOW},
    "app_rest": {"mock": 0, "code": "credits_depleted", "since": NOW, "probe_at": NOW},
    "worker": {"id": "w1", "host": "here", "started_at": NOW, "seen_at": NOW},
    "service_state": {"name": "n", "value": "v"},
    "tweet_count": {"account_id": 1, "status": "draft", "n": 1},
}
# an account that is not active may do without a token, and one of OAuth 1.0a times without an id
OPTIONAL = {("twitter_account", "access_token"), ("twitter_account", "x_user_id"), ("app_rest", "mock")}
REQUIRED = [(table, column) for table, row in LEAST.items() for column in row if (table, column) not in OPTIONAL]

# columns with a default take no NULL either
NEVER_NULL = {
    "api_key": ["name", "source", "created_at", "is_active"],
    "twitter_account": [
        *("name", "mock", "status", "scopes", "token_version", "refresh_failures", "unauthorized_streak"),
        *("created_at", "linked_at", "updated_at"),
    ],
    "oauth_state": ["mock", "created_at"],
    "tweet": ["status", "post_now", "needs_decision", "created_at", "updated_at"],
    "attempt": ["outcome", "looks_absent", "looks_failed"],
    "app_rest": ["probes"],
}

DEFAULTS: dict[str, Values] = {
    "api_key": {"name": "", "source": "command", "is_active": 1},
    "twitter_account": {
        "name": "",
        "mock": 0,
        "status": "active",
        "scopes": "",
        "token_version": 0,
        "refresh_failures": 0,
        "unauthorized_streak": 0,
        "followers": None,
    },
    "oauth_state": {
        "mock": 0,
        "api_key_id": None,
        "account_id": None,
        "used_at": None,
        "code_hash": None,
        "connected_account_id": None,
    },
    "tweet": {"status": "pending", "post_now": 0, "needs_decision": 0, "due_at": None, "posted_at": None},
    "attempt": {"outcome": "open", "looks_absent": 0, "looks_failed": 0, "over_at": None},
    "app_rest": {"probes": 0, "twitter_error": None},
}

BAD: list[tuple[str, Values]] = [
    # one of a few words, or yes and no
    ("api_key", {"source": "found"}),
    ("api_key", {"is_active": 2}),
    ("api_key", {"key_hash": "b" * 63}),
    ("twitter_account", {"status": "sleeping"}),
    ("twitter_account", {"mock": 2}),
    ("oauth_state", {"mock": 2}),
    ("oauth_state", {"state": "s" * 15}),
    ("oauth_state", {"state": "s" * 501}),
    ("oauth_state", {"code_hash": "c" * 63}),
    ("tweet", {"status": "lost"}),
    ("tweet", {"post_now": 2}),
    ("tweet", {"needs_decision": 2, "status": "unconfirmed"}),
    ("attempt", {"outcome": "maybe", "over_at": NOW}),
    ("app_rest", {"mock": 2}),
    # empty, negative, or not made of digits
    ("twitter_account", {"username": ""}),
    ("twitter_account", {"x_user_id": ""}),
    ("twitter_account", {"x_user_id": "12a"}),
    ("twitter_account", {"x_user_id": "a12"}),
    ("twitter_account", {"followers": -1}),
    ("twitter_account", {"refresh_failures": -1}),
    ("twitter_account", {"unauthorized_streak": -1}),
    ("tweet", {"content": ""}),
    ("tweet", {"status": "posted", "posted_at": NOW, "twitter_id": ""}),
    ("tweet", {"twitter_id": "12a"}),
    ("attempt", {"looks_absent": -1}),
    ("attempt", {"looks_failed": -1}),
    ("app_rest", {"probes": -1}),
    # what must go together
    ("twitter_account", {"access_token": None}),
    ("twitter_account", {"x_user_id": None}),
    ("twitter_account", {"refresh_lease": "lease"}),
    ("twitter_account", {"refresh_lease_until": NOW}),
    ("tweet", {"status": "posted", "twitter_id": "1"}),
    ("tweet", {"status": "posted", "posted_at": NOW}),
    ("tweet", {"posted_at": NOW}),
    ("tweet", {"status": "scheduled"}),
    ("tweet", {"needs_decision": 1}),
    *[("tweet", {"status": status, "due_at": NOW}) for status in ("draft", "failed", "canceled")],
    ("tweet", {"status": "posted", "posted_at": NOW, "twitter_id": "1", "due_at": NOW}),
    ("attempt", {"over_at": NOW}),
    ("attempt", {"outcome": "refused"}),
    ("attempt", {"outcome": "posted", "over_at": NOW}),
    # twice
    ("api_key", {"key_hash": "a" * 64}),
    ("twitter_account", {"x_user_id": "100", "username": "other"}),
    ("twitter_account", {"username": "alice"}),
    ("twitter_account", {"username": "ALICE"}),
    ("oauth_state", {"state": "t" * 16}),
    ("tweet", {"status": "posted", "posted_at": NOW, "twitter_id": "55"}),
    ("attempt", {"tweet_id": 2}),
    ("attempt", {"tweet_id": 2, "outcome": "unclear", "over_at": NOW}),
    ("app_rest", {"mock": 1}),
    ("worker", {"id": "w0"}),
    ("service_state", {"name": "mock_mode"}),
    ("tweet_count", {"status": "pending"}),
    ("lane", {"account_id": 1, "mock": 0}),
    # pointing at nothing
    ("oauth_state", {"api_key_id": 99}),
    ("oauth_state", {"account_id": 99}),
    ("oauth_state", {"connected_account_id": 99}),
    ("tweet", {"twitter_account_id": 99}),
    ("attempt", {"tweet_id": 99}),
    ("attempt", {"account_id": 99}),
    ("lane", {"account_id": 99, "mock": 0}),
    ("tweet_count", {"account_id": 99}),
    # of the wrong type
    ("twitter_account", {"followers": "many"}),
    ("tweet", {"post_now": "yes"}),
    ("attempt", {"http_status": "OK"}),
    pytest.param("worker", {"host": b"bytes"}, marks=pytest.mark.sqlite),  # psycopg makes a text of them
]


@pytest.fixture
def db(db: SqliteDatabase) -> SqliteDatabase:
    """A row in each table: key, account and tweet 1; tweet 2 has an attempt under way, tweet 3 is posted."""
    with db.transaction() as tx:
        put(tx, "api_key", key_hash="a" * 64)
        put(tx, "twitter_account", username="alice", access_token="encrypted", x_user_id="100")
        put(tx, "oauth_state", state="t" * 16, code_verifier="encrypted", redirect_uri="http://127.0.0.1")
        for _ in range(2):
            put(tx, "tweet", **LEAST["tweet"])
        put(tx, "tweet", **LEAST["tweet"], status="posted", twitter_id="55", posted_at=NOW)
        put(tx, "attempt", **(LEAST["attempt"] | {"tweet_id": 2}))
        put(tx, "app_rest", **(LEAST["app_rest"] | {"mock": 1}))
        put(tx, "worker", **(LEAST["worker"] | {"id": "w0"}))
    return db


def refuses(db: SqliteDatabase, table: str, row: Values) -> None:
    with pytest.raises(REFUSED), db.transaction() as tx:
        put(tx, table, **row)


@pytest.mark.parametrize(("table", "row"), LEAST.items())
def test_the_minimum_is_accepted(db: SqliteDatabase, table: str, row: Values) -> None:
    with db.transaction() as tx:
        put(tx, table, **row)


@pytest.mark.parametrize(("table", "column"), REQUIRED)
def test_what_is_required(db: SqliteDatabase, table: str, column: str) -> None:
    refuses(db, table, LEAST[table] | {column: None})
    refuses(db, table, {name: value for name, value in LEAST[table].items() if name != column})


@pytest.mark.parametrize(("table", "column"), [(table, name) for table, names in NEVER_NULL.items() for name in names])
def test_a_default_is_no_leave_to_be_empty(db: SqliteDatabase, table: str, column: str) -> None:
    refuses(db, table, LEAST[table] | {column: None})


@pytest.mark.parametrize(("table", "changes"), BAD, ids=lambda value: str(value)[:60])
def test_what_is_refused(db: SqliteDatabase, table: str, changes: Values) -> None:
    refuses(db, table, LEAST.get(table, {}) | changes)


@pytest.mark.parametrize(("table", "expected"), DEFAULTS.items())
def test_defaults(db: SqliteDatabase, table: str, expected: Values) -> None:
    with db.transaction() as tx:
        put(tx, table, **LEAST[table])
        column, value = next(iter(LEAST[table].items()))
        order = "ORDER BY id DESC" if table in _NUMBERED else ""
        row = tx.one(f"SELECT * FROM {table} WHERE {column} = :value {order}", value=value)
    assert row is not None
    assert {name: row[name] for name in expected} == expected


_NUMBERED = {"api_key", "twitter_account", "tweet", "attempt"}
_DATED = {
    "api_key": ["created_at"],
    "twitter_account": ["created_at", "linked_at", "updated_at"],
    "oauth_state": ["created_at"],
    "tweet": ["created_at", "updated_at"],
}


@pytest.mark.parametrize(("table", "column"), [(table, name) for table, names in _DATED.items() for name in names])
def test_times_by_default_are_the_present_in_fixed_width(db: SqliteDatabase, table: str, column: str) -> None:
    row = db.one(f"SELECT {column} AS moment FROM {table}")
    assert row is not None
    assert abs((to_time(row["moment"]) - datetime.now(UTC)).total_seconds()) < 900
    if databases.chosen() == "sqlite":
        assert len(row["moment"]) == len(NOW)
        assert row["moment"].endswith("Z")


@pytest.mark.parametrize(
    "change",
    [
        "mock = 2",
        "mock = NULL",
        "lease = 'l'",
        "lease_until = 't'",
        "lease = 'l', lease_until = 't'",
        "worker_id = 'w'",
        "trouble_streak = -1",
        "trouble_streak = NULL",
        "account_id = 99",
    ],
)
def test_what_a_lane_refuses(db: SqliteDatabase, change: str) -> None:
    with pytest.raises(REFUSED), db.transaction() as tx:
        tx.execute(f"UPDATE lane SET {change} WHERE account_id = 1")


def test_the_same_user_and_name_are_two_accounts_in_two_environments(db: SqliteDatabase) -> None:
    with db.transaction() as tx:
        put(tx, "twitter_account", username="alice", access_token="encrypted", x_user_id="100", mock=1)
        lanes = tx.all("SELECT mock FROM lane ORDER BY account_id")
    assert [row["mock"] for row in lanes] == [0, 1]


def test_an_account_of_oauth1_times_is_kept_and_failed(db: SqliteDatabase) -> None:
    with db.transaction() as tx:
        put(tx, "twitter_account", username="old", access_token="encrypted", access_token_secret="secret")
        row = tx.one("SELECT * FROM twitter_account WHERE username = 'old'")
    assert row is not None
    assert (row["status"], row["error_code"]) == ("failed", "oauth1_not_supported")


def test_a_second_attempt_is_fine_once_the_first_is_over(db: SqliteDatabase) -> None:
    with db.transaction() as tx:
        tx.execute("UPDATE attempt SET outcome = 'absent', over_at = :now", now=START)
        put(tx, "attempt", **(LEAST["attempt"] | {"tweet_id": 2}))


def test_with_its_account_goes_everything_of_it(db: SqliteDatabase) -> None:
    def rows(tx: Transaction, table: str) -> int:
        row = tx.one(f"SELECT count(*) AS n FROM {table}")
        return int(row["n"]) if row else 0

    with db.transaction() as tx:
        put(tx, "oauth_state", **(LEAST["oauth_state"] | {"account_id": 1, "api_key_id": 1}))
        tx.execute("DELETE FROM twitter_account WHERE id = 1")
        assert [rows(tx, table) for table in ("tweet", "attempt", "lane", "tweet_count")] == [0, 0, 0, 0]
        assert rows(tx, "oauth_state") == 1  # the other one, of no account


def test_with_its_key_goes_a_connection_that_was_begun(db: SqliteDatabase) -> None:
    with db.transaction() as tx:
        put(tx, "oauth_state", **(LEAST["oauth_state"] | {"api_key_id": 1}))
        tx.execute("DELETE FROM api_key WHERE id = 1")
        assert [row["state"] for row in tx.all("SELECT state FROM oauth_state")] == ["t" * 16]


def test_ids_are_not_given_twice(db: SqliteDatabase) -> None:
    with db.transaction() as tx:
        tx.execute("DELETE FROM tweet")
        put(tx, "tweet", **LEAST["tweet"])
        row = tx.one("SELECT id FROM tweet")
    assert row is not None
    assert row["id"] == 4
