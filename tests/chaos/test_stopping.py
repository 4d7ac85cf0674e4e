"""SIGTERM with calls in flight: exit code 0 within ten seconds, and nothing unclear that need not be."""

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from tests.chaos.exactly_once import assert_each_once, sends
from tests.support.eventually import eventually
from tests.support.service_process import Installation, Process
from twitter_manager.simulator.world import World

WITHIN = 10.0
IN_FLIGHT = 8


# the same code stops both; the second one takes its time in the long runs
WHERE = pytest.mark.parametrize(
    "apart",
    [pytest.param(False, id="worker inside"), pytest.param(True, id="worker apart", marks=pytest.mark.chaos)],
)


def tweets_in_flight(service: Installation, world: World) -> list[str]:
    """X is calling; two tweets for each account, of which the first is on its way."""
    written = []
    for number in range(IN_FLIGHT):
        account = service.connect(f"user{number}")
        for part in ("first", "second"):
            written.append(f"The {part} of user{number}")
            service.create(account, written[-1])
    service.post_pending()
    eventually(lambda: sends(world) == IN_FLIGHT, seconds=30, what="eight calls in flight", every=0.01)
    return written


def stopped_well(service: Installation, running: Process) -> float:
    """Asks it to stop; how many seconds that took."""
    began = time.monotonic()
    running.ask_to_stop()
    assert running.exit_code(within=WITHIN) == 0
    return time.monotonic() - began


@WHERE
def test_what_x_answers_in_two_seconds_is_stored(service: Installation, world: World, apart: bool) -> None:
    web = service.start(WORKER="off" if apart else "on")
    worker = service.start_worker() if apart else web
    world.faults.is_slow(2, times=IN_FLIGHT)
    written = tweets_in_flight(service, world)
    stopped_well(service, worker)
    statuses = service.statuses()
    assert [statuses[text] for text in written if "first" in text] == ["posted"] * IN_FLIGHT
    assert {statuses[text] for text in written if "second" in text} <= {"pending", "held"}
    assert sends(world) == IN_FLIGHT
    service.start_worker() if apart else service.start()
    service.wait_until_posted(2 * IN_FLIGHT, seconds=30)
    assert sends(world) == 2 * IN_FLIGHT  # nothing was unclear, nothing was sent in vain
    assert_each_once(world, service, written)


def test_a_caller_who_waits_hears_what_became_of_it(service: Installation, world: World) -> None:
    running = service.start()
    tweet = service.create(service.connect("ann"), "Somebody waits for me")
    world.faults.is_slow(2)
    with ThreadPoolExecutor(1) as pool:
        answer: Future[requests.Response] = pool.submit(service.ask, "POST", f"/api/v1/tweet/post/{tweet}")
        eventually(lambda: sends(world) == 1, seconds=30, what="the call", every=0.01)
        stopped_well(service, running)
        assert answer.result(10).status_code == 200
        assert answer.result().json()["twitter_id"] == world.posts()[0].id


@WHERE
def test_what_x_does_not_answer_in_time_is_left_to_the_successor(
    service: Installation, world: World, apart: bool
) -> None:
    web = service.start(WORKER="off" if apart else "on")
    worker = service.start_worker() if apart else web
    world.faults.is_slow(30, times=IN_FLIGHT)
    written = tweets_in_flight(service, world)
    stopped_well(service, worker)
    service.start_worker() if apart else service.start()
    service.wait_until_posted(2 * IN_FLIGHT, seconds=60)
    assert sends(world) == 2 * IN_FLIGHT
    assert_each_once(world, service, written)


def test_with_nothing_in_flight_it_stops_at_once(service: Installation) -> None:
    running = service.start()
    assert stopped_well(service, running) < 3
