"""A world of one's own per test, with a clock the test turns, and Alice signed in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.clock import Clock
from tests.support.simulator import Caller
from twitter_manager.simulator.adapter import SimulatorAdapter
from twitter_manager.simulator.world import World


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(tmp_path: Path, clock: Clock) -> Iterator[World]:
    world = World(tmp_path / "simulator.db", clock=clock, seed=1)
    yield world
    world.close()


@pytest.fixture
def session(world: World) -> requests.Session:
    session = requests.Session()
    session.mount("https://", SimulatorAdapter(world))
    return session


@pytest.fixture
def alice(world: World, session: requests.Session) -> Caller:
    return Caller(session, world.sign_in("alice").access_token)


@pytest.fixture
def timeline(world: World, alice: Caller) -> Callable[..., Any]:
    """Alice's own timeline as she reads it."""
    path = f"/2/users/{world.user('alice').id}/tweets"
    return lambda **query: alice.get(path, **query)
