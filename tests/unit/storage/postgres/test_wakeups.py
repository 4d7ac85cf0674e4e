"""Processes hear of each other's changes at once, and again after the connection was cut."""

import time
from collections.abc import Callable, Collection

from tests.support.postgres_line import line_to
from tests.support.service_process import eventually
from twitter_manager.storage.postgres.engine import PostgresDatabase

Open = Callable[..., PostgresDatabase]


def test_what_one_says_the_other_hears_and_not_itself(opened: Open) -> None:
    one, other = opened(), opened()
    heard: list[tuple[str, Collection[int]]] = []
    one.wakeups.listen(lambda ids: heard.append(("one", ids)))
    other.wakeups.listen(lambda ids: heard.append(("other", ids)))
    listening([one, other])
    one.wakeups.announce([3, 1])
    eventually(lambda: heard == [("other", [1, 3])], seconds=5, what="the other hears it")
    one.wakeups.announce(())
    eventually(lambda: heard[1:] == [("other", [])], seconds=5, what="that something may be due")
    many = list(range(1_000_000, 1_001_000))
    one.wakeups.announce(many)
    eventually(lambda: sorted(id for _, ids in heard for id in ids)[2:] == many, seconds=5, what="a thousand ids")


def test_a_cut_connection_listens_again(url: str, opened: Open) -> None:
    heard: list[Collection[int]] = []
    with line_to(url) as line:
        far, near = opened(line.url), opened()
        far.wakeups.listen(heard.append)
        near.wakeups.listen(heard.append)
        listening([near, far])
        line.cut()
        listening([near, far], seconds=10)
        near.wakeups.announce([7])
        eventually(lambda: heard == [[7]], seconds=5, what="it hears again")


def test_what_is_missed_is_found_within_a_second(opened: Open) -> None:
    db = opened()
    before = db.wakeups.changes()
    eventually(lambda: db.wakeups.changes() != before, seconds=1.5, what="it looks by itself")


def listening(all_of_them: list[PostgresDatabase], *, seconds: float = 5) -> None:
    asks = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
    time.sleep(0.05)
    eventually(lambda: all_of_them[0].value(asks) == len(all_of_them), seconds=seconds, what="they listen")
