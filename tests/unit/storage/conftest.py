"""A database of one's own per test, on a real file, in mock mode, with one account."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.factories import new_account, open_database
from twitter_manager import sqlite_file
from twitter_manager.storage import service_state
from twitter_manager.storage.sqlite import connection, engine
from twitter_manager.storage.sqlite.dialect import to_sqlite
from twitter_manager.storage.sqlite.engine import SqliteDatabase


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "Größe of 北京"
    return folder / "twitter manager.db"


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A NULL in greatest or least is an error: SQLite and PostgreSQL disagree about what comes of it."""

    def connect(path: Path, **options: Any) -> sqlite3.Connection:
        opened = sqlite_file.connect(path, **options)
        opened.create_function("strict_greatest", -1, _none_is_null(max), deterministic=True)
        opened.create_function("strict_least", -1, _none_is_null(min), deterministic=True)
        return opened

    def to_strict_sqlite(sql: str) -> str:
        return to_sqlite(sql.replace("greatest(", "strict_greatest(").replace("least(", "strict_least("))

    monkeypatch.setattr(connection, "sqlite_file", SimpleNamespace(**vars(sqlite_file) | {"connect": connect}))
    monkeypatch.setattr(engine, "to_sqlite", to_strict_sqlite)


def _none_is_null(choose: Callable[[Sequence[Any]], Any]) -> Callable[..., Any]:
    def chosen(*values: Any) -> Any:
        assert None not in values
        return choose(values)

    return chosen


@pytest.fixture
def db(path: Path, clock: Clock, strict: None) -> Iterator[SqliteDatabase]:
    db = open_database(path, clock)
    with db.transaction() as tx:
        service_state.set_mock_mode(tx, True)
    yield db
    db.close()


@pytest.fixture
def account_id(db: SqliteDatabase) -> int:
    with db.transaction() as tx:
        return new_account(tx, 1).id
