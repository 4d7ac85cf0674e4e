"""Everything that outlives the process; all SQL. One file per noun, whole statements with named parameters.

Verbs mean one thing everywhere: `get` (or NotFound), `find` (or None), `list`, `count`, `insert`, `change`/`mark`
(compare-and-set, says whether it did), `delete`, `claim`. Reads take `Queries` (the database or a transaction),
writes take the `Transaction` that a service began.

`open_database` is the one place that knows which database DATABASE_URL names; what differs between databases is in a
folder per database.
"""

from collections.abc import Callable
from datetime import datetime

from twitter_manager import timestamps
from twitter_manager.config import Settings
from twitter_manager.storage.database import Database
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.sqlite.inspection import Inspection, inspect_database

__all__ = ["Inspection", "inspect_database", "open_database"]


def open_database(settings: Settings, *, clock: Callable[[], datetime] = timestamps.now) -> Database:
    """The database of the settings. Touches nothing before its first use."""
    return SqliteDatabase(settings.database_path, clock=clock)
