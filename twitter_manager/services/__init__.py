"""What the product does. `build` is the only wiring: the web application, the worker and the commands all use it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from twitter_manager import timestamps
from twitter_manager.config import Settings
from twitter_manager.crypto import Vault
from twitter_manager.receivers.client import Receivers
from twitter_manager.services.accounts.connect import AccountConnections
from twitter_manager.services.accounts.manage import Accounts
from twitter_manager.services.accounts.tokens import Tokens
from twitter_manager.services.api_keys import ApiKeys
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch.dispatcher import Dispatcher
from twitter_manager.services.doctor import Doctor
from twitter_manager.services.environments import build_environments
from twitter_manager.services.health import Health
from twitter_manager.services.maintenance import Maintenance
from twitter_manager.services.mock_mode import MockMode
from twitter_manager.services.notifier import Notifier
from twitter_manager.services.publishing.batches import Batches
from twitter_manager.services.publishing.publish import Publishing
from twitter_manager.services.publishing.threads import Threads
from twitter_manager.services.publishing.tweets import Tweets
from twitter_manager.services.publishing.validate import Validation
from twitter_manager.services.publishing.waiting import Waiting
from twitter_manager.services.seats import Seats
from twitter_manager.services.startup import Prepared, prepare
from twitter_manager.services.webhooks.deliveries import Deliveries
from twitter_manager.services.webhooks.endpoints import Webhooks
from twitter_manager.simulator.world import World as SimulatedWorld
from twitter_manager.storage import open_database
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
    api_keys: ApiKeys
    batches: Batches
    connections: AccountConnections
    deliveries: Deliveries
    doctor: Doctor
    health: Health
    mock_mode: MockMode
    publishing: Publishing
    seats: Seats
    threads: Threads
    tokens: Tokens
    dispatcher: Dispatcher
    tweets: Tweets
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


def build(settings: Settings, *, clock: Callable[[], datetime] = timestamps.now) -> Services:
    """Touches nothing on the disk. `clock`: the time, for tests."""
    simulated = _OpenedOnce(settings.simulator_path, clock)
    db = open_database(settings, clock=clock)
    context = Context(
        db=db,
        vault=Vault(settings.encryption_key),
        environments=build_environments(settings, simulated, clock, db),
        notifier=Notifier(),
        clock=clock,
    )
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
        api_keys=ApiKeys(context),
        batches=Batches(context),
        connections=AccountConnections(
            context, seats, callback_url=settings.callback_url, scopes=settings.twitter_scopes
        ),
        deliveries=Deliveries(context, receivers, base_url=settings.base_url),
        doctor=Doctor(context, settings),
        health=Health(context),
        mock_mode=MockMode(context, settings),
        publishing=Publishing(context),
        seats=seats,
        threads=Threads(context, tweets, seats),
        tokens=tokens,
        dispatcher=Dispatcher(context, tokens),
        tweets=tweets,
        maintenance=Maintenance(context),
        validation=Validation(context),
        waiting=Waiting(context, seats),
        webhooks=Webhooks(context, receivers),
    )
