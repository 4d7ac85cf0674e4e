"""PostgreSQL that is away, full of connections, read-only or held by somebody: one clear answer, soon, and afterwards
everything goes on by itself; and how soon another machine hears of what is due."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from requests import Response

from tests.chaos.exactly_once import assert_each_once, sends
from tests.support import databases
from tests.support.eventually import eventually
from tests.support.postgres_cluster import Cluster
from tests.support.service_process import Installation
from twitter_manager.simulator.world import World

SOON = 12.0  # seconds: a transaction waits up to five for its turn, and a statement up to five for a table


@pytest.fixture(autouse=True)
def _only_on_postgresql() -> None:
    if databases.chosen() != "postgresql":
        pytest.skip("about PostgreSQL: pytest --database=postgresql")


@pytest.fixture
def pair(cluster: Cluster, tmp_path: Path, x_url: str) -> Iterator[tuple[Installation, Installation]]:
    """A web process, and a worker on another machine."""
    with ExitStack() as stack:
        settings = {"x_url": x_url, "DATABASE_URL": cluster.url, "WORKER": "off"}
        web = stack.enter_context(Installation(tmp_path / "web", **settings))
        other = stack.enter_context(Installation(tmp_path / "other", keys_of=web, **settings))
        web.start()
        other.start_worker()
        yield web, other


@pytest.fixture
def web(pair: tuple[Installation, Installation]) -> Installation:
    return pair[0]


def timed(web: Installation, method: str, path: str, **more: object) -> tuple[Response, float]:
    began = time.monotonic()
    return web.ask(method, path, **more), time.monotonic() - began


def assert_says_so(web: Installation, account: int, *, reads: bool = False) -> None:
    """Writers hear soon that the database is not available, each of many; readers too, unless it `reads`."""
    body = {"account_id": account, "text": "Not now"}
    with ThreadPoolExecutor(32) as pool:
        asked = [pool.submit(timed, web, "POST", "/api/v1/tweet", json=body) for _ in range(16)]
        asked += [] if reads else [pool.submit(timed, web, "GET", "/api/v1/accounts") for _ in range(16)]
    for answer, seconds in (each.result() for each in asked):
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), answer.text
        assert "Retry-After" in answer.headers
        assert seconds < SOON
    health, seconds = timed(web, "GET", "/api/v1/health")
    assert (health.status_code, seconds < SOON) == (503, True)
    assert {"database_unavailable", "database_write_failed"} & set(health.json()["reason_codes"])


def assert_goes_on(web: Installation, world: World, account: int, text: str) -> None:
    """By itself, and nothing of what was answered 503 was done."""
    eventually(lambda: web.ask("GET", "/api/v1/health").status_code == 200, seconds=20, what="health", every=0.2)
    assert web.ask("POST", "/api/v1/tweets", json={"account_id": account, "text": text}).status_code == 201
    assert_each_once(world, web, [text])


@pytest.mark.timeout(200)
@pytest.mark.parametrize("seconds", [pytest.param(60, marks=pytest.mark.chaos), 2])
def test_away_for_a_while(web: Installation, cluster: Cluster, world: World, seconds: int) -> None:
    account, waiting = web.connect("ann"), "Is on its way when it goes"
    web.create(account, waiting)
    world.faults.is_slow(1.5)
    web.post_pending()
    eventually(lambda: sends(world) == 1, seconds=20, what="X gets it", every=0.01)
    cluster.stop("immediate")
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        assert_says_so(web, account)
    cluster.start()
    web.wait_until_posted(1, seconds=30)  # the worker had X's answer in hand
    assert_each_once(world, web, [waiting])
    assert sends(world) == 1


def test_full_of_connections(web: Installation, cluster: Cluster, world: World) -> None:
    account = web.connect("ann")
    with ExitStack() as stack:
        admin = stack.enter_context(databases.link(cluster.url))
        with pytest.raises(psycopg.OperationalError):
            while True:
                stack.enter_context(databases.link(cluster.url))
        admin.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = 'twitter-manager'"
        )
        with pytest.raises(psycopg.OperationalError):
            while True:
                stack.enter_context(databases.link(cluster.url))
        assert_says_so(web, account)
    assert_goes_on(web, world, account, "When there is room again")


def test_read_only(web: Installation, cluster: Cluster, world: World) -> None:
    account = web.connect("ann")
    with databases.link(cluster.url) as admin:
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        admin.execute("SELECT pg_reload_conf()")
        eventually(lambda: web.ask("GET", "/api/v1/accounts").status_code == 200, seconds=5, what="it can be read")
        time.sleep(0.3)
        assert_says_so(web, account, reads=True)
        admin.execute("SET default_transaction_read_only = off")
        admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
        admin.execute("SELECT pg_reload_conf()")
    assert_goes_on(web, world, account, "When it takes writes again")


def test_a_table_that_somebody_holds(web: Installation, cluster: Cluster, world: World) -> None:
    account = web.connect("ann")
    with databases.link(cluster.url) as admin, admin.transaction():
        admin.execute("LOCK TABLE tweet IN EXCLUSIVE MODE")
        assert_says_so(web, account, reads=True)
    assert_goes_on(web, world, account, "When it is let go")


def test_what_is_given_to_one_machine_is_posted_by_another_at_once(web: Installation, world: World) -> None:
    account = web.connect("ann")
    seconds = []
    for number in range(5):
        time.sleep(0.3)  # the worker sleeps
        answer, took = timed(web, "POST", "/api/v1/tweets", json={"account_id": account, "text": f"At once {number}"})
        assert answer.status_code == 201, answer.text
        seconds.append(took)
    print("from the call to X's answer, ms:", [round(1000 * each) for each in sorted(seconds)])
    assert sorted(seconds)[2] < 0.5, "half a second: a worker that is not woken looks every second"
    assert sends(world) == 5
