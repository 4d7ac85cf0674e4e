"""Everything before the first request: keys, folders, the database brought up to date, the right ENCRYPTION_KEY."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import Timeout

from twitter_manager import private_files, scratch_folders, start_lock
from twitter_manager.config import SECRETS_FILE, Settings
from twitter_manager.crypto import SecretUnreadable, Vault, hash_key, new_api_key, new_encryption_key
from twitter_manager.env_files import read_env_file
from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.services import encryption, mock_mode, secrets_file
from twitter_manager.storage import api_keys, open_database, service_state
from twitter_manager.storage.database import Transaction

__all__ = ["Prepared", "prepare"]

_CANARY_TEXT = "the right key"
_LOCK = "start.lock"

log = logging.getLogger("twitter_manager.services")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The settings with the keys in force, and whether keys were made just now."""

    settings: Settings
    made_keys: bool


def prepare(settings: Settings) -> Prepared:
    """Brings everything to where the service can run. Raises StartRefused with one line that says what to do."""
    try:
        private_files.make_folder(settings.instance_path)
        with start_lock.held(settings.instance_path / _LOCK):
            _restrict_files(settings)
            for folder in _folders(settings):
                scratch_folders.sweep(folder)
            return _prepare(settings)
    except Timeout as error:
        raise StartRefused("INSTANCE_DIR: another start of this service does not come to its end") from error
    except OSError as error:
        raise StartRefused(
            f"INSTANCE_DIR: {error.filename or 'the folder'} cannot be used: {error.strerror}"
        ) from error
    except StorageUnavailable as error:
        raise StartRefused(f"DATABASE_URL: the database cannot be used: {error.why}") from error


def _folders(settings: Settings) -> set[Path]:
    """Where a restore works, which may have been killed."""
    database = settings.database_path
    return {settings.instance_path} | ({database.parent} if database is not None else set())


def _restrict_files(settings: Settings) -> None:
    """Takes from other users what an earlier version, or a copy, left readable for them."""
    simulators = (settings.simulator_path, settings.standalone_simulator_path)
    databases = simulators if settings.database_path is None else (settings.database_path, *simulators)
    names = (SECRETS_FILE, _LOCK, "logs", "media", *(path.name for path in databases))
    folder = settings.instance_path
    if settings.instance_dir is None or all(each.name.startswith(names) for each in folder.iterdir()):
        private_files.restrict(folder)  # else it has files of other programs, which may need to be read
    for path in (settings.secrets_path, folder / _LOCK, *_with_companions(databases)):
        private_files.restrict(path)


def _with_companions(databases: Iterable[Path]) -> Iterable[Path]:
    """The files, and those that begin with their names: -wal, -shm, locks, copies."""
    for database in databases:
        if database.parent.is_dir():
            yield from (each for each in database.parent.iterdir() if each.name.startswith(database.name))


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
        with_keys = _with_keys(settings)
        with database.transaction() as tx:
            _check_canary(tx, Vault(with_keys.encryption_key), canary)
            if len(with_keys.encryption_key) > 1:
                encryption.renew_in(tx, Vault(with_keys.encryption_key))
            encryption.note_source(tx, with_keys)
            ready = _with_key_in_force(tx, with_keys)
            service_state.set_mock_mode(tx, _mock_mode(tx, ready))
    finally:
        database.close()
    return Prepared(ready, made_keys=with_keys is not settings)


def _with_keys(settings: Settings) -> Settings:
    """The settings; keys that are missing are made and stored in secrets.env."""
    made: dict[str, str] = {}
    if not settings.api_key:
        made["API_KEY"] = new_api_key()
    if not settings.encryption_key:
        made["ENCRYPTION_KEY"] = new_encryption_key()
    if not made:
        return settings
    secrets_file.write(settings.secrets_path, made)
    return replace(
        settings,
        from_secrets=settings.from_secrets | made.keys(),
        api_key=made.get("API_KEY", settings.api_key),
        encryption_key=(made["ENCRYPTION_KEY"],) if "ENCRYPTION_KEY" in made else settings.encryption_key,
    )


def _check_canary(tx: Transaction, vault: Vault, canary: str | None) -> None:
    """A secret from the first start tells whether ENCRYPTION_KEY is the right one. Raises StartRefused."""
    if canary is None:
        service_state.put(tx, service_state.CANARY, vault.encrypt(_CANARY_TEXT))
        return
    try:
        vault.decrypt(canary)
    except SecretUnreadable as error:
        raise StartRefused(
            "ENCRYPTION_KEY is not the one that the database's secrets were encrypted with; "
            "put the earlier key back, after the new one and a comma if you want to change it"
        ) from error


def _with_key_in_force(tx: Transaction, settings: Settings) -> Settings:
    """Activates the setting's key, and no earlier one. A revoked key stays revoked: one that we made is replaced, one
    that somebody set is refused."""
    key = settings.api_key or ""
    if api_keys.is_revoked(tx, hash_key(key)):
        if "API_KEY" not in settings.from_secrets:
            raise StartRefused("API_KEY is a key that was revoked; set another one, or none, and one is made")
        key = _another_key(tx, settings.secrets_path)
        log.warning("the API key in %s was revoked: another one stands there now", settings.secrets_path)
    api_keys.insert(tx, key_hash=hash_key(key), name="API_KEY", source="setting")
    api_keys.retire_settings(tx, but=hash_key(key))
    return replace(settings, api_key=key)


def _another_key(tx: Transaction, path: Path) -> str:
    """The key now in secrets.env; of two starts at once, the second uses what the first made."""
    kept = read_env_file(path).get("API_KEY")
    if kept and not api_keys.is_revoked(tx, hash_key(kept)):
        return kept
    made = new_api_key()
    secrets_file.write(path, {"API_KEY": made})
    return made


def _mock_mode(tx: Transaction, settings: Settings) -> bool:
    enabled = mock_mode.at_start(settings, service_state.last_switch(tx))
    if not enabled and not settings.twitter_client_id:
        log.warning("mock mode was switched off, but TWITTER_CLIENT_ID is not set: no account can be connected")
    return enabled
