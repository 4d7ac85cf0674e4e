"""The database on bad days: locked, vanished, replaced, full; each is StorageUnavailable, and it comes back."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.factories import contents, counted, new_account, new_tweet, open_database, truly_counted
from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage import accounts, service_state, tweet_lists
from twitter_manager.storage.sqlite.engine import SqliteDatabase


def write(db: SqliteDatabase, account_id: int, text: str) -> None:
    with db.transaction() as tx:
        new_tweet(tx, account_id, text)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else is writing and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def away(path: Path) -> Iterator[Path]:
    """The file is somewhere else for a while; its -wal stays."""
    elsewhere = path.with_name("elsewhere.db")
    path.rename(elsewhere)
    yield elsewhere
    elsewhere.rename(path)


def open_files() -> list[str]:
    """What this process has open, where the system tells."""
    return [str(fd.readlink()) for fd in Path("/proc/self/fd").glob("*") if fd.is_symlink()]


def assert_unavailable(db: SqliteDatabase, account_id: int) -> None:
    with pytest.raises(StorageUnavailable):
        accounts.find(db, account_id)
    with pytest.raises(StorageUnavailable):
        db.wakeups.changes()
    with pytest.raises(StorageUnavailable):
        write(db, account_id, "into the void")


def test_a_commit_is_on_the_disk(db: SqliteDatabase, path: Path, account_id: int) -> None:
    write(db, account_id, "one")
    assert contents(path) == ["one"]
    for name, value in (("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 2)):
        with db.transaction() as tx:
            row = tx.one(f"PRAGMA {name}")
        assert row is not None
        assert row[0] == value


def test_an_exception_takes_everything_back(db: SqliteDatabase, path: Path, account_id: int) -> None:
    done: list[str] = []
    with pytest.raises(KeyError), db.transaction() as tx:
        new_tweet(tx, account_id)
        tx.after_commit(lambda: done.append("told"))
        raise KeyError
    assert (contents(path), done, counted(db)) == ([], [], {})
    with db.transaction() as tx:
        tx.after_commit(lambda: done.append("told"))
        assert done == []
    assert done == ["told"]


def test_our_own_mistakes_are_not_blamed_on_the_database(db: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.OperationalError):
        db.one("SELECT nonsense")
    with pytest.raises(sqlite3.IntegrityError), db.transaction() as tx:
        new_tweet(tx, 99)


def test_a_reader_cannot_write(db: SqliteDatabase) -> None:
    with pytest.raises(StorageUnavailable):
        db.one("DELETE FROM service_state")
    assert service_state.mock_mode(db)


def test_what_others_commit_is_seen_and_counted(db: SqliteDatabase, path: Path, clock: Clock, account_id: int) -> None:
    before = db.wakeups.changes()
    assert db.wakeups.changes() == before
    write(db, account_id, "mine")
    between = db.wakeups.changes()
    assert between != before
    other = open_database(path, clock)
    write(other, account_id, "theirs")
    other.close()
    assert db.wakeups.changes() != between
    assert tweet_lists.count(db, tweet_lists.TweetFilter()) == 2


def test_readers_go_on_beside_a_writer(db: SqliteDatabase, account_id: int) -> None:
    with db.transaction() as tx:
        new_tweet(tx, account_id)
        assert tweet_lists.count(tx, tweet_lists.TweetFilter()) == 1
        assert tweet_lists.count(db, tweet_lists.TweetFilter()) == 0


def test_threads_write_side_by_side(db: SqliteDatabase, path: Path, account_id: int) -> None:
    db = SqliteDatabase(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(db, account_id, f"{number:03}"), range(200)))
    assert sorted(contents(path)) == [f"{number:03}" for number in range(200)]
    db.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_a_thread_that_ends_leaves_no_connection(db: SqliteDatabase, account_id: int) -> None:
    def read() -> None:
        accounts.get(db, account_id)

    read()
    before = len(open_files())
    for _ in range(20):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    assert len(open_files()) <= before + 2


def test_closed_it_opens_again(db: SqliteDatabase, account_id: int) -> None:
    db.close()
    write(db, account_id, "again")
    assert tweet_lists.count(db, tweet_lists.TweetFilter()) == 1


def test_locked_by_somebody_else(db: SqliteDatabase, path: Path, account_id: int) -> None:
    with locked(path):
        with pytest.raises(StorageUnavailable) as error:
            write(db, account_id, "no")
        assert error.value.why == "database is locked"
        assert error.value.retryable
        assert accounts.get(db, account_id).username == "user1"
    write(db, account_id, "yes")
    assert contents(path) == ["yes"]


def test_a_short_lock_is_waited_for(path: Path, db: SqliteDatabase, account_id: int) -> None:
    patient = SqliteDatabase(path, patience=5)
    with ThreadPoolExecutor(1) as pool:
        with locked(path):
            written = pool.submit(write, patient, account_id, "later")
            with pytest.raises(TimeoutError):
                written.result(0.05)
        written.result(5)
    assert contents(path) == ["later"]
    patient.close()


def test_a_second_writer_of_this_process_gives_up_in_time(db: SqliteDatabase, path: Path, account_id: int) -> None:
    with db.transaction(), ThreadPoolExecutor(1) as pool:
        with pytest.raises(StorageUnavailable) as error:
            pool.submit(write, db, account_id, "no").result(5)
        assert error.value.why == "too many writers wait for the database"
    write(db, account_id, "yes")
    assert contents(path) == ["yes"]


def test_vanished_and_back(db: SqliteDatabase, path: Path, account_id: int) -> None:
    write(db, account_id, "before")
    with away(path):
        assert_unavailable(db, account_id)
        assert not path.exists()
    assert accounts.get(db, account_id).username == "user1"
    write(db, account_id, "after")
    assert contents(path) == ["before", "after"]


def test_not_there_yet(tmp_path: Path) -> None:
    db = SqliteDatabase(tmp_path / "none.db")
    assert_unavailable(db, 1)
    assert list(tmp_path.iterdir()) == []
    db.migrate()
    assert accounts.find(db, 1) is None
    db.close()


def test_vanished_in_the_middle_of_a_transaction(db: SqliteDatabase, path: Path, account_id: int) -> None:
    with pytest.raises(StorageUnavailable), db.transaction() as tx:
        new_tweet(tx, account_id, "no")
        path.rename(path.with_name("elsewhere.db"))
    path.with_name("elsewhere.db").rename(path)
    write(db, account_id, "yes")
    assert contents(path) == ["yes"]


def test_an_empty_file_at_its_path_is_not_used(db: SqliteDatabase, path: Path, account_id: int) -> None:
    with away(path):
        path.touch()
        assert_unavailable(db, account_id)
        assert path.read_bytes() == b""
        path.unlink()
    write(db, account_id, "back")
    assert contents(path) == ["back"]


def test_something_else_at_its_path_is_not_used(db: SqliteDatabase, path: Path, account_id: int) -> None:
    with away(path):
        path.write_bytes(b"a letter " * 1000)
        assert_unavailable(db, account_id)
        assert path.read_bytes() == b"a letter " * 1000


def test_copied_away_and_back_nothing_is_lost(db: SqliteDatabase, path: Path, clock: Clock, account_id: int) -> None:
    """As `mv` does between two disks: another file, the same content, and what was committed stands in the -wal."""
    write(db, account_id, "before")
    content = path.read_bytes()
    path.unlink()
    assert_unavailable(db, account_id)
    path.with_name("copy").write_bytes(content)
    path.with_name("copy").rename(path)
    with pytest.raises(StorageUnavailable) as error:
        accounts.list_all(db)
    assert "replaced while it was in use" in error.value.why
    restarted = open_database(path, clock)
    write(restarted, account_id, "after")
    restarted.close()
    assert contents(path) == ["before", "after"]


def test_replaced_under_many_readers(db: SqliteDatabase, path: Path, clock: Clock, account_id: int) -> None:
    """The other database comes whole, without a -wal, and ours had emptied its own."""
    other_path = path.with_name("other.db")
    other = open_database(other_path, clock)
    with other.transaction() as tx:
        for number in (7, 8, 9):
            last = new_account(tx, number).id
    other.close()
    with closing(sqlite3.connect(path)) as checkpoint:
        checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ready, replaced = threading.Barrier(5), threading.Event()

    def names() -> list[list[str]]:
        seen = [[account.username for account in accounts.list_all(db)]]
        ready.wait(5)
        replaced.wait(5)
        return [*seen, [account.username for account in accounts.list_all(db)]]

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(names) for _ in range(4)]
        ready.wait(5)
        other_path.replace(path)
        write(db, last, "into the new one")
        assert [name for name in open_files() if name.endswith("(deleted)") and str(path) in name] == []
        replaced.set()
        assert [reader.result(5) for reader in readers] == [[["user1"], ["user7", "user8", "user9"]]] * 4
    assert contents(path) == ["into the new one"]


def test_a_file_that_its_wal_does_not_belong_to_is_not_used(
    db: SqliteDatabase, path: Path, clock: Clock, account_id: int
) -> None:
    """A backup put in the place of a living database takes up that one's -wal: pages of one database in another."""
    other_path = path.with_name("other.db")
    other = open_database(other_path, clock)
    with other.transaction() as tx:
        theirs = new_account(tx, 7).id
        new_tweet(tx, theirs, "theirs")
    other.close()
    content = other_path.read_bytes()
    write(db, account_id, "ours")
    other_path.replace(path)
    assert_unavailable(db, account_id)
    assert path.read_bytes() == content
    path.with_name(path.name + "-wal").unlink()
    assert [account.username for account in accounts.list_all(db)] == ["user7"]
    write(db, theirs, "on with it")
    assert contents(path) == ["theirs", "on with it"]


