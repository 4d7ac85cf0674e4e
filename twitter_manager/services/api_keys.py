"""API keys: made, checked, revoked. A key is shown once, when it is made; only its hash is stored."""

from collections.abc import Sequence

from twitter_manager.crypto import hash_key, new_api_key
from twitter_manager.errors import KeyRefused
from twitter_manager.models import ApiKey
from twitter_manager.services.context import Context
from twitter_manager.storage import api_keys

__all__ = ["ApiKeys"]


class ApiKeys:
    def __init__(self, context: Context) -> None:
        self._context = context

    def check(self, key: str) -> ApiKey:
        """Raises KeyRefused."""
        found = api_keys.find_active_by_hash(self._context.db, hash_key(key))
        if found is None:
            raise KeyRefused("unauthorized")
        return found

    def create(self, name: str) -> tuple[ApiKey, str]:
        """The new key, and its text, which cannot be read again later."""
        text = new_api_key()
        with self._context.db.transaction() as tx:
            return api_keys.insert(tx, key_hash=hash_key(text), name=name, source="command"), text

    def list_all(self) -> Sequence[ApiKey]:
        """Oldest first."""
        return api_keys.list_all(self._context.db)

    def revoke(self, key_id: int) -> bool:
        """False when there is no key with this id that could be revoked."""
        with self._context.db.transaction() as tx:
            return api_keys.revoke(tx, key_id)
