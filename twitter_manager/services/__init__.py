"""What the product does. `build` is the only wiring: the web application, the worker and the commands all use it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from twitter_manager.config import Settings
from twitter_manager.crypto import Vault
from twitter_manager.receivers.client import Receivers
from twitter_manager.services.accounts.connect import AccountConnections
from twitter_manager.services.accounts.manage import Accounts
from twitter_manager.services.accounts.tokens import Tokens
from twitter_manager.services.alerts import Alerts
from twitter_manager.services.api_keys import ApiKeys
from twitter_manager.services.context import Context
from twitter_manager.services.copies.backup import Backup
from twitter_manager.services.copies.move import Move
from twitter_manager.services.copies.restore import Restore
from twitter_manager.services.copies.schedule import ScheduledCopies
from twitter_manager.services.dispatch.dispatcher import Dispatcher
from twitter_manager.services.doctor import Doctor
from twitter_manager.services.encryption import KeyRotation, opens_canary
from twitter_manager.services.environments import build_environments
from twitter_manager.services.health import Health
from twitter_manager.services.maintenance import Maintenance
from twitter_manager.services.mock_mode import MockMode
from twitter_manager.services.notifier import Notifier
from twitter_manager.services.publishing.batches import Batches
from twitter_manager.services.publishing.publish import Publishing
from twitter_manager.services.publishing.slots import Slots
from twitter_manager.services.publishing.threads import Threads
from twitter_manager.services.publishing.tweets import Tweets
from twitter_manager.services.publishing.validate import Validation
from twitter_manager.services.publishing.waiting import Waiting
from twitter_manager.services.seats import Seats
from twitter_manager.services.secrets_file import KeysInFile
from twitter_manager.services.startup import Prepared, prepare
from twitter_manager.services.webhooks.deliveries import Deliveries
from twitter_manager.services.webhooks.endpoints import Webhooks
from twitter_manager.simulator.world import World as SimulatedWorld
from twitter_manager.storage import copies_of, open_database
from twitter_manager.storage.database import Database

__all__ = ["Prepared", "Services", "build", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the API, the worker and the commands may ask for."""

    settings: Settings
    db: Database
    vault: Vault
    clock: Callable[[], datetime]
    notifier: Notifier
    simulated: Callable[[], SimulatedWorld]
    accounts: Accounts
    alerts: Alerts
    api_keys: ApiKeys
    backup: Backup
    batches: Batches
    connections: AccountConnections
    deliveries: Deliveries
    doctor: Doctor
    health: Health
    mock_mode: MockMode
    move: Move
    publishing: Publishing
    restore: Restore
    scheduled_copies: ScheduledCopies
    seats: Seats
    slots: Slots
    threads: Threads
    tokens: Tokens
    dispatcher: Dispatcher
    tweets: Tweets
    key_rotation: KeyRotation
    maintenance: Maintenance
    validation: Validation
    waiting: Waiting
    webhooks: Webhooks

    def close(self) -> None:
        self.db.close()


class _OpenedOnce:
    """The simulated X, opened on first use: a service outside mock mode never makes its file."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._guard = threading.Lock()
        self._world: SimulatedWorld | None = None

    def __call__(self) -> SimulatedWorld:
        with self._guard:
            if self._world is None:
                self._world = SimulatedWorld(self._path, clock=self._clock)
            return self._world


def _vault(settings: Settings, db: Database) -> Vault:
    """Keys that stand in secrets.env may be changed there while the service runs."""
    if "ENCRYPTION_KEY" not in settings.from_secrets:
        return Vault(settings.encryption_key)
    are_ours = partial(opens_canary, db)
    in_file = KeysInFile(settings.secrets_path, settings.encryption_key, are_ours=are_ours)
    return Vault(settings.encryption_key, newer=in_file)


def build(settings: Settings, *, clock: Callable[[], datetime] | None = None) -> Services:
    """Touches nothing on the disk. `clock`: the time, for tests; by default the database's, which leases and due times
    go by on every machine."""
    db = open_database(settings, clock=clock)
    clock = db.now
    simulated = _OpenedOnce(settings.simulator_path, clock)
    context = Context(
        db=db,
        vault=_vault(settings, db),
        environments=build_environments(settings, simulated, clock, db),
        notifier=Notifier(db.wakeups),
        clock=clock,
    )
    copies = copies_of(settings, clock=clock)
    backup = Backup(settings, copies, simulated, clock)
    receivers = Receivers(settings.webhook_allowed_networks)
    seats = Seats(clock)
    tokens = Tokens(context)
    tweets = Tweets(context, tokens, seats)
    return Services(
        settings=settings,
        db=context.db,
        vault=context.vault,
        clock=clock,
        notifier=context.notifier,
        simulated=simulated,
        accounts=Accounts(context, tokens, seats),
        alerts=Alerts(context),
        api_keys=ApiKeys(context),
        backup=backup,
        batches=Batches(context),
        connections=AccountConnections(
            context, seats, callback_url=settings.callback_url, scopes=settings.twitter_scopes
        ),
        deliveries=Deliveries(context, receivers, base_url=settings.base_url),
        doctor=Doctor(context, settings),
        health=Health(context),
        mock_mode=MockMode(context, settings),
        move=Move(settings),
        publishing=Publishing(context),
        restore=Restore(settings, copies),
        scheduled_copies=ScheduledCopies(settings, db, backup, clock),
        seats=seats,
        slots=Slots(context),
        threads=Threads(context, tweets, seats),
        tokens=tokens,
        dispatcher=Dispatcher(context, tokens),
        tweets=tweets,
        key_rotation=KeyRotation(settings, db),
        maintenance=Maintenance(context),
        validation=Validation(context),
        waiting=Waiting(context, seats),
        webhooks=Webhooks(context, receivers),
    )
