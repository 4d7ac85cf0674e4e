"""A hundred posts at a hundred different seconds: how late they reach X."""

import time
from datetime import timedelta

from benchmarks.figures import Figure, percentile
from benchmarks.harness import ServiceUnderLoad, folder, in_whole_seconds
from twitter_manager.timestamps import now

__all__ = ["measure"]

POSTS = 100
LATE_SECONDS = 0.3


def measure(posts: int = POSTS) -> list[Figure]:
    """The time of arrival at X minus the scheduled time."""
    with folder() as path, ServiceUnderLoad(path, accounts=1) as harness:
        first = in_whole_seconds(3 + posts * 0.01)
        moments = [first + timedelta(seconds=number) for number in range(posts)]
        harness.schedule(moments)
        harness.x.be_slow()
        time.sleep((moments[-1] - now()).total_seconds() + 0.5)
        harness.wait_until_posted(posts, seconds=30)
        arrived = harness.x.arrivals()
    late = [(at - asked).total_seconds() for at, asked in zip(arrived, moments, strict=True)]
    detail = f"median {percentile(late, 50):.3f} s, last {max(late):.3f} s, first {min(late):.3f} s"
    return [
        Figure(
            name="p99 lateness",
            goal=LATE_SECONDS,
            value=percentile(late, 99),
            unit="s",
            at_most=True,
            detail=detail,
        )
    ]


if __name__ == "__main__":
    for figure in measure():
        print(figure)
