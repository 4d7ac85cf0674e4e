"""Everything that outlives the process; all SQL. One file per noun, whole statements with named parameters.

Verbs mean one thing everywhere: `get` (or NotFound), `find` (or None), `list`, `count`, `insert`, `change`/`mark`
(compare-and-set, says whether it did), `delete`, `claim`. Reads take `Queries` (the database or a transaction),
writes take the `Transaction` that a service began.

`open_database` is the one place that knows which database DATABASE_URL names; what differs between databases is in a
folder per database.

    accounts account_tokens           connected accounts; which tokens they have, and who renews them
    oauth_states                      connections that are being made
    tweets                            as they were submitted; statuses: sets of statuses as SQL
        tweet_states tweet_holds      every change of a tweet's status
        tweet_queue                   what goes out next, what waits, what is unsettled
        tweet_lists tweet_filter      paged lists and their filters; search_words: what finds a text
        tweet_cleanup                 deleting
    threads batches                   what was submitted together
    slots                             accounts' weekly slots, and which of their times are taken
    media                             files that callers gave us, and which tweets need them
    lanes attempts                    which account is due and who has it; one row per try to put a tweet on X
        attempt_outcomes              what became of the tries, counted
    app_rests x_calls rate_windows    when X refuses the whole app; calls to X, counted; what X said of its limits
    webhooks webhook_deliveries       who is notified, and of what
    api_keys api_key_calls            who may call, and how often it did
    idempotency_keys                  which POST was made already
    secrets                           everything that is encrypted, wherever it is
    service_state workers             facts about the whole service; heartbeats
    restored                          accounts to be looked for at X since the database is an older copy
    copy_clock                        when copies are made
    copying moving                    what a copy of the database is; from SQLite to PostgreSQL
    database rows                     what storage needs of a database; from rows to models.py
    sqlite/ postgres/                 what each does in its own way
"""

import importlib.util
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from twitter_manager import timestamps
from twitter_manager.config import Settings
from twitter_manager.errors import StartRefused
from twitter_manager.storage.copying import CopyFailed, DatabaseCopies
from twitter_manager.storage.database import Database
from twitter_manager.storage.moving import MoveSource, MoveTarget
from twitter_manager.storage.sqlite.copies import SqliteCopies
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.sqlite.inspection import Inspection, inspect_database
from twitter_manager.storage.sqlite.moving import source_at

if TYPE_CHECKING:
    from twitter_manager.storage.postgres.inspection import Inspection as ServerInspection

__all__ = [
    "Inspection",
    "ServerInspection",
    "copies_of",
    "inspect_database",
    "inspect_server",
    "open_database",
    "source_of_move",
    "target_of_move",
]


_NO_DRIVER = (
    "psycopg is not installed: pip install 'twitter-manager[postgres]', or in a clone .venv/bin/python -m pip install"
    " --require-hashes -r requirements-postgres.lock"
)


def open_database(settings: Settings, *, clock: Callable[[], datetime] | None = None) -> Database:
    """The database of the settings. Touches nothing before its first use. `clock`: the time, for tests; by default it
    is this machine's, or the one of the machine that PostgreSQL runs on. Raises StartRefused."""
    path = settings.database_path
    if path is not None:
        return SqliteDatabase(path, clock=clock or timestamps.now)
    if not _has_driver():
        raise StartRefused(f"DATABASE_URL names PostgreSQL, and {_NO_DRIVER}")
    from twitter_manager.storage.postgres.engine import PostgresDatabase  # noqa: PLC0415  - an extra

    return PostgresDatabase(settings.database_url, clock=clock)


def inspect_server(url: str) -> "ServerInspection":
    """The PostgreSQL database as the doctor sees it. Raises StorageUnavailable, StartRefused."""
    from twitter_manager.storage.postgres import inspection  # noqa: PLC0415  - as above

    return inspection.inspect_database(url)


def copies_of(settings: Settings, *, clock: Callable[[], datetime] | None = None) -> DatabaseCopies:
    """Copies of the database of the settings."""
    path = settings.database_path
    if path is not None:
        return SqliteCopies(path, clock=clock or timestamps.now)
    from twitter_manager.storage.postgres.copies import PostgresCopies  # noqa: PLC0415  - an extra

    return PostgresCopies(settings.database_url, clock=clock)


def source_of_move(settings: Settings) -> AbstractContextManager[MoveSource]:
    """The SQLite database of the settings, which nobody else can open meanwhile. Raises CopyFailed."""
    path = settings.database_path
    if path is None:
        raise CopyFailed(
            "DATABASE_URL names PostgreSQL already; what is moved is the SQLite database that DATABASE_URL names: set "
            "it to that one for this command"
        )
    return source_at(path)


def target_of_move(url: str) -> AbstractContextManager[MoveTarget]:
    """The PostgreSQL database at `url`; what is put there is stored at the end. Raises CopyFailed."""
    if not _has_driver():
        raise CopyFailed(_NO_DRIVER)
    from twitter_manager.storage.postgres.moving import target_at  # noqa: PLC0415  - an extra

    return target_at(url)


def _has_driver() -> bool:
    return importlib.util.find_spec("psycopg") is not None
