"""Secrets at rest: Fernet with key rotation, and the hash under which an API key is looked up."""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

__all__ = ["SecretUnreadable", "Vault", "hash_key", "new_api_key", "new_encryption_key"]


class SecretUnreadable(Exception):
    """A stored secret does not belong to any of the keys."""


class Vault:
    """Encrypts with the newest key and decrypts with any of them. Without a key both raise SecretUnreadable."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: Fernet keys (32 bytes, url-safe base64), newest first. Raises ValueError when one is malformed."""
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def encrypt(self, text: str) -> str:
        """Raises SecretUnreadable where there is no key."""
        if self._fernet is None:
            raise SecretUnreadable("there is no ENCRYPTION_KEY")
        return self._fernet.encrypt(text.encode()).decode()

    def renew(self, token: str) -> str:
        """The same secret under the newest key. Raises SecretUnreadable."""
        return self.encrypt(self.decrypt(token))

    def decrypt(self, token: str) -> str:
        """Raises SecretUnreadable."""
        if self._fernet is None:
            raise SecretUnreadable("there is no ENCRYPTION_KEY")
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise SecretUnreadable("no key in ENCRYPTION_KEY decrypts this secret") from error


def new_encryption_key() -> str:
    return Fernet.generate_key().decode()


def new_api_key() -> str:
    """43 url-safe characters, 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """SHA-256 in hex."""
    # a key has 256 random bits, so a slow hash would protect nothing
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
