"""Webhooks: who is told what happens, what became of each delivery, and how to have it told again."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

from flask import Blueprint, Response, jsonify, request
from pydantic import Field

from twitter_manager.api import current, inputs
from twitter_manager.error_codes import sentence_of
from twitter_manager.errors import Invalid
from twitter_manager.models import Webhook, WebhookDelivery
from twitter_manager.services.webhooks.endpoints import WebhookChange, is_failing
from twitter_manager.storage import webhook_deliveries, webhooks
from twitter_manager.storage.webhook_deliveries import DeliveryFilter
from twitter_manager.timestamps import to_text

__all__ = ["EVENTS", "STATUSES", "DeliveryStatus", "Event", "blueprint"]

Event = Literal[
    "tweet.posted",
    "tweet.failed",
    "tweet.held",
    "tweet.needs_decision",
    "thread.broken",
    "account.failed",
    "app.resting",
]
EVENTS: tuple[Event, ...] = get_args(Event)
DeliveryStatus = Literal["pending", "delivered", "failed"]
STATUSES: tuple[str, ...] = get_args(DeliveryStatus)
_MAX_IDS = 1000

Events = Annotated[list[Event], Field(min_length=1, max_length=len(EVENTS))]
Description = Annotated[str, Field(max_length=200)]

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks")


class NewWebhook(inputs.Body):
    """Where to tell what happens; every event by default."""

    url: str
    events: Events | None = None
    description: Description = ""


class WebhookPatch(inputs.Body):
    """What is to be different. Off (`is_active: false`): what happens then is not told later either."""

    url: str | None = None
    events: Events | None = None
    description: Description | None = None
    is_active: bool | None = None


class Replay(inputs.Body):
    """Which deliveries go out again; with both, those of the list since that time."""

    delivery_ids: Annotated[list[inputs.Id], Field(min_length=1, max_length=_MAX_IDS)] | None = None
    since: inputs.Moment | None = None


@blueprint.post("")
def create() -> tuple[Response, int]:
    """Makes a webhook; its secret is shown this once."""
    new = inputs.body(NewWebhook)
    events = _in_order(new.events or EVENTS)
    made, secret = current.services().webhooks.create(url=new.url, events=events, description=new.description)
    return jsonify({"message": "Webhook created", "webhook": _webhook_to_json(made), "secret": secret}), 201


@blueprint.get("")
def show_all() -> Response:
    """One page of the webhooks, oldest first, never a secret; `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    after = inputs.cursor_in_query("after")
    db = current.services().db
    found = webhooks.list_page(db, limit=limit + 1, after=after or 0, offset=0 if after else (page - 1) * limit)
    more = inputs.cursor_after(found[limit - 1].id) if len(found) > limit else None
    place = {"total": webhooks.count(db), "page": page, "limit": limit, "next_cursor": more}
    return jsonify({"webhooks": [_webhook_to_json(each) for each in found[:limit]], **place})


@blueprint.get("/<webhook_id>")
def show(webhook_id: str) -> Response:
    """One webhook and how its receiver does."""
    return jsonify(_webhook_to_json(webhooks.get(current.services().db, _id(webhook_id))))


@blueprint.patch("/<webhook_id>")
def change(webhook_id: str) -> Response:
    """Changes it, or switches it off and on."""
    asked = inputs.body(WebhookPatch)
    wanted = WebhookChange(
        url=asked.url,
        events=asked.events and _in_order(asked.events),
        description=asked.description,
        is_active=asked.is_active,
    )
    return jsonify(_webhook_to_json(current.services().webhooks.change(_id(webhook_id), wanted)))


@blueprint.delete("/<webhook_id>")
def delete(webhook_id: str) -> Response:
    """Deletes it with its queue and its log."""
    number = _id(webhook_id)
    current.services().webhooks.delete(number)
    return jsonify({"message": "Webhook deleted", "webhook_id": number})


@blueprint.post("/<webhook_id>/test")
def test(webhook_id: str) -> tuple[Response, int]:
    """Sends the event webhook.test, through the same queue."""
    number = _id(webhook_id)
    inputs.body(inputs.NoFields)
    delivery = current.services().webhooks.test(number)
    return jsonify({"message": "Test event queued", "delivery": _delivery_to_json(delivery)}), 202


@blueprint.get("/<webhook_id>/deliveries")
def show_deliveries(webhook_id: str) -> Response:
    """Its deliveries, newest first, filtered by status; `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    before = inputs.cursor_in_query()
    which = DeliveryFilter(webhook_id=_id(webhook_id), status=_status_in_query(), before=before)
    db = current.services().db
    webhooks.get(db, which.webhook_id)
    found = webhook_deliveries.list_page(db, which, limit=limit + 1, offset=0 if before else (page - 1) * limit)
    more = inputs.cursor_before(found[limit - 1].id) if len(found) > limit else None
    place = {"page": page, "limit": limit, "next_cursor": more}
    rows = [_delivery_to_json(each) for each in found[:limit]]
    return jsonify({"deliveries": rows, "total": webhook_deliveries.count(db, which), **place})


@blueprint.post("/<webhook_id>/replay")
def replay(webhook_id: str) -> Response:
    """Puts deliveries that are over on the queue again, under the same webhook-id."""
    number = _id(webhook_id)
    asked = inputs.body(Replay)
    if asked.delivery_ids is None and asked.since is None:
        sentence = "delivery_ids or since is required"
        raise Invalid("invalid_field", sentence=sentence, field="delivery_ids")
    count = current.services().webhooks.replay(number, delivery_ids=asked.delivery_ids, since=asked.since)
    return jsonify({"message": f"Deliveries queued again: {count}", "replayed": count})


def _in_order(events: Sequence[Event]) -> list[str]:
    """Each once, however often it was named."""
    return [event for event in EVENTS if event in events]


def _id(text: str) -> int:
    return inputs.to_id(text, field="webhook_id")


def _status_in_query() -> str | None:
    status = request.args.get("status")
    if status is not None and status not in STATUSES:
        raise Invalid("invalid_field", sentence=f"status must be one of {', '.join(STATUSES)}", field="status")
    return status


def _webhook_to_json(webhook: Webhook) -> dict[str, object]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "events": json.loads(webhook.events),
        "is_active": webhook.is_active,
        "error": None if webhook.error_code is None else sentence_of(webhook.error_code),
        "error_code": webhook.error_code,
        "health": {
            "state": _state(webhook),
            "failures": webhook.failures,
            "failing_since": _text(webhook.failing_since),
            "next_attempt_at": _text(webhook.rest_until) if webhook.is_active else None,
        },
        "created_at": to_text(webhook.created_at),
        "updated_at": to_text(webhook.updated_at),
    }


def _state(webhook: Webhook) -> str:
    if not webhook.is_active:
        return "off"
    if is_failing(webhook):
        return "failing"
    return "retrying" if webhook.failures else "healthy"


def _delivery_to_json(delivery: WebhookDelivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "message_id": delivery.message_id,
        "event": delivery.event,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": _error(delivery),
        "error_code": delivery.error_code,
        "next_attempt_at": _text(delivery.next_attempt_at),
        "created_at": to_text(delivery.created_at),
        "delivered_at": _text(delivery.delivered_at),
        "payload": current.services().deliveries.payload(delivery),
    }


def _error(delivery: WebhookDelivery) -> str | None:
    """The code's sentence, and what the system said."""
    if delivery.error_code is None:
        return None
    sentence = sentence_of(delivery.error_code)
    return sentence if delivery.error_detail is None else f"{sentence}: {delivery.error_detail}"


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
