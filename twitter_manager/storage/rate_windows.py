"""What X's rate-limit headers last said, per account and endpoint."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import KnownWindow
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["delete_future", "find", "list_of_account", "put", "return_call"]

_window = mapper(KnownWindow)


def find(q: Queries, *, account_id: int | None, mock: bool, endpoint: str) -> KnownWindow | None:
    """What X said about the endpoint to the account; to the app's own token where `account_id` is None."""
    row = q.one(
        """
        SELECT * FROM rate_window WHERE coalesce(account_id, 0) = :owner AND endpoint = :endpoint AND mock = :mock
        """,
        owner=account_id or 0,
        mock=mock,
        endpoint=endpoint,
    )
    return _window(row) if row else None


def list_of_account(q: Queries, account_id: int) -> Sequence[KnownWindow]:
    rows = q.all("SELECT * FROM rate_window WHERE coalesce(account_id, 0) = :owner ORDER BY endpoint", owner=account_id)
    return [_window(row) for row in rows]


def put(
    tx: Transaction,
    *,
    account_id: int | None,
    mock: bool,
    endpoint: str,
    call_limit: int | None,
    remaining: int | None,
    reset_at: datetime | None,
) -> None:
    tx.execute(
        """
        INSERT INTO rate_window (account_id, mock, endpoint, call_limit, remaining, reset_at, seen_at)
        VALUES (:account_id, :mock, :endpoint, :call_limit, :remaining, :reset_at, :now)
        ON CONFLICT (coalesce(account_id, 0), endpoint, mock) DO UPDATE SET call_limit = excluded.call_limit,
            remaining = excluded.remaining, reset_at = excluded.reset_at, seen_at = excluded.seen_at
        """,
        account_id=account_id,
        mock=mock,
        endpoint=endpoint,
        call_limit=call_limit,
        remaining=remaining,
        reset_at=reset_at,
        now=tx.now,
    )


def delete_future(tx: Transaction) -> None:
    """Deletes what X seems to say in the future (the clock was set back): its resets are no longer valid."""
    tx.execute("DELETE FROM rate_window WHERE seen_at > :now", now=tx.now)


def return_call(tx: Transaction, *, account_id: int | None, mock: bool, endpoint: str) -> None:
    """A call that was counted against what X left us was not made."""
    tx.execute(
        """
        UPDATE rate_window SET remaining = remaining + 1
        WHERE coalesce(account_id, 0) = :owner AND endpoint = :endpoint AND mock = :mock
            AND (call_limit IS NULL OR remaining < call_limit)
        """,
        owner=account_id or 0,
        mock=mock,
        endpoint=endpoint,
    )
