"""Accounts and their tokens. Tokens are encrypted before they come here."""

from collections.abc import Sequence
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Account
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = [
    "change_status",
    "claim_refresh",
    "clear_tokens",
    "connect",
    "count",
    "count_by_status",
    "delete",
    "expire_token",
    "find",
    "find_id",
    "get",
    "give_up_refresh",
    "is_connected",
    "list_all",
    "list_of_environment",
    "list_page",
    "mark_unauthorized",
    "rename_namesakes",
    "replace_secrets",
    "reset_unauthorized",
    "store_tokens",
]

_account = mapper(Account)


def get(q: Queries, account_id: int) -> Account:
    """Raises NotFound."""
    account = find(q, account_id)
    if account is None:
        raise NotFound("account_not_found")
    return account


def find(q: Queries, account_id: int) -> Account | None:
    row = q.one("SELECT * FROM twitter_account WHERE id = :id", id=account_id)
    return _account(row) if row else None


def is_connected(q: Queries, *, x_user_id: str | None, mock: bool) -> bool:
    row = q.one(
        """
        SELECT 1 AS yes FROM twitter_account
        WHERE mock = :mock AND x_user_id = :x_user_id AND access_token IS NOT NULL
        """,
        mock=mock,
        x_user_id=x_user_id,
    )
    return row is not None


def find_id(q: Queries, username: str, *, mock: bool) -> int | None:
    """The id of the account of this name in one environment; a handle is case-insensitive."""
    sql = "SELECT id FROM twitter_account WHERE mock = :mock AND username = :username"
    row = q.one(sql, mock=mock, username=username)
    return int(row["id"]) if row else None


def list_all(q: Queries) -> Sequence[Account]:
    """Oldest first."""
    return [_account(row) for row in q.all("SELECT * FROM twitter_account ORDER BY id")]


def list_of_environment(q: Queries, *, mock: bool, limit: int) -> Sequence[Account]:
    """Up to `limit` accounts of the simulated or the real X, oldest first."""
    sql = "SELECT * FROM twitter_account WHERE mock = :mock ORDER BY id LIMIT :limit"
    return [_account(row) for row in q.all(sql, mock=mock, limit=limit)]


def list_page(q: Queries, *, limit: int, after: int = 0, offset: int = 0) -> Sequence[Account]:
    """Up to `limit` accounts with id > `after`, oldest first."""
    rows = q.all(
        "SELECT * FROM twitter_account WHERE id > :after ORDER BY id LIMIT :limit OFFSET :offset",
        after=after,
        limit=limit,
        offset=offset,
    )
    return [_account(row) for row in rows]


def count(q: Queries) -> int:
    return int(q.value("SELECT count(*) FROM twitter_account"))


def count_by_status(q: Queries) -> dict[str, int]:
    rows = q.all("SELECT status, count(*) AS n FROM twitter_account GROUP BY status")
    return {row["status"]: row["n"] for row in rows}


def rename_namesakes(tx: Transaction, *, x_user_id: str, username: str, mock: bool) -> None:
    """Whoever else has this handle gave it up at X: the row and its tweets stay, under a name that no X user has.

    A real account displaces a mock one in the same way; a mock one never displaces a real one.
    """
    tx.execute(
        """
        UPDATE twitter_account SET updated_at = :now,
            username = username || '~' || coalesce(x_user_id, CAST(id AS TEXT))
        WHERE username = :username AND mock >= :mock AND NOT (mock = :mock AND coalesce(x_user_id, '') = :x_user_id)
        """,
        username=username,
        x_user_id=x_user_id,
        mock=mock,
        now=tx.now,
    )


def connect(
    tx: Transaction,
    *,
    x_user_id: str,
    username: str,
    name: str,
    mock: bool,
    access_token: str,
    refresh_token: str | None,
    scopes: str,
    token_expires_at: datetime,
    followers: int | None,
) -> Account:
    """Inserts the account of this X user, or gives an existing one new tokens and resets its failures."""
    row = tx.insert(
        """
        INSERT INTO twitter_account (x_user_id, username, name, mock, access_token, refresh_token, scopes,
            token_expires_at, token_issued_at, token_version, followers, created_at, linked_at, updated_at)
        VALUES (:x_user_id, :username, :name, :mock, :access_token, :refresh_token, :scopes,
            :token_expires_at, :now, 1, :followers, :now, :now, :now)
        ON CONFLICT (mock, x_user_id) DO UPDATE SET
            username = excluded.username, name = excluded.name, status = 'active', error_code = NULL,
            access_token = excluded.access_token, refresh_token = excluded.refresh_token,
            access_token_secret = NULL, scopes = excluded.scopes, token_expires_at = excluded.token_expires_at,
            token_issued_at = excluded.token_issued_at, token_version = twitter_account.token_version + 1,
            refresh_lease = NULL, refresh_lease_until = NULL, refresh_sent_at = NULL, refresh_failures = 0,
            unauthorized_streak = 0, followers = coalesce(excluded.followers, twitter_account.followers),
            linked_at = excluded.linked_at, updated_at = excluded.updated_at
        RETURNING *
        """,
        x_user_id=x_user_id,
        username=username,
        name=name,
        mock=mock,
        access_token=access_token,
        refresh_token=refresh_token,
        scopes=scopes,
        token_expires_at=token_expires_at,
        followers=followers,
        now=tx.now,
    )
    return _account(row)


