"""Webhooks: who is told what happens, and what became of each delivery."""

from typing import Annotated, Any, Literal

from pydantic import Field

from twitter_manager.api import webhooks
from twitter_manager.api.http import inputs
from twitter_manager.api.openapi.accounts import Count, NextCursor, Page, Rows
from twitter_manager.api.openapi.operations import CURSOR, LIMIT, PAGE, Errors, Operation, Parameter, Resource
from twitter_manager.api.openapi.schemas import Answer, Id, Time
from twitter_manager.errors import Conflict, Invalid, NotFound

__all__ = ["RESOURCE"]

_URL = "https://example.com/hooks/twitter"
_DATA = {"webhook_id": 1, "message": "The webhook works"}
EventName = Annotated[
    str, Field(json_schema_extra={"enum": [*webhooks.EVENTS, "webhook.test"]}, examples=["webhook.test"])
]


class WebhookHealth(Answer):
    """How its receiver does."""

    state: Literal["healthy", "retrying", "failing", "off"]
    failures: Annotated[int, Field(ge=0, description="Attempts in a row that it did not take.")]
    failing_since: Annotated[Time | None, Field(examples=[None])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]


class Webhook(Answer):
    """Who is told what happens; never its secret."""

    id: Id
    url: Annotated[str, Field(examples=[_URL])]
    description: Annotated[str, Field(examples=["The newsroom"])]
    events: list[webhooks.Event]
    is_active: Annotated[bool, Field(examples=[True])]
    error: Annotated[str | None, Field(description="Why it was switched off.", examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    health: WebhookHealth
    created_at: Time
    updated_at: Time


class WebhookCreated(Answer):
    """It is there. Its secret is shown this once."""

    message: Annotated[str, Field(examples=["Webhook created"])]
    webhook: Webhook
    secret: Annotated[str, Field(description="What each delivery is signed with.", examples=["whsec_…"])]


class WebhookList(Answer):
    """A page of the webhooks."""

    webhooks: list[Webhook]
    total: Count
    page: Page
    limit: Rows
    next_cursor: NextCursor


class WebhookDeleted(Answer):
    """It is gone, with its queue and its log."""

    message: Annotated[str, Field(examples=["Webhook deleted"])]
    webhook_id: Id


class Payload(Answer):
    """What the receiver gets, equal in every attempt; `data` depends on the event (docs/webhooks.md)."""

    type: EventName
    timestamp: Time
    data: Annotated[dict[str, Any], Field(examples=[_DATA])]


class Delivery(Answer):
    """One event on its way to one webhook."""

    id: Id
    webhook_id: Id
    message_id: Annotated[
        str, Field(description="The header webhook-id: the same in every attempt.", examples=["msg_1"])
    ]
    event: EventName
    status: webhooks.DeliveryStatus
    attempts: Annotated[int, Field(ge=0)]
    last_status: Annotated[int | None, Field(description="The receiver's HTTP status.", examples=[None])]
    last_error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    next_attempt_at: Time | None
    created_at: Time
    delivered_at: Annotated[Time | None, Field(examples=[None])]
    payload: Payload


class DeliveryQueued(Answer):
    """It is on the queue."""

    message: Annotated[str, Field(examples=["Test event queued"])]
    delivery: Delivery


class DeliveryList(Answer):
    """A page of a webhook's deliveries."""

    deliveries: list[Delivery]
    total: Count
    page: Page
    limit: Rows
    next_cursor: Annotated[
        str | None, Field(description="For `cursor`; null: this is the last page.", examples=["before-1"])
    ]


class DeliveriesReplayed(Answer):
    """How many are on the queue again."""

    message: Annotated[str, Field(examples=["Deliveries queued again: 1"])]
    replayed: Count


_STATUS = Parameter(
    name="status", schema={"type": "string", "enum": list(webhooks.STATUSES)}, description="Only with this status."
)
_NOT_FOUND: Errors = {NotFound: ("webhook_not_found",)}

RESOURCE = Resource(
    name="Webhooks",
    description="Who is told what happens, what became of each delivery, and how to have it told again.",
    operations={
        "webhooks.create": Operation(
            bodies=(webhooks.NewWebhook,),
            example={"url": _URL, "events": ["tweet.posted", "tweet.failed"], "description": "The newsroom"},
            answers={201: WebhookCreated},
            errors={Conflict: ("too_many_webhooks",), Invalid: ("receiver_not_public",)},
        ),
        "webhooks.show_all": Operation(query=(CURSOR, PAGE, LIMIT), answers={200: WebhookList}),
        "webhooks.show": Operation(answers={200: Webhook}, errors=_NOT_FOUND),
        "webhooks.change": Operation(
            bodies=(webhooks.WebhookPatch,),
            example={"is_active": False},
            answers={200: Webhook},
            errors={**_NOT_FOUND, Invalid: ("receiver_not_public",)},
        ),
        "webhooks.delete": Operation(answers={200: WebhookDeleted}, errors=_NOT_FOUND),
        "webhooks.test": Operation(
            bodies=(inputs.NoFields,),
            answers={202: DeliveryQueued},
            errors={**_NOT_FOUND, Conflict: ("webhook_inactive",)},
        ),
        "webhooks.show_deliveries": Operation(
            query=(_STATUS, CURSOR, PAGE, LIMIT), answers={200: DeliveryList}, errors=_NOT_FOUND
        ),
        "webhooks.replay": Operation(
            bodies=(webhooks.Replay,),
            example={"since": "2026-11-20T14:05:00Z"},
            answers={200: DeliveriesReplayed},
            errors={**_NOT_FOUND, Conflict: ("webhook_inactive",)},
        ),
    },
)
