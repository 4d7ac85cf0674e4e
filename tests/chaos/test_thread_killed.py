"""kill -9 while a part of a thread is on its way: afterwards the thread is whole, in order, nothing twice."""

import pytest

from tests.chaos.exactly_once import assert_chained, assert_each_once, sends
from tests.support.eventually import eventually
from tests.support.service_process import Installation
from twitter_manager.simulator.world import World

PARTS = ["One of four", "Two of four", "Three of four", "Four of four"]


@pytest.mark.parametrize("part", [*(pytest.param(part, marks=pytest.mark.chaos) for part in (0, 1, 3)), 2])
def test_x_took_the_part_and_nobody_heard_of_it(service: Installation, world: World, part: int) -> None:
    running = service.start()
    world.faults.accepts_then_stays_silent(skip=part)
    thread_id = service.create_thread(service.connect("ann"), PARTS)
    eventually(lambda: sends(world) == part + 1, seconds=30, what="X gets the part", every=0.005)
    running.kill()
    service.start()
    service.wait_until_posted(len(PARTS), seconds=30)
    assert_each_once(world, service, PARTS)
    assert_chained(world, service, thread_id)
    assert sends(world) == len(PARTS)


def test_x_answered_and_it_could_not_be_stored(service: Installation, world: World) -> None:
    running = service.start()
    world.faults.is_slow(0.7, skip=1)
    thread_id = service.create_thread(service.connect("ann"), PARTS)
    eventually(lambda: sends(world) == 2, seconds=30, what="X gets the second part", every=0.005)
    with service.locked_database():
        eventually(lambda: len(world.posts()) == 2, seconds=10, what="X has it")
        running.kill()
    service.start()
    service.wait_until_posted(len(PARTS), seconds=30)
    assert_each_once(world, service, PARTS)
    assert_chained(world, service, thread_id)
    assert sends(world) == len(PARTS)
