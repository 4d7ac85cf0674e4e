"""The services on a real database and the simulated X, with a clock that only the test moves."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import databases
from tests.support.clock import Clock
from tests.support.services_harness import ServicesHarness
from twitter_manager import config
from twitter_manager.models import Account
from twitter_manager.services import build, prepare


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 20, 14, 0, tzinfo=UTC))


@pytest.fixture
def another(tmp_path: Path, clock: Clock) -> Iterator[Callable[[], ServicesHarness]]:
    """Opens the same installation once more, as another process would."""
    opened: list[ServicesHarness] = []

    def open_again() -> ServicesHarness:
        prepared = prepare(config.load(tmp_path, databases.settings_of(tmp_path)))
        opened.append(ServicesHarness(build(prepared.settings, clock=clock), clock))
        return opened[-1]

    yield open_again
    for harness in opened:
        harness.x.close()
        harness.services.close()


@pytest.fixture
def harness(another: Callable[[], ServicesHarness]) -> ServicesHarness:
    harness = another()
    harness.x.change(duplicates_refused=False)  # so that a post sent twice is there twice
    return harness


@pytest.fixture
def alice(harness: ServicesHarness) -> Account:
    return harness.connect("alice")
