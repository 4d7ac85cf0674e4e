"""API keys: looked up by their hash on every call."""

from collections.abc import Sequence

from twitter_manager.models import ApiKey
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["find_active", "find_active_by_hash", "insert", "list_all", "retire_settings", "revoke"]

_key = mapper(ApiKey)


def find_active_by_hash(q: Queries, key_hash: str) -> ApiKey | None:
    """The active key with this hash."""
    row = q.one("SELECT * FROM api_key WHERE key_hash = :key_hash AND is_active = 1", key_hash=key_hash)
    return _key(row) if row else None


def find_active(q: Queries, key_id: int) -> ApiKey | None:
    """The key with this id, if it is still active."""
    row = q.one("SELECT * FROM api_key WHERE id = :id AND is_active = 1", id=key_id)
    return _key(row) if row else None


def list_all(q: Queries) -> Sequence[ApiKey]:
    """Every key, oldest first."""
    return [_key(row) for row in q.all("SELECT * FROM api_key ORDER BY id")]


def insert(tx: Transaction, *, key_hash: str, name: str, source: str) -> ApiKey:
    """A new active key; one that is there already becomes active again."""
    row = tx.insert(
        """
        INSERT INTO api_key (key_hash, name, source, created_at) VALUES (:key_hash, :name, :source, :now)
        ON CONFLICT (key_hash) DO UPDATE SET is_active = 1
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
    """Deactivates a key; False when there is no such active key."""
    return tx.execute("UPDATE api_key SET is_active = 0 WHERE id = :id AND is_active = 1", id=key_id) == 1
