"""Webhooks: who is told what happens. webhook_deliveries.py has what became of each event."""

import json
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from flask import Response, jsonify
from pydantic import Field

from twitter_manager import models
from twitter_manager.api.http import access, current, inputs
from twitter_manager.api.http.body_models import NO_NUL
from twitter_manager.api.openapi.fields import Count, Id, NextCursor, Page, ResponseModel, Rows, Time
from twitter_manager.api.openapi.operations import CURSOR, LIMIT, PAGE, Chapter, Operation, Resource
from twitter_manager.error_codes import sentence_of
from twitter_manager.errors import Conflict, Invalid, NotFound
from twitter_manager.services.webhooks.endpoints import WebhookChange, is_failing
from twitter_manager.storage import webhooks
from twitter_manager.timestamps import to_text

__all__ = ["EVENTS", "blueprint"]

Event = Literal[
    "tweet.posted",
    "tweet.failed",
    "tweet.held",
    "tweet.needs_decision",
    "thread.broken",
    "account.failed",
    "app.resting",
    "alert.account",
    "alert.app",
]
EVENTS: tuple[Event, ...] = get_args(Event)
Events = Annotated[list[Event], Field(min_length=1, max_length=len(EVENTS))]
Description = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Url = Annotated[str, Field(max_length=2000)]
_URL = "https://example.com/hooks/twitter"

blueprint = Resource(
    "webhooks",
    __name__,
    url_prefix="/api/v1/webhooks",
    chapter=Chapter(
        "Webhooks", "Who is told what happens, what became of each delivery, and how to have it told again."
    ),
)


class WebhookHealth(ResponseModel):
    """How its receiver does."""

    state: Literal["healthy", "retrying", "failing", "off"]
    failures: Annotated[int, Field(ge=0, description="Attempts in a row that it did not take.")]
    failing_since: Annotated[Time | None, Field(examples=[None])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]


class Webhook(ResponseModel):
    """Who is told what happens; never its secret."""

    id: Id
    url: Annotated[str, Field(examples=[_URL])]
    description: Annotated[str, Field(examples=["The newsroom"])]
    events: list[Event]
    is_active: Annotated[bool, Field(examples=[True])]
    error: Annotated[str | None, Field(description="Why it was switched off.", examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    health: WebhookHealth
    api_key_id: Annotated[
        Id | None,
        Field(description="The key with limits whose accounts alone it tells of; null: all.", examples=[None]),
    ]
    created_at: Time
    updated_at: Time


def _to_json(webhook: models.Webhook) -> dict[str, object]:
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
            "failing_since": webhook.failing_since and to_text(webhook.failing_since),
            "next_attempt_at": webhook.rest_until and to_text(webhook.rest_until) if webhook.is_active else None,
        },
        "api_key_id": webhook.api_key_id,
        "created_at": to_text(webhook.created_at),
        "updated_at": to_text(webhook.updated_at),
    }


def _state(webhook: models.Webhook) -> str:
    if not webhook.is_active:
        return "off"
    if is_failing(webhook):
        return "failing"
    return "retrying" if webhook.failures else "healthy"


class WebhookBody(inputs.Body):
    """Where to tell what happens; every event by default."""

    url: Url
    events: Events | None = None
    description: Description = ""


class WebhookCreated(ResponseModel):
    """It is there. Its secret is shown this once."""

    message: Annotated[str, Field(examples=["Webhook created"])]
    webhook: Webhook
    secret: Annotated[str, Field(description="What each delivery is signed with.", examples=["whsec_…"])]


@blueprint.post("")
@Operation(
    bodies=(WebhookBody,),
    example={"url": _URL, "events": ["tweet.posted", "tweet.failed"], "description": "The newsroom"},
    responses={201: WebhookCreated},
    errors={Conflict: ("too_many_webhooks",), Invalid: ("receiver_not_public",)},
)
def create() -> tuple[Response, int]:
    """Makes a webhook; its secret is shown this once."""
    new = inputs.body(WebhookBody)
    events = _in_order(new.events or EVENTS)
    made, secret = current.services().webhooks.create(
        url=new.url, events=events, description=new.description, owner=access.owner()
    )
    return jsonify({"message": "Webhook created", "webhook": _to_json(made), "secret": secret}), 201


class WebhookList(ResponseModel):
    """A page of the webhooks."""

    webhooks: list[Webhook]
    total: Count
    page: Page
    limit: Rows
    next_cursor: NextCursor


@blueprint.get("")
@Operation(query=(CURSOR, PAGE, LIMIT), responses={200: WebhookList})
def show_all() -> Response:
    """One page of the webhooks, oldest first, never a secret; `cursor` (or `page`) goes on."""
    page, limit = inputs.page_in_query()
    after = inputs.cursor_in_query("after")
    db = current.services().db
    offset, owner = 0 if after else (page - 1) * limit, access.owner()
    found = webhooks.list_page(db, limit=limit + 1, after=after or 0, offset=offset, owner=owner)
    more = inputs.cursor_after(found[limit - 1].id) if len(found) > limit else None
    paging = {"total": webhooks.count(db, owner=owner), "page": page, "limit": limit, "next_cursor": more}
    return jsonify({"webhooks": [_to_json(each) for each in found[:limit]], **paging})


@blueprint.get("/<webhook_id>")
@Operation(responses={200: Webhook}, errors={NotFound: ("webhook_not_found",)})
def show(webhook_id: str) -> Response:
    """One webhook and how its receiver does."""
    return jsonify(_to_json(webhooks.get(current.services().db, inputs.to_id(webhook_id, field="webhook_id"))))


class WebhookPatch(inputs.PatchBody):
    """What is to be different. Off (`is_active: false`): what happens then is not told later either."""

    url: Url = inputs.LEFT_OUT
    events: Annotated[Events | None, Field(description="null: every event.")] = None
    description: Annotated[Description | None, Field(description="null: none.")] = None
    is_active: inputs.Flag = inputs.LEFT_OUT


@blueprint.patch("/<webhook_id>")
@Operation(
    bodies=(WebhookPatch,),
    example={"is_active": False},
    responses={200: Webhook},
    errors={NotFound: ("webhook_not_found",), Invalid: ("receiver_not_public",)},
)
def change(webhook_id: str) -> Response:
    """Changes it, or switches it off and on."""
    asked = inputs.body(WebhookPatch)
    taken_away = {name for name in asked.model_fields_set if getattr(asked, name) is None}
    wanted = WebhookChange(
        url=asked.url,
        events=EVENTS if "events" in taken_away else asked.events and _in_order(asked.events),
        description="" if "description" in taken_away else asked.description,
        is_active=asked.is_active,
    )
    return jsonify(_to_json(current.services().webhooks.change(inputs.to_id(webhook_id, field="webhook_id"), wanted)))


def _in_order(events: Sequence[Event]) -> list[str]:
    """Each once, however often it was named."""
    return [event for event in EVENTS if event in events]


class WebhookDeleted(ResponseModel):
    """It is gone, with its queue and its log."""

    message: Annotated[str, Field(examples=["Webhook deleted"])]
    webhook_id: Id


@blueprint.delete("/<webhook_id>")
@Operation(responses={200: WebhookDeleted}, errors={NotFound: ("webhook_not_found",)})
def delete(webhook_id: str) -> Response:
    """Deletes it with its queue and its log."""
    number = inputs.to_id(webhook_id, field="webhook_id")
    current.services().webhooks.delete(number)
    return jsonify({"message": "Webhook deleted", "webhook_id": number})
