"""The limiter over the database: exact at the edges, shared by threads and processes, there after a restart."""

import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import databases
from tests.support.clock import Clock
from tests.support.postgres_line import line_to
from tests.support.services_harness import ServicesHarness
from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import Account
from twitter_manager.services.environments import build_environments
from twitter_manager.services.rate_limits import limiter
from twitter_manager.services.rate_limits.meter import Meter
from twitter_manager.storage import accounts, x_calls
from twitter_manager.storage.database import Database, Transaction
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.errors import NotSent, RateLimited, WindowExhausted
from twitter_manager.twitter.rate_limits import DAY, PER_ACCOUNT, QUARTER, Limit, RateWindow, room
from twitter_manager.twitter.tweets import delete, get_many, list_own

POST, DELETE, READ, LIKE = (
    "POST /2/tweets",
    "DELETE /2/tweets/{id}",
    "GET /2/tweets",
    "POST /2/users/{id}/likes",
)
ROOT = Path(__file__).resolve().parents[4]


def acquire(tx: Transaction, account: Account, endpoint: str) -> datetime | None:
    return limiter.acquire(tx, account_id=account.id, mock=account.mock, endpoint=endpoint)


def acquire_all(tx: Transaction, account: Account, endpoint: str, limit: int = 1000) -> int:
    """How many places there are."""
    return next((acquired for acquired in range(limit) if acquire(tx, account, endpoint) is not None), limit)


def record(tx: Transaction, account: Account, endpoint: str, window: RateWindow) -> None:
    limiter.record_headers(tx, account_id=account.id, mock=account.mock, endpoint=endpoint, window=window)


def left(harness: ServicesHarness, account: Account, endpoint: str) -> int:
    """How many more places there are now; none is acquired for good."""
    with undone(harness) as tx:
        return acquire_all(tx, account, endpoint)


@contextmanager
def undone(harness: ServicesHarness) -> Iterator[Transaction]:
    """A transaction of which nothing stays."""

    class UndoneError(Exception):
        pass

    try:
        with harness.services.db.transaction() as tx:
            yield tx
            raise UndoneError
    except UndoneError:
        return


def line_to_x(harness: ServicesHarness) -> XClient:
    """The services' own, to the simulated X."""
    services = harness.services
    return build_environments(services.settings, services.simulated, harness.clock, services.db).of(True).x


@pytest.fixture
def bob(harness: ServicesHarness) -> Account:
    return harness.connect("bob")


