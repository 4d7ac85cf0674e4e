"""What storage needs of a database, whichever it is; sqlite/ has the implementation in use.

Statements are in PostgreSQL's words where SQLite's differ (`greatest`, `least`, `= ANY(:list)`), with times as datetime
and lists as list; a NULL is never an argument of greatest or least, since the two databases disagree about it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

__all__ = ["Database", "FailedWrite", "Queries", "Row", "Transaction", "TweetSearch"]


class Row(Protocol):
    """A row of a result: columns by name or by position."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def keys(self) -> Sequence[str]: ...


class TweetSearch(Protocol):
    """How words are searched in the tweets' texts."""

    TABLES: str
    """What to select from; the tweet is there as `tweet`."""
    ID: str
    """The tweet's id in TABLES, in the order of which they are read."""
    CONDITION: str
    """Holds for the tweets that have :words."""
    COUNT: str
    """The statement that counts all tweets that have :words."""

    def to_expression(self, text: str, /) -> str: ...


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


class Database(Queries, Protocol):
    last_failed_write: FailedWrite | None
    """The last one of this process, whatever succeeded since."""

    def migrate(self) -> None:
        """Creates the database, or upgrades an older one after copying it. Raises StartRefused."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begins a writing transaction; commits at the end, rolls back on an exception. Must not be nested."""
        ...

    def change_count(self) -> int:
        """A number that differs after anybody, in any process, committed something."""
        ...

    def close(self) -> None: ...
