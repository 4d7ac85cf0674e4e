"""Deliveries to webhooks: the queue, and once they are delivered or failed, the log. Triggers of 0004 fill it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.models import DELIVERY_STATUSES, WebhookDelivery
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper

__all__ = [
    "DeliveryFilter",
    "clamp_future",
    "count",
    "delete_older_than",
    "insert",
    "list_page",
    "make_due",
    "mark_delivered",
    "next_due",
    "record_failure",
    "requeue",
    "restart_pending",
]

_delivery = mapper(WebhookDelivery)

_MAX_ID = 9223372036854775807


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries a list shows; None: whichever. `before`: only those with a smaller id."""

    webhook_id: int
    status: str | None = None
    before: int | None = None


def insert(tx: Transaction, *, webhook_id: int, event: str, data: str) -> WebhookDelivery:
    """Queues an event for this webhook, due now. `data` is JSON."""
    row = tx.insert(
        """
        INSERT INTO webhook_delivery (webhook_id, event, data, queued_at, next_attempt_at, created_at)
        VALUES (:webhook_id, :event, :data, :now, :now, :now)
        RETURNING *
        """,
        webhook_id=webhook_id,
        event=event,
        data=data,
        now=tx.now,
    )
    return _delivery(row)


def list_page(q: Queries, which: DeliveryFilter, *, limit: int, offset: int = 0) -> Sequence[WebhookDelivery]:
    """Up to `limit` deliveries, newest first. A large `offset` is slow; `which.before` is fast at any depth."""
    rows = q.all(
        """
        SELECT * FROM webhook_delivery
        WHERE webhook_id = :webhook_id AND status = ANY(:statuses) AND id < :before
        ORDER BY id DESC LIMIT :limit OFFSET :offset
        """,
        webhook_id=which.webhook_id,
        statuses=_statuses(which),
        before=_MAX_ID if which.before is None else which.before,
        limit=limit,
        offset=offset,
    )
    return [_delivery(row) for row in rows]


def count(q: Queries, which: DeliveryFilter) -> int:
    """How many there are, without regard to `before`."""
    found: int = q.value(
        "SELECT count(*) FROM webhook_delivery WHERE webhook_id = :webhook_id AND status = ANY(:statuses)",
        webhook_id=which.webhook_id,
        statuses=_statuses(which),
    )
    return found


def _statuses(which: DeliveryFilter) -> list[str]:
    return list(DELIVERY_STATUSES) if which.status is None else [which.status]


def next_due(q: Queries, webhook_id: int, *, now: datetime) -> WebhookDelivery | None:
    """What is sent to this webhook next: of what is due, the event that happened first."""
    row = q.one(  # by id and not by time, which coalesce hides: else everything that is due would be sorted each time
        """
        SELECT * FROM webhook_delivery
        WHERE webhook_id = :webhook_id AND status = 'pending' AND coalesce(next_attempt_at, next_attempt_at) <= :now
        ORDER BY id LIMIT 1
        """,
        webhook_id=webhook_id,
        now=now,
    )
    return _delivery(row) if row else None


def mark_delivered(tx: Transaction, delivery_id: int, *, last_status: int) -> bool:
    """The receiver has it. This is certain, whoever else tries it or gave it up. False when it was known."""
    changed = tx.execute(
        """
        UPDATE webhook_delivery SET status = 'delivered', attempts = attempts + 1, next_attempt_at = NULL,
            last_status = :last_status, error_code = NULL, error_detail = NULL, delivered_at = :now
        WHERE id = :id AND status <> 'delivered'
        """,
        id=delivery_id,
        last_status=last_status,
        now=tx.now,
    )
    return changed == 1


def record_failure(
    tx: Transaction,
    delivery_id: int,
    *,
    next_attempt_at: datetime | None,
    last_status: int | None,
    error_code: str,
    error_detail: str | None,
) -> bool:
    """An attempt failed; without a next one the delivery has failed. False when it does not wait any more."""
    changed = tx.execute(
        """
        UPDATE webhook_delivery SET status = :status,
            attempts = attempts + 1, next_attempt_at = :next_attempt_at, last_status = :last_status,
            error_code = :error_code, error_detail = :error_detail
        WHERE id = :id AND status = 'pending'
        """,
        id=delivery_id,
        status="failed" if next_attempt_at is None else "pending",
        next_attempt_at=next_attempt_at,
        last_status=last_status,
        error_code=error_code,
        error_detail=error_detail,
    )
    return changed == 1


def make_due(tx: Transaction, webhook_id: int) -> None:
    """The receiver is back: everything that waits for its next attempt is due now."""
    tx.execute(
        """
        UPDATE webhook_delivery SET next_attempt_at = :now
        WHERE webhook_id = :webhook_id AND status = 'pending' AND next_attempt_at > :now
        """,
        webhook_id=webhook_id,
        now=tx.now,
    )


def clamp_future(tx: Transaction, *, latest: datetime) -> int:
    """The clock was set back: what would wait past `latest` is due now, and its day counts from now at the latest."""
    return tx.execute(
        """
        UPDATE webhook_delivery SET queued_at = least(queued_at, :now), next_attempt_at = :now
        WHERE webhook_id IN (SELECT id FROM webhook) AND status = 'pending' AND next_attempt_at > :latest
        """,
        latest=latest,
        now=tx.now,
    )


def restart_pending(tx: Transaction, webhook_id: int) -> None:
    """Everything that waits is due now, and has a whole day again."""
    tx.execute(
        """
        UPDATE webhook_delivery SET queued_at = :now, next_attempt_at = :now, attempts = 0
        WHERE webhook_id = :webhook_id AND status = 'pending'
        """,
        webhook_id=webhook_id,
        now=tx.now,
    )


def requeue(tx: Transaction, webhook_id: int, *, ids: Sequence[int] | None, since: datetime | None) -> int:
    """Queues again what was delivered or failed: those of `ids` that happened since `since`, where given; returns how
    many."""
    return tx.execute(
        """
        UPDATE webhook_delivery SET status = 'pending', attempts = 0, queued_at = :now, next_attempt_at = :now,
            delivered_at = NULL
        WHERE webhook_id = :webhook_id AND status <> 'pending' AND created_at >= coalesce(:since, created_at)
            AND (:every = 1 OR id = ANY(:ids))
        """,
        webhook_id=webhook_id,
        every=ids is None,
        ids=list(ids or ()),
        since=since,
        now=tx.now,
    )


def delete_older_than(tx: Transaction, moment: datetime, *, limit: int) -> int:
    """Deletes up to `limit` that were last queued before `moment`, also what waits for a webhook that is switched off;
    returns how many."""
    return tx.execute(
        """
        DELETE FROM webhook_delivery WHERE id IN (
            SELECT id FROM webhook_delivery WHERE queued_at < :moment ORDER BY queued_at LIMIT :limit)
        """,
        moment=moment,
        limit=limit,
    )
