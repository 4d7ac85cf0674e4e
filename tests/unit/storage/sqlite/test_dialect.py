"""Statements in PostgreSQL's words, as SQLite takes them."""

from datetime import UTC, datetime

import pytest

from twitter_manager.storage.sqlite.dialect import to_sqlite
from twitter_manager.storage.sqlite.engine import SqliteDatabase


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT greatest(a, least(b, c)) FROM t", "SELECT max(a, min(b, c)) FROM t"),
        ("WHERE id = ANY(:ids) AND n = 1", "WHERE id IN (SELECT value FROM json_each(:ids)) AND n = 1"),
        (
            "SELECT max(greatest_of_all), 'at least (1)'",
            "SELECT max(greatest_of_all), 'at least (1)'",
        ),
        (
            "FROM page JOIN /*+ ORDERED */ tweet /*+ INDEX(tweet_due) */ ON TRUE JOIN lane /*+ NO_INDEX */",
            "FROM page CROSS JOIN tweet INDEXED BY tweet_due ON TRUE JOIN lane NOT INDEXED",
        ),
    ],
)
def test_words(sql: str, expected: str) -> None:
    assert to_sqlite(sql) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], []), ([2], [2]), ([1, 3], [1, 3]), (["1"], []), (['"', "\\", "北京"], [])],
)
def test_a_list_of_numbers(db: SqliteDatabase, values: list[object], expected: list[int]) -> None:
    numbers = "WITH number (n) AS (VALUES (1), (2), (3)) SELECT n FROM number WHERE n = ANY(:values)"
    assert [row["n"] for row in db.all(numbers, values=values)] == expected


def test_a_list_of_texts(db: SqliteDatabase) -> None:
    texts = "WITH word (w) AS (VALUES ('a''b'), ('\"'), ('北京'), ('1')) SELECT w FROM word WHERE w = ANY(:values)"
    values = ["a'b", '"', "北京", 1]
    assert [row["w"] for row in db.all(texts, values=values)] == ["a'b", '"', "北京"]


def test_a_time_is_bound_in_fixed_width(db: SqliteDatabase) -> None:
    moment = datetime(2026, 11, 20, 14, tzinfo=UTC)
    assert db.value("SELECT :moment", moment=moment) == "2026-11-20T14:00:00.000Z"
