"""What PostgreSQL's engine promises: turns, the server's clock, and what happens when the connection is lost."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.support import databases
from tests.support.factories import new_account, new_due_tweet
from tests.support.postgres_line import line_to
from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage import lanes, service_state
from twitter_manager.storage.postgres.dialect import to_psycopg
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.timestamps import later, now

Open = Callable[..., PostgresDatabase]
Whose = int | tuple[int, ...] | None


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("WHERE id = :id AND n > :n1", "WHERE id = %(id)s AND n > %(n1)s"),
        ("SELECT ':no', 'it''s :no' || :yes", "SELECT ':no', 'it''s :no' || %(yes)s"),
        ("SELECT a::text, :b::text -- :no", "SELECT a::text, %(b)s::text -- :no"),
        ("a LIKE 'x%' AND b % 2 = :c", "a LIKE 'x%%' AND b %% 2 = %(c)s"),
        (
            "WHERE try_lock_account(account_id)",
            "WHERE pg_try_advisory_xact_lock(hashtext(current_schema()), account_id::integer)",
        ),
    ],
)
def test_words(sql: str, expected: str) -> None:
    assert to_psycopg(sql) == expected


def test_values_and_rows(db: PostgresDatabase) -> None:
    moment = datetime(2026, 11, 20, 14, 5, 0, 123_999, tzinfo=UTC)
    row = db.one(
        "SELECT :yes AS yes, CAST(:moment AS timestamptz) AS moment, 7 = ANY(:ids) AS found, sum(n) AS n, '%' AS sign"
        " FROM (SELECT 3::bigint AS n) AS three",
        yes=True,
        moment=moment,
        ids=[7, 70_000, 7_000_000_000],
    )
    assert row is not None
    assert tuple(row) == (1, moment.replace(microsecond=123_000), True, 3, "%")
    assert (row["moment"].tzinfo, row[3], list(row.keys())[:2]) == (UTC, row["n"], ["yes", "moment"])
    assert db.value("SELECT 1 WHERE 5 = ANY(:ids)", ids=[]) is None


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        (1, 1, True),
        (1, 2, False),
        (None, 1, True),
        (1, None, True),
        ((1, 2), 2, True),
        ((), 1, False),
        ((), None, True),
    ],
)
def test_whose_turn_it_is(opened: Open, first: Whose, second: Whose, waits: bool) -> None:
    one, other = opened(), opened(patience=0.1)
    with one.transaction(account_id=first):
        if waits:
            with pytest.raises(StorageUnavailable, match="unavailable"), other.transaction(account_id=second):
                pass
        else:
            with other.transaction(account_id=second):
                pass


@pytest.mark.parametrize("alone", [1, None])
def test_those_who_share_a_turn_pass_each_other_and_nobody_else(opened: Open, alone: Whose) -> None:
    one, other = opened(), opened(patience=0.1)
    with one.transaction(account_id=1, shared=True):
        with other.transaction(account_id=1, shared=True):
            pass
        with pytest.raises(StorageUnavailable, match="unavailable"), other.transaction(account_id=alone):
            pass


def test_nothing_is_inserted_twice_after_looking(opened: Open) -> None:
    databases_of_both = [opened(patience=10), opened(patience=10)]

    def take(number: int) -> bool:
        with databases_of_both[number % 2].transaction(account_id=1) as tx:
            if service_state.find(tx, "taken") is not None:
                return False
            time.sleep(0.01)
            tx.execute("INSERT INTO service_state (name, value) VALUES ('taken', 'by one')")
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(take, range(16))) == 1


def test_batches_in_any_order_wait_for_each_other_and_not_for_ever(opened: Open) -> None:
    ways = [(1, 2, 3), (3, 2, 1), (2, 3), (3, 1)]
    all_of_them = [opened(patience=10) for _ in ways]

    def write(number: int) -> None:
        for _ in range(10):
            with all_of_them[number].transaction(account_id=ways[number]):
                pass

    with ThreadPoolExecutor(len(ways)) as threads:
        list(threads.map(write, range(len(ways))))


def test_two_workers_never_get_one_lane_and_none_waits_for_an_account_that_is_written_to(
    db: PostgresDatabase, opened: Open
) -> None:
    with db.transaction() as tx:
        ids = [new_account(tx, number).id for number in range(6)]
        for account_id in ids:
            new_due_tweet(tx, account_id)
            lanes.make_due(tx, account_id, tx.now)
    claimers = [opened() for _ in range(3)]
    claimed: list[int] = []

    def claim(number: int) -> None:
        while True:
            with claimers[number].transaction(account_id=()) as tx:
                lane = lanes.claim(tx, lease=f"{number}", until=later(tx.now, 60), worker_id=f"{number}")
            if lane is None:
                return
            claimed.append(lane.account_id)

    with db.transaction(account_id=ids[0]), ThreadPoolExecutor(3) as threads:
        list(threads.map(claim, range(3)))
    assert sorted(claimed) == ids[1:]
    claim(0)
    assert sorted(claimed) == ids


def test_the_time_is_the_servers(db: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twitter_manager.timestamps.now", lambda: later(now(), -3600))
    with db.transaction(account_id=()) as tx:
        assert abs(tx.now - datetime.now(UTC)) < timedelta(seconds=5)
        assert tx.now.microsecond % 1000 == 0
    assert abs(db.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_all_or_nothing(db: PostgresDatabase) -> None:
    told: list[str] = []
    with pytest.raises(RuntimeError), db.transaction() as tx:
        service_state.put(tx, "a", "1")
        tx.after_commit(lambda: told.append("a"))
        raise RuntimeError
    with pytest.raises(psycopg.IntegrityError), db.transaction() as tx:
        service_state.put(tx, "a", "1")
        tx.execute("INSERT INTO service_state (name, value) VALUES ('a', '2')")
    assert (service_state.find(db, "a"), told, db.last_failed_write) == (None, [], None)


def test_a_statement_that_failed_unseen_is_not_taken_for_stored(db: PostgresDatabase) -> None:
    with pytest.raises(RuntimeError), db.transaction() as tx:
        service_state.put(tx, "a", "1")
        with pytest.raises(psycopg.Error):
            tx.execute("INSERT INTO service_state (name, value) VALUES ('a', '2')")
    assert service_state.find(db, "a") is None


class TestAConnectionThatIsLost:
    def test_is_not_noticed_by_who_reads(self, db: PostgresDatabase, server: databases.Server) -> None:
        assert service_state.mock_mode(db)
        end_connections(server, db)
        assert service_state.mock_mode(db)

    def test_is_not_noticed_by_who_begins_to_write(self, db: PostgresDatabase, server: databases.Server) -> None:
        end_connections(server, db)
        with db.transaction() as tx:
            service_state.put(tx, "a", "1")
        assert service_state.find(db, "a") == "1"

    def test_in_a_transaction_takes_it_back(self, db: PostgresDatabase, server: databases.Server) -> None:
        with pytest.raises(StorageUnavailable), db.transaction() as tx:
            service_state.put(tx, "a", "1")
            end_connections(server, db)
            service_state.put(tx, "b", "1")
        assert db.last_failed_write is not None
        assert (service_state.find(db, "a"), service_state.find(db, "b")) == (None, None)

    @pytest.mark.parametrize(("lost", "stored"), [("answer", "1"), ("question", None)])
    def test_at_the_commit_leaves_it_to_the_database(
        self, db: PostgresDatabase, url: str, opened: Open, lost: str, stored: str | None
    ) -> None:
        told: list[str] = []
        with line_to(url) as line:
            far = opened(line.url)
            with pytest.raises(StorageUnavailable) as failed, far.transaction() as tx:
                service_state.put(tx, "a", "1")
                tx.after_commit(lambda: told.append("a"))
                line.lost = lost
            assert failed.value.why == "the connection was lost while it stored something"
            with far.transaction() as tx:  # waits until the lost one has ended
                assert service_state.find(tx, "a") == stored
        assert told == []


def test_a_server_that_is_away_is_found_again(url: str, opened: Open) -> None:
    with line_to(url) as line:
        db = opened(line.url)
        with db.transaction() as tx:
            service_state.put(tx, "a", "1")
        line.go_away()
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(StorageUnavailable):
                service_state.find(db, "a")
            with pytest.raises(StorageUnavailable), db.transaction():
                pass
            assert time.monotonic() - began < 2
        line.come_back()
        assert service_state.find(db, "a") == "1"


def test_more_threads_than_connections(db: PostgresDatabase) -> None:
    ready = threading.Barrier(40)

    def read(_: int) -> bool:
        ready.wait(10)
        return service_state.mock_mode(db)

    with ThreadPoolExecutor(40) as threads:
        assert all(threads.map(read, range(40)))
    assert db.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") <= 16


def test_who_has_the_database_for_itself_holds_nobody_up_for_ever(db: PostgresDatabase, opened: Open) -> None:
    other = opened(patience=0.1)
    with db.transaction():
        with pytest.raises(StorageUnavailable) as refused, other.transaction(account_id=()):
            pass
        assert "lock" in refused.value.why
        assert service_state.mock_mode(other)


def end_connections(server: databases.Server, db: PostgresDatabase) -> None:
    name = db.value("SELECT current_database()")
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)
    time.sleep(0.05)


def put_something(db: PostgresDatabase) -> None:
    with db.transaction(account_id=()) as tx:
        service_state.put(tx, "something", "1")


def test_a_connection_to_a_server_that_became_a_standby_is_not_used_again(opened: Open) -> None:
    db = opened()
    with db.transaction() as tx:
        tx.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(StorageUnavailable):
        put_something(db)
    put_something(db)


@pytest.mark.parametrize("in_transaction", [True, False])
def test_tables_that_are_changed_while_statements_are_known(server: databases.Server, *, in_transaction: bool) -> None:
    url = server.empty()
    PostgresDatabase(url).migrate()
    db = PostgresDatabase(url)
    for _ in range(4):
        db.all("SELECT * FROM service_state WHERE name = :name", name="any")
    with databases.link(url) as link:
        link.execute("ALTER TABLE service_state ADD COLUMN more text")
    if in_transaction:
        with pytest.raises(StorageUnavailable), db.transaction(account_id=()) as tx:
            tx.all("SELECT * FROM service_state WHERE name = :name", name="any")
    assert list(db.all("SELECT * FROM service_state WHERE name = :name", name="any")) == []
    db.close()


def test_the_server_notices_a_client_that_cannot_be_reached(db: PostgresDatabase) -> None:
    if db.value("SELECT inet_server_addr()") is None:
        pytest.skip("a Unix socket needs no keepalives")
    found = [db.value(f"SELECT current_setting('tcp_keepalives_{what}')") for what in ("idle", "interval", "count")]
    assert found == ["10", "5", "3"]
