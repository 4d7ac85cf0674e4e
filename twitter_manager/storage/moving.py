"""A database moved from SQLite to PostgreSQL: what its two ends, sqlite/moving.py and postgres/moving.py, agree on.

A row goes over as the line that PostgreSQL's COPY writes for it, and both ends are compared by the lines of each table:
the line made of SQLite's row must be the one that PostgreSQL makes of its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from twitter_manager.storage.copying import CopyFailed

__all__ = ["DERIVED", "Checksum", "MoveSource", "MoveTarget", "MoveUncertain", "Moved", "Table", "Value", "line_of"]

Value = bytes | int | None

DERIVED = frozenset({"tweet_period", "tweet_text"})
"""What each database makes of its tweets by itself, in its own way. Every other table is moved."""

_ESCAPED = re.compile(rb"[\b\f\n\r\t\v\\]")
_ESCAPES = {
    b"\b": b"\\b",
    b"\f": b"\\f",
    b"\n": b"\\n",
    b"\r": b"\\r",
    b"\t": b"\\t",
    b"\v": b"\\v",
    b"\\": b"\\\\",
}


class MoveUncertain(CopyFailed):
    """The line broke, or somebody interrupted, in the moment of storing: nobody knows whether it is stored."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Moved:
    """`to`: an address without password; `at`: as text. Unless `is_finished`, it may have come to nothing."""

    to: str
    at: str
    is_finished: bool


@dataclass(slots=True)
class Checksum:
    """Of lines in any order; those that occur twice count twice."""

    rows: int = 0
    total: int = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self.total = (self.total + int.from_bytes(blake2b(line, digest_size=16).digest(), "big")) % 2**128

    def noting(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The same lines; they are counted on their way."""
        for line in lines:
            self.add(line)
            yield line


def line_of(values: Sequence[Value]) -> bytes:
    """As COPY writes it, without the newline."""
    return b"\t".join([rb"\N" if value is None else _field(value) for value in values])


def _field(value: bytes | int) -> bytes:
    if isinstance(value, int):
        return b"%d" % value
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], value) if _ESCAPED.search(value) else value


class MoveSource(Protocol):
    """A database that nobody else can open meanwhile."""

    moved: Moved | None
    """Where it was moved to before, if it was."""

    def tables(self) -> Sequence[Table]:
        """Each after those that its rows refer to."""
        ...

    def lines(self, table: Table) -> Iterator[bytes]:
        """Raises CopyFailed for a text that PostgreSQL cannot store."""
        ...

    def last_ids(self) -> Mapping[str, int]:
        """The highest id that was ever given to a row of a table, also where that row is gone."""
        ...

    def mark(self, moved: Moved | None) -> None:
        """From now on the service does not start here; None: it does. Raises CopyFailed."""
        ...


class MoveTarget(Protocol):
    """An open transaction on a database whose tables are there; it is stored at the end, or nothing is."""

    def filled(self) -> Mapping[str, int]:
        """How many rows the tables have that are not empty."""
        ...

    def fill(self, table: Table, lines: Iterable[bytes]) -> None: ...

    def finish(self, last_ids: Mapping[str, int]) -> None:
        """After all tables: goes on behind these ids."""
        ...

    def checksum(self, table: Table) -> Checksum: ...
