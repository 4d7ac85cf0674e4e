"""X's 15-minute windows per user and endpoint (docs.x.com: rate limits)."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.timestamps import from_text, later, to_text

__all__ = ["RateWindow", "count"]

WINDOW_S = 15 * 60


@dataclass(frozen=True)
class RateWindow:
    """One endpoint's window for one user, this call included."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def exceeded(self) -> bool:
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """The reset in epoch seconds."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(max(0, self.limit - self.used)),
            "x-rate-limit-reset": str(int(self.resets_at.timestamp())),
        }


def count(db: sqlite3.Connection, *, user_id: str, route: str, limit: int, now: datetime) -> RateWindow:
    """Counts one call; a window begins with its first call and lasts 15 minutes."""
    row = db.execute(
        "INSERT INTO rate_window (user_id, route, resets_at, used) VALUES (:user, :route, :new_reset, 1)"
        " ON CONFLICT (user_id, route) DO UPDATE SET"
        " used = CASE WHEN resets_at <= :now THEN 1 ELSE used + 1 END,"
        " resets_at = CASE WHEN resets_at <= :now THEN :new_reset ELSE resets_at END"
        " RETURNING used, resets_at",
        {"user": int(user_id), "route": route, "now": to_text(now), "new_reset": to_text(later(now, WINDOW_S))},
    ).fetchone()
    return RateWindow(limit, row["used"], from_text(row["resets_at"]))
