"""Two web processes and three workers, each a machine of its own with the keys of the first, on one PostgreSQL: a
worker is killed, one stands still past its lease, every connection is ended twice, the database is restarted in
between; and each post is on X once, threads in order, none lost, nobody asked.
"""

import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.callers import Call, Callers
from tests.chaos.exactly_once import assert_chained, refreshes, sends
from tests.support import databases
from tests.support.eventually import eventually
from tests.support.postgres_cluster import Cluster
from tests.support.service_process import Installation, Process
from twitter_manager.services.backoff import LEASE_SECONDS
from twitter_manager.simulator.world import World
from twitter_manager.storage import lanes
from twitter_manager.storage.postgres.engine import PostgresDatabase

PARTS = 5
END_ALL = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'twitter-manager' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Size:
    accounts: int
    threads: int
    tweets: int  # with the parts of threads
    frozen_for: float
    patience: float
    killed_anytime: bool


SHORT = Size(accounts=8, threads=3, tweets=80, frozen_for=2.0, patience=60, killed_anytime=False)
LONG = Size(accounts=100, threads=60, tweets=2000, frozen_for=LEASE_SECONDS + 10, patience=600, killed_anytime=True)


class Machines:
    """`webs` and `workers` run."""

    def __init__(self, install: Callable[[str, Installation | None], Installation]) -> None:
        first = install("web1", None)
        self.webs = [first, install("web2", first)]
        self._folders = [install(f"worker{number}", first) for number in (1, 2, 3)]
        first_web = first.start()
        with ThreadPoolExecutor(4) as pool:
            web = pool.submit(self.webs[1].start)
            self.workers = list(pool.map(lambda each: each.start_worker(), self._folders))
            self.processes: list[Process] = [first_web, web.result(), *self.workers]


@pytest.fixture
def machines(cluster: Cluster, tmp_path: Path, x_url: str) -> Iterator[Machines]:
    with ExitStack() as stack:
        yield Machines(
            lambda name, first: stack.enter_context(
                Installation(
                    tmp_path / name,
                    x_url=x_url,
                    keys_of=first,
                    DATABASE_URL=cluster.url,
                    WORKER="off",
                )
            )
        )


