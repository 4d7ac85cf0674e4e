"""The services on a real database and the simulated X, with a clock that only the test moves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from services_cast import Clock, House

from twitter_manager import config
from twitter_manager.models import Account
from twitter_manager.services import build, prepare


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def another(tmp_path: Path, clock: Clock) -> Iterator[Callable[[], House]]:
    """Opens the same installation once more, as another process would."""
    opened: list[House] = []

    def open_again() -> House:
        prepared = prepare(config.load(tmp_path, {}))
        opened.append(House(build(prepared.settings, clock=clock), clock))
        return opened[-1]

    yield open_again
    for house in opened:
        house.x.close()
        house.services.close()


@pytest.fixture
def house(another: Callable[[], House]) -> House:
    house = another()
    house.x.change(duplicates_refused=False)  # so that a post sent twice is there twice
    return house


@pytest.fixture
def alice(house: House) -> Account:
    return house.connect("alice")
