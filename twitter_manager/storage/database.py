"""What storage needs of a database, whichever it is.

Statements are in PostgreSQL's words where SQLite's differ (`greatest`, `least`, `= ANY(:list)`), with times as datetime
and lists as list; a NULL is never an argument of greatest or least, since the two databases disagree about it. A row
has times as the database gives them: rows.py makes datetimes of them.

Who writes takes turns. On SQLite one transaction writes at a time. On PostgreSQL `transaction` takes advisory locks:
what is read in it, and then decided on, is not changed by others meanwhile, and nothing that was begun is repeated.
`try_lock_account(account_id)` in a statement takes an account's turn later, if it is free, and never waits: whoever
has some turn and waited for another could wait for ever.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

__all__ = ["Database", "FailedWrite", "Queries", "Row", "Transaction", "TweetSearch", "Wakeups", "WorkerLocks"]


class Row(Protocol):
    """A row of a result: columns by name or by position."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def keys(self) -> Sequence[str]: ...

    def __hash__(self) -> int: ...


class TweetSearch(Protocol):
    """How words are searched in the tweets' texts. The database itself keeps the index, whatever changes a text."""

    FOUND: str
    """What to select from: the tweets that have the words of `parameters`."""
    ID: str
    """Their ids in FOUND."""

    def parameters(self, text: str, /) -> dict[str, object]:
        """For a text as a person types it: see search_words.terms. No text is an error."""
        ...


class Queries(Protocol):
    """What can be read from: the database (its newest committed state) or a transaction."""

    @property
    def tweet_search(self) -> TweetSearch: ...

    def one(self, sql: str, **parameters: object) -> Row | None:
        """The first row, or None."""
        ...

    def all(self, sql: str, **parameters: object) -> Sequence[Row]: ...

    def value(self, sql: str, **parameters: object) -> Any:
        """The first column of the first row; None where there is no row."""
        ...


class Transaction(Queries, Protocol):
    """All or nothing. `now` is the one time of everything in it."""

    now: datetime

    def insert(self, sql: str, **parameters: object) -> Row:
        """Runs an INSERT … RETURNING that stores one row, and returns that row."""
        ...

    def execute(self, sql: str, **parameters: object) -> int:
        """Returns how many rows the statement changed."""
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Calls `action` once everything is on the disk, and never if the commit fails."""
        ...


@dataclass(frozen=True, slots=True)
class FailedWrite:
    """A transaction that the database refused for a reason of its own."""

    at: datetime
    disk_full: bool


class Wakeups(Protocol):
    """How processes learn what others did. Messages may be missed; nothing depends on them but time."""

    @property
    def poll_seconds(self) -> float:
        """How often whoever waits for another process looks by himself."""
        ...

    def changes(self) -> int:
        """A number that differs after another process may have done something."""
        ...

    def announce(self, tweet_ids: Collection[int]) -> None:
        """These tweets changed; none: something may be due. After the commit."""
        ...

    def listen(self, heard: Callable[[Collection[int]], None]) -> None:
        """Calls `heard` with what other processes announce. Again and again: nothing new."""
        ...


class WorkerLocks(Protocol):
    """A worker holds one as long as its process lives."""

    @property
    def only_this_machine(self) -> bool:
        """True: nothing is known of workers on other machines, and one of this machine that does not hold its lock is
        dead. False: one without it may only be out of reach of the database."""
        ...

    def hold(self, worker_id: str) -> None:
        """With every beat: takes the lock again where it was lost."""
        ...

    def release(self, worker_id: str) -> None: ...

    def taken_over(self, worker_id: str) -> AbstractContextManager[bool]:
        """Whether its worker does not hold it. Nobody else can find the same while inside."""
        ...


class Database(Queries, Protocol):
    last_failed_write: FailedWrite | None
    """The last one of this process, whatever succeeded since."""

    def migrate(self) -> None:
        """Creates the database, or upgrades an older one after copying it. Raises StartRefused."""
        ...

    def now(self) -> datetime:
        """The time that transactions have, as far as it is known without asking the database."""
        ...

    def transaction(
        self, *, account_id: int | Collection[int] | None = None, shared: bool = False
    ) -> AbstractContextManager[Transaction]:
        """Begins a writing transaction; commits at the end, rolls back on an exception. Must not be nested.

        `account_id`: the accounts whose rows it reads to decide what it writes; it takes their turns, and lets those of
        other accounts pass. None: it has the whole database for itself. None of all, `()`: it lets everyone pass
        except those, and its statements are right whatever happens between them. `shared`: several may have the turns
        at a time, if all of them share; for what is right beside its like, such as one more tweet.
        """
        ...

    @property
    def wakeups(self) -> Wakeups: ...

    @property
    def worker_locks(self) -> WorkerLocks: ...

    def close(self) -> None: ...