@pytest.mark.timeout(150)
def test_eighty_tweets_while_everything_ends(
    machines: Machines, cluster: Cluster, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    if databases.chosen() != "postgresql":
        pytest.skip("about PostgreSQL: pytest --database=postgresql")
    _tell(SHORT, machines, cluster, world, capsys)


@pytest.mark.chaos
@pytest.mark.timeout(1500)
def test_two_thousand_tweets_while_everything_ends(
    machines: Machines, cluster: Cluster, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _tell(LONG, machines, cluster, world, capsys)


def _tell(size: Size, machines: Machines, cluster: Cluster, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    callers = Callers(machines.webs)
    with ThreadPoolExecutor(4) as pool:
        accounts = list(pool.map(machines.webs[0].connect, (f"user{number}" for number in range(size.accounts))))
    machines.webs[0].age_tokens(600)  # a 401 on a young one would be an outage of X
    written, calls = _calls(size, accounts)
    world.change(latency=0.05)
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(callers.look_around, over)
        try:
            answers = _hand_over_while_everything_ends(size, machines, cluster, world, callers, calls)
            _wait_until_posted(size, machines)
        finally:
            over.set()
        looking.result()
    with capsys.disabled():
        print(f"\n{size.tweets} tweets in {time.monotonic() - began:.0f} s; sends {sends(world)}")
        print(f"refreshes {refreshes(world, connected=size.accounts)}, readings {_readings(world)}")
        print(f"longest call {callers.longest:.1f} s, answers {dict(callers.answers)}")
    assert callers.faults == []
    _assert_each_once(world, machines, written)
    for answer in answers:
        if "thread_id" in answer:
            assert_chained(world, machines.webs[0], answer["thread_id"])
    assert {account["status"] for account in machines.webs[0].accounts()} == {"active"}
    _assert_nothing_is_left(cluster)
    assert [process.ended for process in machines.processes] == [False, False, True, False, False]
    for web in machines.webs:  # a failed write is a reason for ten seconds
        eventually(lambda web=web: web.ask("GET", "/api/v1/health").status_code == 200, seconds=15, what="health")


def _hand_over_while_everything_ends(
    size: Size,
    machines: Machines,
    cluster: Cluster,
    world: World,
    callers: Callers,
    calls: Sequence[Call],
) -> list[dict[str, Any]]:
    """The answers to all calls."""
    before, meanwhile, after = (calls[part::3] for part in range(3))
    killed, frozen, _ = machines.workers
    with ThreadPoolExecutor(2) as pool:
        answers = callers.hand_over(before, at_once=4)
        handing_over = pool.submit(callers.hand_over, meanwhile, at_once=1)
        eventually(lambda: len(world.posts()) >= size.tweets // 10, seconds=60, what="the first tenth", every=0.02)
        _kill(killed, machines.webs[0], world, anytime=size.killed_anytime)
        frozen.freeze()
        time.sleep(size.frozen_for)
        world.expire_access_tokens()
        handing_more = pool.submit(callers.hand_over, after, at_once=4)
        time.sleep(0.3)
        _end_all_connections(cluster)
        time.sleep(1.0)
        cluster.stop("immediate")
        time.sleep(1.0)
        cluster.start()
        frozen.thaw()
        time.sleep(1.0)
        _end_all_connections(cluster)
        return [*answers, *handing_over.result(), *handing_more.result()]


def _kill(worker: Process, web: Installation, world: World, *, anytime: bool) -> None:
    """Or else when nothing is on its way that X has not got, which costs three readings in a minute and a half."""

    def is_a_good_moment() -> bool:
        worker.freeze()
        sent = {text for text, status in web.statuses().items() if status == "posting"}
        good = anytime or sent <= {post.original for post in world.posts()}
        if not good:
            worker.thaw()
        return good

    eventually(is_a_good_moment, seconds=30, what="a moment for a kill", every=0.01)
    worker.kill()


def _wait_until_posted(size: Size, machines: Machines) -> None:
    """By what both web processes say."""
    for web in machines.webs:

        def all_are_posted(web: Installation = web) -> bool:
            answer = web.ask("GET", "/api/v1/stats")
            return answer.status_code == 200 and answer.json()["tweets"].get("posted") == size.tweets

        eventually(all_are_posted, seconds=size.patience, what="all are posted", every=0.2)


def _readings(world: World) -> int:
    return len(world.calls(method="GET", path="/2/users/{id}/tweets"))


def _calls(size: Size, accounts: list[int]) -> tuple[list[str], list[Call]]:
    """The texts, and the calls that hand them over."""
    written = [f"Number {number} from one of many machines" for number in range(size.tweets)]
    parts = size.threads * PARTS
    calls: list[Call] = [
        ("/api/v1/threads", {"tweets": written[first : first + PARTS]}) for first in range(0, parts, PARTS)
    ]
    calls += [("/api/v1/tweets", {"text": text}) for text in written[parts:]]
    mixed = sorted(calls, key=lambda call: zlib.crc32(str(call).encode()))
    return written, [
        (path, {**body, "account_id": accounts[number % len(accounts)]}) for number, (path, body) in enumerate(mixed)
    ]


def _end_all_connections(cluster: Cluster) -> None:
    with databases.link(cluster.url) as link:
        assert link.execute(END_ALL).fetchone() != (0,)


def _assert_each_once(world: World, machines: Machines, written: list[str]) -> None:
    posts = world.posts()
    on_x, wanted = Counter(post.original for post in posts), Counter(written)
    assert not on_x - wanted, f"on X more than once: {on_x - wanted}"
    assert not wanted - on_x, f"not on X: {wanted - on_x}"
    rows = machines.webs[0].stored.read(
        "SELECT content, status, twitter_id, twin_twitter_id, needs_decision FROM tweet"
    )
    assert Counter(row[0] for row in rows) == wanted, "taken once"
    assert {tuple(row[1::2]) for row in rows} == {("posted", None)}
    assert {row[2]: row[0] for row in rows} == {post.id: post.original for post in posts}
    assert not any(row[4] for row in rows)


def _assert_nothing_is_left(cluster: Cluster) -> None:
    with databases.link(cluster.url) as link:

        def found(sql: str) -> list[Any]:
            return link.execute(sql.encode()).fetchall()

        counted = "SELECT twitter_account_id, status, count(*) FROM tweet GROUP BY 1, 2 ORDER BY 1, 2"
        assert found("SELECT account_id, status, n FROM tweet_count WHERE n <> 0 ORDER BY 1, 2") == found(counted)
        assert found("SELECT account_id FROM lane WHERE lease IS NOT NULL") == []
        assert found("SELECT id FROM twitter_account WHERE refresh_lease IS NOT NULL") == []
        assert found("SELECT outcome FROM attempt WHERE outcome IN ('open', 'unclear')") == []
    db = PostgresDatabase(cluster.url)
    assert lanes.list_due_too_late(db, now=db.now()) == []
    db.close()
