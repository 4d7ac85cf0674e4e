"""Is the service alive: its database, its worker, and the tweets that are due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.error_codes import sentence_of
from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import AppRest
from twitter_manager.services.context import Context
from twitter_manager.storage import app_rests, lanes, service_state, tweet_queue, workers
from twitter_manager.storage.database import Queries
from twitter_manager.timestamps import earlier, to_text
from twitter_manager.version import VERSION

__all__ = ["Health", "HealthReport", "worker_is_alive"]

WORKER_SILENCE = 15.0  # seconds; a worker gives a sign of life every 3
OVERDUE = 120.0


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`reasons`: why it is not healthy. `app_rests`: worlds whose app X refuses. `resting_other_world`: due tweets
    that wait because the other world is switched on."""

    at: datetime
    reasons: tuple[str, ...]
    app_rests: tuple[AppRest, ...] = ()
    resting_other_world: int = 0

    @property
    def healthy(self) -> bool:
        """Whether there is nothing wrong with the service itself."""
        return not self.reasons

    @property
    def notices(self) -> list[dict[str, object]]:
        """What its owner should know and do something about."""
        return [
            {
                "code": rest.code,
                "message": sentence_of(rest.code),
                "mock": rest.mock,
                "since": to_text(rest.since),
                "next_attempt_at": to_text(rest.probe_at),
            }
            for rest in self.app_rests
        ]

    def to_json(self) -> dict[str, object]:
        """As callers see it."""
        return {
            "status": "healthy" if self.healthy else "unhealthy",
            "timestamp": to_text(self.at),
            "version": VERSION,
            "reasons": list(self.reasons),
            "notices": self.notices,
            "resting_other_world": self.resting_other_world,
        }


def worker_is_alive(q: Queries, now: datetime) -> bool:
    """Whether any worker gave a sign of life lately."""
    return workers.any_seen_since(q, earlier(now, WORKER_SILENCE))


class Health:
    """Looks after the service."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def report(self) -> HealthReport:
        """How it stands now; never raises for a database that is away."""
        db = self._context.db
        now = self._context.clock()
        try:
            reasons = tuple(reason for check in _CHECKS if (reason := check(db, now)))
            other = not service_state.mock_mode(db)
            return HealthReport(
                now,
                reasons,
                tuple(app_rests.list_all(db)),
                tweet_queue.count_due_of_environment(db, mock=other, now=now),
            )
        except StorageUnavailable:
            return HealthReport(now, (sentence_of("database_unavailable"),))


def _no_worker(q: Queries, now: datetime) -> str | None:
    return None if worker_is_alive(q, now) else sentence_of("no_worker")


def _overdue(q: Queries, now: datetime) -> str | None:
    due = lanes.oldest_overdue(q)
    if due is None or due > earlier(now, OVERDUE):
        return None
    return f"Due tweets have been waiting since {to_text(due)}"


_CHECKS: tuple[Callable[[Queries, datetime], str | None], ...] = (_no_worker, _overdue)
