"""SIGSTOP: a worker that stands still in the middle of its calls for longer than its lease, while a second one works.

The same with a moved clock, in many variants, is test_lost_leases.py.
"""

import time
from collections.abc import Callable

import pytest

from tests.chaos.exactly_once import assert_each_once, sends
from tests.support.eventually import eventually
from tests.support.service_process import Installation, Process
from tests.support.stored_rows import Locked
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.simulator.world import World

ACCOUNTS = 6
PER_ACCOUNT = 5


def freeze_without_the_pen(service: Installation, worker: Process) -> None:
    """Freezes it at a moment when it is not writing: a database that a frozen process locked helps nobody."""

    def can_be_written() -> bool:
        worker.freeze()
        try:
            with service.locked_database(patience=0.5):
                return True
        except Locked:
            worker.thaw()
            return False

    eventually(can_be_written, seconds=30, what="a moment between two transactions")


@pytest.mark.chaos
@pytest.mark.timeout(400)
@pytest.mark.parametrize("frozen_for", [LEASE_SECONDS + 30, 50.0], ids=["past the lease", "past the call's deadline"])
def test_a_worker_frozen_in_the_middle_of_its_calls(
    install: Callable[..., Installation], world: World, frozen_for: float
) -> None:
    service = install(WORKER="off")
    service.start()
    sleeper = service.start_worker()
    accounts = [service.connect(f"user{number}") for number in range(ACCOUNTS)]
    written = [f"Frozen or not: {number} ❄️" for number in range(ACCOUNTS * PER_ACCOUNT)]
    for number, text in enumerate(written):
        service.create(accounts[number % ACCOUNTS], text)
    world.faults.is_slow(3, times=ACCOUNTS)
    service.post_pending()
    eventually(lambda: sends(world) == ACCOUNTS, seconds=30, what="six calls in flight", every=0.01)
    freeze_without_the_pen(service, sleeper)
    service.start_worker()
    time.sleep(frozen_for)
    if frozen_for > LEASE_SECONDS:
        service.wait_until_posted(len(written), seconds=60)  # the second one did everything
    sleeper.thaw()
    service.wait_until_posted(len(written), seconds=120)
    time.sleep(5)  # whatever the first one still does
    assert sends(world) == len(written)
    assert_each_once(world, service, written)
