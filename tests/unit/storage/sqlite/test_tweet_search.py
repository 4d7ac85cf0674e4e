"""Full text search over the tweets' texts: what is found, that the index is always right, and what filters cost."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.clock import Clock
from tests.support.factories import at, new_account, new_tweet, open_database
from twitter_manager.storage import tweet_lists
from twitter_manager.storage.database import Row, Transaction, TweetSearch
from twitter_manager.storage.search_words import search_words
from twitter_manager.storage.sqlite import tweet_search
from twitter_manager.storage.sqlite.dialect import to_sqlite
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.sqlite.migrations import SHIPPED, migrate
from twitter_manager.storage.tweet_lists import TweetFilter

SEARCH_VERSION = 6


def check_index(tx: Transaction) -> None:
    """FTS5 compares every word of the index with the texts; raises sqlite3.DatabaseError where they differ."""
    tx.execute("INSERT INTO tweet_text (tweet_text, rank) VALUES ('integrity-check', 1)")


def found(db: SqliteDatabase, words: str) -> list[str]:
    which = TweetFilter(words=words)
    listed = [each.tweet.content for each in tweet_lists.list_page(db, which, limit=100)]
    assert len(listed) == tweet_lists.count(db, which)
    return listed


class TestTheIndexIsRight:
    TEXTS: ClassVar = ("one 東京", "two words", "zwei Wörter 🎉", "one two")
    CHANGES: ClassVar[dict[str, Callable[[Transaction, int], object]]] = {
        "insert": lambda tx, n: new_tweet(tx, 1, TestTheIndexIsRight.TEXTS[n % 4]),
        "change": lambda tx, n: tx.execute(
            "UPDATE tweet SET content = :text, search_words = :words WHERE id = :n",
            text=TestTheIndexIsRight.TEXTS[n % 3],
            words=search_words(TestTheIndexIsRight.TEXTS[n % 3]),
            n=n,
        ),
        "change nothing": lambda tx, n: tx.execute("UPDATE tweet SET content = content WHERE id = :n", n=n),
        "change its status": lambda tx, n: tx.execute("UPDATE tweet SET status = 'canceled' WHERE id = :n", n=n),
        "delete": lambda tx, n: tx.execute("DELETE FROM tweet WHERE id = :n", n=n),
    }

    @settings(
        max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(changes=st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(1, 5)), max_size=20))
    def test_after_any_change(self, db: SqliteDatabase, changes: list[tuple[str, int]]) -> None:
        class TakenBack(Exception):
            pass

        with pytest.raises(TakenBack), db.transaction() as tx:
            new_account(tx, 1)
            for name, number in [("insert", 0), ("insert", 1), *changes]:
                self.CHANGES[name](tx, number)
                check_index(tx)
            for word in ("one", "two", "東", "🎉"):
                listed = tweet_lists.list_page(tx, TweetFilter(words=word), limit=100)
                everything = tweet_lists.list_page(tx, TweetFilter(), limit=100)
                assert listed == [each for each in everything if word in each.tweet.content]
            raise TakenBack

    def test_after_an_account_went_with_its_tweets(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            new_tweet(tx, account_id, "one 東京")
            new_tweet(tx, new_account(tx, 2).id, "one")
            tx.execute("DELETE FROM twitter_account WHERE id = :id", id=account_id)
            check_index(tx)
        assert found(db, "one") == ["one"]
        assert found(db, "東") == []

    def test_a_text_that_stays_costs_nothing(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet = new_tweet(tx, account_id, "one two three")
            before = [tuple(row) for row in tx.all("SELECT id, block FROM tweet_text_data")]
            tx.execute("UPDATE tweet SET status = 'canceled', updated_at = :now", now=at(5))
            tx.execute("UPDATE tweet SET content = content, error_code = 'late'")
            assert [tuple(row) for row in tx.all("SELECT id, block FROM tweet_text_data")] == before
            tx.execute("UPDATE tweet SET content = 'four' WHERE id = :id", id=tweet.id)
            assert [tuple(row) for row in tx.all("SELECT id, block FROM tweet_text_data")] != before

    def test_tweets_that_were_there_before_it_are_in_it(self, tmp_path: Path) -> None:
        path = tmp_path / "older.db"
        migrate(path, [script for script in SHIPPED if script[0] < SEARCH_VERSION])
        older = SqliteDatabase(path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("twitter_manager.storage.sqlite.migrations._NEWEST", SEARCH_VERSION - 1)
            with older.transaction() as tx:
                new_account(tx, 1)
                for number, text in enumerate(("vorher 東京", "before", "vorher 🎉")):
                    tx.execute(
                        "INSERT INTO tweet (twitter_account_id, content, fingerprint, created_at)"
                        " VALUES (1, :text, '', :at)",
                        text=text,
                        at=at(600 * number),
                    )
            older.close()
        older.migrate()
        assert found(older, "vórher*") == ["vorher 🎉", "vorher 東京"]
        assert found(older, "vorher") == ["vorher 🎉", "vorher 東京"]
        assert found(older, "京") == ["vorher 東京"]
        listed = tweet_lists.list_page(older, TweetFilter(since=at(300), until=at(900)), limit=9)
        assert [each.tweet.content for each in listed] == ["before"]
        with older.transaction() as tx:
            check_index(tx)
        older.close()


FILL = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    INSERT INTO tweet (twitter_account_id, content, fingerprint, status, error_code, needs_decision, thread_id,
        position, batch_id, created_at)
    SELECT 1, 'word' || (n % 7) || ' number ' || n, n,
        CASE WHEN n % 100 = 0 THEN 'failed' WHEN n % 1000 = 1 THEN 'unconfirmed' ELSE 'pending' END,
        CASE WHEN n % 100 = 0 THEN 'post_refused' END, n % 1000 = 1,
        CASE WHEN n < 10 THEN 1 END, CASE WHEN n < 10 THEN n END, CASE WHEN n < 500 THEN 1 END,
        strftime('%Y-%m-%dT%H:%M:%fZ', '2026-11-20', '+' || n || ' minutes')
    FROM numbers
"""
DAY = TweetFilter(since=datetime(2026, 11, 27, tzinfo=UTC), until=datetime(2026, 11, 28, tzinfo=UTC))
FILTERS = {
    "nothing": TweetFilter(),
    "an account": TweetFilter(account_id=1),
    "a status": TweetFilter(statuses=("failed",)),
    "statuses": TweetFilter(statuses=("failed", "held")),
    "statuses of an account": TweetFilter(statuses=("failed", "held"), account_id=1),
    "a common word": TweetFilter(words="number"),
    "first letters": TweetFilter(words="w*"),
    "a rare word": TweetFilter(words="number 5000"),
    "a phrase": TweetFilter(words='"word4 number"'),
    "a word and a status": TweetFilter(words="number", statuses=("failed",)),
    "a thread": TweetFilter(thread_id=1),
    "a thread and a status": TweetFilter(thread_id=1, statuses=("pending",)),
    "a batch": TweetFilter(batch_id=1),
    "a batch and statuses": TweetFilter(batch_id=1, statuses=("pending", "failed")),
    "an error": TweetFilter(error_code="post_refused"),
    "an error of an account": TweetFilter(error_code="post_refused", account_id=1),
    "decisions": TweetFilter(needs_decision=True),
    "decisions of an account": TweetFilter(needs_decision=True, account_id=1),
    "a day": DAY,
    "a day of an account": replace(DAY, account_id=1),
    "a day and a status": replace(DAY, statuses=("failed",)),
    "a day and a word": replace(DAY, words="number"),
}
MAX_STEPS = 6_000  # of SQLite's machine, for 50 of 20,000 tweets
MORE_STEPS = {
    "a word and a status": 60_000,  # every tweet with the word is looked at
    **{name: 16_000 for name in FILTERS if name.startswith("a day")},  # the 2,000 periods are
}


