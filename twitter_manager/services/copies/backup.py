"""Makes a copy while the service runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twitter_manager import private_files
from twitter_manager.config import Settings
from twitter_manager.services.copies.archive import DATABASE, SECRETS, WORLD, Manifest, pack, scratch_folder
from twitter_manager.simulator.world import World, WorldUnavailable
from twitter_manager.storage.copying import CopyFailed, DatabaseCopies
from twitter_manager.timestamps import to_text

__all__ = ["Backup", "MadeCopy"]


@dataclass(frozen=True, slots=True)
class MadeCopy:
    path: Path
    size: int  # bytes
    with_world: bool
    with_secrets: bool


class Backup:
    def __init__(
        self,
        settings: Settings,
        copies: DatabaseCopies,
        simulated: Callable[[], World],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._copies = copies
        self._simulated = simulated
        self._clock = clock

    def make(self, target: Path, *, with_secrets: bool = False, replace: bool = False) -> MadeCopy:
        """Raises CopyFailed; then there is no new file."""
        if target.exists() and not target.is_file():
            raise CopyFailed(f"{target} exists and is no file; name another one")
        if target.exists() and not replace:
            raise CopyFailed(f"{target} exists; name another file, or say --force")
        if not target.parent.is_dir():
            raise CopyFailed(f"the folder {target.parent} is not there; make it, or name another")
        made_at = to_text(self._clock())
        with scratch_folder(target.parent) as folder:
            self._copies.write_to(folder / DATABASE)
            # after the database: what that has at X is in this world then, too
            with_world = self._copy_world(folder / WORLD)
            if with_secrets:
                self._write_secrets(folder / SECRETS)
            pack(folder, Manifest(made_at, self._copies.kind), target)
            return MadeCopy(target, target.stat().st_size, with_world, with_secrets)

    def _copy_world(self, path: Path) -> bool:
        if not self._settings.simulator_path.exists():
            return False
        try:
            self._simulated().copy_to(path)
        except WorldUnavailable as error:
            raise CopyFailed(f"the simulated X cannot be copied: {error}") from error
        return True

    def _write_secrets(self, path: Path) -> None:
        """The keys in force, wherever they come from."""
        if not self._settings.encryption_key:
            raise CopyFailed("--with-secrets: ENCRYPTION_KEY is not set here, and there is no secrets.env")
        private_files.make_file(path)
        lines = {"API_KEY": self._settings.api_key, "ENCRYPTION_KEY": ",".join(self._settings.encryption_key)}
        path.write_text("".join(f"{name}={value}\n" for name, value in lines.items() if value), encoding="utf-8")
