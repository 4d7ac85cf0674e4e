"""A database of one's own per test, on a real file, in mock mode, with one account."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.storage import new_account, open_database
from twitter_manager.storage import service_state
from twitter_manager.storage.sqlite.engine import SqliteDatabase


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "Größe of 北京"
    return folder / "twitter manager.db"


@pytest.fixture
def db(path: Path, clock: Clock) -> Iterator[SqliteDatabase]:
    db = open_database(path, clock)
    with db.transaction() as tx:
        service_state.set_mock_mode(tx, True)
    yield db
    db.close()


@pytest.fixture
def account_id(db: SqliteDatabase) -> int:
    with db.transaction() as tx:
        return new_account(tx, 1).id
