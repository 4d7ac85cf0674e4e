"""Everything that outlives the process; all SQL. One file per noun, whole statements with named parameters.

Verbs mean one thing everywhere: `get` (or NotFound), `find` (or None), `list`, `count`, `insert`, `change`/`mark`
(compare-and-set, says whether it did), `delete`, `claim`. Reads take `Queries` (the database or a transaction),
writes take the `Transaction` that a service began.

`open_database` is the one place that knows which database DATABASE_URL names; what differs between databases is in a
folder per database.

    accounts oauth_states             connected accounts with their tokens; connections that are being made
    tweets                            as they were submitted; statuses: sets of statuses as SQL
        tweet_states tweet_holds      every change of a tweet's status
        tweet_queue                   what goes out next, what waits, what is unsettled
        tweet_lists tweet_filter      paged lists and their filters; search_words: what finds a text
        tweet_cleanup                 deleting
    threads batches                   what was submitted together
    lanes attempts                    which account is due and who has it; one row per try to put a tweet on X
    app_rests x_calls rate_windows    when X refuses the whole app; calls to X, counted; what X said of its limits
    webhooks webhook_deliveries       who is notified, and of what
    api_keys idempotency_keys         who may call; which POST was made already
    service_state workers             facts about the whole service; heartbeats
    database rows                     what storage needs of a database; from rows to models.py
    sqlite/                           the database in use
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
