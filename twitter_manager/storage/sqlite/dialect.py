"""Statements and values of storage/, which are in PostgreSQL's words, translated for SQLite."""

import json
import re
import sqlite3
from datetime import datetime
from functools import lru_cache

from twitter_manager import timestamps

__all__ = ["to_sqlite"]

# every time is bound as fixed-width text; sqlite3's own adapter writes it otherwise and is deprecated
sqlite3.register_adapter(datetime, timestamps.to_text)
# a list is bound as JSON, which json_each reads
sqlite3.register_adapter(list, json.dumps)

_WORDS = (
    # of SQLite's one with a NULL comes NULL, of PostgreSQL's the greatest of the others: none of ours ever has one
    (re.compile(r"\bgreatest\("), "max("),
    (re.compile(r"\bleast\("), "min("),
    (re.compile(r"= ANY\((:\w+)\)"), r"IN (SELECT value FROM json_each(\1))"),
    # a handle is compared without case: its column is COLLATE NOCASE, and so is the index
    (re.compile(r"\blower\(username\) = (:\w+)"), r"username = \1"),
    # there is one writer at a time
    (re.compile(r"\bFOR NO KEY UPDATE SKIP LOCKED\b"), ""),
    (re.compile(r"\btry_lock_account\(\w+\)"), "TRUE"),
    # hints, for a planner that has no statistics
    (re.compile(r"/\*\+ INDEX\((\w+)\) \*/"), r"INDEXED BY \1"),
    (re.compile(r"/\*\+ NO_INDEX \*/"), "NOT INDEXED"),
    (re.compile(r"\bJOIN /\*\+ ORDERED \*/"), "CROSS JOIN"),
)


@lru_cache(maxsize=2048)
def to_sqlite(sql: str) -> str:
    """The statement in SQLite's words. There are a few hundred, so each is translated once."""
    for pattern, replacement in _WORDS:
        sql = pattern.sub(replacement, sql)
    return sql
