"""Is the service alive: its database, its worker, the tweets that are due, and what it needs of the machine."""

import errno
import os
from dataclasses import dataclass
from datetime import datetime

from twitter_manager import logs
from twitter_manager.error_codes import sentence_of
from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import Alert, AppRest
from twitter_manager.services.alerts import alert_to_json
from twitter_manager.services.context import Context
from twitter_manager.storage import alerts, app_rests, copy_clock, lanes, restored, service_state, tweet_queue, workers
from twitter_manager.storage.database import FailedWrite, Queries
from twitter_manager.timestamps import earlier, to_text
from twitter_manager.version import VERSION

__all__ = ["Health", "HealthReport", "worker_is_alive"]

WORKER_SILENCE = 15.0  # seconds; a worker beats every 3
OVERDUE = 120.0
FAILED_WRITE_COUNTS = 10.0  # longer than a beat of a worker that waits for a locked database: 3 s and 5 s


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    sentence: str


def _reason(code: str) -> Reason:
    return Reason(code, sentence_of(code))


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`because`: why it is not healthy. `app_rests`: where X refuses the app. `resting_other_world`: due tweets that
    wait because the other environment is switched on. `log_failing_since`: the log cannot be written.
    `restored_at`: accounts are still to be looked for. `alerts`: what fires for X as a whole."""

    at: datetime
    because: tuple[Reason, ...]
    app_rests: tuple[AppRest, ...] = ()
    resting_other_world: int = 0
    log_failing_since: datetime | None = None
    copies_failing_since: datetime | None = None
    restored_at: datetime | None = None
    alerts: tuple[Alert, ...] = ()

    @property
    def healthy(self) -> bool:
        return not self.because

    @property
    def reasons(self) -> list[str]:
        """Why it is not healthy, for people."""
        return [reason.sentence for reason in self.because]

    @property
    def notices(self) -> list[dict[str, object]]:
        """What the service's owner should know and act on."""
        found = [
            _notice(rest.code, since=rest.since, mock=rest.mock, next_attempt_at=to_text(rest.probe_at))
            for rest in self.app_rests
        ]
        if self.log_failing_since is not None:
            found.append(_notice("log_write_failed", since=self.log_failing_since, mock=None, next_attempt_at=None))
        if self.copies_failing_since is not None:
            found.append(_notice("copy_failed", since=self.copies_failing_since, mock=None, next_attempt_at=None))
        if self.restored_at is not None:
            found.append(_notice("restored_from_copy", since=self.restored_at, mock=None, next_attempt_at=None))
        return found

    def to_json(self) -> dict[str, object]:
        return {
            "status": "healthy" if self.healthy else "unhealthy",
            "timestamp": to_text(self.at),
            "version": VERSION,
            "reasons": self.reasons,
            "reason_codes": [reason.code for reason in self.because],
            "notices": self.notices,
            "alerts": [{"mock": alert.mock, **alert_to_json(alert)} for alert in self.alerts],
            "resting_other_world": self.resting_other_world,
        }


def _notice(code: str, *, since: datetime, mock: bool | None, next_attempt_at: str | None) -> dict[str, object]:
    return {
        "code": code,
        "message": sentence_of(code),
        "mock": mock,
        "since": to_text(since),
        "next_attempt_at": next_attempt_at,
    }


def worker_is_alive(q: Queries, now: datetime) -> bool:
    return workers.any_seen_since(q, earlier(now, WORKER_SILENCE))


class Health:
    def __init__(self, context: Context) -> None:
        self._context = context

    def report(self) -> HealthReport:
        """Never raises for a database that is away."""
        db = self._context.db
        now = self._context.clock()
        log_failing = logs.file_failing_since()
        found = [reason for reason in (_no_descriptors(), _failed_write(db.last_failed_write, now)) if reason]
        try:
            found += [reason for reason in (_no_worker(db, now, explained=bool(found)), _overdue(db, now)) if reason]
            other = not service_state.mock_mode(db)
            resting = tweet_queue.count_due_of_environment(db, mock=other, now=now)
            copies = copy_clock.find(db)
            return HealthReport(
                now,
                tuple(found),
                tuple(app_rests.list_all(db)),
                resting,
                log_failing,
                copies.failed_at if copies else None,
                restored.since(db),
                tuple(alerts.list_firing_of_apps(db)),
            )
        except StorageUnavailable:
            return HealthReport(now, (*found, _reason("database_unavailable")), log_failing_since=log_failing)


def _no_descriptors() -> Reason | None:
    # a caller on an open connection is answered also when no file can be opened
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return _reason("too_many_open_files") if error.errno in (errno.EMFILE, errno.ENFILE) else None
    return None


def _failed_write(last: FailedWrite | None, now: datetime) -> Reason | None:
    if last is None or last.at < earlier(now, FAILED_WRITE_COUNTS):
        return None
    return _reason("disk_full") if last.disk_full else _reason("database_write_failed")


def _no_worker(q: Queries, now: datetime, *, explained: bool) -> Reason | None:
    # a worker that cannot write does not beat, though it is alive
    return None if explained or worker_is_alive(q, now) else _reason("no_worker")


def _overdue(q: Queries, now: datetime) -> Reason | None:
    due = lanes.oldest_overdue(q)
    if due is None or due > earlier(now, OVERDUE):
        return None
    return Reason("tweets_overdue", f"Due tweets have been waiting since {to_text(due)}")