def change_status(tx: Transaction, account_id: int, status: str, error_code: str | None) -> None:
    tx.execute(
        """
        UPDATE twitter_account SET status = :status, error_code = :error_code, updated_at = :now
        WHERE id = :id AND status <> :status
        """,
        id=account_id,
        status=status,
        error_code=error_code,
        now=tx.now,
    )


def reset_unauthorized(tx: Transaction, account_id: int) -> None:
    """X accepted the token: earlier 401s no longer count."""
    tx.execute(
        "UPDATE twitter_account SET unauthorized_streak = 0 WHERE id = :id AND unauthorized_streak > 0", id=account_id
    )


def mark_unauthorized(tx: Transaction, account_id: int) -> None:
    """X answered 401 to a fresh token: the account is degraded, not lost."""
    tx.execute(
        "UPDATE twitter_account SET unauthorized_streak = unauthorized_streak + 1, updated_at = :now WHERE id = :id",
        id=account_id,
        now=tx.now,
    )


def expire_token(tx: Transaction, account_id: int, *, version: int) -> None:
    """X no longer accepts this token: the next task renews it first."""
    tx.execute(
        """
        UPDATE twitter_account SET token_expires_at = :now, refresh_failures = 0, updated_at = :now
        WHERE id = :id AND token_version = :version
        """,
        id=account_id,
        version=version,
        now=tx.now,
    )


def claim_refresh(tx: Transaction, account_id: int, *, version: int, lease: str, until: datetime) -> bool:
    """Leases the renewal of the token pair of this `version` and stores the intent; False: another process has it."""
    changed = tx.execute(
        """
        UPDATE twitter_account SET refresh_lease = :lease, refresh_lease_until = :until,
            refresh_sent_at = coalesce(refresh_sent_at, :now)
        WHERE id = :id AND token_version = :version AND (refresh_lease IS NULL OR refresh_lease_until <= :now)
        """,
        id=account_id,
        version=version,
        lease=lease,
        until=until,
        now=tx.now,
    )
    return changed == 1


def give_up_refresh(tx: Transaction, account_id: int, *, lease: str, certainly_not_renewed: bool) -> None:
    """The renewal brought no new pair. Unless X certainly did not renew, the intent stays stored."""
    tx.execute(
        """
        UPDATE twitter_account SET refresh_lease = NULL, refresh_lease_until = NULL,
            refresh_sent_at = CASE WHEN :certainly_not_renewed = 1 THEN NULL ELSE refresh_sent_at END,
            refresh_failures = refresh_failures + 1, updated_at = :now
        WHERE id = :id AND refresh_lease = :lease
        """,
        id=account_id,
        lease=lease,
        certainly_not_renewed=certainly_not_renewed,
        now=tx.now,
    )


def clear_tokens(tx: Transaction, account_id: int) -> None:
    """The account keeps no token; connecting it again brings new ones."""
    tx.execute(
        """
        UPDATE twitter_account SET access_token = NULL, refresh_token = NULL, token_expires_at = NULL,
            token_version = token_version + 1, refresh_lease = NULL, refresh_lease_until = NULL,
            refresh_sent_at = NULL, updated_at = :now
        WHERE id = :id
        """,
        id=account_id,
        now=tx.now,
    )


def delete(tx: Transaction, account_id: int) -> int:
    """Deletes the account with everything of it; returns how many tweets were deleted."""
    tweets: int = tx.value("SELECT coalesce(sum(n), 0) FROM tweet_count WHERE account_id = :id", id=account_id)
    tx.execute("DELETE FROM twitter_account WHERE id = :id", id=account_id)
    return tweets


def replace_secrets(tx: Transaction, account_id: int, *, access_token: str | None, refresh_token: str | None) -> None:
    tx.execute(
        "UPDATE twitter_account SET access_token = :access_token, refresh_token = :refresh_token WHERE id = :id",
        id=account_id,
        access_token=access_token,
        refresh_token=refresh_token,
    )


def store_tokens(
    tx: Transaction,
    account_id: int,
    *,
    version: int,
    access_token: str,
    refresh_token: str,
    scopes: str,
    token_expires_at: datetime,
) -> bool:
    """Replaces the token pair of `version`; False when that one is gone already (reconnected meanwhile)."""
    changed = tx.execute(
        """
        UPDATE twitter_account SET access_token = :access_token, refresh_token = :refresh_token, scopes = :scopes,
            token_expires_at = :token_expires_at, token_issued_at = :now, token_version = token_version + 1,
            refresh_lease = NULL, refresh_lease_until = NULL, refresh_sent_at = NULL, refresh_failures = 0,
            updated_at = :now
        WHERE id = :id AND token_version = :version
        """,
        id=account_id,
        version=version,
        access_token=access_token,
        refresh_token=refresh_token,
        scopes=scopes,
        token_expires_at=token_expires_at,
        now=tx.now,
    )
    return changed == 1
