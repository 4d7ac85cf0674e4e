"""Posts per second while much is due: 64 in flight over 200 accounts, and on PostgreSQL 128 by two workers.

The most that is possible is the width divided by X's latency.
"""

import time
from functools import partial

from benchmarks import postgresql
from benchmarks.figures import Figure
from benchmarks.harness import LATENCY, ServiceUnderLoad, folder, in_whole_seconds
from twitter_manager.timestamps import now

__all__ = ["measure"]

ACCOUNTS, WIDTH, POSTS = 200, 64, 1920
SLOW, WORKERS = 0.4, 2  # seconds for each answer; processes


def measure(posts: int = POSTS, accounts: int = ACCOUNTS) -> list[Figure]:
    """How much of the width is used, from the moment when all are due until the last is out."""
    return [
        _figure("SQLite", 0.9, posts, accounts),
        *postgresql.figures(partial(_on_postgresql, posts, accounts)),
    ]


def _on_postgresql(posts: int, accounts: int) -> list[Figure]:
    with postgresql.database() as url:
        one = _figure("PostgreSQL", 0.8, posts, accounts, DATABASE_URL=url)
    with postgresql.database() as url:
        two = _figure("PostgreSQL", 0.8, posts, accounts, latency=SLOW, workers=WORKERS, DATABASE_URL=url)
    return [one, two]


def _figure(
    name: str, goal: float, posts: int, accounts: int, *, latency: float = LATENCY, workers: int = 1, **settings: str
) -> Figure:
    most = workers * WIDTH / latency
    with (
        folder() as path,
        ServiceUnderLoad(path, accounts=accounts, WORKER_CONCURRENCY=str(WIDTH), **settings) as harness,
    ):
        for _ in range(workers - 1):  # the service is one itself
            harness.service.start_worker()
        due = in_whole_seconds(1 + posts * 0.005)
        harness.schedule([due] * posts)
        harness.x.be_slow(latency)
        time.sleep(max(0.0, (due - now()).total_seconds() + posts / most))
        harness.wait_until_posted(posts, seconds=120)
        took = max((moment - due).total_seconds() for _, moment in harness.posted())
    return Figure(
        name=f"{name}, {workers * WIDTH} in flight over {accounts} accounts",
        goal=goal,
        value=posts / took / most,
        detail=f"{posts / took:.0f} posts/s of {most:.0f}/s, X at {latency * 1000:.0f} ms",
    )


if __name__ == "__main__":
    for figure in measure():
        print(figure)
