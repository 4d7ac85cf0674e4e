"""A mark beside a database that was moved: the service must not start on it again, or two would post the same."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from twitter_manager import private_files, sqlite_file
from twitter_manager.storage.moving import Moved

__all__ = ["delete", "find", "refusal", "write"]


def find(path: Path) -> Moved | None:
    """Of the database at `path`. A mark that cannot be read is one all the same."""
    if not os.path.lexists(_mark_of(path)):
        return None
    try:
        kept = json.loads(_mark_of(path).read_text(encoding="utf-8"))
        return Moved(str(kept["to"]), str(kept["at"]), kept["is_finished"] is True)
    except (OSError, ValueError, KeyError, TypeError):
        return Moved(f"an address that {_mark_of(path).name} does not tell", "?", is_finished=True)


def refusal(path: Path) -> str | None:
    """Why nobody may use it, in one line."""
    moved = find(path)
    if moved is None:
        return None
    if not moved.is_finished:
        return (
            f"{path.name} was being moved to {moved.to} and that was interrupted at its very end: call twitter-manager "
            "migrate-to once more with the same address; it finds out whether everything is there, or moves it"
        )
    return (
        f"{path.name} was moved to {moved.to} ({moved.at}), and a service on both would send everything twice: set "
        "DATABASE_URL to that one. To go back: twitter-manager restore --in-place; docs/postgres.md says what is lost"
    )


def write(path: Path, moved: Moved) -> None:
    """On the disk when it returns. Raises OSError."""
    mark = _mark_of(path)
    fresh = mark.with_name(f"{mark.name}.new")
    private_files.make_file(fresh)
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(moved)) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(mark)
    sqlite_file.sync(mark.parent)


def delete(path: Path) -> None:
    _mark_of(path).unlink(missing_ok=True)


def _mark_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.moved")
