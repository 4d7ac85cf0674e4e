"""The two worlds: X, and the simulated X of mock mode. Which one a call goes to is the account's property."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import requests

from twitter_manager.config import Settings
from twitter_manager.services.rate_limits.meter import Meter
from twitter_manager.simulator.adapter import SimulatorAdapter
from twitter_manager.simulator.world import World as SimulatedWorld
from twitter_manager.storage.database import Database
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.oauth2 import ClientCredentials

__all__ = ["CONSENT_PATH", "XEnvironment", "XEnvironments", "build_environments", "consent_url"]

CONSENT_PATH = "/mock/i/oauth2/authorize"
_MOCK_API = "https://x.invalid"  # never resolved: the simulator answers in the process


@dataclass(frozen=True, slots=True)
class XEnvironment:
    """How X is reached in one world. `client` is None where nobody configured one."""

    mock: bool
    x: XClient
    client: ClientCredentials | None
    authorize_url: str


class XEnvironments:
    """Both of them."""

    def __init__(self, real: XEnvironment, simulated: XEnvironment) -> None:
        self._real = real
        self._simulated = simulated

    def of(self, mock: bool) -> XEnvironment:
        """The world of an account."""
        return self._simulated if mock else self._real


def build_environments(
    settings: Settings, simulated: Callable[[], SimulatedWorld], clock: Callable[[], datetime], db: Database
) -> XEnvironments:
    """The one place where the transport is chosen. `simulated` opens the simulated world when it is first called."""
    client = settings.twitter_client_id
    real = XEnvironment(
        False,
        XClient(settings.twitter_api_url, clock=clock, meter=Meter(db, mock=False)),
        ClientCredentials(client, settings.twitter_client_secret) if client else None,
        settings.twitter_authorize_url,
    )
    mock = XEnvironment(
        True,
        XClient(_MOCK_API, lambda: _simulated_session(simulated()), clock=clock, meter=Meter(db, mock=True)),
        ClientCredentials("mock-client"),
        consent_url(settings.callback_url),
    )
    return XEnvironments(real, mock)


def consent_url(callback_url: str) -> str:
    """Where the simulated X asks: beside the callback, also under the path at which a proxy shows the service."""
    scheme, _, host, path = f"{callback_url}/".split("/", 3)
    prefix, found, _ = path.partition("auth/callback/")
    return f"{scheme}//{host}/{prefix if found else ''}".rstrip("/") + CONSENT_PATH


def _simulated_session(world: SimulatedWorld) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", SimulatorAdapter(world))
    return session
