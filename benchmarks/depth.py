"""What a page, a search and the numbers cost among 100,000 tweets, beside 1,000: on SQLite and on PostgreSQL.

Both sizes are asked in turns, and of each the fastest answer counts. What is rare is equally rare in both.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from benchmarks import page, postgresql
from benchmarks.figures import Figure
from benchmarks.harness import folder
from tests.support import databases
from tests.support.clock import START, Clock
from tests.support.factories import new_account
from twitter_manager.storage import service_state, tweet_lists
from twitter_manager.storage.database import Database
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.tweet_lists import Order, TweetFilter

__all__ = ["measure"]

FEW, MANY = 1_000, 100_000
ROWS = 51  # a page, and one more that says whether the list goes on
RARE = 60  # of each kind
ACCOUNTS = 5
REPEATS = 60
GOAL = 1.3
CHUNK = 100
FILL = f"""
    INSERT INTO tweet (twitter_account_id, content, fingerprint, status, scheduled_at, created_at)
    WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
    SELECT 1 + n % {ACCOUNTS}, 'Number ' || n || ' of a day' || CASE WHEN n % :every = 1 THEN ' rarely' ELSE '' END,
        'print of ' || n, CASE WHEN n % :every = 0 THEN 'failed' WHEN n % 2 = 0 THEN 'held' ELSE 'scheduled' END,
        :now, :now
    FROM numbers
"""

Question = Callable[[Database, int], object]  # among how many tweets


def _page(which: TweetFilter, order: Order = tweet_lists.NEWEST_FIRST) -> Question:
    return lambda db, _: tweet_lists.list_page(db, which, limit=ROWS, order=order)


QUESTIONS: Mapping[str, Question] = {
    "first page": _page(TweetFilter()),
    "page in the middle": lambda db, n: tweet_lists.list_page(db, TweetFilter(before=n // 2), limit=ROWS),
    "a rare status": _page(TweetFilter(statuses=("failed",))),
    "three statuses": _page(TweetFilter(statuses=("failed", "held", "scheduled"))),
    "one account": _page(TweetFilter(account_id=2)),
    "by scheduled time": _page(TweetFilter(), Order("scheduled", descending=False)),
    "search": _page(TweetFilter(words="rarely")),
    "search, how many": lambda db, _: tweet_lists.count(db, TweetFilter(words="rarely")),
    "stats": lambda db, _: tweet_lists.count_by_status(db),
    "total": lambda db, _: tweet_lists.count(db, TweetFilter(account_id=2)),
}


def measure(few: int = FEW, many: int = MANY, repeats: int = REPEATS) -> list[Figure]:
    """The time among many tweets divided by the time among few."""
    return [
        *_on_sqlite(few, many, repeats),
        *postgresql.figures(lambda: _on_postgresql(few, many, repeats)),
    ]


def _on_sqlite(few: int, many: int, repeats: int) -> list[Figure]:
    with folder() as path:
        small, large = (SqliteDatabase(path / name, clock=Clock()) for name in ("few.db", "many.db"))
        _fill(small, few)
        _fill(large, many)
        return _compared("SQLite", small, large, few, many, repeats)


def _on_postgresql(few: int, many: int, repeats: int) -> list[Figure]:
    try:
        urls = [databases.server().empty() for _ in range(2)]
        small, large = (PostgresDatabase(url, clock=Clock()) for url in urls)
        _fill(small, few)
        _fill(large, many)
        for url in urls:
            with databases.link(url) as link:
                link.execute("VACUUM (ANALYZE)")  # as autovacuum does before long
        return _compared("PostgreSQL", small, large, few, many, repeats)
    finally:
        databases.at_end()


def _compared(name: str, small: Database, large: Database, few: int, many: int, repeats: int) -> list[Figure]:
    figures = []
    for question, ask in QUESTIONS.items():
        times = [(_seconds(ask, small, few), _seconds(ask, large, many)) for _ in range(repeats)]
        figures.append(_figure(f"{name}, {question}", times))
    small.close()
    large.close()
    return figures


def _figure(name: str, times: Sequence[tuple[float, float]]) -> Figure:
    small, large = (min(each) for each in zip(*times, strict=True))
    return Figure(
        name=f"{name}: 100,000 tweets beside 1,000",
        goal=GOAL,
        value=large / small,
        at_most=True,
        detail=f"{large * 1000:.2f} ms beside {small * 1000:.2f} ms",
    )


def _seconds(ask: Question, db: Database, tweets: int) -> float:
    started = time.perf_counter()
    ask(db, tweets)
    return time.perf_counter() - started


def _fill(db: Database, tweets: int) -> None:
    db.migrate()
    with db.transaction() as tx:
        service_state.set_mock_mode(tx, True)
        for number in range(ACCOUNTS):
            new_account(tx, number)
    for first in range(1, tweets + 1, CHUNK):
        with db.transaction() as tx:
            last, now = min(first + CHUNK - 1, tweets), START + timedelta(minutes=first / 10)
            tx.execute(FILL, first=first, last=last, every=tweets // RARE, now=now)


if __name__ == "__main__":
    for figure in measure():
        print(page.line(figure), figure.detail)
