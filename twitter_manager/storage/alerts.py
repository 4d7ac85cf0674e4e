"""Failures in a row, of an account or of X as a whole, and the alerts that fire for them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from twitter_manager.models import Alert
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = ["add_failure", "add_success", "find", "fire", "list_firing_of_apps", "list_recent", "notify", "resolve"]

_alert = mapper(Alert)


def find(q: Queries, subject: str) -> Alert | None:
    row = q.one("SELECT * FROM alert WHERE subject = :subject", subject=subject)
    return _alert(row) if row else None


def list_firing_of_apps(q: Queries) -> Sequence[Alert]:
    rows = q.all("SELECT * FROM alert WHERE account_id IS NULL AND firing_since IS NOT NULL ORDER BY subject")
    return [_alert(row) for row in rows]


def list_recent(q: Queries, *, since: datetime) -> Sequence[Alert]:
    """Those that fire, or had a failure since then."""
    rows = q.all(
        "SELECT * FROM alert WHERE firing_since IS NOT NULL OR failed_at > :since ORDER BY subject", since=since
    )
    return [_alert(row) for row in rows]


def add_failure(
    tx: Transaction, subject: str, *, account_id: int | None, mock: bool, error_code: str, twitter_error: str | None
) -> Alert:
    """One more failure in a row."""
    row = tx.insert(
        """
        INSERT INTO alert (subject, account_id, mock, failures, failing_since, failed_at, error_code, twitter_error)
        VALUES (:subject, :account_id, :mock, 1, :now, :now, :error_code, :twitter_error)
        ON CONFLICT (subject) DO UPDATE SET failures = alert.failures + 1,
            failing_since = coalesce(alert.failing_since, excluded.failing_since), failed_at = excluded.failed_at,
            error_code = excluded.error_code, twitter_error = excluded.twitter_error
        RETURNING *
        """,
        subject=subject,
        account_id=account_id,
        mock=mock,
        error_code=error_code,
        twitter_error=twitter_error,
        now=tx.now,
    )
    return _alert(row)


def add_success(tx: Transaction, subject: str) -> Alert | None:
    """No failures in a row any more; None where there were none."""
    row = tx.one(
        """
        UPDATE alert SET failures = 0, failing_since = NULL WHERE subject = :subject AND failures > 0
        RETURNING *
        """,
        subject=subject,
    )
    return _alert(row) if row else None


def fire(tx: Transaction, subject: str, *, rule: str) -> bool:
    """False where it fires already: another process was first."""
    changed = tx.execute(
        "UPDATE alert SET rule = :rule, firing_since = :now WHERE subject = :subject AND firing_since IS NULL",
        subject=subject,
        rule=rule,
        now=tx.now,
    )
    return changed == 1


def resolve(tx: Transaction, subject: str) -> bool:
    """False where it does not fire: another process was first."""
    changed = tx.execute(
        """
        UPDATE alert SET rule = NULL, firing_since = NULL, resolved_at = :now
        WHERE subject = :subject AND firing_since IS NOT NULL
        """,
        subject=subject,
        now=tx.now,
    )
    return changed == 1


def notify(tx: Transaction, event: str, data: Mapping[str, object]) -> None:
    """Queues the event for the webhooks that asked for it."""
    tx.execute(
        "INSERT INTO event (type, data, happened_at) VALUES (:type, :data, :now)",
        type=event,
        data=json.dumps(data),
        now=tx.now,
    )
