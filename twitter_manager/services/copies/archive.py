"""A copy in one file: a tar whose first member says what it is."""

import errno
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twitter_manager import private_files, scratch_folders
from twitter_manager.storage.copying import CopyFailed
from twitter_manager.version import VERSION

__all__ = ["DATABASE", "SECRETS", "WORLD", "Manifest", "pack", "scratch_folder", "unpack"]

MANIFEST, DATABASE, WORLD, SECRETS = "copy.json", "database", "simulator.db", "secrets.env"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """`database`: 'sqlite' or 'postgresql'; `made_at`: ISO 8601 in UTC."""

    made_at: str
    database: str
    format: int = _FORMAT
    version: str = VERSION


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """A folder on the same disk as `beside`, for what is not whole yet. Faults of the disk become CopyFailed."""
    try:
        with scratch_folders.make(beside) as made:
            yield made
    except OSError as error:
        why = "the disk is full; make room" if error.errno == errno.ENOSPC else error.strerror
        raise CopyFailed(f"{error.filename or beside}: {why}") from error


def pack(folder: Path, manifest: Manifest, target: Path) -> None:
    """The members that lie in `folder` as the file `target`, which is there whole or not at all."""
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    packed = folder / "packed"
    private_files.make_file(packed)
    with tarfile.open(packed, "w") as tar:
        for name in (MANIFEST, DATABASE, WORLD, SECRETS):
            if (folder / name).exists():
                tar.add(folder / name, arcname=name, recursive=False, filter=_anonymous)
    with packed.open("rb+") as file:
        os.fsync(file.fileno())
    packed.replace(target)


def unpack(path: Path, folder: Path) -> Manifest:
    """Puts the members into `folder`. Raises CopyFailed where it is no copy, or not whole."""
    try:
        with tarfile.open(path, "r:") as tar:
            size = path.stat().st_size
            for member in tar:
                if not 0 <= member.size <= size:  # of a sparse one it is what it would grow to
                    raise tarfile.ReadError("a member larger than the file")
                if member.isfile() and member.name in (MANIFEST, DATABASE, WORLD, SECRETS):
                    _extract(tar, member, folder / member.name)
        manifest = _manifest(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        lacking = path if not path.exists() else f"{path} lacks its {MANIFEST}"
        raise CopyFailed(f"{lacking}: there is no copy of Twitter Manager") from error
    except (tarfile.TarError, EOFError, ValueError, TypeError, RecursionError) as error:
        raise CopyFailed(f"{path} is no copy of Twitter Manager, or was cut short") from error
    if manifest.format > _FORMAT:
        raise CopyFailed(f"{path} was made by a newer program ({manifest.version}); restore it with that one")
    if not (folder / DATABASE).exists():
        raise CopyFailed(f"{path} was cut short: it has no database")
    return manifest


def _manifest(kept: Any) -> Manifest:
    """Raises ValueError, or TypeError, for what no program of ours writes, controls of a terminal among it."""
    manifest = Manifest(**kept)
    texts = manifest.made_at, manifest.database, manifest.version
    if not isinstance(manifest.format, int) or not all(isinstance(each, str) and each.isprintable() for each in texts):
        raise ValueError(MANIFEST)
    return manifest


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    if source is None:
        raise tarfile.ReadError("a member without content")
    private_files.make_file(target)
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1024 * 1024)
    if target.stat().st_size != member.size:
        raise tarfile.ReadError("a member that was cut short")


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = private_files.FILE_MODE
    return member
