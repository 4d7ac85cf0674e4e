"""A PostgreSQL database of one's own per test, in mock mode; without a server these tests are left out."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support import databases
from twitter_manager.storage import service_state
from twitter_manager.storage.postgres.engine import PostgresDatabase


@pytest.fixture(scope="session")
def _there_is_a_server() -> None:
    problem = databases.server_problem()
    if problem and os.environ.get("CI") == "true":
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)


@pytest.fixture
def server(_there_is_a_server: None) -> databases.Server:
    return databases.server()


@pytest.fixture
def url(server: databases.Server) -> str:
    return server.url_of("storage/postgres")


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., PostgresDatabase]]:
    """opened(): the database once more, as another process opens it."""
    all_of_them: list[PostgresDatabase] = []

    def open_it(address: str = url, **options: Any) -> PostgresDatabase:
        all_of_them.append(PostgresDatabase(address, **({"patience": 1.0} | options)))
        return all_of_them[-1]

    yield open_it
    for each in all_of_them:
        each.close()


@pytest.fixture
def db(opened: Callable[..., PostgresDatabase]) -> PostgresDatabase:
    db = opened()
    with db.transaction() as tx:
        service_state.set_mock_mode(tx, True)
    return db