def test_full_file(db: SqliteDatabase, path: Path, account_id: int) -> None:
    with db.transaction() as tx:
        pages = tx.one("PRAGMA page_count")
        assert pages is not None
        tx.one(f"PRAGMA max_page_count = {pages[0] + 2}")
    with pytest.raises(StorageUnavailable) as error, db.transaction() as tx:
        new_tweet(tx, account_id, "small")
        new_tweet(tx, account_id, "huge " * 100_000)
    assert error.value.why == "database or disk is full"
    assert contents(path) == []
    assert counted(db) == truly_counted(db) == {}
    with db.transaction() as tx:
        tx.one("PRAGMA max_page_count = 1000000")
    write(db, account_id, "room again")
    assert contents(path) == ["room again"]


def test_full_disk(db: SqliteDatabase, path: Path, account_id: int) -> None:
    resource = pytest.importorskip("resource")
    write(db, account_id, "before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size + 5000, hard))
    try:
        with pytest.raises(StorageUnavailable), db.transaction() as tx:
            new_tweet(tx, account_id, "small")
            new_tweet(tx, account_id, "huge " * 100_000)
        assert accounts.get(db, account_id).username == "user1"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(path) == ["before"]
    write(db, account_id, "after")
    assert contents(path) == ["before", "after"]
    assert counted(db) == truly_counted(db)