class TestOurs:
    def test_450_calls_in_15_minutes_whatever_the_endpoints(
        self, harness: ServicesHarness, alice: Account, bob: Account
    ) -> None:
        with harness.services.db.transaction() as tx:
            assert acquire_all(tx, alice, POST) == 100
            assert acquire_all(tx, alice, DELETE) == 50
            assert acquire_all(tx, alice, READ) == 300
            for endpoint in (POST, DELETE, READ, LIKE):
                assert acquire(tx, alice, endpoint) == later(tx.now, 900)
            assert acquire_all(tx, bob, READ) == 450

    def test_each_call_counts_until_it_is_exactly_15_minutes_old(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        db, clock, began = harness.services.db, harness.clock, harness.clock()
        for seconds, acquired in ((0, 200), (0.001, 100), (600, 150)):
            clock.present = later(began, seconds)
            with db.transaction() as tx:
                for _ in range(acquired):
                    assert acquire(tx, alice, READ) is None
        for seconds, room_for in ((899.999, 0), (900, 200), (900.001, 300), (1499.999, 300), (1500, 450)):
            clock.present = later(began, seconds)
            assert left(harness, alice, READ) == room_for

    def test_there_after_a_restart(
        self, harness: ServicesHarness, alice: Account, another: Callable[[], ServicesHarness]
    ) -> None:
        with harness.services.db.transaction() as tx:
            acquire_all(tx, alice, READ)
            record(tx, alice, LIKE, RateWindow(7, 5, later(tx.now, 100)))
        harness.services.close()
        again = another()
        assert left(again, alice, READ) == 0
        harness.clock.forward(900)
        assert left(again, alice, READ) == 450
        assert left(again, alice, LIKE) == 7

    def test_a_clock_that_was_set_back_holds_nobody_longer_than_a_window(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        with harness.services.db.transaction() as tx:
            acquire_all(tx, alice, READ)
        harness.clock.forward(-86_400)
        assert left(harness, alice, READ) == 0
        harness.services.maintenance.prune_calls()
        harness.clock.forward(899.999)
        assert left(harness, alice, READ) == 0
        harness.clock.forward(0.001)
        assert left(harness, alice, READ) == 450

    def test_a_clock_that_was_set_back_leaves_no_rest_that_x_named_before(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        harness.clock.forward(86_400)
        harness.x_has.rate_limits(reset_in=600)
        held = harness.due_tweet(alice, "Before")
        harness.work()
        harness.clock.forward(-86_400)
        harness.services.maintenance.prune_calls()
        harness.work_for(900)
        assert harness.tweet(held).status == "posted"
        after = harness.due_tweet(alice, "After")
        harness.work()
        assert harness.tweet(after).status == "posted"

    def test_an_account_that_is_deleted_and_connected_again_has_made_its_calls(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        with harness.services.db.transaction() as tx:
            acquire_all(tx, alice, POST)
        harness.services.accounts.remove(alice.id)
        again = harness.connect("alice")
        assert left(harness, again, POST) == 0
        assert left(harness, harness.connect("bob"), POST) == 100

    def test_old_calls_are_forgotten_when_no_window_counts_them(self, harness: ServicesHarness, alice: Account) -> None:
        with harness.services.db.transaction() as tx:
            acquire(tx, alice, LIKE)
        harness.clock.forward(DAY)
        assert harness.services.maintenance.prune_calls() == 0
        harness.clock.forward(7200)
        assert harness.services.maintenance.prune_calls() == 1


class TestOfX:
    def test_1000_likes_in_24_hours(self, harness: ServicesHarness, alice: Account) -> None:
        with undone(harness) as tx:
            began = tx.now
            for quarter in range(20):
                tx.now = later(began, quarter * QUARTER)
                assert acquire_all(tx, alice, LIKE) == 50
            tx.now = later(began, DAY - 0.001)
            assert acquire(tx, alice, LIKE) == later(began, DAY)
            tx.now = later(began, DAY)
            assert acquire_all(tx, alice, LIKE) == 50

    def test_10000_posts_in_24_hours_of_all_accounts_of_an_environment_together(
        self, harness: ServicesHarness, alice: Account, bob: Account
    ) -> None:
        with undone(harness) as tx:
            began = tx.now
            for number in range(9_999):
                x_calls.insert(tx, account_id=bob.id, mock=True, endpoint=POST)
                if number == 0:
                    tx.now = later(began, 1)
            accounts.delete(tx, bob.id)  # X has counted them
            tx.now = later(began, 1000)
            assert acquire_all(tx, alice, POST) == 1
            assert acquire(tx, alice, POST) == later(began, DAY)
            assert limiter.acquire(tx, account_id=None, mock=False, endpoint=POST) is None
            tx.now = later(began, DAY)
            assert acquire_all(tx, alice, POST) == 1

    def test_the_apps_own_token(self, harness: ServicesHarness) -> None:
        trends = "GET /2/trends/by/woeid/{woeid}"
        with undone(harness) as tx:
            for _ in range(75):
                assert limiter.acquire(tx, account_id=None, mock=True, endpoint=trends) is None
            assert limiter.acquire(tx, account_id=None, mock=True, endpoint=trends) == later(tx.now, 900)
            said = RateWindow(75, 0, later(tx.now, 300))
            limiter.record_headers(tx, account_id=None, mock=True, endpoint=trends, window=said)
            began = tx.now
            for seconds, free in ((299, True), (300, False)):
                tx.now = later(began, seconds)
                assert (
                    limiter.free_at(tx, account_id=None, mock=True, endpoint=trends, now=tx.now) is None
                ) is not free

    def test_the_headers_go_before_the_table(self, harness: ServicesHarness, alice: Account, bob: Account) -> None:
        with undone(harness) as tx:
            reset = later(tx.now, 600)
            assert acquire(tx, alice, POST) is None
            record(tx, alice, POST, RateWindow(20, 3, reset))
            assert acquire_all(tx, alice, POST) == 3
            assert acquire(tx, alice, POST) == reset
            assert acquire_all(tx, bob, POST) == 100
            tx.now = reset
            assert acquire_all(tx, alice, POST) == 20

    def test_a_429_closes_the_endpoint_until_its_reset_and_no_other(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        with undone(harness) as tx:
            record(tx, alice, POST, RateWindow(None, 0, later(tx.now, 7200)))
            assert acquire(tx, alice, POST) == later(tx.now, 7200)
            assert acquire_all(tx, alice, DELETE) == 50

    def test_an_answer_without_news_writes_nothing(self, harness: ServicesHarness, alice: Account) -> None:
        with harness.services.db.transaction() as tx:
            for used in range(1, 100):
                assert acquire(tx, alice, POST) is None
                record(tx, alice, POST, RateWindow(100, 100 - used, later(tx.now, 800)))
                if used == 1:
                    seen = count_changes(tx)
            # a call has its row, and uses up what was left: two changes for each of the 98
            assert count_changes(tx) - seen == 2 * 98
            assert acquire_all(tx, alice, POST) == 1

    def test_calls_under_way_are_not_forgotten_by_the_first_answer(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        with undone(harness) as tx:
            for _ in range(4):
                acquire(tx, alice, POST)
            record(tx, alice, POST, RateWindow(10, 9, later(tx.now, 900)))
            assert acquire_all(tx, alice, POST) == 6

    def test_a_call_that_was_not_sent_does_not_count(
        self, harness: ServicesHarness, alice: Account, bob: Account
    ) -> None:
        with undone(harness) as tx:
            record(tx, alice, POST, RateWindow(100, 2, later(tx.now, 900)))
            acquire(tx, bob, POST)
            for _ in range(5):
                assert acquire(tx, alice, POST) is None
                acquire(tx, alice, DELETE)
                limiter.release(tx, account_id=alice.id, mock=True, endpoint=POST)
            assert acquire_all(tx, alice, POST) == 2
            assert limiter.recent_calls(tx, account_id=alice.id, mock=True, endpoint=DELETE, now=tx.now) == [tx.now] * 5
            assert len(limiter.recent_calls(tx, account_id=bob.id, mock=True, endpoint=POST, now=tx.now)) == 1

    def test_a_call_of_the_app_that_was_not_sent_is_none_of_a_deleted_account(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        with undone(harness) as tx:
            acquire(tx, alice, POST)
            accounts.delete(tx, alice.id)
            limiter.release(tx, account_id=None, mock=True, endpoint=POST)
            made, _ = x_calls.count_of_app(tx, POST, mock=True, since=earlier(tx.now, 900))
            assert made == 1

    def test_what_forecasts_are_made_of(self, harness: ServicesHarness, alice: Account) -> None:
        with undone(harness) as tx:
            which = {"account_id": alice.id, "mock": True, "endpoint": POST}
            assert limiter.limit_of(tx, **which) == (100, 900)
            began = tx.now
            acquire(tx, alice, POST)
            tx.now = later(began, 10)
            acquire(tx, alice, POST)
            record(tx, alice, POST, RateWindow(17, 15, later(began, 800)))
            assert limiter.limit_of(tx, **which) == (17, 900)
            assert limiter.recent_calls(tx, **which, now=tx.now) == [began, tx.now]
            assert limiter.recent_calls(tx, **which, now=later(began, 800)) == []


# moments between calls in milliseconds, those at the edge of a window among them
STEPS = st.one_of(st.sampled_from([0, 1, 899_999, 900_000, 900_001]), st.integers(0, 400_000))
CALLS = st.lists(st.tuples(STEPS, st.sampled_from([POST, DELETE, READ])), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(calls=CALLS, limit=st.integers(1, 4), already=st.integers(440, 450))
def test_the_database_decides_as_the_pure_rules_do(
    harness: ServicesHarness, alice: Account, calls: list[tuple[int, str]], limit: int, already: int
) -> None:
    with undone(harness) as tx:
        made: defaultdict[str, list[datetime]] = defaultdict(list)
        for _ in range(already):
            x_calls.insert(tx, account_id=alice.id, mock=True, endpoint=LIKE)
            made["all"].append(tx.now)
        for endpoint in (POST, DELETE):
            record(tx, alice, endpoint, RateWindow(limit))
        for step, endpoint in calls:
            tx.now += timedelta(milliseconds=step)
            windows = [(made["all"], PER_ACCOUNT), (made[endpoint], Limit(5000 if endpoint == READ else limit, 900))]
            free = [room(times, most, tx.now).free_at for times, most in windows]
            expected = max((moment for moment in free if moment is not None), default=None)
            assert acquire(tx, alice, endpoint) == expected
            if expected is None:
                made["all"].append(tx.now)
                made[endpoint].append(tx.now)


class TestAtOnce:
    def test_8_threads_get_450_calls_together(self, harness: ServicesHarness, alice: Account) -> None:
        admitted: list[bool] = []
        start = threading.Barrier(8)

        def hammer() -> None:
            start.wait()
            for _ in range(70):
                with harness.services.db.transaction() as tx:
                    free = acquire(tx, alice, READ)
                admitted.append(free is None)

        threads = [threading.Thread(target=hammer) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(admitted), sum(admitted)) == (560, 450)

    def test_4_processes_get_450_calls_together(self, harness: ServicesHarness, alice: Account) -> None:
        of_harness = harness.services.settings
        path = of_harness.database_path
        url = of_harness.database_url if path is None else f"sqlite:///{path}"
        command = [sys.executable, "-c", HAMMER, url, str(alice.id), harness.clock().isoformat()]
        pipe = subprocess.PIPE
        processes = [subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) for _ in range(4)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        admitted = [int(process.communicate(timeout=60)[0]) for process in processes]
        assert sum(admitted) == 450
        assert left(harness, alice, READ) == 0


def count_changes(tx: Transaction) -> int:
    """How many rows were inserted, changed or deleted until now: only the difference to another count says anything."""
    if databases.chosen() == "sqlite":
        return int(tx.value("SELECT total_changes()"))
    return int(tx.value("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"))


HAMMER = """
import sys
from datetime import datetime
from pathlib import Path
from twitter_manager import config
from twitter_manager.services.rate_limits import limiter
from twitter_manager.storage import open_database

url, account_id, now = sys.argv[1:]
settings = config.load(Path.cwd(), {"DATABASE_URL": url})
db = open_database(settings, clock=lambda: datetime.fromisoformat(now))
admitted = 0
print("ready", flush=True)
sys.stdin.readline()
for _ in range(130):
    with db.transaction() as tx:
        admitted += limiter.acquire(tx, account_id=int(account_id), mock=True, endpoint="GET /2/tweets") is None
print(admitted)
"""


class TestTheMeter:
    """What the gate to X counts by itself."""

    def calls(self, harness: ServicesHarness, account: Account, endpoint: str) -> int:
        return len(
            limiter.recent_calls(
                harness.services.db, account_id=account.id, mock=True, endpoint=endpoint, now=harness.clock()
            )
        )

    def test_calls_that_are_counted_and_calls_that_are_not(self, harness: ServicesHarness, alice: Account) -> None:
        tweet = harness.due_tweet(alice)
        harness.work()
        posted = harness.tweet(tweet).twitter_id or ""

        def use(token: str) -> None:
            x = line_to_x(harness)
            get_many(x, token, [posted], account_id=alice.id)
            list_own(x, token, alice.x_user_id or "", account_id=alice.id)
            delete(x, token, posted, account_id=alice.id)

        harness.services.tokens.call(alice, use)
        harness.services.accounts.renew(alice.id)
        every = x_calls.list_of_account(harness.services.db, alice.id, since=earlier(harness.clock(), 900))
        assert {call.endpoint for call in every} - {POST} == {READ, DELETE}

    def test_a_used_up_window_is_not_tried(self, harness: ServicesHarness, alice: Account) -> None:
        meter = Meter(harness.services.db, mock=True)
        meter.record_headers(alice.id, DELETE, RateWindow(50, 0, later(harness.clock(), 300)))
        with pytest.raises(WindowExhausted) as spent:
            meter.acquire(alice.id, DELETE)
        assert spent.value.until == later(harness.clock(), 300)
        assert isinstance(spent.value, RateLimited)
        assert self.calls(harness, alice, DELETE) == 0
        harness.clock.forward(300)
        meter.acquire(alice.id, DELETE)
        assert self.calls(harness, alice, DELETE) == 1

    def test_a_call_that_found_no_line_does_not_count(self, harness: ServicesHarness, alice: Account) -> None:
        x = line_to_x(harness)

        def never() -> None:
            raise NotSent(WindowExhausted(harness.clock()).problem)

        with pytest.raises(NotSent):
            x.request("GET", "/2/tweets", account_id=alice.id, before_first_byte=never)
        assert self.calls(harness, alice, READ) == 0

    def test_without_the_database_nothing_is_sent_and_no_answer_is_lost(
        self, harness: ServicesHarness, alice: Account
    ) -> None:
        with away(harness) as db:
            meter = Meter(db, mock=True)
            with pytest.raises(StorageUnavailable):
                meter.acquire(alice.id, DELETE)
            meter.record_headers(alice.id, DELETE, RateWindow(50, 0, later(harness.clock(), 300)))
            meter.release(alice.id, DELETE)


@contextmanager
def away(harness: ServicesHarness) -> Iterator[Database]:
    """The harness's database while nothing of it can be reached."""
    path = harness.services.settings.database_path
    if path is not None:
        path.rename(path.with_suffix(".away"))
        try:
            yield harness.services.db
        finally:
            path.with_suffix(".away").rename(path)
        return
    with line_to(harness.services.settings.database_url) as line:
        db = PostgresDatabase(line.url, clock=harness.clock, patience=0.5)
        line.go_away()
        yield db
        db.close()


def test_what_a_caller_is_told(clock: Clock) -> None:
    now = clock()
    told = limiter.slow_down(WindowExhausted(later(now, 90)), now)
    assert (told.code, told.next_attempt_at, told.retryable, told.twitter) == (
        "rate_limit_exceeded",
        later(now, 90),
        True,
        None,
    )
    words = WindowExhausted(now).problem
    assert limiter.slow_down(RateLimited(words, None), now).next_attempt_at == later(now, 60)
    assert limiter.slow_down(RateLimited(words, earlier(now, 5)), now).next_attempt_at == later(now, 1)
    assert limiter.slow_down(RateLimited(words, None), now).twitter == words.to_json()
