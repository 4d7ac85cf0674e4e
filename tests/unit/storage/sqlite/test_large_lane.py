"""An account with 40,000 due tweets: a turn costs what it costs with one."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import START, Clock
from tests.support.factories import new_account, new_unconfirmed_tweet, open_database
from twitter_manager.storage import attempts, lanes, service_state, tweet_lists, tweet_queue, tweets
from twitter_manager.storage.database import Row, Transaction, TweetSearch
from twitter_manager.storage.sqlite import tweet_search
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.timestamps import later, to_text

MANY = 40_000
MAX_SECONDS = 0.002

FILL = """
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many)
    INSERT INTO tweet (twitter_account_id, content, fingerprint, due_at)
    SELECT 1, 'tweet ' || n, 'print ' || n, :now FROM numbers
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDatabase]:
    path: Path = tmp_path_factory.mktemp("large") / "a.db"
    db = open_database(path, Clock())
    with db.transaction() as tx:
        service_state.set_mock_mode(tx, True)
        new_account(tx, 1)
        tx.execute(FILL, many=MANY, now=START)
        lanes.make_due(tx, 1, START)
    yield db
    db.close()


def fastest(action: Callable[[], object]) -> float:
    """Of some tries, in seconds: what it costs when nothing else runs."""
    times = []
    for _ in range(7):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.parametrize("unsettled", [0, 1, lanes.MAX_UNSETTLED])
@pytest.mark.parametrize("analyzed", [False, True])
def test_a_lane_task(large: SqliteDatabase, unsettled: int, analyzed: bool) -> None:
    class TakenBack(Exception):
        pass

    def claim(tx: Transaction) -> None:
        assert lanes.claim(tx, lease="lease", until=later(tx.now, 120), worker_id="worker")

    with pytest.raises(TakenBack), large.transaction() as tx:
        if analyzed:
            tx.execute("ANALYZE")
        for number in range(unsettled):
            new_unconfirmed_tweet(tx, 1, f"unsettled {number}")
        cost = {
            "claim and release": fastest(lambda: (claim(tx), lanes.release(tx, 1, "lease"))),
            "next_to_send": fastest(lambda: tweet_queue.next_to_send(tx, 1)),
            "list_unsettled": fastest(lambda: tweet_queue.list_unsettled(tx, 1)),
            "adopted_ids": fastest(lambda: tweets.adopted_ids(tx, 1, ["1", "2"])),
            "list_due_too_late": fastest(lambda: lanes.list_due_too_late(tx, now=tx.now)),
            "counts": fastest(lambda: tweet_lists.count_by_status(tx)),
            "a page": fastest(lambda: tweet_lists.list_page(tx, tweet_lists.TweetFilter(account_id=1), limit=10)),
        }
        assert {name: round(seconds, 4) for name, seconds in cost.items() if seconds > MAX_SECONDS} == {}
        raise TakenBack


def plan(db: SqliteDatabase, sql: str) -> list[str]:
    return [row["detail"] for row in db.all(f"EXPLAIN QUERY PLAN {sql}", now=to_text(START), account_id=1, lease="l")]


def test_the_plan_of_the_due_time(large: SqliteDatabase) -> None:
    steps = plan(large, f"SELECT ({lanes._NEXT_DUE}) FROM lane WHERE account_id = :account_id")
    reads = [step for step in steps if step.startswith(("SCAN", "SEARCH")) and "subquery" not in step]
    assert "SEARCH t USING INDEX tweet_due (twitter_account_id=? AND due_at>?)" in reads
    assert [step for step in reads if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"] == []
    # both of these are ordered by something else than the due time: they may only read the unsettled few
    assert all("status=?" in step or "fingerprint=?" in step for step in reads if " u " in step or " tweet " in step)


class Statement:
    """Keeps what is asked instead of answering."""

    tweet_search: TweetSearch = tweet_search
    now = START

    def all(self, sql: str, **parameters: object) -> list[Row]:
        self.sql, self.parameters = sql, parameters
        return []

    def one(self, sql: str, **parameters: object) -> None:
        self.all(sql, **parameters)

    def value(self, sql: str, **parameters: object) -> int:
        self.all(sql, **parameters)
        return 0


@pytest.mark.parametrize(
    ("index", "ask"),
    [
        (
            "tweet_equal",
            lambda q: tweets.find_equal(q, 1, fingerprint="print 1", reply_to=None, since=START, until=START),
        ),
        ("tweet_by_account", lambda q: tweet_queue.list_unsettled(q, 1)),
        ("attempt_to_check", lambda q: attempts.list_to_check(q, 1)),
        ("tweet_unsettled", lambda q: tweets.get_many(q, [1])),
        ("tweet_waiting_part", lambda q: tweet_queue.list_due_times(q, 1, until=START, limit=1)),
        ("tweet_next_part", lambda q: tweet_queue.next_to_send(q, 1)),
        ("tweet_post_now", lambda q: tweet_queue.next_to_send(q, 1)),
        ("tweet_order", lambda q: tweet_queue.next_to_send(q, 1)),
        ("lane_due", lambda q: lanes.claim(q, lease="lease", until=START, worker_id="worker")),
    ],
)
def test_the_indexes_of_some_statuses_are_used(large: SqliteDatabase, index: str, ask: Callable[[Any], object]) -> None:
    statement = Statement()
    ask(statement)
    with large.transaction() as tx:
        steps = tx.all(f"EXPLAIN QUERY PLAN {statement.sql}", **statement.parameters)
    assert [step["detail"] for step in steps if f" {index} " in step["detail"]] != []
