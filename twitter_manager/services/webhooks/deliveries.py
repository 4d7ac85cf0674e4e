"""Delivering events to their webhooks: one at a time to each, several webhooks in parallel, for up to a day.

An attempt is claimed, made and stored, with no transaction open while the receiver is called. A process that dies in
between leaves a lease that expires: the event is sent again with the same webhook-id, by which its receiver knows it.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from twitter_manager import untrusted_times
from twitter_manager.crypto import SecretUnreadable
from twitter_manager.error_codes import CODES
from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import Webhook, WebhookDelivery
from twitter_manager.receivers import signing
from twitter_manager.receivers.client import DEADLINE, AddressRefused, NoResponse, NotReached, Receivers, Response
from twitter_manager.services.context import Context
from twitter_manager.services.environments import post_url
from twitter_manager.storage import webhook_deliveries, webhooks
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later, to_text

__all__ = [
    "LEASE_SECONDS",
    "PAUSES",
    "RESTS",
    "AttemptFailed",
    "Decision",
    "Delivered",
    "Deliveries",
    "Delivery",
    "NotDelivered",
    "decide",
    "payload",
]

LEASE_SECONDS = 2 * DEADLINE

# The second attempt 5 s after the first, and so on; a day and 5 s in all.
PAUSES = (5.0, 60.0, 240.0, 900.0, 2400.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 28_800.0)
DAY = 86_400.0
# How long a receiver gets nothing after 1, 2, … failures in a row.
RESTS = (5.0, 30.0, 60.0, 300.0)
MAX_REST = 3600.0  # that a receiver may ask for by Retry-After
OUTAGE_SECONDS = 60.0  # after an outage this long, what a receiver missed is due as soon as it accepts one

log = logging.getLogger("twitter_manager.webhooks")


@dataclass(frozen=True, slots=True)
class Delivered:
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDelivered:
    """Without `next_attempt_at` it is given up; before `rest_until` the receiver is sent nothing; `gone`: nor after
    that."""

    code: str
    rest_until: datetime
    next_attempt_at: datetime | None
    status: int | None = None
    detail: str | None = None
    gone: bool = False


class AttemptFailed(Exception):
    """A bug of ours ended the attempt; the log has it."""


Decision = Delivered | NotDelivered
Outcome = Response | NotReached | NoResponse | SecretUnreadable | AttemptFailed


def decide(outcome: Outcome, *, attempts: int, queued_at: datetime, failures: int, now: datetime) -> Decision:
    """For an attempt that ended `now`, of an event queued at `queued_at` and tried `attempts` times before, to a
    webhook that failed `failures` times in a row before."""
    if isinstance(outcome, Response) and 200 <= outcome.status < 300:
        return Delivered(outcome.status)
    if isinstance(outcome, Response) and outcome.status == 410:
        return NotDelivered(
            code="receiver_gone", rest_until=now, next_attempt_at=None, status=outcome.status, gone=True
        )
    rest_until = later(now, max(RESTS[min(failures, len(RESTS) - 1)], _asked_for(outcome, now)))
    next_attempt_at = rest_until
    if isinstance(outcome, Response | NoResponse | AttemptFailed):  # it may be this event's own fault: others go first
        pause = PAUSES[min(attempts, len(PAUSES) - 1)]
        next_attempt_at = min(max(rest_until, later(now, pause)), later(queued_at, DAY))
    return NotDelivered(
        code=_code(outcome),
        rest_until=rest_until,
        next_attempt_at=next_attempt_at if now < later(queued_at, DAY) else None,
        status=outcome.status if isinstance(outcome, Response) else None,
        detail=None if isinstance(outcome, Response) else str(outcome),
    )


def payload(delivery: WebhookDelivery, *, base_url: str) -> dict[str, object]:
    """Equal in every attempt."""
    data: dict[str, Any] = orjson.loads(delivery.data)
    tweet = data.get("tweet", data)  # an event of a thread has the tweet inside
    if "twitter_id" in tweet:
        url = post_url(tweet["username"], tweet["twitter_id"], mock=tweet["mock"], base_url=base_url)
        tweet["url"] = url
    if "error_code" in data:
        known = CODES.get(str(data["error_code"]))
        data["error"] = known.sentence if known else None
    return {"type": delivery.event, "timestamp": to_text(delivery.created_at), "data": data}


class Deliveries:
    def __init__(self, context: Context, receivers: Receivers, *, base_url: str) -> None:
        self._context = context
        self._receivers = receivers
        self._base_url = base_url

    def payload(self, delivery: WebhookDelivery) -> dict[str, object]:
        return payload(delivery, base_url=self._base_url)

    def claim(self) -> "Delivery | None":
        """The next attempt, leased to the caller; None: nothing is due."""
        if not webhooks.any_due(self._context.db, now=self._context.clock()):
            return None
        with self._context.db.transaction(account_id=()) as tx:
            webhook = webhooks.claim(tx, lease=secrets.token_hex(8), until=later(tx.now, LEASE_SECONDS))
            found = webhook_deliveries.next_due(tx, webhook.id, now=tx.now) if webhook else None
        if webhook is None or found is None:
            return None
        return Delivery(self._context, self._receivers, webhook, found, base_url=self._base_url)


class Delivery:
    """One attempt to deliver one event to one webhook."""

    def __init__(
        self,
        context: Context,
        receivers: Receivers,
        webhook: Webhook,
        delivery: WebhookDelivery,
        *,
        base_url: str,
    ) -> None:
        self._base_url = base_url
        self._context = context
        self._receivers = receivers
        self._webhook = webhook
        self._delivery = delivery

    def make(self) -> None:
        """Whatever goes wrong, the attempt counts: else the event would be tried for ever and hold up all others."""
        outcome = self._outcome()
        try:
            self._finish(outcome)
        except StorageUnavailable:
            raise
        except Exception as error:
            self._finish(self._failed(error))

    def _finish(self, outcome: Outcome) -> None:
        with self._context.db.transaction(account_id=()) as tx:
            decision = decide(
                outcome,
                attempts=self._delivery.attempts,
                queued_at=self._delivery.queued_at,
                failures=self._webhook.failures,
                now=tx.now,
            )
            self._store(tx, decision)
        log.info("webhook %s, %s %s: %s", self._webhook.id, self._delivery.event, self._delivery.message_id, decision)

    def _outcome(self) -> Outcome:
        try:
            body = orjson.dumps(payload(self._delivery, base_url=self._base_url))
            secret = self._context.vault.decrypt(self._webhook.secret)
            signed = signing.headers(secret, body, message_id=self._delivery.message_id, at=self._context.clock())
            return self._receivers.post(self._webhook.url, body, signed)
        except (NotReached, NoResponse, SecretUnreadable) as error:
            return error
        except Exception as error:
            return self._failed(error)

    def _failed(self, error: Exception) -> AttemptFailed:
        log.error("webhook %s: the attempt failed", self._webhook.id, exc_info=error)
        return AttemptFailed(type(error).__name__)

    def _store(self, tx: Transaction, decision: Decision) -> None:
        # without the lease, only a success counts
        mine = webhooks.release(tx, self._webhook.id, self._webhook.lease or "")
        match decision:
            case Delivered(status):
                webhook_deliveries.mark_delivered(tx, self._delivery.id, last_status=status)
                self._note_success(tx)
            case NotDelivered() if mine:
                self._note_failure(tx, decision)

    def _note_success(self, tx: Transaction) -> None:
        webhooks.clear_failures(tx, self._webhook.id)
        since = self._webhook.failing_since
        if since is not None and tx.now >= later(since, OUTAGE_SECONDS):
            webhook_deliveries.make_due(tx, self._webhook.id)

    def _note_failure(self, tx: Transaction, failed: NotDelivered) -> None:
        webhooks.record_failure(tx, self._webhook.id, rest_until=failed.rest_until)
        if failed.gone:
            webhooks.switch_off(tx, self._webhook.id, error_code=failed.code)
        webhook_deliveries.record_failure(
            tx,
            self._delivery.id,
            next_attempt_at=failed.next_attempt_at,
            last_status=failed.status,
            error_code=failed.code,
            error_detail=failed.detail,
        )


def _code(outcome: Outcome) -> str:
    match outcome:
        case Response():
            return "receiver_refused"
        case AddressRefused():
            return "receiver_not_public"
        case NotReached():
            return "receiver_unreachable"
        case NoResponse():
            return "receiver_silent"
        case SecretUnreadable():
            return "webhook_secret_unreadable"
        case AttemptFailed():
            return "internal_error"


def _asked_for(outcome: Outcome, now: datetime) -> float:
    """Seconds by Retry-After of a 429 or 503, up to an hour; else 0."""
    if not isinstance(outcome, Response) or outcome.status not in (429, 503):
        return 0.0
    return untrusted_times.delay(outcome.retry_after, now=now, maximum=MAX_REST) or 0.0
