"""For the storage tests: accounts, tweets and other rows."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from tests.support import databases
from tests.support.clock import START, Clock
from twitter_manager.models import Account, Attempt, Tweet
from twitter_manager.storage import accounts, attempts, tweet_states, tweets
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.timestamps import later


def at(seconds: float) -> datetime:
    """`seconds` after START."""
    return later(START, seconds)


def new_account(tx: Transaction, number: int, *, mock: bool = True) -> Account:
    return accounts.connect(
        tx,
        x_user_id=str(1000 + number),
        username=f"user{number}",
        name=f"User {number}",
        mock=mock,
        access_token="encrypted access",
        refresh_token="encrypted refresh",
        scopes="tweet.read",
        token_expires_at=later(tx.now, 7200),
        followers=None,
    )


def new_tweet(tx: Transaction, account_id: int, text: str = "hello") -> Tweet:
    new = tweets.NewTweet(account_id=account_id, content=text, fingerprint=f"print of {text}")
    return tweets.insert(tx, new)


def new_due_tweet(tx: Transaction, account_id: int, text: str = "hello", *, due_at: datetime | None = None) -> Tweet:
    tweet = new_tweet(tx, account_id, text)
    tx.execute("UPDATE tweet SET due_at = :due_at WHERE id = :id", due_at=due_at or tx.now, id=tweet.id)
    return tweets.get(tx, tweet.id)


def new_posting_tweet(tx: Transaction, account_id: int, text: str = "hello") -> tuple[Tweet, Attempt]:
    tweet = new_due_tweet(tx, account_id, text)
    attempt = attempts.insert(tx, tweet_id=tweet.id, account_id=account_id, lease="lease", since_id=None)
    assert tweet_states.begin_posting(tx, tweet.id)
    return tweets.get(tx, tweet.id), attempt


def new_unconfirmed_tweet(
    tx: Transaction, account_id: int, text: str = "hello", *, check_at: datetime | None = None
) -> Tweet:
    tweet, attempt = new_posting_tweet(tx, account_id, text)
    assert attempts.close(tx, attempt.id, outcome="unclear", over_at=tx.now)
    assert tweet_states.mark_unconfirmed(
        tx, tweet.id, check_at=check_at or tx.now, error_code="x_unclear", twitter_error="words"
    )
    return tweets.get(tx, tweet.id)


def number_from_one(tx: Transaction) -> None:
    """The ids of accounts and tweets: of PostgreSQL's, those of a transaction that was taken back stay used up."""
    if databases.chosen() == "postgresql":
        tx.all("SELECT setval('twitter_account_id_seq', 1, FALSE), setval('tweet_id_seq', 1, FALSE)")


def put(tx: Transaction, table: str, **values: object) -> None:
    """Inserts a row without the storage functions."""
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    tx.execute(f"INSERT INTO {table} {f'({names}) VALUES ({marks})' if values else 'DEFAULT VALUES'}", **values)


def counted(q: Queries) -> dict[tuple[int, str], int]:
    """The counters, without the zeros."""
    rows = q.all("SELECT * FROM tweet_count WHERE n <> 0")
    return {(row["account_id"], row["status"]): row["n"] for row in rows}


def truly_counted(q: Queries) -> dict[tuple[int, str], int]:
    """What the counters should say."""
    rows = q.all("SELECT twitter_account_id AS id, status, count(*) AS n FROM tweet GROUP BY 1, 2")
    return {(row["id"], row["status"]): row["n"] for row in rows}


def contents(path: Path) -> list[str]:
    """The tweets' texts, read by another connection."""
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT content FROM tweet ORDER BY id")]


def open_database(path: Path, clock: Clock) -> SqliteDatabase | PostgresDatabase:
    """A database with a short patience, so that a test of a locked one is over soon."""
    db: SqliteDatabase | PostgresDatabase
    if databases.chosen() == "sqlite":
        db = SqliteDatabase(path, clock=clock, patience=0.02)
    else:
        db = PostgresDatabase(databases.server().url_of(str(path)), clock=clock, patience=0.5)
    db.migrate()
    return db
