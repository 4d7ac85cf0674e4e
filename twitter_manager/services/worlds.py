"""The two worlds: X, and the simulated X of mock mode. Which one a call goes to is the account's property."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import requests

from twitter_manager.config import Settings
from twitter_manager.services.metering import Metering
from twitter_manager.simulator.adapter import SimulatorAdapter
from twitter_manager.simulator.world import World as SimulatedWorld
from twitter_manager.storage.database import Database
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.oauth2 import ClientCredentials

__all__ = ["CONSENT_PATH", "World", "Worlds", "build_worlds"]

CONSENT_PATH = "/mock/i/oauth2/authorize"
_MOCK_API = "https://x.invalid"  # never resolved: the simulator answers in the process


@dataclass(frozen=True, slots=True)
class World:
    """How X is reached in one world. `client` is None where nobody configured one."""

    mock: bool
    x: XClient
    client: ClientCredentials | None
    authorize_url: str


class Worlds:
    """Both of them."""

    def __init__(self, real: World, simulated: World) -> None:
        self._real = real
        self._simulated = simulated

    def of(self, mock: bool) -> World:
        """The world of an account."""
        return self._simulated if mock else self._real


def build_worlds(
    settings: Settings, simulated: Callable[[], SimulatedWorld], clock: Callable[[], datetime], db: Database
) -> Worlds:
    """The one place where the transport is chosen. `simulated` opens the simulated world when it is first called."""
    client = settings.twitter_client_id
    real = World(
        False,
        XClient(settings.twitter_api_url, clock=clock, meter=Metering(db, mock=False)),
        ClientCredentials(client, settings.twitter_client_secret) if client else None,
        settings.twitter_authorize_url,
    )
    origin = settings.callback_url.split("/", 3)
    mock = World(
        True,
        XClient(_MOCK_API, lambda: _simulated_session(simulated()), clock=clock, meter=Metering(db, mock=True)),
        ClientCredentials("mock-client"),
        f"{origin[0]}//{origin[2]}{CONSENT_PATH}",
    )
    return Worlds(real, mock)


def _simulated_session(world: SimulatedWorld) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", SimulatorAdapter(world))
    return session
