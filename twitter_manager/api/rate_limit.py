"""What an account has left: of its 450 calls in 15 minutes, and of X's own limits per endpoint."""

import math
from typing import Annotated, Literal

from flask import Response, jsonify
from pydantic import Field

from twitter_manager.api.http import access, current
from twitter_manager.api.http.account_names import account_in_query
from twitter_manager.api.openapi.fields import Count, Id, ResponseModel, Time
from twitter_manager.api.openapi.operations import ACCOUNT, OUR_ID, Chapter, Operation, Parameter, Resource
from twitter_manager.errors import Conflict, NotFound
from twitter_manager.services.rate_limits import report
from twitter_manager.timestamps import to_text
from twitter_manager.twitter.rate_limits import PER_ACCOUNT

__all__ = ["blueprint"]

blueprint = Resource(
    "rate_limit",
    __name__,
    url_prefix="/api/v1",
    chapter=Chapter("Limits", "What an account may still call before X, or this service, makes it wait."),
)


class EndpointLimit(ResponseModel):
    """What is left of X's own limit for one of its endpoints."""

    endpoint: Annotated[str, Field(examples=["POST /2/tweets"])]
    per: Annotated[Literal["app", "account"], Field(examples=["account"])]
    limit: Count
    remaining: Count
    window_minutes: Annotated[int, Field(ge=1, examples=[15])]
    reset_at: Annotated[Time | None, Field(examples=[None])]
    source: Annotated[Literal["x", "table"], Field(description="x: X's headers told; table: its documentation.")]


def _to_json(each: report.EndpointLimit) -> dict[str, object]:
    return {
        "endpoint": each.endpoint,
        "per": "app" if each.shared else "account",
        "limit": each.room.limit,
        "remaining": each.room.remaining,
        "window_minutes": each.seconds // 60,
        "reset_at": each.room.reset_at and to_text(each.room.reset_at),
        "source": each.source,
    }


class RateLimit(ResponseModel):
    """What an account has left of its 450 calls in 15 minutes, and of X's own limits."""

    account_id: Id
    remaining_requests: Annotated[Count, Field(examples=[450])]
    max_requests: Annotated[Count, Field(examples=[450])]
    window_minutes: Annotated[int, Field(ge=1, examples=[15])]
    reset_at: Annotated[
        Time | None, Field(description="When the oldest call leaves the window; null: there is none.", examples=[None])
    ]
    reset_in_seconds: Count
    requests_until_reset: Annotated[Count, Field(description="The same as `remaining_requests`.", examples=[450])]
    endpoints: list[EndpointLimit]


@blueprint.get("/rate-limit")
@Operation(
    query=(
        Parameter(
            name="account_id",
            schema=OUR_ID,
            description="Which account's; may be missing where there is one only.",
        ),
        ACCOUNT,
    ),
    responses={200: RateLimit},
    errors={NotFound: ("account_not_found",), Conflict: ("other_world",)},
)
def show() -> Response:
    """How many calls to X an account has left; `account_id` may be missing where there is one account only.

    `reset_at` is when the oldest call leaves the window and its place comes back: null while there is none. Under
    `endpoints` stand X's own limits; `source` is "x" where its headers told of them, else "table".
    """
    services = current.services()
    left = report.report_of(services.db, account_in_query(), now=services.clock(), among=access.among())
    reset = left.room.reset_at
    return jsonify(
        {
            "account_id": left.account_id,
            "remaining_requests": left.room.remaining,
            "max_requests": left.room.limit,
            "window_minutes": PER_ACCOUNT.seconds // 60,
            "reset_at": reset and to_text(reset),
            "reset_in_seconds": max(0, math.ceil((reset - left.at).total_seconds())) if reset else 0,
            "requests_until_reset": left.room.remaining,
            "endpoints": [_to_json(each) for each in left.endpoints],
        }
    )
