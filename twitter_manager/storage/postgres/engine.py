"""PostgreSQL: reads outside of transactions, each one statement; transactions that take turns by advisory locks.

A transaction begins with one message to the server: BEGIN, the turns, and the time, read when it has them all. It is
the server's time, so that the leases of all machines are judged by one clock.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from twitter_manager import timestamps
from twitter_manager.errors import StorageUnavailable
from twitter_manager.storage.database import FailedWrite, TweetSearch
from twitter_manager.storage.postgres import connection, migrations, tweet_search
from twitter_manager.storage.postgres.connection import Link, is_stale, raise_
from twitter_manager.storage.postgres.dialect import Row, to_psycopg
from twitter_manager.storage.postgres.pool import Pool
from twitter_manager.storage.postgres.wakeups import Wakeups
from twitter_manager.storage.postgres.worker_locks import WorkerLocks

__all__ = ["PostgresDatabase"]

PATIENCE = 5.0  # seconds that a transaction waits for its turn, and a thread for a connection

Result = TypeVar("Result")


class _Transaction:
    """An open transaction that has its turns."""

    tweet_search: TweetSearch = tweet_search

    def __init__(self, link: Link, now: datetime) -> None:
        self._link = link
        self.now = now
        self.committed: list[Callable[[], None]] = []

    def one(self, sql: str, **parameters: object) -> Row | None:
        row: Row | None = self._link.execute(to_psycopg(sql), parameters).fetchone()
        return row

    def all(self, sql: str, **parameters: object) -> Sequence[Row]:
        return self._link.execute(to_psycopg(sql), parameters).fetchall()

    def value(self, sql: str, **parameters: object) -> Any:
        row = self.one(sql, **parameters)
        return None if row is None else row[0]

    def insert(self, sql: str, **parameters: object) -> Row:
        (row,) = self.all(sql, **parameters)
        return row

    def execute(self, sql: str, **parameters: object) -> int:
        return self._link.execute(to_psycopg(sql), parameters).rowcount

    def after_commit(self, action: Callable[[], None]) -> None:
        self.committed.append(action)


class PostgresDatabase:
    """The database at `url`. Opening is lazy. `clock`: the time for a test; by default it is the server's. `restoring`:
    it is opened to finish a restore, when nobody else may."""

    tweet_search: TweetSearch = tweet_search

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime] | None = None,
        patience: float = PATIENCE,
        restoring: bool = False,
    ) -> None:
        self._where = connection.address(url)
        self._clock = clock
        self._patience = patience
        self._restoring = restoring
        self._ahead: timedelta | None = None  # how far the server's clock is ahead of this machine's
        self._pool = Pool(self._opened, patience=patience)
        self.wakeups = Wakeups(self._opened)
        self.worker_locks = WorkerLocks(self._opened)
        self.last_failed_write: FailedWrite | None = None

    def migrate(self) -> None:
        """Creates the tables, or upgrades older ones. Raises StartRefused."""
        migrations.migrate(self._where, restoring=self._restoring)

    def now(self) -> datetime:
        """The server's time by this machine's clock, as far as they were apart at the last transaction."""
        if self._clock is None and self._ahead is None:
            with suppress(StorageUnavailable):
                self._note_time(self.value("SELECT clock_timestamp()"))
        return self._estimated()

    def _estimated(self) -> datetime:
        return timestamps.now() + (self._ahead or timedelta()) if self._clock is None else self._clock()

    def one(self, sql: str, **parameters: object) -> Row | None:
        return self._read(lambda link: link.execute(to_psycopg(sql), parameters).fetchone())

    def all(self, sql: str, **parameters: object) -> Sequence[Row]:
        return self._read(lambda link: link.execute(to_psycopg(sql), parameters).fetchall())

    def value(self, sql: str, **parameters: object) -> Any:
        row = self.one(sql, **parameters)
        return None if row is None else row[0]

    @contextmanager
    def transaction(
        self, *, account_id: int | Collection[int] | None = None, shared: bool = False
    ) -> Iterator[_Transaction]:
        try:
            try:
                with self._pool.link() as link:
                    tx = _Transaction(link, self._begun(link, _begin(account_id, shared=shared)))
                    try:
                        yield tx
                        _commit(link)
                    except BaseException as error:
                        _roll_back(link)
                        if is_stale(error):
                            self._pool.give_up(link)
                        raise
            except psycopg.Error as error:
                raise_(error)
        except StorageUnavailable as error:
            self.last_failed_write = FailedWrite(self._estimated(), isinstance(error.__cause__, errors.DiskFull))
            raise
        for action in tx.committed:
            action()

    def close(self) -> None:
        self.wakeups.close()
        self.worker_locks.close()
        self._pool.close()

    def _opened(self) -> Link:
        link = connection.connect(self._where, patience=self._patience)
        try:
            migrations.check_up_to_date(link, restoring=self._restoring)
        except BaseException:
            link.close()
            raise
        return link

    def _begun(self, link: Link, begin: str) -> datetime:
        """Begins, waits for the turns, and returns the time."""
        cursor = link.execute(begin.encode())
        cursor.nextset()
        row = cursor.fetchone()
        assert row is not None  # noqa: S101  - one row of functions
        at_server = self._note_time(row[-1])
        return at_server if self._clock is None else self._clock()

    def _note_time(self, at_server: datetime) -> datetime:
        cut = at_server.replace(microsecond=at_server.microsecond // 1000 * 1000)
        self._ahead = cut - timestamps.now()
        return cut

    def _read(self, ask: Callable[[Link], Result]) -> Result:
        """Asks once more where the connection turns out to be dead (the server was restarted, or ended it) or stale."""
        try:
            with self._pool.link() as link:
                try:
                    return ask(link)
                except psycopg.Error as error:
                    if is_stale(error):
                        self._pool.give_up(link)
                    elif not link.closed:
                        raise
            with self._pool.link() as link:
                return ask(link)
        except psycopg.Error as error:
            raise_(error)


def _begin(account_id: int | Collection[int] | None, *, shared: bool) -> str:
    """BEGIN and the turns: key 0 is everything, shared by those who only need accounts. In the order of ids, so that
    nobody waits for somebody who waits for him. The keys are the schema's: two services may share a database."""
    space = "hashtext(current_schema())"
    if account_id is None:
        turns = [f"pg_advisory_xact_lock({space}, 0)"]
    else:
        asked = {account_id} if isinstance(account_id, int) else set(account_id)
        ids = sorted(each for each in asked if 0 < each < 2**31)  # no account has another id, whatever a caller sends
        turns = [f"pg_advisory_xact_lock_shared({space}, 0)"]
        turn = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        turns += [f"{turn}({space}, {each})" for each in ids]
    return f"BEGIN; SELECT {', '.join(turns)}, clock_timestamp()"


def _commit(link: Link) -> None:
    """Raises StorageUnavailable also where the answer was lost: then nobody knows whether it is stored. Whoever began
    the transaction goes by what the database says afterwards, as after the end of a process."""
    try:
        answer = link.execute("COMMIT", prepare=False).statusmessage
    except psycopg.OperationalError as error:
        if link.closed:
            raise StorageUnavailable("the connection was lost while it stored something") from error
        raise
    if answer != "COMMIT":
        raise RuntimeError("a statement of the transaction had failed, and nobody said so")


def _roll_back(link: Link) -> None:
    """A connection that cannot even roll back is not used again."""
    with suppress(psycopg.Error):
        if link.pgconn.transaction_status != TransactionStatus.IDLE:
            link.execute("ROLLBACK", prepare=False)
