"""One connection: where to, its session, and whose fault an error is."""

import select
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.storage.postgres.dialect import teach

__all__ = [
    "Link",
    "address",
    "as_unavailable",
    "connect",
    "is_programming_error",
    "is_stale",
    "raise_",
    "readable",
    "sentence",
]

Link = psycopg.Connection[Any]

STATEMENT_SECONDS = 30
IDLE_IN_TRANSACTION_SECONDS = 15  # a process that is frozen holds up its accounts for so long
# a network that swallows everything is noticed after so many seconds
_LASTING = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "twitter-manager",
}
# what the database, its owner or the server's file may say otherwise; only committed once it is on the disk; and the
# server, too, notices after so many seconds that this process cannot be reached: its session has locks
_SESSION = """
    SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET client_encoding = 'UTF8'; SET client_min_messages = 'warning';
    SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on;
    SET statement_timeout = '{statement}s'; SET lock_timeout = '{lock}ms';
    SET idle_in_transaction_session_timeout = '{idle}s';
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
    SELECT set_config('synchronous_commit', 'on', FALSE) WHERE current_setting('synchronous_commit') = 'off'
"""


def address(url: str) -> dict[str, Any]:
    """What libpq makes of the URL. Raises StartRefused, which never repeats it: it may have a password."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        given = None
    if given is None or "@" in str(given.get("host", ""))[1:]:  # what is behind the first @ may be of the password
        raise StartRefused(
            "DATABASE_URL is no address that PostgreSQL's client understands; it looks like"
            " postgresql://user:password@host:5432/database, with %40 for an @ in the password and %25 for a %"
        )
    return _LASTING | given


def connect(where: dict[str, Any], *, patience: float) -> Link:
    """Without implicit transactions. `patience`: seconds that a statement waits for a lock. Raises psycopg.Error."""
    link = psycopg.connect(**where, autocommit=True)
    try:
        teach(link)
        link.prepare_threshold, link.prepared_max = 2, 1000
        link.execute(
            _SESSION.format(
                statement=STATEMENT_SECONDS, lock=round(patience * 1000), idle=IDLE_IN_TRANSACTION_SECONDS
            ).encode()
        )
    except BaseException:
        with suppress(psycopg.Error):
            link.close()
        raise
    return link


def is_programming_error(error: psycopg.Error) -> bool:
    """Whether it is a bug of ours, not a database that is locked, full, away or another one."""
    if isinstance(error, errors.InFailedSqlTransaction):
        return True
    elsewhere = (
        psycopg.OperationalError,  # away, locked, full, stopped, a deadlock
        psycopg.InterfaceError,  # the connection is closed
        psycopg.InternalError,  # read-only, damaged
        errors.UndefinedTable,
        errors.InsufficientPrivilege,
    )
    return not isinstance(error, elsewhere) and not is_stale(error)


def is_stale(error: BaseException) -> bool:
    """Whether another connection may do better: this one is at a server that became a standby, or knows statements from
    before the tables were changed."""
    if isinstance(error, errors.FeatureNotSupported):
        return error.diag.source_function == "RevalidateCachedQuery"  # its words may be in any language
    return isinstance(error, errors.ReadOnlySqlTransaction)


def as_unavailable(error: psycopg.Error) -> StorageUnavailable:
    found = StorageUnavailable(sentence(error))
    found.__cause__ = error
    return found


def raise_(error: psycopg.Error) -> NoReturn:
    """Turns 'away', 'locked', 'full' into StorageUnavailable; faults of ours stay what they are."""
    raise error if is_programming_error(error) else as_unavailable(error)


def readable(files: Sequence[int], *, seconds: float) -> set[int]:
    """Those of which something can be read within `seconds`, also that they ended."""
    if not hasattr(select, "poll"):  # Windows
        return set(select.select(files, [], [], seconds)[0])
    poll = select.poll()
    for file in files:
        poll.register(file, select.POLLIN)
    return {file for file, _ in poll.poll(seconds * 1000)}


def sentence(error: psycopg.Error) -> str:
    """The server's words in one line; they never have a password."""
    words = error.diag.message_primary or str(error)
    return " ".join(words.split()) or type(error).__name__
