"""Moves everything from SQLite to PostgreSQL: in one transaction there, and nothing is changed here.

The mark on the SQLite database is there before anything is stored in the other one: at no moment can both be started.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from twitter_manager import timestamps
from twitter_manager.config import Settings
from twitter_manager.database_url import is_postgresql, shown
from twitter_manager.services.copies.standing_still import no_start
from twitter_manager.storage import source_of_move, target_of_move
from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.moving import Checksum, Moved, MoveSource, MoveTarget, MoveUncertain, Table
from twitter_manager.timestamps import to_text

__all__ = ["Move", "MovedDatabase", "Progress"]

_PAUSE = 2.0  # seconds between two words about one table


@dataclass(frozen=True, slots=True)
class Progress:
    table: str
    done: int
    rows: int


@dataclass(frozen=True, slots=True)
class MovedDatabase:
    """`to`: an address without password; `was_there`: by an earlier call, and this one only compared."""

    to: str
    tables: int
    rows: int
    was_there: bool


class Move:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, url: str, *, tell: Callable[[Progress], None]) -> MovedDatabase:
        """Raises CopyFailed: then nothing was moved; or MoveUncertain: then the next call finds out."""
        if not is_postgresql(url):
            raise CopyFailed("the target must be PostgreSQL: postgresql://user:password@host:5432/database")
        with no_start(self._settings), source_of_move(self._settings) as source:
            return _move(source, url, tell)


def _move(source: MoveSource, url: str, tell: Callable[[Progress], None]) -> MovedDatabase:
    to, before, tables = shown(url), source.moved, source.tables()
    if before is not None and before.to != to:
        raise CopyFailed(
            f"it was moved to {before.to} ({before.at}), and a second copy would send everything twice: go on there. "
            "To take it back from there first: twitter-manager restore --in-place; docs/postgres.md says what is lost"
        )
    try:
        with target_of_move(url) as target:
            was_there = _is_there(source, target, tables)
            if not was_there:
                _copy(source, target, tables, tell)
            source.mark(Moved(to, to_text(timestamps.now()), is_finished=False))
    except MoveUncertain:
        raise
    except BaseException:
        source.mark(before)
        raise
    source.mark(Moved(to, to_text(timestamps.now()), is_finished=True))
    return MovedDatabase(to, len(tables), sum(table.rows for table in tables), was_there)


def _is_there(source: MoveSource, target: MoveTarget, tables: Sequence[Table]) -> bool:
    """Whether an earlier call stored it, whose end nobody heard of. Raises CopyFailed where something else is there."""
    filled = target.filled()
    if not filled:
        _check_not_gone(source)
        return False
    if all(filled.get(table.name, 0) == table.rows for table in tables):
        sums = ((_sum_of(source.lines(table)), target.checksum(table)) for table in tables)
        if all(here == there for here, there in sums):
            return True
    if source.moved is not None:
        raise CopyFailed(
            f"it was moved there already ({source.moved.at}), and the service has gone on there since: set "
            "DATABASE_URL to that address"
        )
    found = ", ".join(f"{name} {count}" for name, count in sorted(filled.items())[:5])
    raise CopyFailed(f"the target has data ({found}): name a database that is empty, such as one made just now")


def _check_not_gone(source: MoveSource) -> None:
    """Raises CopyFailed where it was moved, and what it became since is lost."""
    if source.moved is not None and source.moved.is_finished:
        raise CopyFailed(
            f"it was moved there already ({source.moved.at}), and nothing is there now. What was sent since is not "
            "known here, and would be sent again: restore a copy that was made there, or call twitter-manager restore "
            "--in-place and then this again, so that it is looked for at X first"
        )


def _copy(source: MoveSource, target: MoveTarget, tables: Sequence[Table], tell: Callable[[Progress], None]) -> None:
    sent = {table: Checksum() for table in tables}
    for table in tables:
        target.fill(table, _told(table, sent[table].noting(source.lines(table)), tell))
    target.finish(source.last_ids())
    # after all of them: what comes later must not have changed what came before
    for table in tables:
        there = target.checksum(table)
        if there != sent[table]:
            raise CopyFailed(
                f"table {table.name} did not arrive as it is here ({there.rows} of {sent[table].rows} rows, or other "
                "values); nothing was stored"
            )


def _sum_of(lines: Iterable[bytes]) -> Checksum:
    found = Checksum()
    for line in lines:
        found.add(line)
    return found


def _told(table: Table, lines: Iterable[bytes], tell: Callable[[Progress], None]) -> Iterator[bytes]:
    """The same lines, and a word at the end, and now and then on the way."""
    next_at = time.monotonic() + _PAUSE
    for done, line in enumerate(lines):
        if time.monotonic() > next_at:
            tell(Progress(table.name, done, table.rows))
            next_at = time.monotonic() + _PAUSE
        yield line
    tell(Progress(table.name, table.rows, table.rows))
