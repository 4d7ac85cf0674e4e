"""Everything before the first request: keys, folders, the database brought up to date, the right ENCRYPTION_KEY."""

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import Timeout

from twitter_manager import start_lock
from twitter_manager.config import Settings
from twitter_manager.crypto import SecretUnreadable, Vault, hash_key, new_api_key, new_encryption_key
from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.storage import accounts, api_keys, oauth_states, open_database, service_state, webhooks
from twitter_manager.storage.database import Transaction

__all__ = ["Prepared", "prepare"]

_CANARY_TEXT = "the right key"

log = logging.getLogger("twitter_manager.services")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The settings with the keys in force, and whether keys were made just now."""

    settings: Settings
    made_keys: bool


def prepare(settings: Settings) -> Prepared:
    """Brings everything to where the service can run. Raises StartRefused with one line that says what to do."""
    try:
        settings.instance_path.mkdir(parents=True, exist_ok=True)
        with start_lock.held(settings.instance_path / "start.lock"):
            return _prepare(settings)
    except Timeout as error:
        raise StartRefused("INSTANCE_DIR: another start of this service does not come to its end") from error
    except OSError as error:
        raise StartRefused(
            f"INSTANCE_DIR: {error.filename or 'the folder'} cannot be used: {error.strerror}"
        ) from error
    except StorageUnavailable as error:
        raise StartRefused(f"DATABASE_URL: the database cannot be used: {error.why}") from error


def _prepare(settings: Settings) -> Prepared:
    database = open_database(settings)
    database.migrate()
    try:
        canary = service_state.find(database, service_state.CANARY)
        if canary is not None and not settings.encryption_key:
            raise StartRefused(
                "ENCRYPTION_KEY is missing, and the database holds secrets under an earlier one: "
                f"bring back {settings.secrets_path.name} or set it"
            )
        ready = _with_keys(settings)
        with database.transaction() as tx:
            _check_canary(tx, Vault(ready.encryption_key), canary)
            if len(ready.encryption_key) > 1:
                _renew_secrets(tx, Vault(ready.encryption_key))
            _register_key(tx, ready.api_key or "")
            service_state.set_mock_mode(tx, _mock_mode(tx, ready))
    finally:
        database.close()
    return Prepared(ready, made_keys=ready is not settings)


def _with_keys(settings: Settings) -> Settings:
    """The settings, with keys made and kept in secrets.env where there are none."""
    made: dict[str, str] = {}
    if not settings.api_key:
        made["API_KEY"] = new_api_key()
    if not settings.encryption_key:
        made["ENCRYPTION_KEY"] = new_encryption_key()
    if not made:
        return settings
    _keep(settings.secrets_path, made)
    return replace(
        settings,
        api_key=made.get("API_KEY", settings.api_key),
        encryption_key=(made["ENCRYPTION_KEY"],) if "ENCRYPTION_KEY" in made else settings.encryption_key,
    )


def _keep(path: Path, lines: dict[str, str]) -> None:
    """Appends to a file that only its owner can read; on the disk before anything is encrypted with it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), 0o600)
        file.writelines(f"{name}={value}\n" for name, value in lines.items())
        file.flush()
        os.fsync(file.fileno())


def _check_canary(tx: Transaction, vault: Vault, canary: str | None) -> None:
    """A secret from the first start decides whether ENCRYPTION_KEY is the right one."""
    if canary is None:
        service_state.put(tx, service_state.CANARY, vault.encrypt(_CANARY_TEXT))
        return
    try:
        vault.decrypt(canary)
    except SecretUnreadable as error:
        raise StartRefused(
            "ENCRYPTION_KEY is not the one that the database's secrets were encrypted with; "
            "put the earlier key back, behind the new one and a comma if you want to change it"
        ) from error


def _renew_secrets(tx: Transaction, vault: Vault) -> None:
    """Puts every stored secret under the newest key, so that the older ones can go from the next start on.

    A token that no key opens stays as it is: it makes its account `failed` when it is used.
    """
    canary = service_state.find(tx, service_state.CANARY)
    if canary is not None:
        service_state.put(tx, service_state.CANARY, vault.renew(canary))
    for account in accounts.list_all(tx):
        fresh = [token and _renewed(vault, token) for token in (account.access_token, account.refresh_token)]
        accounts.replace_secrets(tx, account.id, access_token=fresh[0], refresh_token=fresh[1])
    for webhook in webhooks.list_all(tx):
        webhooks.replace_secret(tx, webhook.id, _renewed(vault, webhook.secret))
    oauth_states.delete_all(tx)  # connections that are being made at this moment begin again


def _renewed(vault: Vault, token: str) -> str:
    try:
        return vault.renew(token)
    except SecretUnreadable:
        return token


def _register_key(tx: Transaction, key: str) -> None:
    """The setting's key works, an earlier setting's no more."""
    key_hash = hash_key(key)
    api_keys.insert(tx, key_hash=key_hash, name="API_KEY", source="setting")
    api_keys.retire_settings(tx, but=key_hash)


def _mock_mode(tx: Transaction, settings: Settings) -> bool:
    """What is set explicitly wins; else the last switch stays; else it depends on TWITTER_CLIENT_ID."""
    if settings.mock_mode is not None:
        return settings.mock_mode
    switched = service_state.find(tx, service_state.SWITCHED)
    if switched == "0" and not settings.twitter_client_id:
        log.warning("mock mode was switched off, but TWITTER_CLIENT_ID is not set: no account can be connected")
    return settings.mock_by_default if switched is None else switched == "1"
