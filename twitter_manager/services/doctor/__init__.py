"""Checks everything that can be wrong and says what to do: `twitter-manager doctor`.

It starts nothing and changes nothing, and may run beside the service. The checks are in a file per noun, as pure
functions from what was found to a Check; here is only the order.

    check       a Check, and the three states it can have
    settings    what is set, the callback, the client
    disk        folder, keys' file, disk, SQLite's file; server: PostgreSQL
    secrets     the encryption key, and each account's tokens and scopes
    copies      when one was made, and whether this database is one
    queue       the worker, what is overdue, what rests, what waits for its owner
    x           X itself: does it answer, its clock, does it know the client; nobody is asked in mock mode
    report      what was found, for a person and for a program
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from twitter_manager.config import Settings
from twitter_manager.crypto import hash_key
from twitter_manager.database_url import shown
from twitter_manager.errors import StorageUnavailable
from twitter_manager.services import mock_mode
from twitter_manager.services.context import Context
from twitter_manager.services.doctor import copies, disk, queue, secrets, server, x
from twitter_manager.services.doctor import settings as set_up
from twitter_manager.services.doctor.check import Check, fail
from twitter_manager.services.health import OVERDUE, worker_is_alive
from twitter_manager.storage import (
    accounts,
    api_keys,
    app_rests,
    copy_clock,
    lanes,
    restored,
    service_state,
    tweet_lists,
    tweet_queue,
    workers,
)
from twitter_manager.storage.database import Queries
from twitter_manager.storage.service_state import Switch
from twitter_manager.storage.tweet_lists import TweetFilter
from twitter_manager.timestamps import earlier

__all__ = ["Check", "Doctor"]


class Doctor:
    def __init__(self, context: Context, settings: Settings) -> None:
        self._context = context
        self._settings = settings

    def examine(self) -> list[Check]:
        """In the order in which problems are to be fixed."""
        mock, switch, there, kept = self._settings.mock_by_default, None, self._on_disk(), []
        if not any(check.state == "fail" for check in there if check.name == "database"):
            try:
                switch = service_state.last_switch(self._context.db)
                mock, kept = self._is_mock(switch), list(self._in_database())
            except StorageUnavailable as error:
                kept = [fail("database", f"cannot be read: {error.why}", "try again in a minute; then see the log")]
        known = [
            set_up.understood(mock=mock, because=mock_mode.why(self._settings, switch, on=mock)),
            *set_up.misspelt(self._settings),
            *set_up.proxies(self._settings),
            set_up.callback(self._settings),
            set_up.scopes(self._settings),
        ]
        client = set_up.client_id(self._settings, mock=mock)
        return [*known, *there, *kept, client, *self._at_x(mock=mock)]

    def _on_disk(self) -> list[Check]:
        path, database = self._settings.instance_path, self._settings.database_path
        folders = (
            [path, self._settings.log_path] if database is None else [path, database.parent, self._settings.log_path]
        )
        try:
            found = [disk.folder(path), self._database(database)]
            if path.is_dir():
                found.insert(1, disk.secrets_file(self._settings.secrets_path))
            return found + [disk.room_at(each) for each in _disks(*folders)]
        except OSError as error:
            text = f"{error.filename or path} cannot be looked at: {error.strerror}"
            return [fail("database", text, "run this as the user whom the service runs as")]

    def _database(self, path: Path | None) -> Check:
        if path is not None:
            return disk.database(path)
        url = self._settings.database_url
        return server.database(url, shown=shown(url))

    def _is_mock(self, switch: Switch | None) -> bool:
        """Whether mock mode is on in the running service, or else after the next start."""
        if worker_is_alive(self._context.db, self._context.clock()):
            return service_state.mock_mode(self._context.db)
        return mock_mode.at_start(self._settings, switch)

    def _in_database(self) -> Iterator[Check]:
        db, vault, now = self._context.db, self._context.vault, self._context.clock()
        canary = service_state.find(db, service_state.CANARY)
        yield secrets.encryption_key(vault, canary, is_set=bool(self._settings.encryption_key))
        key, made_here = self._settings.api_key or "", "API_KEY" in self._settings.from_secrets
        yield secrets.api_key(revoked=api_keys.is_revoked(db, hash_key(key)), made_here=made_here)
        for account in accounts.list_all(db):
            yield secrets.account(account, vault, wanted=self._settings.twitter_scopes, now=now)
        yield queue.worker(workers.last_seen_at(db), now)
        yield queue.overdue(_overdue(db, now))
        yield from map(queue.app_rest, app_rests.list_all(db))
        yield copies.on_a_clock(self._settings, copy_clock.find(db), now)
        yield from copies.restored(restored.count(db))
        yield queue.decisions(tweet_lists.count(db, TweetFilter(needs_decision=True)))

    def _at_x(self, *, mock: bool) -> Iterator[Check]:
        return x.not_asked() if mock else x.checks(self._context.environments.of(False))


def _overdue(q: Queries, now: datetime) -> int:
    # a lane may be due without a tweet, until a worker claims it
    long_ago, since = earlier(now, OVERDUE), lanes.oldest_overdue(q)
    if since is None or since > long_ago:
        return 0
    return tweet_queue.count_due_of_environment(q, mock=service_state.mock_mode(q), now=long_ago)


def _disks(*folders: Path) -> list[Path]:
    """One existing folder per disk."""
    return list({folder.stat().st_dev: folder for folder in reversed(folders) if folder.is_dir()}.values())
