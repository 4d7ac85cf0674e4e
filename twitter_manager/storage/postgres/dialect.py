"""Statements, values and rows of storage/ in psycopg's words."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from psycopg import Connection, Cursor
from psycopg.adapt import Buffer, Dumper, Loader, PyFormat
from psycopg.types.datetime import DatetimeDumper
from psycopg.types.numeric import Int4, Int4Dumper, IntDumper

__all__ = ["Row", "rows_of_storage", "teach", "to_psycopg"]

# in strings, comments and casts is no parameter
_PARTS = re.compile(r"'(?:[^']|'')*'|--[^\n]*|::|:(?P<name>[a-z_]\w*)|%|\btry_lock_account\((?P<account>\w+)\)", re.I)


@lru_cache(maxsize=2048)
def to_psycopg(sql: str) -> str:
    """The statement with `%(name)s` for `:name`. There are a few hundred, so each is translated once."""
    return _PARTS.sub(_translated, sql)


def _translated(found: re.Match[str]) -> str:
    if found["name"]:
        return f"%({found['name']})s"
    if found["account"]:
        return f"pg_try_advisory_xact_lock(hashtext(current_schema()), {found['account']}::integer)"
    return found[0].replace("%", "%%")


class Row(tuple[Any, ...]):
    """Columns by name or by position."""

    __slots__ = ()
    names: tuple[str, ...] = ()
    positions: dict[str, int] = {}  # noqa: RUF012  - each class of rows has its own

    def __getitem__(self, column: Any) -> Any:
        return tuple.__getitem__(self, self.positions[column] if isinstance(column, str) else column)

    def keys(self) -> Sequence[str]:
        return self.names


@lru_cache(maxsize=2048)
def _class_of(names: tuple[str, ...]) -> type[Row]:
    positions = {name: position for position, name in enumerate(names)}
    return type("Row", (Row,), {"__slots__": (), "names": names, "positions": positions})


def rows_of_storage(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], Row]:
    """For psycopg's `row_factory`."""
    return _class_of(tuple(column.name for column in cursor.description or ()))


class _WholeNumber(IntDumper):
    """As integer or bigint: with a smallint for small ones, each statement would be prepared once more."""

    _four = Int4Dumper(Int4)

    def get_key(self, obj: int, format: PyFormat) -> type:
        return self.upgrade(obj, format).cls

    def upgrade(self, obj: int, format: PyFormat) -> Dumper:
        return self._four if -(2**15) <= obj < 2**15 else super().upgrade(obj, format)


class _Flag(Int4Dumper):
    """Flags are smallint 0 or 1."""

    def dump(self, obj: Any) -> Buffer | None:
        return b"1" if obj else b"0"


class _Moment(DatetimeDumper):
    """Times have milliseconds, as on SQLite."""

    def dump(self, obj: Any) -> Buffer | None:
        return super().dump(obj.replace(microsecond=obj.microsecond // 1000 * 1000))

    def upgrade(self, obj: datetime, format: PyFormat) -> Dumper:
        return self

    def get_key(self, obj: datetime, format: PyFormat) -> type:
        return self.cls


class _MomentLoader(Loader):
    """In timezone.utc, which is found faster than the session's zone."""

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(bytes(data).decode())


class _NumericLoader(Loader):
    """The sum of a bigint is a numeric."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


def teach(connection: Connection[Any]) -> None:
    """Values in, rows out: as the statements of storage/ expect them."""
    adapters = connection.adapters
    adapters.register_dumper(int, _WholeNumber)
    adapters.register_dumper(bool, _Flag)
    adapters.register_dumper(datetime, _Moment)
    adapters.register_loader("timestamptz", _MomentLoader)
    adapters.register_loader("numeric", _NumericLoader)
    connection.row_factory = rows_of_storage
