"""What an account may still call."""

from typing import Annotated, Literal

from pydantic import Field

from twitter_manager.api.openapi.accounts import Count
from twitter_manager.api.openapi.operations import OUR_ID, Operation, Parameter, Resource
from twitter_manager.api.openapi.schemas import Answer, Id, Time
from twitter_manager.errors import NotFound

__all__ = ["RESOURCE"]


class EndpointLimit(Answer):
    """What is left of X's own limit for one of its endpoints."""

    endpoint: Annotated[str, Field(examples=["POST /2/tweets"])]
    per: Annotated[Literal["app", "account"], Field(examples=["account"])]
    limit: Count
    remaining: Count
    window_minutes: Annotated[int, Field(ge=1, examples=[15])]
    reset_at: Annotated[Time | None, Field(examples=[None])]
    source: Annotated[Literal["x", "table"], Field(description="x: X's headers told; table: its documentation.")]


class RateLimit(Answer):
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


RESOURCE = Resource(
    name="Limits",
    description="What an account may still call before X, or this service, makes it wait.",
    operations={
        "rate_limit.show": Operation(
            query=(
                Parameter(
                    name="account_id",
                    schema=OUR_ID,
                    description="Which account's; may be missing where there is one only.",
                ),
            ),
            answers={200: RateLimit},
            errors={NotFound: ("account_not_found",)},
        ),
    },
)
