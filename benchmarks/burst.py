"""A thousand posts due in one second over 50 accounts, at a width of 64; and what X was asked beside them."""

import time
from datetime import datetime

from benchmarks.figures import Figure
from benchmarks.harness import LATENCY, ServiceUnderLoad, folder, in_whole_seconds
from twitter_manager.timestamps import now

__all__ = ["measure"]

POSTS, ACCOUNTS, WIDTH = 1000, 50, 64
FIRST_SECONDS = 0.5


def measure(posts: int = POSTS, accounts: int = ACCOUNTS) -> list[Figure]:
    """How long until all are out and until each account's first is, by the tweets' posted_at; and how many reads and
    refreshes X was called for, although nothing failed."""
    ideal = max(posts / accounts * LATENCY, posts * LATENCY / WIDTH)
    with folder() as path, ServiceUnderLoad(path, accounts=accounts, WORKER_CONCURRENCY=str(WIDTH)) as harness:
        due, before = _due_at_once(harness, posts), harness.x.count_calls()
        time.sleep(max(0.0, (due - now()).total_seconds() + ideal))
        harness.wait_until_posted(posts, seconds=60)
        out = [(account, (moment - due).total_seconds()) for account, moment in harness.posted()]
        reads = harness.x.count_calls() - before - posts
    firsts = [min(seconds for who, seconds in out if who == account) for account in {account for account, _ in out}]
    last = max(seconds for _, seconds in out)
    return [
        Figure(
            name="all out after",
            goal=1.10 * ideal,
            value=last,
            unit="s",
            at_most=True,
            detail=f"ideal {ideal:.2f} s",
        ),
        Figure(
            name="each account's first out after",
            goal=FIRST_SECONDS,
            value=max(firsts),
            unit="s",
            at_most=True,
        ),
        Figure(
            name="looks and refreshes",
            goal=0,
            value=1000 * reads / posts,
            at_most=True,
            detail=f"{posts} posts",
        ),
    ]


def _due_at_once(harness: ServiceUnderLoad, posts: int) -> datetime:
    due = in_whole_seconds(1 + posts * 0.004)
    harness.schedule([due] * posts)
    harness.x.be_slow()
    return due


if __name__ == "__main__":
    for figure in measure():
        print(figure)
