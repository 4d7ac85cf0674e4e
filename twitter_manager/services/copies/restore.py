"""Puts a copy in place of the database, in such a way that nothing is sent again that went out since."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from twitter_manager.config import Settings
from twitter_manager.env_files import read_env_file
from twitter_manager.services import secrets_file
from twitter_manager.services.copies.archive import DATABASE, SECRETS, WORLD, scratch_folder, unpack
from twitter_manager.services.copies.contents import Examined, examine
from twitter_manager.services.copies.standing_still import no_start
from twitter_manager.services.dispatch.decisions import first_check
from twitter_manager.services.dispatch.recovery import recover_lost
from twitter_manager.simulator.world import World, WorldUnavailable
from twitter_manager.storage import api_keys, copy_clock, restored, webhooks, workers
from twitter_manager.storage.copying import CopyFailed, DatabaseCopies
from twitter_manager.storage.database import Database
from twitter_manager.timestamps import later

__all__ = ["Restore", "RestoredCopy"]


@dataclass(frozen=True, slots=True)
class RestoredCopy:
    """`kept_aside`: where the earlier database is; `world`: 'restored', 'kept' (there was one here), or 'none'."""

    examined: Examined
    kept_aside: str | None
    world: str
    wrote_secrets: bool


class Restore:
    def __init__(self, settings: Settings, copies: DatabaseCopies) -> None:
        self._settings = settings
        self._copies = copies

    def verify(self, path: Path) -> Examined:
        """Looks at the copy and changes nothing. Raises CopyFailed where it cannot be read."""
        beside = self._settings.instance_path if self._settings.instance_path.is_dir() else path.parent
        with scratch_folder(beside) as folder:
            return examine(folder, unpack(path, folder), self._copies, self._settings.encryption_key)

    def run(self, path: Path, *, replace: bool) -> RestoredCopy:
        """Raises CopyFailed; then the database is as it was."""
        with no_start(self._settings):
            return self._run(path, replace=replace)

    def mark_in_place(self) -> None:
        """The present database is an older one that somebody put there by hand. Raises CopyFailed."""
        self._copies.change_in_place(_look_first)

    def _run(self, path: Path, *, replace: bool) -> RestoredCopy:
        with scratch_folder(self._settings.instance_path) as folder:
            found = examine(folder, unpack(path, folder), self._copies, self._settings.encryption_key)
            if found.problems:
                raise CopyFailed("\n".join(found.problems))
            if not replace and self._copies.has_data():
                raise CopyFailed(
                    "the present database has accounts or tweets; say --replace to put the copy in its place "
                    "(the present one is kept beside it)"
                )
            world = self._place_world(folder / WORLD)
            prepare = partial(_make_ready, revoked=self._copies.revoked_keys())
            kept = self._copies.put_in_place(folder / DATABASE, prepare=prepare)
            return RestoredCopy(found, kept, world, self._place_secrets(folder / SECRETS))

    def _place_world(self, path: Path) -> str:
        """One that is here is left: what was posted to it after the copy is at this X, and must be found there."""
        if not path.exists():
            return "none"
        if self._settings.simulator_path.exists():
            return "kept"
        made = path.with_name("simulator-restored.db")
        world = World(made)
        try:
            world.fill_from(path)
        except WorldUnavailable as error:
            raise CopyFailed(f"the simulated X in the copy is damaged: {error}") from error
        finally:
            world.close()
        made.replace(self._settings.simulator_path)
        return "restored"

    def _place_secrets(self, path: Path) -> bool:
        """The keys of the copy, where no key is set here."""
        if self._settings.encryption_key or not path.exists():
            return False
        made = read_env_file(path)
        wanted = ("ENCRYPTION_KEY",) if self._settings.api_key else ("ENCRYPTION_KEY", "API_KEY")
        secrets_file.write(self._settings.secrets_path, {name: made[name] for name in wanted if name in made})
        return True


def _make_ready(database: Database, *, revoked: Collection[str]) -> None:
    """A key that was revoked here since the copy was made stays revoked."""
    with database.transaction() as tx:
        for key in api_keys.list_all(tx):
            if key.key_hash in revoked and api_keys.revoke(tx, key.id):
                webhooks.switch_off_of_key(tx, key.id, error_code="key_revoked")
    _look_first(database)


def _look_first(database: Database) -> None:
    """What went out after the copy was made is not in it: it is looked for before anything is sent."""
    with database.transaction() as tx:
        for account_id in restored.mark_accounts(tx, check_at=first_check(tx.now)):
            recover_lost(tx, account_id, over_at=tx.now)
        workers.delete_unseen_since(tx, later(tx.now, 1))
        copy_clock.delete(tx)  # two installations that came from one must not delete each other's copies
