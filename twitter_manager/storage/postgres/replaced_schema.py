"""What was in the schema before a restore, and what may be left of a restore that was killed.

The earlier database goes aside into a schema of its own, whose name says when. From then until the end a table tells
every start that the restore is not done, and, in its comment, where the earlier database is and what is not of it.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import sql

from twitter_manager.storage.postgres.connection import Link
from twitter_manager.storage.postgres.migrations import RESTORING

__all__ = ["Begun", "begin", "end", "look_at_earlier", "tables", "undo"]

_Object = tuple[str, str]  # kind and name
_OBJECTS = """
    SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, format('%%I.%%I', nspname, relname) AS name
    FROM pg_class AS own JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname = %(schema)s AND relkind IN ('r', 'v') AND pg_has_role(relowner, 'USAGE') AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = own.oid AND deptype = 'e')
    UNION ALL
    SELECT 'ROUTINE', format('%%I.%%I(%%s)', nspname, proname, pg_get_function_identity_arguments(own.oid))
    FROM pg_proc AS own JOIN pg_namespace AS n ON n.oid = pronamespace
    WHERE nspname = %(schema)s AND pg_has_role(proowner, 'USAGE') AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = own.oid AND deptype = 'e')
"""
_SAID = "SELECT obj_description(to_regclass(format('%%I.%%I', %s::text, %s::text)), 'pg_class')"
_IS_SCHEMA = "SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Begun:
    """`kept`: the schema with the earlier database, if there was one; `others`: what was in `schema` before, and is of
    no database of ours."""

    schema: str
    kept: str | None
    others: frozenset[_Object]


def tables(link: Link) -> set[str]:
    rows = link.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
    return {row[0] for row in rows}


def begin(link: Link, schema: str) -> Begun:
    """The earlier database goes aside, and from now on nobody starts on what is there, until `end`: whatever kills this
    process, a copy that is half there, or whose accounts are not marked, sends nothing. What a restore left behind that
    was killed goes for good: the earlier database is what that one put aside. The schema itself stays, with the rights
    on it and with the extensions in it."""
    with link.transaction():
        begun = _killed(link, schema)
        if begun is not None:
            _clear(link, begun, but=[("TABLE", _name(link, schema, RESTORING))])
            return begun
        kept = _put_aside(link, schema) if tables(link) else None
        begun = Begun(schema, kept, frozenset(_objects(link, schema)))
        table = sql.Identifier(schema, RESTORING)
        said = json.dumps({"kept": kept, "others": sorted(begun.others)})
        link.execute(sql.SQL("CREATE TABLE {} ()").format(table))
        link.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(said)))
        return begun


def end(link: Link) -> None:
    link.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(RESTORING)))


def undo(link: Link, begun: Begun) -> None:
    """As before: a copy that is half there, or not marked, must not be started on."""
    with link.transaction():
        _clear(link, begun)
        if begun.kept is not None:
            _move(link, begun.kept, begun.schema)
            link.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(begun.kept)))


def look_at_earlier(link: Link, schema: str) -> None:
    """The open transaction reads the earlier database, where a restore was killed that had put it aside."""
    begun = _killed(link, schema)
    if begun is not None and begun.kept is not None:
        link.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(begun.kept)))


def _killed(link: Link, schema: str) -> Begun | None:
    """A restore that did not come to its end, if one is there."""
    said = _value(link, _SAID, schema, RESTORING)
    if said is None:
        return None
    found = json.loads(said)
    kept = found["kept"] if found["kept"] and _value(link, _IS_SCHEMA, found["kept"]) else None
    return Begun(schema, kept, frozenset((kind, name) for kind, name in found["others"]))


def _put_aside(link: Link, schema: str) -> str:
    kept = f"{schema}_replaced_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}"
    link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(kept)))
    _move(link, schema, kept)
    return kept


def _objects(link: Link, schema: str) -> set[_Object]:
    """What is in the schema, without extensions and what belongs to others."""
    return {(row["kind"], row["name"]) for row in link.execute(_OBJECTS, {"schema": schema})}


def _clear(link: Link, begun: Begun, *, but: Collection[_Object] = ()) -> None:
    for kind, name in _objects(link, begun.schema) - begun.others - {*but}:
        link.execute(f"DROP {kind} IF EXISTS {name} CASCADE".encode())


def _move(link: Link, schema: str, target: str) -> None:
    for kind, name in _objects(link, schema):
        link.execute(f"ALTER {kind} {name} SET SCHEMA {sql.Identifier(target).as_string(link)}".encode())


def _name(link: Link, schema: str, table: str) -> str:
    """As PostgreSQL writes it."""
    return str(_value(link, "SELECT format('%%I.%%I', %s::text, %s::text)", schema, table))


def _value(link: Link, statement: str, *values: str) -> Any:
    row = link.execute(statement.encode(), values).fetchone()
    return None if row is None else row[0]
