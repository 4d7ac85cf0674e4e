"""The two environments: X, and the simulated X of mock mode. Which one a call goes to is the account's property."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import requests

from twitter_manager.config import Settings, base_url_of
from twitter_manager.services.rate_limits.meter import Meter
from twitter_manager.simulator.adapter import SimulatorAdapter
from twitter_manager.simulator.world import World as SimulatedWorld
from twitter_manager.storage.database import Database
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.oauth2 import ClientCredentials

__all__ = ["CONSENT_PATH", "POSTS_PATH", "XEnvironment", "XEnvironments", "build_environments", "post_url"]

CONSENT_PATH = "/mock/i/oauth2/authorize"
POSTS_PATH = "/mock/x"
_MOCK_API = "https://x.invalid"  # never resolved: the simulator answers in the process


@dataclass(frozen=True, slots=True)
class XEnvironment:
    """How X is reached. `client` is None where none is configured; `authorize_url` gives the consent page for a
    redirect URI: the simulated X is wherever the caller reached us."""

    mock: bool
    x: XClient
    client: ClientCredentials | None
    authorize_url: Callable[[str], str]


class XEnvironments:
    def __init__(self, real: XEnvironment, simulated: XEnvironment) -> None:
        self._real = real
        self._simulated = simulated

    def of(self, mock: bool) -> XEnvironment:
        return self._simulated if mock else self._real


def post_url(username: str, twitter_id: str | None, *, mock: bool, base_url: str) -> str | None:
    """The post's page at X or the simulated X; None while it is not there."""
    if twitter_id is None:
        return None
    return f"{base_url + POSTS_PATH if mock else 'https://x.com'}/{username}/status/{twitter_id}"


def build_environments(
    settings: Settings, simulated: Callable[[], SimulatedWorld], clock: Callable[[], datetime], db: Database
) -> XEnvironments:
    """The one place where the transport is chosen. `simulated` opens the simulated X when it is first called."""
    client = settings.twitter_client_id
    real = XEnvironment(
        False,
        XClient(settings.twitter_api_url, clock=clock, meter=Meter(db, mock=False)),
        ClientCredentials(client, settings.twitter_client_secret) if client else None,
        lambda _: settings.twitter_authorize_url,
    )
    mock = XEnvironment(
        True,
        XClient(_MOCK_API, lambda: _simulated_session(simulated()), clock=clock, meter=Meter(db, mock=True)),
        ClientCredentials("mock-client"),
        lambda redirect_uri: base_url_of(redirect_uri) + CONSENT_PATH,
    )
    return XEnvironments(real, mock)


def _simulated_session(world: SimulatedWorld) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount("https://", SimulatorAdapter(world))
    return session
