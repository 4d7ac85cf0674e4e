"""Publishing one post (contract §5.1); batches.py publishes many, validation.py only looks at them."""

from collections.abc import Sequence
from typing import Annotated, Literal

from flask import Response, jsonify, url_for
from pydantic import Field

from twitter_manager.api import posting
from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.account_names import get_account
from twitter_manager.api.openapi.fields import Id, ResponseModel, Time, XId
from twitter_manager.api.openapi.operations import ANY_CODE, Chapter, Operation, Resource
from twitter_manager.api.post_requests import ACCOUNT_ERRORS, POST_ERRORS, PostBody
from twitter_manager.api.tweet_responses import (
    PostUrl,
    Status,
    XWords,
    error_sentence,
    next_attempt_at,
    refuse_failed,
    url_of,
    why_not_yet,
)
from twitter_manager.errors import Conflict, Invalid, NotFound, NotNow, XRefused
from twitter_manager.services.publishing import warnings as publish_warnings
from twitter_manager.storage import tweets
from twitter_manager.timestamps import to_text

__all__ = ["Problem", "Warnings", "blueprint", "warnings_to_json"]

blueprint = Resource(
    "publishing",
    __name__,
    url_prefix="/api/v1",
    chapter=Chapter(
        "Publishing",
        "Publish a post now or at a time, many in one call, and look beforehand what would become of it.",
    ),
)


class PostWarning(ResponseModel):
    """Something that does not stand against a post, but should be known."""

    code: Annotated[str, Field(examples=["limit_forecast"])]
    message: Annotated[str, Field(examples=["X's limit for this account is spent by then"])]
    account_id: Id | None
    expected_at: Annotated[Time | None, Field(description="When the last of them really goes out.")]


Warnings = Annotated[list[PostWarning], Field(examples=[[]])]


def warnings_to_json(warnings: Sequence[publish_warnings.PublishWarning]) -> list[dict[str, object]]:
    """What does not stand against a post, but should be known."""
    return [
        {
            "code": each.code,
            "message": each.sentence,
            "account_id": each.account_id,
            "expected_at": each.expected_at and to_text(each.expected_at),
        }
        for each in warnings
    ]


class Problem(ResponseModel):
    """What stands against a post: the error that would refuse it."""

    field: Annotated[str | None, Field(examples=["text"])]
    code: Annotated[str, Field(examples=["text_too_long"])]
    message: Annotated[str, Field(examples=["The text is too long for X"])]
    existing_post_id: Id = 1
    existing_tweet_id: XId | None = None


class PostTaken(ResponseModel):
    """It is on X, or kept for its time or as a draft."""

    success: Annotated[bool, Field(examples=[True])]
    post_id: Id
    tweet_id: Annotated[XId | None, Field(description="The post's id at X; null while it is not there.")]
    url: Annotated[PostUrl, Field(examples=["https://x.com/alice/status/1991877265411923968"])]
    status: Annotated[Literal["posted", "scheduled", "draft"], Field(examples=["posted"])]
    created_at: Time
    scheduled_at: Annotated[Time | None, Field(examples=[None])]
    warnings: Warnings


class PostWaits(ResponseModel):
    """It is on the disk and not settled yet: `status_url` tells what becomes of it."""

    accepted: Annotated[bool, Field(description="It is kept, whatever becomes of it.", examples=[True])]
    success: Annotated[bool, Field(description="False: it is not on X yet.", examples=[False])]
    post_id: Id
    status: Annotated[Status, Field(examples=["posting"])]
    status_url: Annotated[str, Field(examples=["/api/v1/tweets/1"])]
    next_attempt_at: Annotated[Time | None, Field(examples=[None])]
    error: Annotated[str | None, Field(examples=[None])]
    error_code: Annotated[str | None, Field(examples=[None])]
    hint: Annotated[str | None, Field(description="What to do about it.", examples=[None])]
    twitter: Annotated[XWords | None, Field(description="X's own words.", examples=[None])]
    warnings: Warnings


def _published(tweet_id: int, warnings: Sequence[publish_warnings.PublishWarning] = ()) -> tuple[Response, int]:
    """What became of a post that was taken; waits for it where it goes out now. Raises NotFound, XRefused."""
    services = current.services()
    found = tweets.get_of_account(services.db, tweet_id)
    if found.tweet.status not in ("scheduled", "draft"):
        waited = services.waiting.for_tweets([tweet_id], seconds=posting.ONE_SECONDS)
        found = waited[0] if waited else found
    tweet = found.tweet
    if tweet.status == "failed":
        refuse_failed(tweet, post_id=tweet.id)
    done = tweet.status in ("posted", "scheduled", "draft")
    answer = {"success": done, "post_id": tweet.id, "status": tweet.status, "warnings": warnings_to_json(warnings)}
    if done:
        scheduled_at = None if tweet.scheduled_at is None else to_text(tweet.scheduled_at)
        times = {"created_at": to_text(tweet.created_at), "scheduled_at": scheduled_at}
        return jsonify({**answer, "tweet_id": tweet.twitter_id, "url": url_of(found), **times}), 201
    why = {"error": error_sentence(tweet), **why_not_yet(tweet)}
    url = url_for("tweets.show", tweet_id=tweet.id)
    return jsonify(
        {"accepted": True, **answer, "status_url": url, "next_attempt_at": next_attempt_at(tweet), **why}
    ), 202


@blueprint.post("/tweets")
@Operation(
    bodies=(PostBody,),
    example={"account_id": 1, "text": "Hello from Alice"},
    responses={201: PostTaken, 202: PostWaits},
    errors={
        NotFound: ("account_not_found", "tweet_not_found"),
        Conflict: ACCOUNT_ERRORS,
        Invalid: POST_ERRORS,
        XRefused: ANY_CODE,
        NotNow: ("no_worker",),
    },
    rebuild=_published,
)
def publish() -> tuple[Response, int]:
    """Publishes a post now and waits up to 20 s for what X says, or keeps it for its time or as a draft."""
    asked = inputs.body(PostBody)
    publish_request = asked.to_publish_request(get_account(asked))
    taken = current.services().publishing.publish(publish_request, idempotency=current.idempotent_call())
    return _published(taken.tweet.id, taken.warnings)
