"""The log of calls to X, which sliding windows count: one row per call for a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.models import XCall
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper, to_time

__all__ = [
    "Usage",
    "clamp_future",
    "count_of_app",
    "delete_newest",
    "delete_older_than",
    "insert",
    "list_of_account",
    "list_of_endpoint",
    "take_turn_of_app",
    "usage",
]

_call = mapper(XCall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What decides about the next call: for each limit the call that would have to expire first (None: the limit is not
    reached), and X's headers."""

    of_account: datetime | None
    of_endpoint: datetime | None
    of_day: datetime | None
    of_app: datetime | None
    call_limit: int | None
    remaining: int | None
    reset_at: datetime | None


def insert(tx: Transaction, *, account_id: int | None, mock: bool, endpoint: str) -> None:
    tx.execute(
        """
        INSERT INTO x_call (account_id, mock, endpoint, called_at) VALUES (:account_id, :mock, :endpoint, :now)
        """,
        account_id=account_id,
        mock=mock,
        endpoint=endpoint,
        now=tx.now,
    )


def usage(
    q: Queries,
    *,
    account_id: int | None,
    mock: bool,
    endpoint: str,
    of_account: int,
    of_endpoint: int,
    of_day: int | None,
    of_app: int | None,
) -> Usage:
    """The of_account-th newest call of the account, and so on; a limit in X's headers overrides `of_endpoint`.

    The app's calls are only counted where the whole log has enough rows: on most days that saves reading 10,000.
    """
    (row,) = q.all(
        """
        SELECT w.call_limit, w.remaining, w.reset_at,
            (SELECT called_at FROM x_call WHERE account_id = :account_id
             ORDER BY called_at DESC LIMIT 1 OFFSET :of_account - 1) AS of_account,
            (SELECT called_at FROM x_call WHERE account_id = :account_id AND endpoint = :endpoint
             ORDER BY called_at DESC LIMIT 1 OFFSET (
                SELECT coalesce(max(call_limit), :of_endpoint) - 1 FROM rate_window
                WHERE coalesce(account_id, 0) = :owner AND endpoint = :endpoint AND mock = :mock)) AS of_endpoint,
            CASE WHEN :of_day > 0 THEN (
                SELECT called_at FROM x_call WHERE account_id = :account_id AND endpoint = :endpoint
                ORDER BY called_at DESC LIMIT 1 OFFSET :of_day - 1) END AS of_day,
            CASE WHEN :of_app <= 1 + (SELECT max(id) FROM x_call) - (SELECT min(id) FROM x_call) THEN (
                SELECT called_at FROM x_call WHERE mock = :mock AND endpoint = :endpoint
                ORDER BY called_at DESC LIMIT 1 OFFSET :of_app - 1) END AS of_app
        FROM (SELECT 1) AS one LEFT JOIN rate_window w
            ON coalesce(w.account_id, 0) = :owner AND w.endpoint = :endpoint AND w.mock = :mock
        """,
        account_id=account_id,
        owner=account_id or 0,
        mock=mock,
        endpoint=endpoint,
        of_account=of_account,
        of_endpoint=of_endpoint,
        of_day=of_day,
        of_app=of_app,
    )
    times = ("of_account", "of_endpoint", "of_day", "of_app", "reset_at")
    return Usage(
        call_limit=row["call_limit"],
        remaining=row["remaining"],
        **{name: row[name] and to_time(row[name]) for name in times},
    )


def take_turn_of_app(tx: Transaction) -> None:
    """Waits for other accounts' transactions that did the same, and sees what they counted: only their own account's
    turn is exclusive."""
    tx.execute(
        """
        INSERT INTO service_state (name, value) VALUES ('turn_of_app', '')
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
        """
    )


def list_of_account(q: Queries, account_id: int, *, since: datetime) -> Sequence[XCall]:
    """Oldest first, without those at `since` itself."""
    rows = q.all(
        "SELECT * FROM x_call WHERE account_id = :account_id AND called_at > :since ORDER BY called_at, id",
        account_id=account_id,
        since=since,
    )
    return [_call(row) for row in rows]


def list_of_endpoint(q: Queries, account_id: int, endpoint: str, *, since: datetime) -> Sequence[datetime]:
    """When the account called the endpoint after `since`, oldest first."""
    rows = q.all(
        """
        SELECT called_at FROM x_call WHERE account_id = :account_id AND endpoint = :endpoint AND called_at > :since
        ORDER BY called_at
        """,
        account_id=account_id,
        endpoint=endpoint,
        since=since,
    )
    return [to_time(row["called_at"]) for row in rows]


def count_of_app(q: Queries, endpoint: str, *, mock: bool, since: datetime) -> tuple[int, datetime | None]:
    """How many calls all accounts of an environment together made to the endpoint after `since`, and when the first
    was."""
    (row,) = q.all(
        """
        SELECT count(*) AS n, min(called_at) AS oldest FROM x_call
        WHERE mock = :mock AND endpoint = :endpoint AND called_at > :since
        """,
        mock=mock,
        endpoint=endpoint,
        since=since,
    )
    return row["n"], row["oldest"] and to_time(row["oldest"])


def delete_newest(tx: Transaction, *, account_id: int | None, mock: bool, endpoint: str) -> bool:
    """Deletes the newest call of the account to the endpoint; False when there is none."""
    forgotten = tx.execute(
        """
        DELETE FROM x_call WHERE id = (
            SELECT id FROM x_call
            WHERE mock = :mock AND endpoint = :endpoint AND coalesce(account_id, 0) = :owner AND x_user_id IS NULL
            ORDER BY called_at DESC, id DESC LIMIT 1)
        """,
        owner=account_id or 0,
        mock=mock,
        endpoint=endpoint,
    )
    return forgotten == 1


def delete_older_than(tx: Transaction, moment: datetime, *, limit: int) -> int:
    """Deletes up to `limit` calls that no window counts any more; returns how many."""
    return tx.execute(
        """
        DELETE FROM x_call WHERE id IN (
            SELECT id FROM x_call WHERE called_at < :moment ORDER BY called_at LIMIT :limit)
        """,
        moment=moment,
        limit=limit,
    )


def clamp_future(tx: Transaction) -> int:
    """Calls that seem to be in the future (the clock was set back) count as made now: none counts longer than its
    window."""
    return tx.execute("UPDATE x_call SET called_at = :now WHERE called_at > :now", now=tx.now)
