"""Webhooks. Their events are queued by triggers (migration 0004), in the transaction of the change itself;
services/webhooks/deliveries.py sends them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.errors import Conflict, Invalid
from twitter_manager.models import Webhook, WebhookDelivery
from twitter_manager.receivers import signing
from twitter_manager.receivers.client import AddressRefused, Receivers
from twitter_manager.services import audit
from twitter_manager.services.context import Context
from twitter_manager.storage import webhook_deliveries, webhooks
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.webhooks import WebhookChoice

__all__ = ["FAILING_SECONDS", "MAX_WEBHOOKS", "TEST", "WebhookChange", "Webhooks", "is_failing"]

MAX_WEBHOOKS = 20  # of each key with limits, which must not learn of others, and of all other keys together
TEST = "webhook.test"  # sent on demand only; not among the events to choose from
FAILING_SECONDS = 5 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """None: it stays as it is."""

    url: str | None = None
    description: str | None = None
    events: Sequence[str] | None = None
    is_active: bool | None = None


class Webhooks:
    def __init__(self, context: Context, receivers: Receivers) -> None:
        self._context = context
        self._receivers = receivers

    def create(
        self, *, url: str, events: Sequence[str], description: str, owner: int | None = None
    ) -> tuple[Webhook, str]:
        """The webhook, and its secret, which is not shown again. `owner`: the key whose accounts alone it tells of.
        Raises Invalid, Conflict."""
        self._check(url)
        secret = signing.new_secret()
        choice = WebhookChoice(url=url, description=description, events=events, api_key_id=owner)
        with self._context.db.transaction() as tx:
            if webhooks.count_of(tx, owner) >= MAX_WEBHOOKS:
                raise Conflict("too_many_webhooks")
            made = webhooks.insert(tx, choice, secret=self._context.vault.encrypt(secret))
            audit.record(tx, "webhook", made.id)
        return made, secret

    def change(self, webhook_id: int, change: WebhookChange) -> Webhook:
        """Switched on again, or with another URL, it starts afresh: its pending deliveries are due now.

        Raises NotFound, Invalid.
        """
        if change.url is not None:
            webhooks.get(self._context.db, webhook_id)
            self._check(change.url)
        with self._context.db.transaction() as tx:
            before = webhooks.get(tx, webhook_id)
            choice = _chosen(before, change)
            webhooks.change(tx, webhook_id, choice)
            if choice.is_active and (not before.is_active or choice.url != before.url):
                webhooks.clear_failures(tx, webhook_id)
                webhook_deliveries.restart_pending(tx, webhook_id)
            audit.record(tx, "webhook", webhook_id)
            return webhooks.get(tx, webhook_id)

    def delete(self, webhook_id: int) -> None:
        """Deletes it with its queue and its log. Raises NotFound."""
        with self._context.db.transaction() as tx:
            webhooks.get(tx, webhook_id)
            webhooks.delete(tx, webhook_id)
            audit.record(tx, "webhook", webhook_id)

    def test(self, webhook_id: int) -> WebhookDelivery:
        """Queues a `webhook.test` event. Raises NotFound, Conflict."""
        with self._context.db.transaction(account_id=()) as tx:
            _check_active(tx, webhook_id)
            data = json.dumps({"webhook_id": webhook_id, "message": "The webhook works"})
            audit.record(tx, "webhook", webhook_id)
            return webhook_deliveries.insert(tx, webhook_id=webhook_id, event=TEST, data=data)

    def replay(self, webhook_id: int, *, delivery_ids: Sequence[int] | None, since: datetime | None) -> int:
        """Queues finished deliveries again, by id and since that time; returns how many.

        Raises NotFound, Conflict.
        """
        with self._context.db.transaction(account_id=()) as tx:
            _check_active(tx, webhook_id)
            replayed = webhook_deliveries.requeue(tx, webhook_id, ids=delivery_ids, since=since)
            audit.record(tx, "webhook", webhook_id, counts={"deliveries": replayed})
        return replayed

    def _check(self, url: str) -> None:
        """Raises Invalid for a URL that deliveries cannot go to."""
        try:
            self._receivers.check(url)
        except AddressRefused as error:
            raise Invalid("receiver_not_public", field="url") from error
        except ValueError as error:
            raise Invalid("invalid_field", sentence=f"url {error}", field="url") from error


def is_failing(webhook: Webhook) -> bool:
    """Whether all attempts of five days failed."""
    if webhook.failing_since is None or webhook.failed_at is None:
        return False
    return (webhook.failed_at - webhook.failing_since).total_seconds() >= FAILING_SECONDS


def _chosen(before: Webhook, change: WebhookChange) -> WebhookChoice:
    return WebhookChoice(
        url=before.url if change.url is None else change.url,
        description=before.description if change.description is None else change.description,
        events=json.loads(before.events) if change.events is None else change.events,
        is_active=before.is_active if change.is_active is None else change.is_active,
    )


def _check_active(tx: Transaction, webhook_id: int) -> None:
    """Raises NotFound, Conflict."""
    if not webhooks.get(tx, webhook_id).is_active:
        raise Conflict("webhook_inactive")
