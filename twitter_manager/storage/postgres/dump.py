"""What is in a file of pg_dump, as text: read here and never executed, for anybody may have made it."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twitter_manager.storage.copying import CopyFailed
from twitter_manager.storage.postgres.programs import in_english, reason

__all__ = ["LastId", "Table", "read", "rows", "values"]

_NAME = rb'(?:"(?:[^"]|"")+"|[^ ".]+)'
_COPY = re.compile(rb"COPY (?:" + _NAME + rb"\.)?(?P<table>\w+) \((?P<columns>[\w\", ]*)\) FROM stdin;\n")
_SETVAL = re.compile(rb"SELECT pg_catalog\.setval\('(?:.*\.)?(?P<sequence>\w+)', (?P<value>[0-9]{1,18}), true\);\n")
_END = b"\\.\n"
_MAX_ROW = 64 * 1024 * 1024  # bytes; what a caller can send has four million


@dataclass(frozen=True, slots=True)
class Table:
    """Its rows follow, as bytes, the way COPY has them: values as text, escaped, with tabs between, and a newline."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastId:
    sequence: str
    value: int


def read(path: Path, *options: str) -> Iterator[Table | bytes | LastId]:
    """`options`: of pg_restore. Raises CopyFailed."""
    command = ["pg_restore", "--data-only", "--file=-", *options, str(path)]
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, env=in_english(os.environ), stdout=subprocess.PIPE, stderr=said)  # noqa: S603  - no shell
        except FileNotFoundError as error:
            raise CopyFailed("pg_restore is not installed here; install PostgreSQL's client programs") from error
        with process as restoring:
            assert restoring.stdout is not None  # noqa: S101  - it is a pipe
            ask = restoring.stdout.readline
            yield from _parts(iter(lambda: ask(_MAX_ROW), b""))
        said.seek(0)
        if process.returncode:
            raise CopyFailed(f"the database in it is damaged: {reason(said.read().decode(errors='replace'))}")


def rows(path: Path, *options: str) -> Iterator[tuple[Table, bytes | None]]:
    """Every row with its table; before those of a table, None. Raises CopyFailed."""
    table = None
    for part in read(path, *options):
        if isinstance(part, Table):
            table = part
            yield table, None
        elif isinstance(part, bytes) and table is not None:
            yield table, part


def values(table: Table, row: bytes) -> dict[str, str]:
    """Each column's text, still escaped. Raises CopyFailed."""
    try:
        return dict(zip(table.columns, row.decode().rstrip("\n").split("\t"), strict=True))
    except ValueError as error:
        raise CopyFailed(f"the database in it is damaged: what stands in {table.name} is no row of it") from error


def _parts(lines: Iterator[bytes]) -> Iterator[Table | bytes | LastId]:
    rows = False
    for line in lines:
        if rows:
            rows = line != _END
            if rows:
                yield line
        elif begun := _COPY.fullmatch(line):
            rows = True
            columns = begun["columns"].decode().split(",")
            yield Table(begun["table"].decode(), tuple(column.strip().strip('"') for column in columns))
        elif found := _SETVAL.fullmatch(line):
            yield LastId(found["sequence"].decode(), int(found["value"]))
