"""The rows of a SQLite file that somebody else made, and nothing else of it: its triggers, views, checks and defaults
are never run, whatever they say."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ForeignTable", "columns_of", "open_foreign", "take_rows"]

_COLUMNS = """
    SELECT list.name AS table_name, info.name AS column_name
    FROM pragma_table_list AS list JOIN pragma_table_xinfo(list.name, list.schema) AS info
    WHERE list.schema = :schema AND list.type = 'table' AND list.name NOT LIKE 'sqlite!_%' ESCAPE '!'
        AND info.hidden = 0
"""
_MADE_AFTERWARDS = """
    SELECT type, name, sql FROM main.sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid
"""
_SEARCHED = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'"
_HAS_SEQUENCES = """
    SELECT count(*) FROM pragma_table_list
    WHERE schema = 'foreign' AND name = 'sqlite_sequence' AND type = 'table'
"""


class ForeignTable(Exception):
    """A table is missing there, or has other columns. The text is its name."""


def open_foreign(path: Path) -> sqlite3.Connection:
    """To read only: a file that nobody writes to meanwhile."""
    raw = sqlite3.connect(_address(path), uri=True, isolation_level=None)
    raw.execute("PRAGMA query_only = ON")
    return raw


def columns_of(raw: sqlite3.Connection, schema: str = "main") -> Mapping[str, frozenset[str]]:
    """Of each table that is one: neither a view nor a virtual table has rows to be taken, nor a generated column."""
    found: dict[str, frozenset[str]] = {}
    for table, column in raw.execute(_COLUMNS, {"schema": schema}):
        found[table] = found.get(table, frozenset()) | {column}
    return found


def take_rows(raw: sqlite3.Connection, source: Path, *, complete: bool = True) -> None:
    """Fills the tables of `raw`, in one transaction, with the rows of those in the file `source`. Raises ForeignTable
    where one is not alike; unless `complete`, it may be missing."""
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute('ATTACH :address AS "foreign"', {"address": _address(source)})
    try:
        raw.execute("BEGIN IMMEDIATE")
        _fill(raw, complete=complete)
        raw.execute("COMMIT")
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raw.execute('DETACH "foreign"')


def _fill(raw: sqlite3.Connection, *, complete: bool) -> None:
    """Without the triggers, which would add rows of their own, and with the indexes made at the end, at once."""
    afterwards = raw.execute(_MADE_AFTERWARDS).fetchall()
    for kind, name, _ in afterwards:
        raw.execute(f"DROP {kind} main.{_quoted(name)}")
    theirs = columns_of(raw, "foreign")
    for table, columns in columns_of(raw).items():
        if table in theirs or complete:
            _fill_table(raw, table, columns, theirs.get(table))
    if raw.execute(_HAS_SEQUENCES).fetchone()[0]:
        raw.execute("DELETE FROM main.sqlite_sequence")
        raw.execute(
            'INSERT INTO main.sqlite_sequence (name, seq) SELECT name, seq FROM "foreign".sqlite_sequence'
            " WHERE name IN (SELECT name FROM main.sqlite_schema WHERE type = 'table')"
        )
    for _, _, statement in afterwards:
        raw.execute(statement)
    for (name,) in raw.execute(_SEARCHED).fetchall():
        raw.execute(f"INSERT INTO main.{_quoted(name)} ({_quoted(name)}) VALUES ('rebuild')")


def _fill_table(raw: sqlite3.Connection, table: str, columns: frozenset[str], theirs: frozenset[str] | None) -> None:
    if columns != theirs:
        raise ForeignTable(table)
    names = ", ".join(map(_quoted, sorted(columns)))
    raw.execute(f"DELETE FROM main.{_quoted(table)}")
    raw.execute(f'INSERT INTO main.{_quoted(table)} ({names}) SELECT {names} FROM "foreign".{_quoted(table)}')


def _address(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