class Watched:
    """The database, as somebody sees it who watches how it comes by its rows."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path)
        self._raw.row_factory = sqlite3.Row
        self.tweet_search: TweetSearch = tweet_search
        self.steps = 0
        self.plan: list[str] = []

    def one(self, sql: str, **parameters: object) -> Row | None:
        return next(iter(self.all(sql, **parameters)), None)

    def all(self, sql: str, **parameters: object) -> Sequence[Row]:
        sql = to_sqlite(sql)
        self.plan += [row["detail"] for row in self._raw.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        self._raw.set_progress_handler(self._count, 100)
        return self._raw.execute(sql, parameters).fetchall()

    def value(self, sql: str, **parameters: object) -> Any:
        return self.all(sql, **parameters)[0][0]

    def _count(self) -> int:
        self.steps += 100
        return 0


@pytest.fixture(scope="module", params=[False, True], ids=["as it is", "analyzed"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDatabase]:
    path: Path = tmp_path_factory.mktemp("large list") / "a.db"
    db = open_database(path, Clock())
    with db.transaction() as tx:
        new_account(tx, 1)
        tx.execute("INSERT INTO thread (id, account_id) VALUES (1, 1)")
        tx.execute("INSERT INTO batch (id) VALUES (1)")
        tx.execute(FILL)
        if request.param:
            tx.execute("ANALYZE")
    yield db
    db.close()


@pytest.mark.parametrize("before", [None, 19_000, 10_000, 300, 5])
@pytest.mark.parametrize("name", FILTERS)
def test_a_page_costs_the_same_at_any_depth(large: SqliteDatabase, name: str, before: int | None) -> None:
    watched = Watched(large.path)
    tweet_lists.list_page(watched, replace(FILTERS[name], before=before), limit=50)
    assert watched.steps <= MORE_STEPS.get(name, MAX_STEPS)
    # every list but the one of all tweets has an index to go by
    assert [step for step in watched.plan if step.endswith("SCAN tweet") and FILTERS[name] != TweetFilter()] == []


@pytest.mark.parametrize("name", FILTERS)
def test_counting_reads_what_is_counted(large: SqliteDatabase, name: str) -> None:
    watched = Watched(large.path)
    assert (
        tweet_lists.count(watched, FILTERS[name]) == len(tweet_lists.list_page(large, FILTERS[name], limit=30_000)) > 0
    )
    assert [step for step in watched.plan if step.endswith("SCAN tweet")] == []
