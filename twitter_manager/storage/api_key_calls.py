"""How many calls a key made in which second of the last minute, for keys that may make only so many: a row per key."""

import json
from collections.abc import Mapping

from twitter_manager.storage.database import Queries, Transaction

__all__ = ["find", "replace"]


def find(q: Queries, key_id: int) -> Mapping[int, int] | None:
    """By second (Unix time). None: it never made one."""
    found = q.value("SELECT calls FROM api_key_calls WHERE api_key_id = :key_id", key_id=key_id)
    return None if found is None else {int(second): count for second, count in json.loads(found).items()}


def replace(tx: Transaction, key_id: int, calls: Mapping[int, int], *, before: Mapping[int, int] | None) -> bool:
    """False when they are not those `before` any more."""
    changed = tx.execute(
        """
        INSERT INTO api_key_calls (api_key_id, calls) VALUES (:key_id, :calls)
        ON CONFLICT (api_key_id) DO UPDATE SET calls = excluded.calls WHERE api_key_calls.calls = :before
        """,
        key_id=key_id,
        calls=_to_text(calls),
        before="" if before is None else _to_text(before),
    )
    return changed == 1


def _to_text(calls: Mapping[int, int]) -> str:
    return json.dumps(calls, sort_keys=True)
