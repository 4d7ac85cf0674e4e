"""Publishing: one post, many in a batch, and a look at them beforehand."""

from typing import Annotated, Literal

from pydantic import Field

from twitter_manager.api import post_bodies
from twitter_manager.api.openapi.accounts import Count, StatusCounts
from twitter_manager.api.openapi.operations import ANY_CODE, Operation, Resource
from twitter_manager.api.openapi.schemas import Answer, Id, Time, XId
from twitter_manager.api.openapi.tweets import TEXT_ERRORS, Status
from twitter_manager.api.tweet_lists import STATUSES
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, XRefused

__all__ = ["ACCOUNT_ERRORS", "POST_ERRORS", "RESOURCE", "BatchPost", "PublishWarning"]

PostUrl = Annotated[
    str | None,
    Field(description="Where a person sees the post: at X, or in mock mode on the simulated X's page."),
]


class PublishWarning(Answer):
    """Something that does not stand against a post, but should be known."""

    code: Annotated[str, Field(examples=["limit_forecast"])]
    message: Annotated[str, Field(examples=["X's limit for this account is spent by then"])]
    account_id: Id | None
    expected_at: Annotated[Time | None, Field(description="When the last of them really goes out.")]


Warnings = Annotated[list[PublishWarning], Field(examples=[[]])]


class PostTaken(Answer):
    """It is on X, or kept for its time or as a draft."""

    success: Literal[True]
    post_id: Id
    tweet_id: Annotated[XId | None, Field(description="The post's id at X; null while it is not there.")]
    url: Annotated[PostUrl, Field(examples=["https://x.com/alice/status/1991877265411923968"])]
    status: Annotated[Literal["posted", "scheduled", "draft"], Field(examples=["posted"])]
    created_at: Time
    scheduled_at: Annotated[Time | None, Field(examples=[None])]
    warnings: Warnings


class PostWaits(Answer):
    """It is on the disk and not settled yet: `status_url` tells what becomes of it."""

    success: Literal[True]
    post_id: Id
    status: Annotated[Status, Field(examples=["posting"])]
    status_url: Annotated[str, Field(examples=["/api/v1/tweets/1"])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    warnings: Warnings


class BatchPost(Answer):
    """What became of one post of a batch: its id, or why it was refused."""

    post_id: Id | None
    account_id: Id
    status: Annotated[str, Field(json_schema_extra={"enum": [*STATUSES, "refused"]}, examples=["pending"])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: str = ""
    field: str | None = None
    existing_post_id: Id = 1
    existing_tweet_id: XId | None = None


class BatchTaken(Answer):
    """What can be taken is on the disk and goes out by itself."""

    batch_id: Id
    posts: list[BatchPost]
    warnings: Warnings


class BatchTried(Answer):
    """What would be taken; nothing was kept."""

    batch_id: None
    posts: list[BatchPost]
    warnings: Warnings


class PostOfBatch(Answer):
    """A post of a batch, as it stands."""

    post_id: Id
    account_id: Id
    status: Annotated[Status, Field(examples=["posted"])]
    tweet_id: XId | None
    url: Annotated[PostUrl, Field(examples=["https://x.com/alice/status/1991877265411923968"])]
    scheduled_at: Annotated[Time | None, Field(examples=[None])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]


class BatchStands(Answer):
    """How the posts of a batch stand."""

    batch_id: Id
    created_at: Time
    total: Count
    counts: Annotated[StatusCounts, Field(description="By status.", examples=[{"posted": 1}])]
    posts: list[PostOfBatch]


class Problem(Answer):
    """What stands against a post: the error that would refuse it."""

    field: Annotated[str | None, Field(examples=["text"])]
    code: Annotated[str, Field(examples=["text_too_long"])]
    message: Annotated[str, Field(examples=["The text is too long for X"])]
    existing_post_id: Id = 1
    existing_tweet_id: XId | None = None


class PartCounted(Answer):
    """How X counts a text; ranges in UTF-16 units, first and last included."""

    weighted_length: Annotated[int, Field(ge=0, examples=[16])]
    remaining: Annotated[int, Field(examples=[264])]
    permille: Annotated[int, Field(ge=0, examples=[57])]
    valid_range: Annotated[list[int], Field(min_length=2, max_length=2, examples=[[0, 15]])]
    urls: Annotated[list[str], Field(examples=[[]])]


class Report(Answer):
    """What would become of it; nothing was done."""

    valid: Annotated[bool, Field(examples=[True])]
    problems: Annotated[list[Problem], Field(examples=[[]])]
    parts: list[PartCounted]
    warnings: Warnings
    estimated_cost_usd: Annotated[float, Field(ge=0, examples=[0.015])]


ACCOUNT_ERRORS = ("other_world", "duplicate")
POST_ERRORS = (
    *TEXT_ERRORS,
    "media_not_found",
    "not_together",
    "schedule_in_the_past",
    "schedule_too_far",
    "oauth1_not_supported",
)
_POST = {"account_id": 1, "text": "Hello from Alice"}

RESOURCE = Resource(
    name="Publishing",
    description="Publish a post now or at a time, many in one call, and look beforehand what would become of it.",
    operations={
        "publishing.publish": Operation(
            bodies=(post_bodies.PostBody,),
            example=_POST,
            answers={201: PostTaken, 202: PostWaits},
            errors={
                NotFound: ("account_not_found", "tweet_not_found"),
                Conflict: ACCOUNT_ERRORS,
                Invalid: POST_ERRORS,
                XRefused: ANY_CODE,
                NotNow: ("no_worker",),
            },
        ),
        "publishing.publish_batch": Operation(
            bodies=(post_bodies.BatchBody, post_bodies.SharedPostBody),
            example={"tweets": [_POST, {"account_id": 1, "text": "Good night from Alice"}]},
            answers={200: BatchTried, 202: BatchTaken},
            errors={NotFound: ("account_not_found",), Invalid: ("batch_refused",), NotNow: ("no_worker",)},
        ),
        "publishing.show_batch": Operation(answers={200: BatchStands}, errors={NotFound: ("batch_not_found",)}),
        "publishing.validate": Operation(
            bodies=(post_bodies.PostBody, post_bodies.ThreadBody),
            example=_POST,
            answers={200: Report},
            errors={NotFound: ("account_not_found",)},
        ),
    },
)
