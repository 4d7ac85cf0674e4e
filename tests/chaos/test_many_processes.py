"""A web process without a worker, and two workers beside it."""

from collections.abc import Callable

from tests.chaos.exactly_once import assert_each_once, sends
from tests.support.service_process import Installation
from twitter_manager.simulator.world import World

TWEETS = 100
ACCOUNTS = 8


def test_a_hundred_tweets_by_two_workers(install: Callable[..., Installation], world: World) -> None:
    service = install(WORKER="off", WORKER_CONCURRENCY="4")
    service.start()
    workers = [service.start_worker(), service.start_worker()]
    accounts = [service.connect(f"user{number}") for number in range(ACCOUNTS)]
    written = [f"Number {number} of a hundred" for number in range(TWEETS)]
    for number, text in enumerate(written):
        service.create(accounts[number % ACCOUNTS], text)
    world.change(latency=0.1)
    service.post_pending()
    service.wait_until_posted(TWEETS, seconds=60)
    assert sends(world) == TWEETS
    assert_each_once(world, service, written)
    for worker in workers:
        worker.ask_to_stop()
        assert worker.exit_code(within=10) == 0
