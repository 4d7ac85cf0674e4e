"""World: the simulated X as a whole, and changes to it that are not API calls."""

import random
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from twitter_manager import timestamps
from twitter_manager.simulator import grants, journal, posts, settings, users
from twitter_manager.simulator.bad_days import BadDays
from twitter_manager.simulator.grants import Tokens
from twitter_manager.simulator.journal import LoggedCall
from twitter_manager.simulator.posts import Draft, Post
from twitter_manager.simulator.settings import SimulatorSettings
from twitter_manager.simulator.state_file import PATIENCE_S, StateFile, WorldUnavailable
from twitter_manager.simulator.users import User

__all__ = ["World", "WorldUnavailable"]

USUAL_SCOPE = (
    "tweet.read tweet.write users.read media.write like.read like.write bookmark.read bookmark.write offline.access"
)


class World:
    """The X in the file at `path`; threads share a World, each process opens its own on the same file.

    No file is touched before the first use. `clock` returns aware datetimes; `seed` makes random faults repeatable;
    `patience`: seconds to wait for other users of the file.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Callable[[], datetime] = timestamps.now,
        seed: int | None = None,
        patience: float = PATIENCE_S,
    ) -> None:
        self._file = StateFile(Path(path), patience=patience)
        self.now = clock
        self.chance = random.Random(seed)
        self.faults = BadDays(self.transaction, self.chance)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All of the block, or nothing. Raises WorldUnavailable, as every method that uses the file."""
        return self._file.transaction()

    def copy_to(self, path: Path) -> None:
        """This world as it is now, in a file of its own."""
        self._file.copy_to(path)

    def fill_from(self, copy: Path) -> None:
        """What is in a file that `copy_to` made, in this world instead of what is here."""
        self._file.fill_from(copy)

    def close(self) -> None:
        self._file.close()

    @property
    def settings(self) -> SimulatorSettings:
        with self.transaction() as db:
            return settings.read(db)

    def change(self, **changes: Any) -> SimulatorSettings:
        """Sets SimulatorSettings by name. Raises ValueError."""
        with self.transaction() as db:
            return settings.change(db, changes)

    def user(self, username: str, **what: Any) -> User:
        """Made if missing; sets what is given: name, followers, following, subscription_type."""
        with self.transaction() as db:
            return users.ensure(db, username, now=self.now(), **what)

    def users(self) -> list[User]:
        """Oldest first."""
        with self.transaction() as db:
            return users.list_all(db)

    def posts(self, username: str | None = None) -> list[Post]:
        """Oldest first, including those not yet visible; of one user or of all."""
        with self.transaction() as db:
            author = users.find_by_username(db, username) if username else None
            if username and author is None:
                return []
            return posts.list_all(db, author_id=author.id if author else None)

    def write(self, username: str, text: str, *, in_reply_to: str | None = None) -> Post:
        """The user posts by other means, for example from the phone. Makes the user if missing."""
        with self.transaction() as db:
            author = users.ensure(db, username, now=self.now())
            draft = Draft(text, in_reply_to=in_reply_to)
            return posts.insert(
                db, draft, author=author, now=self.now(), visibility_delay=settings.read(db).visibility_delay
            )

    def edit(self, post_id: str, text: str) -> Post:
        """The author edits the post at X: a version with a new id. Raises LookupError when there is none to edit."""
        with self.transaction() as db:
            return posts.edit(db, post_id, text, now=self.now())

    def delete(self, post_id: str) -> None:
        """The author deletes the post by other means."""
        with self.transaction() as db:
            posts.delete(db, post_id, now=self.now())

    def show_from(self, post_id: str, moment: datetime) -> None:
        """Readers see the post from `moment` on, whatever its visibility delay."""
        with self.transaction() as db:
            posts.mark_visible(db, post_id, at=moment)

    def calls(
        self, *, method: str | None = None, path: str | None = None, username: str | None = None
    ) -> list[LoggedCall]:
        """Oldest first; `path` is a path or a pattern such as /2/users/{id}/tweets."""
        with self.transaction() as db:
            return journal.list_calls(db, method=method, path=path, username=username)

    def secrets(self) -> set[str]:
        """Every code, verifier, token and client secret that this X ever issued or received."""
        with self.transaction() as db:
            return grants.list_secrets(db)

    def register_client(self, client_id: str, secret: str | None) -> None:
        """From then on unknown apps are refused; without a secret it is a public client."""
        with self.transaction() as db:
            grants.register_client(db, client_id, secret)

    def register(self, client_id: str | None, secret: str | None, callbacks: Iterable[str]) -> None:
        """Makes this app the only known one, if one is named, and allows redirects to `callbacks`."""
        with self.transaction() as db:
            if client_id:
                grants.delete_clients(db)
                grants.register_client(db, client_id, secret)
            for uri in callbacks:
                grants.register_callback(db, uri)

    def register_callback(self, uri: str) -> None:
        """Allows redirects to `uri`; addresses of this machine need no registration."""
        with self.transaction() as db:
            grants.register_callback(db, uri)

    def sign_in(self, username: str, *, client_id: str = "app", scope: str = USUAL_SCOPE) -> Tokens:
        """Tokens for the user (made if missing) as after a complete OAuth flow."""
        with self.transaction() as db:
            user = users.ensure(db, username, now=self.now())
            consent = grants.new_consent(db, client_id=client_id, user_id=user.id, scope=scope)
            return grants.issue_tokens(db, consent, now=self.now())

    def disconnect(self, username: str) -> None:
        """The user revokes every app's access. Raises LookupError when there is no such user."""
        with self.transaction() as db:
            user = users.find_by_username(db, username)
            if user is None:
                raise LookupError(f"no user {username}")
            grants.disconnect(db, user.id)

    def expire_access_tokens(self) -> int:
        """Every access token expires now; returns how many were valid."""
        with self.transaction() as db:
            return grants.expire_access_tokens(db, now=self.now())

    def suspend(self, username: str, *, suspended: bool = True) -> None:
        """Raises LookupError when there is no such user."""
        with self.transaction() as db:
            users.set_suspended(db, username, suspended=suspended)
