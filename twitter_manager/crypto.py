"""Secrets at rest: Fernet with key rotation, and the hash under which an API key is looked up."""

import hashlib
import secrets
import threading
from collections.abc import Callable, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

__all__ = ["SecretUnreadable", "Vault", "hash_key", "new_api_key", "new_encryption_key"]


class SecretUnreadable(Exception):
    """A stored secret does not belong to any of the keys."""


class Vault:
    """Encrypts with the newest key and decrypts with any of them. Without a key both raise SecretUnreadable."""

    def __init__(self, keys: Sequence[str], *, newer: Callable[[], Sequence[str]] = tuple) -> None:
        """`keys`: Fernet keys (32 bytes, url-safe base64), newest first. Raises ValueError when one is malformed.

        `newer`: asked before each use for the keys that are valid from then on; none: the same.
        """
        self._newer = newer
        self._changing = threading.Lock()
        self._set(keys)

    def _set(self, keys: Sequence[str]) -> None:
        self._fernets = [Fernet(key) for key in keys]
        self._fernet = MultiFernet(self._fernets) if keys else None

    def _current(self) -> MultiFernet:
        with self._changing:
            if newer := self._newer():
                self._set(newer)
            if self._fernet is None:
                raise SecretUnreadable("there is no ENCRYPTION_KEY")
            return self._fernet

    def encrypt(self, text: str) -> str:
        """Raises SecretUnreadable where there is no key."""
        return self._current().encrypt(text.encode()).decode()

    def renew(self, token: str) -> str:
        """The same secret under the newest key. Raises SecretUnreadable."""
        return self.encrypt(self.decrypt(token))

    def decrypt(self, token: str) -> str:
        """Raises SecretUnreadable."""
        fernet = self._current()
        try:
            return fernet.decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise SecretUnreadable("no key in ENCRYPTION_KEY decrypts this secret") from error

    def position(self, token: str) -> int | None:
        """Which key it is under, the newest being 0; None: under none of them."""
        for position, fernet in enumerate(self._fernets):
            try:
                fernet.decrypt(token.encode())
            except InvalidToken:
                continue
            return position
        return None


def new_encryption_key() -> str:
    return Fernet.generate_key().decode()


def new_api_key() -> str:
    """43 url-safe characters, 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_key(key: str) -> str:
    """SHA-256 in hex."""
    # a key has 256 random bits, so a slow hash would protect nothing
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
