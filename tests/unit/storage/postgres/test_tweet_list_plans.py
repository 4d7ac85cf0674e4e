"""PostgreSQL reads every list along an index: it is told none, and must find it by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.support import databases
from tests.support.clock import Clock
from tests.support.factories import new_account
from twitter_manager.storage import tweet_lists
from twitter_manager.storage.database import Row, TweetSearch
from twitter_manager.storage.postgres import tweet_search
from twitter_manager.storage.postgres.dialect import rows_of_storage, to_psycopg
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.storage.tweet_lists import NEWEST_FIRST, Order, TweetFilter

pytestmark = pytest.mark.skipif(databases.chosen() == "sqlite", reason="about PostgreSQL's plans")

COUNT = 16_000  # of fewer, reading all costs less than looking for a page
FILL = """
    INSERT INTO tweet (twitter_account_id, content, fingerprint, status, error_code, needs_decision, thread_id,
        position, batch_id, scheduled_at, created_at)
    SELECT 1 + n % 2, 'word' || n % 7 || ' number ' || n, n,
        CASE WHEN n % 100 = 0 THEN 'failed' WHEN n % 1000 = 1 THEN 'unconfirmed' ELSE 'pending' END,
        CASE WHEN n % 100 = 0 THEN 'post_refused' END, CASE WHEN n % 1000 = 1 THEN 1 ELSE 0 END,
        CASE WHEN n < 10 THEN 1 END, CASE WHEN n < 10 THEN n END, CASE WHEN n < 100 THEN 1 END,
        timestamptz '2026-11-20 00:00Z' + n % 997 * interval '1 minute',
        timestamptz '2026-11-20 00:00Z' + n * interval '1 minute'
    FROM generate_series(:first, :last) AS n
"""
DAY = TweetFilter(since=datetime(2026, 11, 21, tzinfo=UTC), until=datetime(2026, 11, 22, tzinfo=UTC))
FILTERS = {
    "nothing": TweetFilter(),
    "an account": TweetFilter(account_id=1),
    "a rare status": TweetFilter(statuses=("failed",)),
    "statuses": TweetFilter(statuses=("failed", "pending", "held")),
    "statuses of an account": TweetFilter(statuses=("failed", "pending"), account_id=1),
    "a rare word": TweetFilter(words="number 5000"),
    "a rare word and a status": TweetFilter(words="5000", statuses=("failed",)),
    "a thread": TweetFilter(thread_id=1),
    "a batch": TweetFilter(batch_id=1),
    "a batch and statuses": TweetFilter(batch_id=1, statuses=("pending", "failed")),
    "an error": TweetFilter(error_code="post_refused"),
    "an error of an account": TweetFilter(error_code="post_refused", account_id=1),
    "decisions": TweetFilter(needs_decision=True),
    "a day": DAY,
    "a day of an account": replace(DAY, account_id=1),
    "a day and a status": replace(DAY, statuses=("failed",)),
}
ORDERS = [NEWEST_FIRST, Order("created", descending=False), Order("scheduled", descending=True)]


class Watched:
    """The database, as somebody sees it who watches how it comes by its rows."""

    def __init__(self, url: str) -> None:
        self.link = psycopg.connect(url, autocommit=True, row_factory=rows_of_storage)
        self.tweet_search: TweetSearch = tweet_search
        self.plan: list[str] = []

    def one(self, sql: str, **parameters: object) -> Row | None:
        return next(iter(self.all(sql, **parameters)), None)

    def all(self, sql: str, **parameters: object) -> Sequence[Row]:
        self.plan += [row[0] for row in self.link.execute(f"EXPLAIN {to_psycopg(sql)}".encode(), parameters)]
        return self.link.execute(to_psycopg(sql).encode(), parameters).fetchall()

    def value(self, sql: str, **parameters: object) -> Any:
        return self.all(sql, **parameters)[0][0]


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    url = databases.server().empty()
    db = PostgresDatabase(url, clock=Clock())
    db.migrate()
    with db.transaction() as tx:
        new_account(tx, 1)
        new_account(tx, 2)
        tx.execute("INSERT INTO thread (id, account_id) VALUES (1, 1)")
        tx.execute("INSERT INTO batch (id) VALUES (1)")
    for first in range(1, COUNT, 400):
        with db.transaction() as tx:
            tx.execute(FILL, first=first, last=first + 399)
    db.close()
    opened = Watched(url)
    opened.link.execute("VACUUM (ANALYZE)")  # as autovacuum does before long
    yield opened
    opened.link.close()


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("name", FILTERS)
def test_no_list_reads_all_tweets(watched: Watched, name: str, order: Order) -> None:
    watched.plan.clear()
    assert tweet_lists.list_page(watched, FILTERS[name], limit=51, order=order)
    assert [step for step in watched.plan if "Seq Scan on tweet" in step] == [], "\n".join(watched.plan)
    walks = [step for step in watched.plan if "using tweet_pkey on tweet" in step and "rows=1 " not in step]
    assert walks == [] or name == "nothing" or name.startswith("a day"), watched.plan  # no further than the day
    filtered = [step for step in watched.plan if "  Filter:" in step and "status" in step]
    assert filtered == [] or name in ("a rare word and a status", "a batch and statuses"), watched.plan
