"""API keys: looked up by their hash on every call."""

from collections.abc import Sequence

from twitter_manager.models import ApiKey
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["find_active", "find_active_by_hash", "insert", "is_revoked", "list_all", "retire_settings", "revoke"]

_key = mapper(ApiKey)


def find_active_by_hash(q: Queries, key_hash: str) -> ApiKey | None:
    row = q.one("SELECT * FROM api_key WHERE key_hash = :key_hash AND is_active = 1", key_hash=key_hash)
    return _key(row) if row else None


def find_active(q: Queries, key_id: int) -> ApiKey | None:
    row = q.one("SELECT * FROM api_key WHERE id = :id AND is_active = 1", id=key_id)
    return _key(row) if row else None


def is_revoked(q: Queries, key_hash: str) -> bool:
    query = "SELECT 1 FROM api_key WHERE key_hash = :key_hash AND revoked_at IS NOT NULL"
    return q.one(query, key_hash=key_hash) is not None


def list_all(q: Queries) -> Sequence[ApiKey]:
    """Oldest first."""
    return [_key(row) for row in q.all("SELECT * FROM api_key ORDER BY id")]


def insert(tx: Transaction, *, key_hash: str, name: str, source: str) -> ApiKey:
    """Inserts an active key, or activates an existing one that is not revoked; `source` is stored either way."""
    row = tx.insert(
        """
        INSERT INTO api_key (key_hash, name, source, created_at) VALUES (:key_hash, :name, :source, :now)
        ON CONFLICT (key_hash) DO UPDATE SET is_active = 1, source = excluded.source WHERE api_key.revoked_at IS NULL
        RETURNING *
        """,
        key_hash=key_hash,
        name=name,
        source=source,
        now=tx.now,
    )
    return _key(row)


def retire_settings(tx: Transaction, *, but: str) -> int:
    """Deactivates every earlier value of the setting API_KEY; returns how many."""
    return tx.execute(
        "UPDATE api_key SET is_active = 0 WHERE source = 'setting' AND key_hash <> :but AND is_active = 1", but=but
    )


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
