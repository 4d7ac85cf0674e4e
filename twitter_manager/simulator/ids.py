"""X's ids: numbers of up to 19 digits that grow with time (snowflakes). Users and posts draw from one sequence."""

import sqlite3
from datetime import UTC, datetime

__all__ = ["next_id"]

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)


def next_id(db: sqlite3.Connection, now: datetime) -> int:
    """An id above every one before it, also within a millisecond, across processes and when the clock goes back."""
    from_clock = int((now - EPOCH).total_seconds() * 1000) << 22
    row = db.execute(
        "UPDATE last_id SET value = max(value + 1, :from_clock) RETURNING value", {"from_clock": from_clock}
    ).fetchone()
    return int(row["value"])
