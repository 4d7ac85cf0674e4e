"""The database as the doctor sees it: also one that this program would not use, and without changing it."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from twitter_manager.storage.postgres import connection
from twitter_manager.storage.postgres.connection import Link, as_unavailable
from twitter_manager.storage.postgres.migrations import OLDEST_SERVER, SHIPPED, version_of

__all__ = ["Inspection", "inspect_database"]

_PATIENCE = 5.0
_RIGHTS = """
    SELECT CASE WHEN current_schema() IS NULL THEN 'USAGE on a schema'
        WHEN NOT has_schema_privilege(current_schema(), 'CREATE') THEN 'CREATE on schema ' || current_schema() END
    UNION ALL
    SELECT 'SELECT, INSERT, UPDATE, DELETE on table ' || tablename FROM pg_tables
    WHERE schemaname = current_schema()
        AND NOT has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')
        OR schemaname = current_schema()
            AND NOT has_table_privilege(format('%I.%I', schemaname, tablename), 'INSERT, UPDATE, DELETE')
"""


@dataclass(frozen=True, slots=True)
class Inspection:
    """`server`: PostgreSQL's version, such as 150004. `version`: of the tables, 0: there are none; `needed`: this
    program's. `lacking`: rights of the user. `free`: connections that the server still gives."""

    server: int
    oldest_server: int
    encoding: str
    version: int
    needed: int
    lacking: tuple[str, ...]
    read_only: bool
    free: int


def inspect_database(url: str) -> Inspection:
    """Raises StorageUnavailable where it cannot be reached, and StartRefused for an address that is none."""
    try:
        with closing(connection.connect(connection.address(url), patience=_PATIENCE)) as link:
            return _inspected(link)
    except psycopg.Error as error:
        raise as_unavailable(error) from error


def _inspected(link: Link) -> Inspection:
    lacking = tuple(row[0] for row in link.execute(_RIGHTS) if row[0])
    return Inspection(
        server=link.info.server_version,
        oldest_server=OLDEST_SERVER,
        encoding=link.info.parameter_status("server_encoding") or "",
        version=0 if lacking else version_of(link),
        needed=SHIPPED[-1][0],
        lacking=lacking,
        read_only=_value(link, "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'"),
        free=_value(
            link,
            "SELECT current_setting('max_connections')::integer - count(*)::integer FROM pg_stat_activity"
            " WHERE backend_type = 'client backend'",
        ),
    )


def _value(link: Link, sql: str) -> Any:
    row = link.execute(sql.encode()).fetchone()
    return None if row is None else row[0]
