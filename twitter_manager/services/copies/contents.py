"""What a copy holds, and what is in the way of restoring it: pure but for reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from twitter_manager.crypto import SecretUnreadable, Vault
from twitter_manager.env_files import read_env_file
from twitter_manager.models import SENDABLE, UNSETTLED
from twitter_manager.services.copies.archive import DATABASE, SECRETS, WORLD, Manifest
from twitter_manager.storage.copying import CopyContents, CopyFailed, DatabaseCopies

__all__ = ["Examined", "examine"]


@dataclass(frozen=True, slots=True)
class Examined:
    """`keys`: ENCRYPTION_KEY of the settings or, without one, of the copy; `unreadable`: whose tokens these do not
    open."""

    manifest: Manifest
    contents: CopyContents
    keys: tuple[str, ...]
    key_fits: bool
    unreadable: tuple[str, ...]
    has_world: bool
    has_secrets: bool

    @property
    def problems(self) -> list[str]:
        """Why it cannot be restored, with what to do: one line each."""
        return list(self._problems())

    @property
    def not_out(self) -> int:
        """How many tweets would have gone out after the copy was made, by themselves or at a word, or may be at X."""
        return sum(self.contents.tweets.get(status, 0) for status in (*SENDABLE, *UNSETTLED))

    def _problems(self) -> Iterator[str]:
        found = self.contents
        if found.damage is not None:
            yield f"the database in it is damaged ({found.damage}); take another copy"
        if not found.is_known:
            yield (
                f"its database has version {found.version}, this program knows versions up to {found.needed}; "
                "restore it with the program that made it, or a newer one"
            )
        if found.canary is not None and not self.keys:
            yield (
                "ENCRYPTION_KEY is missing, and the copy's tokens are encrypted with it: bring instance/secrets.env of "
                "the installation that made it into this one's instance folder, or set ENCRYPTION_KEY to its key"
            )
        elif not self.key_fits:
            yield (
                "ENCRYPTION_KEY is not the one that the copy's tokens are encrypted with: that is in "
                "instance/secrets.env of the installation that made the copy, or in its settings; set it here, or add "
                "it behind the present one and a comma"
            )


def examine(folder: Path, manifest: Manifest, copies: DatabaseCopies, keys: Sequence[str]) -> Examined:
    """`folder`: where the copy is unpacked; `keys`: ENCRYPTION_KEY of the settings. Raises CopyFailed."""
    if manifest.database != copies.kind:
        raise CopyFailed(
            f"the copy is of a {manifest.database} database, and DATABASE_URL names a {copies.kind} one; "
            "restore it there, then move it: twitter-manager migrate-to"
        )
    found = copies.contents(folder / DATABASE)
    in_copy = read_env_file(folder / SECRETS).get("ENCRYPTION_KEY", "")
    in_force = tuple(keys) or tuple(key.strip() for key in in_copy.split(",") if key.strip())
    vault = Vault(in_force)
    closed = {username for username, token in found.tokens if not _opens(vault, token)}
    return Examined(
        manifest,
        found,
        in_force,
        key_fits=found.canary is None or _opens(vault, found.canary),
        unreadable=tuple(sorted(closed)),
        has_world=(folder / WORLD).exists(),
        has_secrets=bool(in_copy),
    )


def _opens(vault: Vault, secret: str) -> bool:
    try:
        vault.decrypt(secret)
    except SecretUnreadable:
        return False
    return True
