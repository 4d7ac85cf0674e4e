"""Which workers live, by locks that end with their connections."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support import databases
from tests.support.eventually import eventually
from tests.unit.storage.postgres.test_engine import end_connections
from twitter_manager.storage.postgres.engine import PostgresDatabase

ID, OTHER = "ffeeddccbbaa9988", "0011223344556677"
Open = Callable[..., PostgresDatabase]

# The server lets a lock go when it has seen that the connection is over: a moment after our side closed it.


def is_free(db: PostgresDatabase, worker_id: str) -> bool:
    with db.worker_locks.taken_over(worker_id) as free:
        return free


def test_it_is_held_until_its_process_ends(opened: Open) -> None:
    one, other = opened(), opened()
    one.worker_locks.hold(ID)
    assert (is_free(other, ID), is_free(other, OTHER)) == (False, True)
    one.close()
    eventually(lambda: is_free(other, ID))


def test_one_at_a_time_takes_over(opened: Open) -> None:
    one, other = opened(), opened()
    with one.worker_locks.taken_over(ID) as mine:
        assert (mine, is_free(other, ID)) == (True, False)
    eventually(lambda: is_free(other, ID))


def test_a_lost_one_is_taken_again_with_the_next_beat(opened: Open, server: databases.Server) -> None:
    one, other = opened(), opened()
    one.worker_locks.hold(ID)
    end_connections(server, other)
    eventually(lambda: is_free(other, ID))
    one.worker_locks.hold(ID)
    one.worker_locks.hold(ID)
    assert not is_free(other, ID)
    one.worker_locks.release(ID)
    eventually(lambda: is_free(other, ID))


def test_a_session_that_the_server_does_not_know_to_be_lost_does_not_keep_it(opened: Open) -> None:
    one, other = opened(patience=1.0), opened()
    one.worker_locks.hold(ID)
    with cut(one.worker_locks._held[ID].fileno()):
        assert not is_free(other, ID)
        one.worker_locks.hold(ID)
        assert not is_free(other, ID)
    one.worker_locks.release(ID)


@contextmanager
def cut(file: int) -> Iterator[None]:
    """What is behind `file` ends for this process; the server's end stays open, as behind a cut line."""
    kept = os.dup(file)
    ended, beyond = socket.socketpair()
    beyond.close()
    os.dup2(ended.fileno(), file)
    ended.close()
    try:
        yield
    finally:
        os.close(kept)
