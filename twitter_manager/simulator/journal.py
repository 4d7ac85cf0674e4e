"""The latest hundred thousand calls and their answers."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.simulator.messages import Request, Response
from twitter_manager.timestamps import to_text

__all__ = ["LoggedCall", "list_calls", "record"]

KEPT = 100_000
TRIMMED_EVERY = 1_000


@dataclass(frozen=True)
class LoggedCall:
    """`route` is the pattern ("POST /2/tweets"), `fault` the kind that was set for it, if any; `status` is X's own
    answer, which the caller gets only if `delivery` is whole; 0: X gave none."""

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
    response: Response,
    *,
    route: str | None,
    username: str | None,
    fault: str | None,
    now: datetime,
) -> None:
    """Without query and body, which contain secrets."""
    row = db.execute(
        "INSERT INTO call (at, method, path, route, username, status, delivery, fault) VALUES"
        " (:at, :method, :path, :route, :username, :status, :delivery, :fault) RETURNING id",
        {
            "at": to_text(now),
            "method": request.method,
            "path": request.path,
            "route": route,
            "username": username,
            "status": response.status,
            "delivery": response.delivery.value,
            "fault": fault,
        },
    ).fetchone()
    if row["id"] % TRIMMED_EVERY == 0:
        db.execute("DELETE FROM call WHERE id <= :id", {"id": row["id"] - KEPT})


def list_calls(
    db: sqlite3.Connection, *, method: str | None, path: str | None, username: str | None
) -> list[LoggedCall]:
    """Oldest first; `path` may be a pattern ("/2/users/{id}/tweets") or the path itself."""
    rows = db.execute(
        "SELECT * FROM call WHERE (:method IS NULL OR method = :method)"
        " AND (:path IS NULL OR path = :path OR route = method || ' ' || :path)"
        " AND (:username IS NULL OR username = :username COLLATE NOCASE) ORDER BY id",
        {"method": method, "path": path, "username": username},
    )
    return [LoggedCall(**dict(row)) for row in rows]
