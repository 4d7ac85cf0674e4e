"""X over HTTP on a free port, and installations of the service that call it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.postgres_cluster import Cluster, binaries, running_cluster
from tests.support.service_process import Installation
from twitter_manager.simulator.server import running
from twitter_manager.simulator.world import World

collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []  # no SIGSTOP, no SIGTERM to another process


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An X that would take a second copy of a text, so that a second send would show."""
    world = World(tmp_path / "x.db", seed=1)
    world.change(duplicates_refused=False, limit_factor=100.0)
    yield world
    world.close()


@pytest.fixture
def x_url(world: World) -> Iterator[str]:
    """Where it listens."""
    with running(world) as url:
        yield url


@pytest.fixture
def install(tmp_path: Path, x_url: str) -> Iterator[Callable[..., Installation]]:
    """Makes an installation of the service with settings of its own; its processes end with the test.

    With LOG_DISK=full in the environment none of them can write a line of its log (make chaos LOG_DISK=full).
    """
    full = os.environ.get("LOG_DISK") == "full"
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(
            Installation(tmp_path / "service", x_url=x_url, **{"log_disk_is_full": full, **settings})
        )


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that the test may restart. Skips where there is none; in CI that is a failure."""
    found = binaries()
    if found is None:
        problem = "PostgreSQL's initdb is not here: apt-get install postgresql"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(problem)
    with running_cluster(found) as cluster:
        yield cluster


@pytest.fixture
def service(install: Callable[..., Installation]) -> Installation:
    """An installation with everything as it comes; nothing is started yet."""
    return install()
