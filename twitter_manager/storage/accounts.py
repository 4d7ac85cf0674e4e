"""Accounts. What happens to their tokens is in account_tokens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Account
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import limit_to, mapper

__all__ = [
    "CAN_POST",
    "Obstacles",
    "change_status",
    "connect",
    "count",
    "count_by_status",
    "delete",
    "find",
    "find_id",
    "get",
    "get_obstacles",
    "is_connected",
    "list_all",
    "list_ids",
    "list_of_environment",
    "list_page",
    "rename_namesakes",
]

_account = mapper(Account)

_BY_OAUTH = "access_token_secret IS NULL"
_THIS_WORLD = "mock = (SELECT CAST(value AS INTEGER) FROM service_state WHERE name = 'mock_mode')"
CAN_POST = f"{_BY_OAUTH} AND {_THIS_WORLD}"  # no obstacle stands against it


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What stands against posting from an account."""

    oauth1: bool
    other_world: bool


def get(q: Queries, account_id: int) -> Account:
    """Raises NotFound."""
    account = find(q, account_id)
    if account is None:
        raise NotFound("account_not_found")
    return account


def get_obstacles(q: Queries, account_id: int) -> Obstacles:
    """Raises NotFound."""
    row = q.one(
        f"""
        SELECT CASE WHEN {_BY_OAUTH} THEN 0 ELSE 1 END AS oauth1,
            CASE WHEN {_THIS_WORLD} THEN 0 ELSE 1 END AS other_world
        FROM twitter_account WHERE id = :id
        """,
        id=account_id,
    )
    if row is None:
        raise NotFound("account_not_found")
    return Obstacles(bool(row["oauth1"]), bool(row["other_world"]))


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
    sql = "SELECT id FROM twitter_account WHERE mock = :mock AND lower(username) = :folded"
    row = q.one(sql, mock=mock, folded=username.lower())
    return int(row["id"]) if row else None


def list_all(q: Queries) -> Sequence[Account]:
    """Oldest first."""
    return [_account(row) for row in q.all("SELECT * FROM twitter_account ORDER BY id")]


def list_ids(q: Queries, *, among: Collection[int] | None, mock: bool | None) -> Sequence[int]:
    """Those of the accounts `among` (None: of all) that exist, and of one environment if `mock` says which."""
    rows = q.all(
        "SELECT id FROM twitter_account WHERE (:every = 1 OR id = ANY(:among)) AND mock = ANY(:environments)",
        **limit_to(among),
        environments=[0, 1] if mock is None else [int(mock)],
    )
    return [row["id"] for row in rows]


def list_of_environment(q: Queries, *, mock: bool, limit: int) -> Sequence[Account]:
    """Up to `limit` accounts of the simulated or the real X, oldest first."""
    sql = "SELECT * FROM twitter_account WHERE mock = :mock ORDER BY id LIMIT :limit"
    return [_account(row) for row in q.all(sql, mock=mock, limit=limit)]


def list_page(
    q: Queries, *, limit: int, after: int = 0, offset: int = 0, among: Collection[int] | None = None
) -> Sequence[Account]:
    """Up to `limit` of the accounts `among` (None: of all) with id > `after`, oldest first."""
    rows = q.all(
        """
        SELECT * FROM twitter_account WHERE id > :after AND (:every = 1 OR id = ANY(:among))
        ORDER BY id LIMIT :limit OFFSET :offset
        """,
        **limit_to(among),
        after=after,
        limit=limit,
        offset=offset,
    )
    return [_account(row) for row in rows]


def count(q: Queries, *, among: Collection[int] | None = None) -> int:
    sql = "SELECT count(*) FROM twitter_account WHERE :every = 1 OR id = ANY(:among)"
    return int(q.value(sql, **limit_to(among)))


def count_by_status(q: Queries, *, among: Collection[int] | None = None) -> dict[str, int]:
    rows = q.all(
        """
        SELECT status, count(*) AS n FROM twitter_account WHERE :every = 1 OR id = ANY(:among) GROUP BY status
        """,
        **limit_to(among),
    )
    return {row["status"]: row["n"] for row in rows}


def rename_namesakes(tx: Transaction, *, x_user_id: str, username: str, mock: bool) -> None:
    """Whoever else has this handle gave it up at X: the row and its tweets stay, under a name that no X user has.

    A real account displaces a mock one in the same way; a mock one never displaces a real one.
    """
    tx.execute(
        """
        UPDATE twitter_account SET updated_at = :now,
            username = username || '~' || coalesce(x_user_id, CAST(id AS TEXT))
        WHERE lower(username) = :folded AND mock >= :mock
            AND NOT (mock = :mock AND coalesce(x_user_id, '') = :x_user_id)
        """,
        folded=username.lower(),  # not by the database: a Turkish one makes i of no I
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


def delete(tx: Transaction, account_id: int) -> int:
    """Deletes the account with everything of it; returns how many tweets were deleted."""
    tweets = int(tx.value("SELECT coalesce(sum(n), 0) FROM tweet_count WHERE account_id = :id", id=account_id))
    tx.execute("DELETE FROM twitter_account WHERE id = :id", id=account_id)
    return tweets
