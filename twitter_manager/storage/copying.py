"""What a copy of a database is, whichever database it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from twitter_manager.storage.database import Database

__all__ = ["CopyContents", "CopyFailed", "DatabaseCopies"]


class CopyFailed(Exception):
    """No copy was made, or none put in place; the text is the one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class CopyContents:
    """What a copy holds, as far as it can be told without restoring it; of one that is damaged, or of no version that
    is known, no more than that.

    `needed`: the newest version that this program knows. `damage`: the first thing that was found. `tokens`: the
    encrypted tokens with the usernames of their accounts. `counts`: rows per table; `tweets`: per status.
    """

    version: int
    needed: int
    damage: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    tweets: Mapping[str, int] = field(default_factory=dict)
    canary: str | None = None
    tokens: tuple[tuple[str, str], ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether this program can serve it, if need be after bringing it up to date."""
        return 0 < self.version <= self.needed


class DatabaseCopies(Protocol):
    """Copies of the database of the settings."""

    kind: str
    """'sqlite' or 'postgresql'."""

    def write_to(self, path: Path) -> None:
        """Makes the file at `path`: the database at one moment, while others write to it. Raises CopyFailed."""
        ...

    def contents(self, path: Path) -> CopyContents:
        """What the copy at `path` holds. Changes nothing. Raises CopyFailed where it cannot be read at all."""
        ...

    def has_data(self) -> bool:
        """Whether accounts or tweets are in the present database. Raises CopyFailed when that cannot be told."""
        ...

    def revoked_keys(self) -> frozenset[str]:
        """The hashes of the API keys that were revoked in the present database; none where it cannot be read."""
        ...

    def put_in_place(self, path: Path, *, prepare: Callable[[Database], None]) -> str | None:
        """Makes the copy at `path` the database, brought up to date, once `prepare` has changed it; nobody else may use
        the database. Returns where the earlier one is kept, if there was one. Raises CopyFailed; then nothing is
        changed."""
        ...

    def change_in_place(self, prepare: Callable[[Database], None]) -> None:
        """Brings the present database up to date and lets `prepare` change it; nobody else may use it. Raises
        CopyFailed."""
        ...
