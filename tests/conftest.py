"""The service behind its front door: a real database, the simulated X in the process, a clock the test turns."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import databases, ready_files
from tests.support.clock import Clock
from tests.support.documented_client import DocumentedClient
from tests.support.service import BackgroundWorker, Service
from twitter_manager import config
from twitter_manager.config import Settings
from twitter_manager.factory import create_app
from twitter_manager.services import Services, build, prepare


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default=os.environ.get("TEST_DATABASE", "sqlite"),
        help="what the tests store in; see tests/support/databases.py",
    )


def pytest_configure(config: pytest.Config) -> None:
    databases.use(config.getoption("--database"))
    ready_files.use()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if databases.chosen() == "sqlite":
        return
    problem = databases.server_problem()
    if problem and os.environ.get("CI") == "true":
        raise pytest.UsageError(problem)
    for item in items:
        if problem:
            item.add_marker(pytest.mark.skip(reason=problem))
        elif item.get_closest_marker("sqlite") or "tests/unit/storage/sqlite" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason="about SQLite's file"))


def pytest_unconfigure() -> None:
    databases.at_end()


@pytest.fixture(autouse=True)
def _other_databases() -> Iterator[None]:
    """The next test gets an empty one."""
    yield
    databases.after_test()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Service]]:
    """start(NAME=value, …) sets a service up in this test's folder with these settings, as a first start does."""
    with ExitStack() as ends:

        def start(**environment: str) -> Service:
            settings = prepare(config.load(tmp_path, databases.settings_of(tmp_path) | environment)).settings
            services = build(settings, clock=clock)
            ends.callback(_close, services)
            app = create_app(services=services)
            app.test_client_class = DocumentedClient
            return Service(services, app, settings.api_key or "", clock)

        yield start


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    """A service with nothing set: mock mode, keys made."""
    return start()


@pytest.fixture
def settings(service: Service) -> Settings:
    return service.services.settings


@pytest.fixture
def app(service: Service) -> Flask:
    return service.app


@pytest.fixture
def client(service: Service) -> FlaskClient:
    """Somebody with the key."""
    return service.client


@pytest.fixture
def anonymous(service: Service) -> FlaskClient:
    """Somebody without a key."""
    return service.anonymous


@pytest.fixture
def alice(service: Service) -> int:
    """Alice's account."""
    return service.connect("alice")


@pytest.fixture
def worker(service: Service) -> Iterator[BackgroundWorker]:
    """A worker beside the test."""
    with BackgroundWorker(service) as running:
        yield running


def _close(services: Services) -> None:
    services.simulated().close()
    services.close()
