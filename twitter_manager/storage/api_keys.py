"""API keys: looked up by their hash on every call. The row has everything that one may do."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from twitter_manager.models import ApiKey
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = [
    "EVERYTHING",
    "REVOKED_HASHES",
    "KeyChoice",
    "find",
    "find_active",
    "find_active_by_hash",
    "insert",
    "is_revoked",
    "list_all",
    "names_of",
    "record_use",
    "retire_settings",
    "revoke",
]

_MAX_KNOWN = 1024
_key = lru_cache(_MAX_KNOWN)(mapper(ApiKey))  # each request reads a row that mostly is what it was


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChoice:
    """What a key may do; None: no such limit. `made_by`: the id of the key that makes it."""

    scopes: Sequence[str] = ("admin",)
    account_ids: Sequence[int] | None = None
    world: str | None = None
    expires_at: datetime | None = None
    requests_per_minute: int | None = None
    made_by: int | None = None


EVERYTHING = KeyChoice()
REVOKED_HASHES = "SELECT key_hash FROM api_key WHERE revoked_at IS NOT NULL"


def find(q: Queries, key_id: int) -> ApiKey | None:
    """Active or not."""
    row = q.one("SELECT * FROM api_key WHERE id = :id", id=key_id)
    return _key(row) if row else None


def find_active_by_hash(q: Queries, key_hash: str) -> ApiKey | None:
    """Expired or not."""
    row = q.one("SELECT * FROM api_key WHERE key_hash = :key_hash AND is_active = 1", key_hash=key_hash)
    return _key(row) if row else None


def find_active(q: Queries, key_id: int, *, now: datetime) -> ApiKey | None:
    """None also where it has expired."""
    row = q.one("SELECT * FROM api_key WHERE id = :id AND is_active = 1", id=key_id)
    found = _key(row) if row else None
    return None if found is None or (found.expires_at is not None and found.expires_at <= now) else found


def is_revoked(q: Queries, key_hash: str) -> bool:
    query = "SELECT 1 FROM api_key WHERE key_hash = :key_hash AND revoked_at IS NOT NULL"
    return q.one(query, key_hash=key_hash) is not None


def list_all(q: Queries) -> Sequence[ApiKey]:
    """Oldest first."""
    return [_key(row) for row in q.all("SELECT * FROM api_key ORDER BY id")]


def names_of(q: Queries, key_ids: Collection[int]) -> dict[int, str]:
    """By id, of those that there are."""
    rows = q.all("SELECT id, name FROM api_key WHERE id = ANY(:ids)", ids=list(key_ids))
    return {row["id"]: row["name"] for row in rows}


def insert(tx: Transaction, *, key_hash: str, name: str, source: str, choice: KeyChoice = EVERYTHING) -> ApiKey:
    """Inserts an active key, or activates an existing one that is not revoked; `source` is stored either way. A key
    that becomes the setting may do everything."""
    row = tx.insert(
        """
        INSERT INTO api_key (key_hash, name, source, scopes, account_ids, world, expires_at, requests_per_minute,
            made_by, created_at)
        VALUES (:key_hash, :name, :source, :scopes, :account_ids, :world, :expires_at, :requests_per_minute,
            :made_by, :now)
        ON CONFLICT (key_hash) DO UPDATE SET is_active = 1, source = excluded.source, scopes = excluded.scopes,
            account_ids = excluded.account_ids, world = excluded.world, expires_at = excluded.expires_at,
            requests_per_minute = excluded.requests_per_minute
        WHERE api_key.revoked_at IS NULL
        RETURNING *
        """,
        key_hash=key_hash,
        name=name,
        source=source,
        scopes=" ".join(choice.scopes),
        account_ids=None if choice.account_ids is None else json.dumps(sorted(choice.account_ids)),
        world=choice.world,
        expires_at=choice.expires_at,
        requests_per_minute=choice.requests_per_minute,
        made_by=choice.made_by,
        now=tx.now,
    )
    return _key(row)


def retire_settings(tx: Transaction, *, but: str) -> int:
    """Deactivates every earlier value of the setting API_KEY; returns how many."""
    return tx.execute(
        "UPDATE api_key SET is_active = 0 WHERE source = 'setting' AND key_hash <> :but AND is_active = 1", but=but
    )


def record_use(tx: Transaction, key_id: int) -> None:
    tx.execute("UPDATE api_key SET last_used_at = :now WHERE id = :id", id=key_id, now=tx.now)


def revoke(tx: Transaction, key_id: int) -> bool:
    """Deactivates a key for good; False when there is none with this id, or it is revoked already."""
    return (
        tx.execute(
            "UPDATE api_key SET is_active = 0, revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
            id=key_id,
            now=tx.now,
        )
        == 1
    )
