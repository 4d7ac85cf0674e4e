"""A thousand tweets over 16 accounts by one call of post-pending, beside tweepy in a plain pool of as many threads."""

import time

from benchmarks import tweepy_pool
from benchmarks.figures import Figure
from benchmarks.harness import ServiceUnderLoad, SimulatedX, folder, numbered_texts

__all__ = ["measure"]

TWEETS, ACCOUNTS, WIDTH = 1000, 16, 16


def measure(tweets: int = TWEETS) -> list[Figure]:
    """The pool's time divided by the service's."""
    by_hand, by_service = _with_tweepy(tweets), _with_the_service(tweets)
    detail = f"{by_service:.2f} s, tweepy {by_hand:.2f} s"
    return [Figure(name="post-pending", goal=0.95, value=by_hand / by_service, detail=detail)]


def _with_tweepy(tweets: int) -> float:
    with folder() as path, SimulatedX(path) as x:
        tokens = [x.sign_in(f"user{number}") for number in range(ACCOUNTS)]
        x.be_slow()
        return tweepy_pool.run(x.url, tokens, numbered_texts(tweets), width=WIDTH)


def _with_the_service(tweets: int) -> float:
    with folder() as path, ServiceUnderLoad(path, accounts=ACCOUNTS, WORKER_CONCURRENCY=str(WIDTH)) as harness:
        harness.create(tweets)
        harness.x.be_slow()
        began = time.perf_counter()
        answer = harness.ask("POST", "/api/v1/tweets/post-pending", {})
        took = time.perf_counter() - began
    if answer["posted"] != tweets:
        raise RuntimeError(f"posted {answer['posted']} of {tweets}")
    return took


if __name__ == "__main__":
    for figure in measure():
        print(figure)
