"""The rows of a copy, put into tables that this program's migrations made: of whoever made the copy, no SQL is run."""

import re
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.postgres import dump, migrations, replaced_schema
from twitter_manager.storage.postgres.connection import Link, sentence

__all__ = ["take", "version_in"]

_VERSION = "schema_version"
_COLUMNS = """
    SELECT relname AS table_name, array_agg(attname::text ORDER BY attnum) AS columns
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE pg_class.oid = ANY(%s::regclass[]) AND attnum > 0 AND NOT attisdropped
    GROUP BY relname
"""
# what is checked, and what is sorted, is made when all rows are there: in any order, and at once
_AFTERWARDS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname) AS first,
        format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS last
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%(tables)s::regclass[])
    UNION ALL
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid = ANY(%(tables)s::regclass[])
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    UNION ALL
    SELECT format('ALTER TABLE %%s DISABLE TRIGGER USER', each), format('ALTER TABLE %%s ENABLE TRIGGER USER', each)
    FROM unnest(%(tables)s::regclass[]) AS each
"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()"
_SET = "SELECT setval(format('%%I.%%I', current_schema(), %s::text)::regclass, %s)"


def version_in(table: dump.Table, row: bytes) -> int:
    """What a row of schema_version says; 0: nothing that one of ours says."""
    said = dump.values(table, row).get("version", "")
    return int(said) if re.fullmatch("[0-9]{1,6}", said) else 0


def take(link: Link, path: Path) -> None:
    """In the open transaction of `link`, into its schema, where none of these tables may be. Raises CopyFailed."""
    version = _version_of(path)
    scripts = [(number, script) for number, script in migrations.SHIPPED if number <= version]
    if not scripts:
        raise CopyFailed("the database in it is none of Twitter Manager")
    before = replaced_schema.tables(link)
    try:
        migrations.bring_up(link, scripts, restoring=True)
        _fill(link, path, sorted(replaced_schema.tables(link) - before - {_VERSION}))
    except psycopg.Error as error:
        raise CopyFailed(f"the rows of the copy do not fit: {sentence(error)}") from error


def _version_of(path: Path) -> int:
    found = (version_in(table, row) for table, row in dump.rows(path, f"--table={_VERSION}") if row is not None)
    return next(found, 0)


def _fill(link: Link, path: Path, tables: list[str]) -> None:
    columns = {row["table_name"]: frozenset(row["columns"]) for row in link.execute(_COLUMNS, (tables,))}
    afterwards = link.execute(_AFTERWARDS, {"tables": tables}).fetchall()
    for row in afterwards:
        link.execute(row["first"].encode())
    _copy(link, path, columns)
    for row in afterwards:
        link.execute(row["last"].encode())


def _copy(link: Link, path: Path, columns: Mapping[str, frozenset[str]]) -> None:
    """Raises CopyFailed unless each table comes, once, and with its columns."""
    waiting = set(columns)
    sequences = {row[0] for row in link.execute(_SEQUENCES)}
    parts = dump.read(path)
    part = next(parts, None)
    while part is not None:
        if isinstance(part, dump.Table) and part.name in columns:
            if part.name not in waiting or frozenset(part.columns) != columns[part.name]:
                raise CopyFailed(f"the copy's table {part.name} is not as this program makes it")
            waiting.remove(part.name)
            with link.cursor().copy(_statement(part)) as copy:
                while isinstance(part := next(parts, None), bytes):
                    copy.write(part)
            continue
        if isinstance(part, dump.LastId) and part.sequence in sequences:
            link.execute(_SET, (part.sequence, part.value))
        part = next(parts, None)
    if waiting:
        raise CopyFailed(f"the copy is damaged: it lacks the table {min(waiting)}")


def _statement(table: dump.Table) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
