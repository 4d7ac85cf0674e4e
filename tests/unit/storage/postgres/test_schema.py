"""What drifts: PostgreSQL's tables are SQLite's, with the same columns, keys, references, indexes and checks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import databases
from twitter_manager.storage.sqlite.engine import SqliteDatabase

# the search index, what numbers times for SQLite's lists, and PostgreSQL's version of the schema
OWN = ("tweet_text", "tweet_period", "schema_version", "tweet_words", "sqlite_")
TYPES = {"text": "TEXT", "timestamp with time zone": "TEXT", "bigint": "INTEGER", "smallint": "INTEGER"}
ACTIONS = {"a": "NO ACTION", "c": "CASCADE", "n": "SET NULL", "r": "RESTRICT"}


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteDatabase]:
    db = SqliteDatabase(tmp_path / "a.db")
    db.migrate()
    yield db
    db.close()


def of_postgres(url: str, statement: str) -> list[tuple[Any, ...]]:
    with databases.link(url) as link:
        return link.execute(statement.encode()).fetchall()


def shared(names: list[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith(OWN))


def tables(sqlite: SqliteDatabase) -> list[str]:
    return shared([row["name"] for row in sqlite.all("SELECT name FROM sqlite_master WHERE type = 'table'")])


def test_tables(sqlite: SqliteDatabase, url: str) -> None:
    rows = of_postgres(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert shared([name for (name,) in rows]) == tables(sqlite)


def test_columns(sqlite: SqliteDatabase, url: str) -> None:
    expected = {
        (table, row["name"]): (row["type"], not row["notnull"] and not row["pk"])
        for table in tables(sqlite)
        for row in sqlite.all(f"PRAGMA table_info({table})")
    }
    rows = of_postgres(
        url,
        "SELECT table_name, column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
        " WHERE table_schema = 'public'",
    )
    found = {(table, name): (TYPES.get(kind, kind), empty) for table, name, kind, empty in rows}
    assert {key: found[key] for key in found if key[0] in tables(sqlite)} == expected


def test_references(sqlite: SqliteDatabase, url: str) -> None:
    expected = {
        (table, row["from"]): (row["table"], row["on_delete"])
        for table in tables(sqlite)
        for row in sqlite.all(f"PRAGMA foreign_key_list({table})")
    }
    rows = of_postgres(
        url,
        "SELECT conrelid::regclass::text, attname, confrelid::regclass::text, confdeltype::text FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f'",
    )
    found = {(table, column): (other, ACTIONS[action]) for table, column, other, action in rows}
    assert {key: found[key] for key in found if key[0] in tables(sqlite)} == expected


def test_what_is_unique(sqlite: SqliteDatabase, url: str) -> None:
    expected = set()
    for table in tables(sqlite):
        for index in sqlite.all(f"PRAGMA index_list({table})"):
            if index["unique"] and index["origin"] != "pk" and not index["partial"]:
                columns = tuple(row["name"] for row in sqlite.all(f"PRAGMA index_info({index['name']})"))
                if None not in columns:
                    expected.add((table, columns))
    rows = of_postgres(
        url,
        "SELECT i.indrelid::regclass::text, (SELECT array_agg(attname::text ORDER BY n) FROM"
        " unnest(i.indkey::int2[]) WITH ORDINALITY AS k(num, n) JOIN pg_attribute ON attrelid = i.indrelid AND"
        " attnum = num) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS s"
        " ON s.oid = c.relnamespace WHERE s.nspname = 'public' AND indisunique AND NOT indisprimary"
        " AND indpred IS NULL AND indexprs IS NULL",
    )
    found = {(table, tuple(columns)) for table, columns in rows if table in tables(sqlite)}
    assert expected - found == {("twitter_account", ("mock", "username"))}, "there by lower(username)"
    assert found <= expected
    (by_name,) = of_postgres(
        url,
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname = 'twitter_account_by_username'",
    )
    assert "UNIQUE" in by_name[0]
    assert "(mock, lower(username))" in by_name[0]
