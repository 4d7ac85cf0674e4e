"""instance/secrets.env: the keys that the service made for itself."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from twitter_manager import private_files
from twitter_manager.crypto import Vault
from twitter_manager.env_files import read_env_file
from twitter_manager.errors import StartRefused, StorageUnavailable

__all__ = ["KeysInFile", "encryption_keys", "write"]

log = logging.getLogger("twitter_manager.services")


class KeysInFile:
    """ENCRYPTION_KEY of the file whenever the file was changed: another process may put a new key there.

    A file that is away, cannot be read or has keys of something else changes nothing. `are_ours`: asked of keys of
    which none is known: they are, where the key was changed, and the old one taken out, since the last use.
    """

    def __init__(self, path: Path, keys: Sequence[str], *, are_ours: Callable[[Sequence[str]], bool]) -> None:
        self._path = path
        self._keys = tuple(keys)
        self._are_ours = are_ours
        self._seen = self._stamp()

    def __call__(self) -> tuple[str, ...]:
        """The keys if they are others than before, else none."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return ()
        keys = encryption_keys(self._path)
        if not keys:
            return ()  # it is tried again with the next use
        if not set(keys) & set(self._keys):
            try:
                are_ours = self._are_ours(keys)
            except StorageUnavailable:
                return ()
            if not are_ours:
                self._seen = stamp
                log.error("%s has none of the encryption keys in use: those stay in use", self._path.name)
                return ()
        self._seen = stamp
        if keys == self._keys:
            return ()
        self._keys = keys
        log.info("%s has other encryption keys: they are used from now on", self._path.name)
        return keys

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116  - before each use: a Path would double its time
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def encryption_keys(path: Path) -> tuple[str, ...]:
    """Newest first; none where the file has none, or cannot be read."""
    try:
        given = read_env_file(path).get("ENCRYPTION_KEY", "")
    except StartRefused:
        return ()
    keys = tuple(key.strip() for key in given.split(",") if key.strip())
    try:
        Vault(keys)
    except ValueError:
        return ()
    return keys


def write(path: Path, made: dict[str, str]) -> None:
    """Writes the keys into the file, replacing those of the same name and keeping its other lines.

    Atomic, and on the disk before anything is encrypted with the keys.
    """
    path = path.resolve()  # a link stays one
    present = path.read_bytes() if path.exists() else b""
    if present and not present.endswith(b"\n"):
        present += b"\n"
    others = [each for each in present.splitlines(keepends=True) if each.partition(b"=")[0].decode() not in made]
    fresh = path.with_name(f"{path.name}.new")
    try:
        _write_durably(fresh, b"".join(others) + "".join(f"{name}={value}\n" for name, value in made.items()).encode())
        if not made.items() <= read_env_file(fresh).items():
            raise StartRefused(
                f"{path.name}: the new keys cannot be read again beside its other lines; check those, and the disk"
            )
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write_durably(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    private_files.make_file(path)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Makes a rename durable; Windows does it by itself and opens no folder."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
