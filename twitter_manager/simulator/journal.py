"""Who called what, and what was answered: the latest hundred thousand calls."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.simulator.messages import Answer, Request
from twitter_manager.timestamps import to_text

__all__ = ["LoggedCall", "list_calls", "record"]

KEPT = 100_000
TRIMMED_EVERY = 1_000


@dataclass(frozen=True)
class LoggedCall:
    """One call. `route` is the pattern ("POST /2/tweets"), `fault` the kind that was commanded for it, if any;
    `status` is X's own answer, which the caller did not get unless `delivery` is whole; 0: X did not come to one."""

    id: int
    at: str
    method: str
    path: str
    route: str | None
    username: str | None
    status: int
    delivery: str
    fault: str | None


def record(
    db: sqlite3.Connection,
    request: Request,
    answer: Answer,
    *,
    route: str | None,
    username: str | None,
    fault: str | None,
    now: datetime,
) -> None:
    """Write it down, without query or body: they carry secrets."""
    row = db.execute(
        "INSERT INTO call (at, method, path, route, username, status, delivery, fault) VALUES"
        " (:at, :method, :path, :route, :username, :status, :delivery, :fault) RETURNING id",
        {
            "at": to_text(now),
            "method": request.method,
            "path": request.path,
            "route": route,
            "username": username,
            "status": answer.status,
            "delivery": answer.delivery.value,
            "fault": fault,
        },
    ).fetchone()
    if row["id"] % TRIMMED_EVERY == 0:
        db.execute("DELETE FROM call WHERE id <= :id", {"id": row["id"] - KEPT})


def list_calls(
    db: sqlite3.Connection, *, method: str | None, path: str | None, username: str | None
) -> list[LoggedCall]:
    """The calls that fit, oldest first; `path` may be a pattern ("/2/users/{id}/tweets") or the path itself."""
    rows = db.execute(
        "SELECT * FROM call WHERE (:method IS NULL OR method = :method)"
        " AND (:path IS NULL OR path = :path OR route = method || ' ' || :path)"
        " AND (:username IS NULL OR username = :username COLLATE NOCASE) ORDER BY id",
        {"method": method, "path": path, "username": username},
    )
    return [LoggedCall(**dict(row)) for row in rows]
