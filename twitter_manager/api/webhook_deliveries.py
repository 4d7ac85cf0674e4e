"""Deliveries of webhooks: a test event, what became of each event, and how to have it told again."""

from typing import Annotated, Any

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import current, inputs
from twitter_manager.api.openapi.fields import Count, Id, NextCursorBefore, Page, ResponseModel, Rows, Time
from twitter_manager.api.openapi.operations import CURSOR, LIMIT, PAGE, Operation, Parameter
from twitter_manager.api.webhooks import EVENTS, blueprint
from twitter_manager.error_codes import sentence_of
from twitter_manager.errors import Conflict, Invalid, NotFound
from twitter_manager.models import DELIVERY_STATUSES, DeliveryStatus, WebhookDelivery
from twitter_manager.storage import webhook_deliveries, webhooks
from twitter_manager.storage.webhook_deliveries import DeliveryFilter
from twitter_manager.timestamps import to_text

__all__ = ["blueprint"]

_MAX_IDS = 1000
_DATA = {"webhook_id": 1, "message": "The webhook works"}
EventName = Annotated[str, Field(json_schema_extra={"enum": [*EVENTS, "webhook.test"]}, examples=["webhook.test"])]


class Payload(ResponseModel):
    """What the receiver gets, equal in every attempt; `data` depends on the event (docs/webhooks.md)."""

    type: EventName
    timestamp: Time
    data: Annotated[dict[str, Any], Field(examples=[_DATA])]


class Delivery(ResponseModel):
    """One event on its way to one webhook."""

    id: Id
    webhook_id: Id
    message_id: Annotated[
        str, Field(description="The header webhook-id: the same in every attempt.", examples=["msg_1"])
    ]
    event: EventName
    status: DeliveryStatus
    attempts: Annotated[int, Field(ge=0)]
    last_status: Annotated[int | None, Field(description="The receiver's HTTP status.", examples=[None])]
    last_error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    next_attempt_at: Time | None
    created_at: Time
    delivered_at: Annotated[Time | None, Field(examples=[None])]
    payload: Payload


def _to_json(delivery: WebhookDelivery) -> dict[str, object]:
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
        "next_attempt_at": delivery.next_attempt_at and to_text(delivery.next_attempt_at),
        "created_at": to_text(delivery.created_at),
        "delivered_at": delivery.delivered_at and to_text(delivery.delivered_at),
        "payload": current.services().deliveries.payload(delivery),
    }


def _error(delivery: WebhookDelivery) -> str | None:
    """The code's sentence, and what the system said."""
    if delivery.error_code is None:
        return None
    sentence = sentence_of(delivery.error_code)
    return sentence if delivery.error_detail is None else f"{sentence}: {delivery.error_detail}"


class DeliveryQueued(ResponseModel):
    """It is on the queue."""

    message: Annotated[str, Field(examples=["Test event queued"])]
    delivery: Delivery


@blueprint.post("/<webhook_id>/test")
@Operation(
    bodies=(inputs.NoFields,),
    responses={202: DeliveryQueued},
    errors={NotFound: ("webhook_not_found",), Conflict: ("webhook_inactive",)},
)
def test(webhook_id: str) -> tuple[Response, int]:
    """Sends the event webhook.test, through the same queue."""
    number = inputs.to_id(webhook_id, field="webhook_id")
    inputs.body(inputs.NoFields)
    delivery = current.services().webhooks.test(number)
    return jsonify({"message": "Test event queued", "delivery": _to_json(delivery)}), 202


class DeliveryList(ResponseModel):
    """A page of a webhook's deliveries."""

    deliveries: list[Delivery]
    total: Count
    page: Page
    limit: Rows
    next_cursor: NextCursorBefore


_STATUS = Parameter(
    name="status", schema={"type": "string", "enum": list(DELIVERY_STATUSES)}, description="Only with this status."
)


@blueprint.get("/<webhook_id>/deliveries")
@Operation(
    query=(_STATUS, CURSOR, PAGE, LIMIT), responses={200: DeliveryList}, errors={NotFound: ("webhook_not_found",)}
)
def show_deliveries(webhook_id: str) -> Response:
    """Its deliveries, newest first, filtered by status; `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    before = inputs.cursor_in_query()
    which = DeliveryFilter(
        webhook_id=inputs.to_id(webhook_id, field="webhook_id"), status=_status_in_query(), before=before
    )
    db = current.services().db
    webhooks.get(db, which.webhook_id)
    found = webhook_deliveries.list_page(db, which, limit=limit + 1, offset=0 if before else (page - 1) * limit)
    more = inputs.cursor_before(found[limit - 1].id) if len(found) > limit else None
    paging = {"page": page, "limit": limit, "next_cursor": more}
    rows = [_to_json(each) for each in found[:limit]]
    return jsonify({"deliveries": rows, "total": webhook_deliveries.count(db, which), **paging})


def _status_in_query() -> str | None:
    status = inputs.text_in_query("status")
    if status is not None and status not in DELIVERY_STATUSES:
        raise Invalid("invalid_field", sentence=f"status must be one of {', '.join(DELIVERY_STATUSES)}", field="status")
    return status


class Replay(inputs.BulkBody):
    """Which deliveries go out again; with both, those of the list since that time."""

    delivery_ids: Annotated[list[inputs.Id], Field(min_length=1, max_length=_MAX_IDS)] = inputs.LEFT_OUT
    since: inputs.Moment = inputs.LEFT_OUT


class DeliveriesReplayed(ResponseModel):
    """How many are on the queue again."""

    message: Annotated[str, Field(examples=["Deliveries queued again: 1"])]
    replayed: Count


@blueprint.post("/<webhook_id>/replay")
@Operation(
    bodies=(Replay,),
    example={"since": "2026-11-20T14:05:00Z"},
    responses={200: DeliveriesReplayed},
    errors={NotFound: ("webhook_not_found",), Conflict: ("webhook_inactive",)},
)
def replay(webhook_id: str) -> Response:
    """Puts deliveries that are over on the queue again, under the same webhook-id."""
    number = inputs.to_id(webhook_id, field="webhook_id")
    asked = inputs.body(Replay)
    if asked.delivery_ids is None and asked.since is None:
        sentence = "delivery_ids or since is required"
        raise Invalid("invalid_field", sentence=sentence, field="delivery_ids")
    count = current.services().webhooks.replay(number, delivery_ids=asked.delivery_ids, since=asked.since)
    return jsonify({"message": f"Deliveries queued again: {count}", "replayed": count})
