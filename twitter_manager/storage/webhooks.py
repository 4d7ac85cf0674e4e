"""Webhooks: who is notified of what, and who of them is next. What is sent is in webhook_deliveries.py."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Webhook
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = [
    "WebhookChoice",
    "any_due",
    "change",
    "claim",
    "clear_failures",
    "count",
    "delete",
    "get",
    "insert",
    "list_all",
    "list_page",
    "record_failure",
    "release",
    "replace_secret",
    "switch_off",
]

_webhook = mapper(Webhook)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChoice:
    """What its owner decides about a webhook."""

    url: str
    description: str
    events: Sequence[str]
    is_active: bool = True


def insert(tx: Transaction, choice: WebhookChoice, *, secret: str) -> Webhook:
    """`secret` is encrypted."""
    row = tx.insert(
        """
        INSERT INTO webhook (url, description, events, is_active, secret, created_at, updated_at)
        VALUES (:url, :description, :events, :is_active, :secret, :now, :now)
        RETURNING *
        """,
        **_columns(choice),
        secret=secret,
        now=tx.now,
    )
    return _webhook(row)


def get(q: Queries, webhook_id: int) -> Webhook:
    """Raises NotFound."""
    row = q.one("SELECT * FROM webhook WHERE id = :id", id=webhook_id)
    if row is None:
        raise NotFound("webhook_not_found")
    return _webhook(row)


def list_page(q: Queries, *, limit: int, after: int = 0, offset: int = 0) -> Sequence[Webhook]:
    """Up to `limit` webhooks with id > `after`, oldest first."""
    rows = q.all(
        "SELECT * FROM webhook WHERE id > :after ORDER BY id LIMIT :limit OFFSET :offset",
        after=after,
        limit=limit,
        offset=offset,
    )
    return [_webhook(row) for row in rows]


def list_all(q: Queries) -> Sequence[Webhook]:
    """Oldest first."""
    return [_webhook(row) for row in q.all("SELECT * FROM webhook ORDER BY id")]


def count(q: Queries) -> int:
    return int(q.value("SELECT count(*) FROM webhook"))


def change(tx: Transaction, webhook_id: int, choice: WebhookChoice) -> None:
    """Its owner changes it; why the service switched it off is cleared once it is on again. With another URL it is
    nobody's: what an attempt to the old one, still in progress, ends with does not concern it."""
    tx.execute(
        """
        UPDATE webhook SET url = :url, description = :description, events = :events, is_active = :is_active,
            error_code = CASE WHEN :is_active = 0 THEN error_code END, updated_at = :now,
            lease = CASE WHEN url = :url THEN lease END, lease_until = CASE WHEN url = :url THEN lease_until END
        WHERE id = :id
        """,
        **_columns(choice),
        id=webhook_id,
        now=tx.now,
    )


def delete(tx: Transaction, webhook_id: int) -> bool:
    """Deletes it with its queue and its log; False when there is none."""
    return tx.execute("DELETE FROM webhook WHERE id = :id", id=webhook_id) == 1


def replace_secret(tx: Transaction, webhook_id: int, secret: str) -> None:
    """Stores the same secret, encrypted with another key."""
    tx.execute("UPDATE webhook SET secret = :secret WHERE id = :id", id=webhook_id, secret=secret)


# One that something may be sent to now, and that no worker has leased.
_READY = """
    is_active = 1 AND (lease_until IS NULL OR lease_until <= :now) AND (rest_until IS NULL OR rest_until <= :now)
        AND EXISTS (
            SELECT 1 FROM webhook_delivery AS d
            WHERE d.webhook_id = ready.id AND d.status = 'pending' AND d.next_attempt_at <= :now)
"""


def any_due(q: Queries, *, now: datetime) -> bool:
    """Whether `claim` would find one."""
    return q.one(f"SELECT 1 AS yes FROM webhook AS ready WHERE {_READY} LIMIT 1", now=now) is not None


def claim(tx: Transaction, *, lease: str, until: datetime) -> Webhook | None:
    """Leases the webhook with a due delivery that was tried longest ago; None: there is none."""
    row = tx.one(
        f"""
        UPDATE webhook SET lease = :lease, lease_until = :until, tried_at = :now
        WHERE id = (SELECT id FROM webhook AS ready WHERE {_READY} ORDER BY tried_at NULLS FIRST, id LIMIT 1)
        RETURNING *
        """,
        lease=lease,
        until=until,
        now=tx.now,
    )
    return _webhook(row) if row else None


def release(tx: Transaction, webhook_id: int, lease: str) -> bool:
    """Ends the lease; False when it was lost, or the webhook is gone."""
    changed = tx.execute(
        "UPDATE webhook SET lease = NULL, lease_until = NULL WHERE id = :id AND lease = :lease",
        id=webhook_id,
        lease=lease,
    )
    return changed == 1


def record_failure(tx: Transaction, webhook_id: int, *, rest_until: datetime) -> None:
    """It did not accept a delivery: nothing is sent to it before `rest_until`."""
    tx.execute(
        """
        UPDATE webhook SET failures = failures + 1, failing_since = coalesce(failing_since, :now), failed_at = :now,
            rest_until = :rest_until
        WHERE id = :id
        """,
        id=webhook_id,
        rest_until=rest_until,
        now=tx.now,
    )


def clear_failures(tx: Transaction, webhook_id: int) -> None:
    """It accepted a delivery, or its owner changed it: it no longer rests."""
    tx.execute(
        """
        UPDATE webhook SET failures = 0, failing_since = NULL, failed_at = NULL, rest_until = NULL
        WHERE id = :id AND failures > 0
        """,
        id=webhook_id,
    )


def switch_off(tx: Transaction, webhook_id: int, *, error_code: str) -> None:
    """Nothing is sent to it until its owner switches it on again."""
    tx.execute(
        "UPDATE webhook SET is_active = 0, error_code = :error_code, updated_at = :now WHERE id = :id",
        id=webhook_id,
        error_code=error_code,
        now=tx.now,
    )


def _columns(choice: WebhookChoice) -> dict[str, object]:
    return {
        "url": choice.url,
        "description": choice.description,
        "events": json.dumps(list(choice.events)),
        "is_active": choice.is_active,
    }
