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
    "clamp_future",
    "clear_failures",
    "count",
    "count_of",
    "delete",
    "get",
    "insert",
    "list_page",
    "record_failure",
    "release",
    "switch_off",
    "switch_off_of_key",
]

_webhook = mapper(Webhook)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChoice:
    """What its owner decides about a webhook."""

    url: str
    description: str
    events: Sequence[str]
    is_active: bool = True
    api_key_id: int | None = None


def insert(tx: Transaction, choice: WebhookChoice, *, secret: str) -> Webhook:
    """`secret` is encrypted."""
    row = tx.insert(
        """
        INSERT INTO webhook (url, description, events, is_active, api_key_id, secret, created_at, updated_at)
        VALUES (:url, :description, :events, :is_active, :api_key_id, :secret, :now, :now)
        RETURNING *
        """,
        **_columns(choice),
        api_key_id=choice.api_key_id,
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


def list_page(
    q: Queries, *, limit: int, after: int = 0, offset: int = 0, owner: int | None = None
) -> Sequence[Webhook]:
    """Up to `limit` webhooks (of this key, if given) with id > `after`, oldest first."""
    rows = q.all(
        """
        SELECT * FROM webhook WHERE id > :after AND (:every = 1 OR coalesce(api_key_id, 0) = :owner)
        ORDER BY id LIMIT :limit OFFSET :offset
        """,
        every=owner is None,
        owner=owner or 0,
        after=after,
        limit=limit,
        offset=offset,
    )
    return [_webhook(row) for row in rows]


def count(q: Queries, *, owner: int | None = None) -> int:
    sql = "SELECT count(*) FROM webhook WHERE :every = 1 OR coalesce(api_key_id, 0) = :owner"
    return int(q.value(sql, every=owner is None, owner=owner or 0))


def count_of(q: Queries, owner: int | None) -> int:
    """How many belong to this key; None: to none, which are everybody's."""
    found: int = q.value("SELECT count(*) FROM webhook WHERE coalesce(api_key_id, 0) = :owner", owner=owner or 0)
    return found


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


# One that something may be sent to now, and that no worker has leased.
_READY = """
    is_active = 1 AND (lease_until IS NULL OR lease_until <= :now) AND (rest_until IS NULL OR rest_until <= :now)
        AND EXISTS (
            SELECT 1 FROM webhook_delivery AS d
            WHERE d.webhook_id = ready.id AND d.status = 'pending' AND d.next_attempt_at <= :now)
"""


def any_due(q: Queries, *, now: datetime) -> bool:
    return q.one(f"SELECT 1 AS yes FROM webhook AS ready WHERE {_READY} LIMIT 1", now=now) is not None


def claim(tx: Transaction, *, lease: str, until: datetime) -> Webhook | None:
    """Leases the webhook with a due delivery that was tried longest ago; None: there is none."""
    row = tx.one(
        f"""
        UPDATE webhook SET lease = :lease, lease_until = :until, tried_at = :now
        WHERE id = (SELECT id FROM webhook AS ready WHERE {_READY} ORDER BY tried_at NULLS FIRST, id LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED)
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


def clamp_future(tx: Transaction, *, lease: datetime, rest: datetime) -> int:
    """The clock was set back: no lease and no rest ends later than the longest would that began now."""
    return tx.execute(
        """
        UPDATE webhook SET lease_until = CASE WHEN lease_until > :lease THEN :lease ELSE lease_until END,
            rest_until = CASE WHEN rest_until > :rest THEN :rest ELSE rest_until END
        WHERE lease_until > :lease OR rest_until > :rest
        """,
        lease=lease,
        rest=rest,
    )


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


def switch_off_of_key(tx: Transaction, api_key_id: int, *, error_code: str) -> None:
    """Nothing is sent any more to those of a key with limits."""
    tx.execute(
        """
        UPDATE webhook SET is_active = 0, error_code = :error_code, updated_at = :now
        WHERE coalesce(api_key_id, 0) = :api_key_id AND is_active = 1
        """,
        api_key_id=api_key_id,
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
