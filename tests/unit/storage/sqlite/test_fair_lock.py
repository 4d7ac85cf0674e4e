"""The fair lock: served in the order of asking, nobody waits for ever, nothing is lost when somebody gives up."""

import threading
import time

import pytest

from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage.sqlite.fair_lock import MAX_WAITING, STUCK_SECONDS, FairLock


def queue_up(lock: FairLock, name: int, served: list[int]) -> threading.Thread:
    """A thread that has asked for the lock when this returns."""

    def acquire() -> None:
        with lock.held(patience=5):
            served.append(name)

    before = len(lock._waiting)
    thread = threading.Thread(target=acquire)
    thread.start()
    while len(lock._waiting) == before:
        time.sleep(0.001)
    return thread


def test_in_the_order_of_asking() -> None:
    lock, served = FairLock(), list[int]()
    with lock.held(patience=1):
        threads = [queue_up(lock, name, served) for name in range(12)]
        assert served == []
    for thread in threads:
        thread.join(5)
    assert served == list(range(12))


def test_who_gives_up_leaves_the_queue() -> None:
    lock, served = FairLock(), list[int]()
    with lock.held(patience=1):
        first = queue_up(lock, 1, served)
        with pytest.raises(StorageUnavailable), lock.held(patience=0.01):
            pytest.fail("two had it")
        second = queue_up(lock, 2, served)
    first.join(5)
    second.join(5)
    assert served == [1, 2]
    with lock.held(patience=0):
        pass


def test_an_exception_gives_it_back() -> None:
    lock = FairLock()
    with pytest.raises(KeyError), lock.held(patience=0):
        raise KeyError
    with lock.held(patience=0):
        pass


def test_one_at_a_time_even_when_many_give_up() -> None:
    lock, inside, most = FairLock(), [0], [0]

    def work() -> None:
        for _ in range(100):
            try:
                with lock.held(patience=0.0005):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.0001)
                    inside[0] -= 1
            except StorageUnavailable:
                pass  # giving up is what is tried here

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (inside, most) == ([0], [1])
    with lock.held(patience=0):
        pass


def test_a_burst_waits_in_order_and_nobody_is_refused() -> None:
    lock, served = FairLock(), list[int]()
    with lock.held(patience=1):
        threads = [queue_up(lock, name, served) for name in range(MAX_WAITING + 20)]
    for thread in threads:
        thread.join(5)
    assert len(served) == MAX_WAITING + 20


def test_for_a_writer_that_is_stuck_only_a_limited_number_wait() -> None:
    lock, served = FairLock(), list[int]()
    with lock.held(patience=1):
        threads = [queue_up(lock, name, served) for name in range(MAX_WAITING)]
        lock._held_since -= 2 * STUCK_SECONDS
        began = time.monotonic()
        with pytest.raises(StorageUnavailable), lock.held(patience=5):
            pytest.fail("it was not refused")
        assert time.monotonic() - began < 1
    for thread in threads:
        thread.join(5)
    assert len(served) == MAX_WAITING
