"""Another encryption key while the service runs: a new key in front, then every secret under it, row by row.

The order makes it impossible to lose a secret. The new key is on the disk, beside the old one, before anything is
encrypted with it; a process that has secrets.env reads it again before each use (services/secrets_file.py); a secret is
replaced only where it is still the one that was read. Whatever interrupts it, it can be called again.
"""

import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from filelock import Timeout

from twitter_manager import start_lock
from twitter_manager.config import Settings
from twitter_manager.crypto import Vault, new_encryption_key
from twitter_manager.errors import StartRefused
from twitter_manager.services import audit, secrets_file
from twitter_manager.services.health import WORKER_SILENCE
from twitter_manager.storage import secrets, service_state, workers
from twitter_manager.storage.database import Database, Queries, Transaction
from twitter_manager.timestamps import earlier

__all__ = ["KeyRotation", "KeyUse", "note_source", "opens_canary", "renew_in"]

_SOURCE = "encryption_key_source"
_ROWS = 100  # in one transaction: other writers wait for it
_PASSES = 5


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many secrets are under which key of ENCRYPTION_KEY, newest first, and how many under none of them."""

    keys: tuple[str, ...]
    under: tuple[int, ...]
    unreadable: int

    @property
    def is_done(self) -> bool:
        """Nothing is under an older key."""
        return not any(self.under[1:])


class KeyRotation:
    def __init__(self, settings: Settings, db: Database) -> None:
        self._settings = settings
        self._db = db

    @property
    def is_in_file(self) -> bool:
        """Whether the key stands in secrets.env, where this program may change it."""
        return "ENCRYPTION_KEY" in self._settings.from_secrets

    def check(self) -> KeyUse:
        keys = self._keys()
        vault = Vault(keys)
        found = Counter(vault.position(secret.text) for secret in secrets.list_all(self._db))
        return KeyUse(keys, tuple(found[position] for position in range(len(keys))), found[None])

    def rotate(self) -> KeyUse:
        """Raises StartRefused where it would be dangerous; then nothing is changed."""
        try:
            # of two at once the second finds the first one's key in the file; it would replace it by its own
            with start_lock.held(self._settings.instance_path / "start.lock"):
                vault = Vault(self._keys_with_new_one())
        except Timeout as error:
            raise StartRefused("the service is just starting, or another rotate-key is; call it again") from error
        except OSError as error:
            raise StartRefused(f"INSTANCE_DIR cannot be written: {error.strerror}") from error
        for _ in range(_PASSES):  # meanwhile somebody may have encrypted with the old key once more
            if not self._renew(vault):
                break
        return self.check()

    def _keys_with_new_one(self) -> tuple[str, ...]:
        """Those in force, with a new one in front where an earlier rotation is done."""
        before = self.check()
        self._check_canary(before.keys)
        if not self.is_in_file or not before.is_done:
            return before.keys
        self._check_everybody_reads_the_file()
        # the third for what somebody may be storing at this moment; still older ones have nothing under them
        keys = (new_encryption_key(), *before.keys[:2])
        secrets_file.write(self._settings.secrets_path, {"ENCRYPTION_KEY": ",".join(keys)})
        return keys

    def _keys(self) -> tuple[str, ...]:
        """Those of the file as it is now, or of the settings."""
        kept = secrets_file.encryption_keys(self._settings.secrets_path) if self.is_in_file else ()
        return kept or self._settings.encryption_key

    def _renew(self, vault: Vault) -> int:
        """Returns how many it replaced."""
        old = [each for each in secrets.list_all(self._db) if vault.position(each.text)]
        replaced = 0
        for at in range(0, len(old), _ROWS):
            with self._db.transaction() as tx:
                replaced += sum(secrets.replace(tx, each, vault.renew(each.text)) for each in old[at : at + _ROWS])
                audit.record(tx, counts={"secrets": replaced})
        return replaced

    def _check_canary(self, keys: Sequence[str]) -> None:
        if not opens_canary(self._db, keys):
            raise StartRefused("ENCRYPTION_KEY here is not the one that the database's secrets are encrypted with")

    def _check_everybody_reads_the_file(self) -> None:
        """A process that has the key from elsewhere would not learn the new one, and take its accounts for lost."""
        if service_state.find(self._db, _SOURCE) == "settings":
            raise StartRefused(
                "the service was started with ENCRYPTION_KEY from its own settings, not from secrets.env: change it "
                "there (README, Another encryption key)"
            )
        since, here = earlier(self._db.now(), WORKER_SILENCE), socket.gethostname()
        others = {each.host for each in workers.list_others(self._db, but="") if each.seen_at >= since} - {here}
        if others:
            raise StartRefused(
                f"workers run on other machines ({', '.join(sorted(others))}), which have a secrets.env of their own: "
                "set ENCRYPTION_KEY on each (README, Another encryption key)"
            )


def opens_canary(q: Queries, keys: Sequence[str]) -> bool:
    """Whether one of the keys is the one of this database."""
    canary = service_state.find(q, service_state.CANARY)
    return canary is not None and Vault(keys).position(canary) is not None


def note_source(tx: Transaction, settings: Settings) -> None:
    """At a start: where the key comes from."""
    service_state.put(tx, _SOURCE, "secrets.env" if "ENCRYPTION_KEY" in settings.from_secrets else "settings")


def renew_in(tx: Transaction, vault: Vault) -> None:
    """At a start with several keys: every secret under the newest. What no key opens stays as it is: a token makes its
    account `failed` when it is used."""
    for secret in list(secrets.list_all(tx)):
        if vault.position(secret.text):
            secrets.replace(tx, secret, vault.renew(secret.text))
